// SPDX-License-Identifier: BSD-2-Clause-Patent
/**
 * @file
 * Frames on their way out: held back until their features are known, let go in their order with
 * the features as metadata. The features of those that have left are kept, the frames are not.
 */
#ifndef AVFILTER_VMAF_TINY_HELD_H
#define AVFILTER_VMAF_TINY_HELD_H

#include <stddef.h>
#include <stdint.h>

#include <vmaf_tiny.h>

#include "libavutil/fifo.h"
#include "libavutil/frame.h"

/** What is known of one rendition. */
typedef struct VmafTinyTrack {
    VmtRow *rows;
    double *scores;
} VmafTinyTrack;

typedef struct VmafTinyHeld {
    AVFifo *waiting;       /**< frames that wait for their rows, or behind such */
    AVFifo *ready;         /**< frames that may leave, before those */
    VmafTinyTrack *tracks; /**< [renditions], each of max_rows */
    double *times;         /**< [max_rows], when the frame of a row is shown, in seconds */
    int renditions;
    size_t nb_rows; /**< scored */
    size_t nb_left; /**< of them: the frame has left */
    size_t max_rows;
} VmafTinyHeld;

/** Returns 0 or AVERROR(ENOMEM). */
int ff_vmaf_tiny_held_init(VmafTinyHeld *held, int renditions);

/**
 * Add a frame, which belongs to the queue from now on.
 *
 * @param row index of the row that it waits for; -1: none, it is not scored
 * @return 0 or AVERROR(ENOMEM), then the frame has been freed
 */
int ff_vmaf_tiny_held_add(VmafTinyHeld *held, AVFrame *frame, int64_t row, double time);

/**
 * Give the first frame that waits for a row its rows.
 *
 * @param rows   [renditions]
 * @param scores [renditions]
 * @return 0 or AVERROR(ENOMEM)
 */
int ff_vmaf_tiny_held_score(VmafTinyHeld *held, const VmtRow *rows, const double *scores);

/** Take the next frame that may leave. Returns 1, 0 if there is none, or AVERROR(ENOMEM). */
int ff_vmaf_tiny_held_next(VmafTinyHeld *held, AVFrame **frame);

void ff_vmaf_tiny_held_free(VmafTinyHeld *held);

#endif
