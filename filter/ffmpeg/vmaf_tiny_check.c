// SPDX-License-Identifier: BSD-2-Clause-Patent
#include "vmaf_tiny_check.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "libavutil/avstring.h"
#include "libavutil/error.h"
#include "libavutil/log.h"
#include "libavutil/macros.h"
#include "libavutil/pixdesc.h"

#include "vmaf_tiny_context.h"
#include "vmaf_tiny_formats.h"

const char *ff_vmaf_tiny_name(const AVFilterContext *ctx, int rendition,
                              char name[VMAF_TINY_NAME_SIZE])
{
    if (ctx->nb_inputs > 2)
        snprintf(name, VMAF_TINY_NAME_SIZE, "rendition %d", rendition + 1);
    else
        snprintf(name, VMAF_TINY_NAME_SIZE, "the distorted video");
    return name;
}

static int check_link(AVFilterContext *ctx, int rendition, const AVFilterLink *reference)
{
    const AVFilterLink *distorted = ctx->inputs[rendition];
    const int bits = ff_vmaf_tiny_bits(distorted->format);
    const int reference_bits = ff_vmaf_tiny_bits(reference->format);
    const int less = bits < reference_bits;
    char name[VMAF_TINY_NAME_SIZE];

    ff_vmaf_tiny_name(ctx, rendition, name);
    if (distorted->w != reference->w || distorted->h != reference->h) {
        av_log(ctx, AV_LOG_ERROR, "%s is %dx%d and the reference %dx%d: scale the distorted one, "
               "[distorted]scale=%d:%d:flags=bicubic[d];[d][reference]vmaf_tiny\n", name,
               distorted->w, distorted->h, reference->w, reference->h, reference->w, reference->h);
        return AVERROR(EINVAL);
    }
    if (bits != reference_bits) {
        av_log(ctx, AV_LOG_ERROR, "%s has %d bits (%s) and the reference %d (%s): bring the %s to "
               "the larger depth with format=%s\n", name, bits,
               av_get_pix_fmt_name(distorted->format), reference_bits,
               av_get_pix_fmt_name(reference->format), less ? "distorted one" : "reference",
               av_get_pix_fmt_name(less ? reference->format : distorted->format));
        return AVERROR(EINVAL);
    }
    return 0;
}

int ff_vmaf_tiny_check_links(AVFilterContext *ctx)
{
    const int renditions = ctx->nb_inputs - 1;
    int ret = 0;

    for (int i = 0; i < renditions && ret >= 0; i++)
        ret = check_link(ctx, i, ctx->inputs[renditions]);
    return ret;
}

int ff_vmaf_tiny_check_frame(AVFilterContext *ctx, const AVFilterLink *link, const AVFrame *frame)
{
    if (frame->width == link->w && frame->height == link->h && frame->format == link->format)
        return 0;
    av_log(ctx, AV_LOG_ERROR, "the %s input changes its size or format on the way: insert scale "
           "and format in front of this filter\n", avfilter_pad_get_name(link->dstpad, 0));
    return AVERROR(EINVAL);
}

static VmafTinyTags tags_of(const AVFrame *frame)
{
    const char *format = av_get_pix_fmt_name(frame->format);
    VmafTinyTags tags = { frame->color_range, frame->colorspace, frame->color_primaries,
                          frame->color_trc };

    if (format && av_strstart(format, "yuvj", NULL))
        tags.range = AVCOL_RANGE_JPEG;
    else if (tags.range == AVCOL_RANGE_UNSPECIFIED)
        tags.range = AVCOL_RANGE_MPEG;
    return tags;
}

static int is_hdr(const VmafTinyTags *tags)
{
    return tags->transfer == AVCOL_TRC_SMPTE2084 || tags->transfer == AVCOL_TRC_ARIB_STD_B67;
}

static void warn_if_different(AVFilterContext *ctx, const char *name, const char *what,
                              const char *distorted, const char *reference)
{
    static const char no[] = "unknown";

    if (distorted && reference && strcmp(distorted, reference) && strcmp(distorted, no) &&
        strcmp(reference, no))
        av_log(ctx, AV_LOG_WARNING, "the colour %s differs, %s in %s and %s in the reference; "
               "samples are compared as they are\n", what, distorted, name, reference);
}

int ff_vmaf_tiny_check_tags(AVFilterContext *ctx, const VmafTinyCheck *check, VmafTinySeen *seen,
                            int rendition, const AVFrame *distorted, const AVFrame *reference)
{
    const VmafTinyTags tags[2] = { tags_of(distorted), tags_of(reference) };
    char name[VMAF_TINY_NAME_SIZE];

    if (seen->seen && !memcmp(tags, seen->tags, sizeof(tags)))
        return 0;
    seen->seen = 1;
    memcpy(seen->tags, tags, sizeof(tags));
    ff_vmaf_tiny_name(ctx, rendition, name);
    if (tags[0].range != tags[1].range && !check->allow_range) {
        av_log(ctx, AV_LOG_ERROR, "%s has %s range and the reference %s: convert one of them with "
               "scale=out_range=tv, or if a tag is wrong correct it with setrange, or compare the "
               "samples as they are with allow_range=1\n", name,
               av_color_range_name(tags[0].range), av_color_range_name(tags[1].range));
        return AVERROR(EINVAL);
    }
    if ((is_hdr(&tags[0]) || is_hdr(&tags[1])) && !check->allow_hdr) {
        av_log(ctx, AV_LOG_ERROR, "the transfer is %s, but the models know SDR only: tone-map all "
               "videos, or score them all the same with allow_hdr=1\n",
               av_color_transfer_name(tags[!is_hdr(&tags[0])].transfer));
        return AVERROR(EINVAL);
    }
    warn_if_different(ctx, name, "matrix", av_color_space_name(tags[0].matrix),
                      av_color_space_name(tags[1].matrix));
    warn_if_different(ctx, name, "primaries", av_color_primaries_name(tags[0].primaries),
                      av_color_primaries_name(tags[1].primaries));
    warn_if_different(ctx, name, "transfer", av_color_transfer_name(tags[0].transfer),
                      av_color_transfer_name(tags[1].transfer));
    return 0;
}

void ff_vmaf_tiny_check_times(AVFilterContext *ctx, const int64_t *pts, double half)
{
    VmafTinyContext *s = ctx->priv;
    const int64_t now = s->fs.pts;
    const double seconds = now * av_q2d(s->fs.time_base);
    const double reference = fabs(ff_vmaf_tiny_between(now, pts[s->nb_renditions]));

    for (int i = 0; i < s->nb_renditions; i++) {
        VmafTinyRendition *rendition = &s->renditions[i];
        const double apart = FFMAX(fabs(ff_vmaf_tiny_between(now, pts[i])), reference);

        if (apart > half && !rendition->strays++)
            rendition->stray_time = seconds;
    }
    if (s->steps && now <= s->last_pts && !s->repeats++)
        s->repeat_time = seconds;
    s->last_pts = now;
}
