// SPDX-License-Identifier: BSD-2-Clause-Patent
/**
 * @file
 * What two videos must have in common to be compared: refused is what would give a wrong score
 * without anybody noticing. Distorted first, reference second, as the inputs of the filter are.
 */
#ifndef AVFILTER_VMAF_TINY_CHECK_H
#define AVFILTER_VMAF_TINY_CHECK_H

#include <stdint.h>

#include "libavutil/frame.h"

#include "avfilter.h"

/** Longest name of a rendition, with its end. */
#define VMAF_TINY_NAME_SIZE 32

/** Write how messages name a rendition, counted from 0; returns `name`. */
const char *ff_vmaf_tiny_name(const AVFilterContext *ctx, int rendition,
                              char name[VMAF_TINY_NAME_SIZE]);

/** What the samples of a frame mean, by AVCOL_ values. */
typedef struct VmafTinyTags {
    int range, matrix, primaries, transfer;
} VmafTinyTags;

/** What is allowed all the same: options of the filter. */
typedef struct VmafTinyCheck {
    int allow_range, allow_hdr;
} VmafTinyCheck;

/** The latest pair of a rendition that has been checked. */
typedef struct VmafTinySeen {
    int seen; /**< there is one */
    VmafTinyTags tags[2];
} VmafTinySeen;

/** Check size and depth of every rendition. Returns 0 or AVERROR(EINVAL), with a message. */
int ff_vmaf_tiny_check_links(AVFilterContext *ctx);

/** Check that a frame is as its link says. Returns 0 or AVERROR(EINVAL), with a message. */
int ff_vmaf_tiny_check_frame(AVFilterContext *ctx, const AVFilterLink *link, const AVFrame *frame);

/**
 * Check colour tags when they are new.
 *
 * @param rendition counted from 0
 * @return 0 or AVERROR(EINVAL), with a message
 */
int ff_vmaf_tiny_check_tags(AVFilterContext *ctx, const VmafTinyCheck *check, VmafTinySeen *seen,
                            int rendition, const AVFrame *distorted, const AVFrame *reference);

/** From one time stamp to another; a stranger's may be further apart than an integer can say. */
static inline double ff_vmaf_tiny_between(int64_t from, int64_t to)
{
    return (double)to - (double)from;
}

/**
 * Count the renditions whose frame, or the reference's, is of another time, and the frames that are
 * not later than the one before.
 *
 * @param pts  of the frame of every input, by the clock of framesync
 * @param half half the time between frames
 */
void ff_vmaf_tiny_check_times(AVFilterContext *ctx, const int64_t *pts, double half);

#endif
