// SPDX-License-Identifier: BSD-2-Clause-Patent
/**
 * @file
 * What an instance of the filter knows. Inputs are one distorted video per rendition, then the
 * reference.
 */
#ifndef AVFILTER_VMAF_TINY_CONTEXT_H
#define AVFILTER_VMAF_TINY_CONTEXT_H

#include <stdint.h>

#include <vmaf_tiny.h>

#include "avfilter.h"
#include "framesync.h"
#include "vmaf_tiny_check.h"
#include "vmaf_tiny_held.h"

/** What the frames of an input are like; its link may be gone when the log is written. */
typedef struct VmafTinyVideo {
    int format, w, h;
} VmafTinyVideo;

/** A distorted video. */
typedef struct VmafTinyRendition {
    VmafTinySeen seen;
    int64_t strays;    /**< frames compared with one that is more than half a frame apart */
    double stray_time; /**< of the first of them, in seconds */
} VmafTinyRendition;

typedef struct VmafTinyContext {
    const AVClass *class;
    FFFrameSync fs;

    char *model, *model_dir, *log_path, *log_fmt_name, *pool_name;
    char *device, *ort_library, *cpu_name, *mode_name;
    char *codec, *preset, *crf;
    int nb_renditions, n_threads, n_subsample, disable_clip;
    int64_t stats; /**< length of a window in microseconds, 0: none */
    VmafTinyCheck check;

    int log_fmt, pool, cpu, mode; /**< VMT_LOG_, VMT_POOL_, VMT_CPU_, VMT_MODE_ */
    VmtModel *scorer;
    VmtContext *core;
    VmafTinyHeld held;
    VmafTinyRendition renditions[VMT_RENDITIONS_MAX];
    VmafTinyVideo videos[VMT_RENDITIONS_MAX + 1]; /**< of the inputs, the reference last */

    int64_t steps;      /**< given to the core: a frame of every input */
    int64_t misses;     /**< frames for which an input had none */
    int64_t last_pts;   /**< of the first input, when frames were compared last */
    int64_t repeats;    /**< frames of it that were no later than the one before */
    double repeat_time; /**< of the first of them, in seconds */
    int64_t start_time; /**< of the first step, in microseconds of the clock */
    size_t window;      /**< first row of the window that is not yet told */
    int came;           /**< a frame has come since activation */
    int finished;       /**< the score has been told, or has become impossible */
} VmafTinyContext;

/** Log what the library says and return its code as FFmpeg's. */
int ff_vmaf_tiny_fail(AVFilterContext *ctx, int code, const VmtError *error);

#endif
