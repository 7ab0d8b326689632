// SPDX-License-Identifier: BSD-2-Clause-Patent
#include "vmaf_tiny_formats.h"

#include <stdint.h>

#include "libavutil/avconfig.h"
#include "libavutil/error.h"
#include "libavutil/pixdesc.h"

#include "formats.h"
#include "version.h"

/* What differs between the releases; the numbers are those of 7.0 and 8.1. */
#define NEGOTIATES_COLOUR (LIBAVFILTER_VERSION_MAJOR >= 10)
#define NEGOTIATES_ALPHA (LIBAVFILTER_VERSION_INT >= AV_VERSION_INT(11, 6, 100))

int ff_vmaf_tiny_bits(int format)
{
    return av_pix_fmt_desc_get(format)->comp[0].depth;
}

/** Whether the first plane has luma and nothing else. */
static int has_plane_of_luma(const AVPixFmtDescriptor *desc)
{
    const uint64_t others = AV_PIX_FMT_FLAG_RGB | AV_PIX_FMT_FLAG_PAL | AV_PIX_FMT_FLAG_BAYER |
                            AV_PIX_FMT_FLAG_BITSTREAM | AV_PIX_FMT_FLAG_HWACCEL |
                            AV_PIX_FMT_FLAG_FLOAT;
    const AVComponentDescriptor *luma = &desc->comp[0];

    return !(desc->flags & others) && luma->depth >= 8 && luma->depth <= 16 && !luma->plane &&
           !luma->offset && luma->step == (luma->depth > 8 ? 2 : 1);
}

/** Make the list of all formats that are taken; NULL if there is no memory. */
static AVFilterFormats *list_formats(void)
{
    AVFilterFormats *formats = NULL;
    const AVPixFmtDescriptor *desc = NULL;

    while ((desc = av_pix_fmt_desc_next(desc)))
        if (has_plane_of_luma(desc) && ff_add_format(&formats, av_pix_fmt_desc_get_id(desc)) < 0)
            return NULL;
    return formats;
}

/**
 * Every input gets lists of its own: tied to the first one's, as is usual, FFmpeg would silently
 * convert one of them when their formats or (from 7.0) colour tags differ.
 */
int ff_vmaf_tiny_query_formats(AVFilterContext *ctx)
{
    AVFilterFormats *formats = list_formats();
    int ret;

    /* The first input and the output are the same frames. */
    if ((ret = ff_formats_ref(formats, &ctx->inputs[0]->outcfg.formats)) < 0 ||
        (ret = ff_formats_ref(formats, &ctx->outputs[0]->incfg.formats)) < 0)
        return ret;
    for (int i = 1; i < ctx->nb_inputs; i++) {
        AVFilterFormatsConfig *config = &ctx->inputs[i]->outcfg;

        if ((ret = ff_formats_ref(list_formats(), &config->formats)) < 0)
            return ret;
#if NEGOTIATES_COLOUR
        if ((ret = ff_formats_ref(ff_all_color_spaces(), &config->color_spaces)) < 0 ||
            (ret = ff_formats_ref(ff_all_color_ranges(), &config->color_ranges)) < 0)
            return ret;
#endif
#if NEGOTIATES_ALPHA
        if ((ret = ff_formats_ref(ff_all_alpha_modes(), &config->alpha_modes)) < 0)
            return ret;
#endif
    }
    return 0;
}

static void release(void *opaque)
{
    AVFrame *frame = opaque;

    av_frame_free(&frame);
}

/** Whether the samples are numbers of this machine, from the lowest bit on. */
static int is_plain(const AVPixFmtDescriptor *desc)
{
    const int big_endian = !!(desc->flags & AV_PIX_FMT_FLAG_BE);

    return !desc->comp[0].shift && (desc->comp[0].depth == 8 || big_endian == AV_HAVE_BIGENDIAN);
}

/** Make a frame with the luma of another as plain samples of 16 bits; NULL if without memory. */
static AVFrame *plain_luma(const AVFrame *frame, const AVPixFmtDescriptor *desc)
{
    AVFrame *luma = av_frame_alloc();

    if (!luma)
        return NULL;
    luma->format = AV_PIX_FMT_GRAY16;
    luma->width = frame->width;
    luma->height = frame->height;
    if (av_frame_get_buffer(luma, 0) < 0) {
        av_frame_free(&luma);
        return NULL;
    }
    for (int y = 0; y < frame->height; y++)
        av_read_image_line2(luma->data[0] + y * luma->linesize[0], (const uint8_t **)frame->data,
                            frame->linesize, desc, 0, y, 0, frame->width, 0, 2);
    return luma;
}

int ff_vmaf_tiny_lend(VmtPicture *picture, const AVFrame *frame)
{
    const AVPixFmtDescriptor *desc = av_pix_fmt_desc_get(frame->format);
    AVFrame *lent = is_plain(desc) ? av_frame_clone(frame) : plain_luma(frame, desc);

    if (!lent)
        return AVERROR(ENOMEM);
    *picture = (VmtPicture){ lent->data[0], lent->linesize[0], release, lent };
    return 0;
}
