// SPDX-License-Identifier: BSD-2-Clause-Patent
/**
 * @file
 * Which pixel formats the filter takes, and how the core gets their luma.
 *
 * Only luma counts, so every format will do that has it alone in its first plane, 8 to 16 bits of
 * it: planar and semi-planar YUV, with alpha or without, and gray. FFmpeg converts all others.
 */
#ifndef AVFILTER_VMAF_TINY_FORMATS_H
#define AVFILTER_VMAF_TINY_FORMATS_H

#include <vmaf_tiny.h>

#include "libavutil/frame.h"

#include "avfilter.h"

/** Number of bits of luma of a pixel format. */
int ff_vmaf_tiny_bits(int format);

/** What FFmpeg asks a filter for: formats and colour tags of its links. */
int ff_vmaf_tiny_query_formats(AVFilterContext *ctx);

/**
 * Lend the luma of a frame to the core.
 *
 * Lent by reference, unless samples are of the other byte order or sit in the high bits, as those
 * of p010 do: then what is lent is a copy of the luma.
 *
 * @return 0 or AVERROR(ENOMEM)
 */
int ff_vmaf_tiny_lend(VmtPicture *picture, const AVFrame *frame);

#endif
