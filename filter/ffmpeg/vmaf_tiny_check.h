// SPDX-License-Identifier: BSD-2-Clause-Patent
/**
 * @file
 * What two videos must have in common to be compared: refused is what would give a wrong score
 * without anybody noticing. Distorted first, reference second, as the inputs of the filter are.
 */
#ifndef AVFILTER_VMAF_TINY_CHECK_H
#define AVFILTER_VMAF_TINY_CHECK_H

#include "libavutil/frame.h"

#include "avfilter.h"

/** What the samples of a frame mean, by AVCOL_ values. */
typedef struct VmafTinyTags {
    int range, matrix, primaries, transfer;
} VmafTinyTags;

typedef struct VmafTinyCheck {
    int allow_range, allow_hdr; /**< options of the filter */
    int seen;                   /**< a pair has been checked */
    VmafTinyTags tags[2];       /**< of the latest one */
} VmafTinyCheck;

/** Check size and depth. Returns 0 or AVERROR(EINVAL), with a message. */
int ff_vmaf_tiny_check_links(AVFilterContext *ctx, const AVFilterLink *distorted,
                             const AVFilterLink *reference);

/** Check that a frame is as its link says. Returns 0 or AVERROR(EINVAL), with a message. */
int ff_vmaf_tiny_check_frame(AVFilterContext *ctx, const AVFilterLink *link, const AVFrame *frame);

/** Check colour tags when they are new. Returns 0 or AVERROR(EINVAL), with a message. */
int ff_vmaf_tiny_check_tags(AVFilterContext *ctx, VmafTinyCheck *check, const AVFrame *distorted,
                            const AVFrame *reference);

#endif
