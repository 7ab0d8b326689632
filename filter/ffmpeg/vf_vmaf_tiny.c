// SPDX-License-Identifier: BSD-2-Clause-Patent
/**
 * @file
 * FFmpeg's filter vmaf_tiny: VMAF of distorted videos against their reference, by a tiny model.
 *
 * One source for FFmpeg 5.1 to 9.0, on the public header of libvmaf_tiny only. The first distorted
 * video passes through. A frame leaves when its features are known, so that it carries them as
 * metadata; motion2 looks one frame ahead and the library works on several frames at once, hence
 * the queues of frames held back, which together are as long as the library has frames in flight.
 *
 * One frame leaves for each that comes, however many are ready: what has been scored when a graph
 * is stopped early then depends on what was asked for, not on the number of threads.
 */
#include <math.h>
#include <string.h>

#include <vmaf_tiny.h>

#include "libavutil/avstring.h"
#include "libavutil/common.h"
#include "libavutil/frame.h"
#include "libavutil/macros.h"
#include "libavutil/mathematics.h"
#include "libavutil/mem.h"
#include "libavutil/opt.h"
#include "libavutil/time.h"

#include "avfilter.h"
#include "filters.h"
#include "framesync.h"
#include "version.h"
#include "video.h"
#include "vmaf_tiny_check.h"
#include "vmaf_tiny_context.h"
#include "vmaf_tiny_formats.h"
#include "vmaf_tiny_held.h"
#include "vmaf_tiny_result.h"

/* What differs between the releases; the numbers are those of 7.1 and 8.0. */
#define PAIRS_NEAREST (LIBAVFILTER_VERSION_INT >= AV_VERSION_INT(10, 4, 100))
#if LIBAVFILTER_VERSION_INT < AV_VERSION_INT(10, 4, 100)
#include "internal.h"
#define FilterLink AVFilterLink
#define ff_filter_link(link) (link)
#endif
#if LIBAVFILTER_VERSION_MAJOR >= 11
#define Filter FFFilter
#define PUBLIC(field) .p.field
#else
#define Filter AVFilter
#define PUBLIC(field) .field
#endif

#define OFFSET(field) offsetof(VmafTinyContext, field)
#define FLAGS AV_OPT_FLAG_FILTERING_PARAM | AV_OPT_FLAG_VIDEO_PARAM
#define TEXT(name, field, help, value) \
    { name, help, OFFSET(field), AV_OPT_TYPE_STRING, { .str = value }, 0, 0, FLAGS }
#define NUMBER(name, field, help, value, min, max) \
    { name, help, OFFSET(field), AV_OPT_TYPE_INT, { .i64 = value }, min, max, FLAGS }
#define SWITCH(name, field, help) \
    { name, help, OFFSET(field), AV_OPT_TYPE_BOOL, { .i64 = 0 }, 0, 1, FLAGS }

static const AVOption vmaf_tiny_options[] = {
    TEXT("model", model, "set the model: an id in the registry, else the path of an .onnx file",
         "vmaf_tiny_v2"),
    TEXT("model_dir", model_dir, "set the folder of the model registry", NULL),
    NUMBER("renditions", nb_renditions, "set how many distorted inputs come before the reference",
           1, 1, VMT_RENDITIONS_MAX),
    TEXT("log_path", log_path, "set the file to write the log to; of several renditions, log.json "
         "becomes log.1.json, log.2.json and so on", NULL),
    TEXT("log_fmt", log_fmt_name, "set the format of the log: xml, json, csv or sub", "xml"),
    TEXT("pool", pool_name, "set the pooling of the score that is shown: mean, harmonic_mean, "
         "min, max, p1, p5, p10, p50 or stdev", "mean"),
    { "stats", "show scores of windows of this length too, in seconds, and write them to the log",
      OFFSET(stats), AV_OPT_TYPE_DURATION, { .i64 = 0 }, 0, INT64_MAX, FLAGS },
    NUMBER("n_threads", n_threads, "set the number of threads, 0 for the graph's", 0, 0,
           VMT_THREADS_MAX),
    NUMBER("n_subsample", n_subsample, "score every n-th frame only", 1, 1, INT_MAX),
    TEXT("device", device, "set where the model runs: auto, cpu, cuda, openvino or rocm", "auto"),
    TEXT("ort_library", ort_library, "set the path of the ONNX Runtime library", NULL),
    TEXT("cpu", cpu_name, "set the level of the CPU to compute features with", "best"),
    TEXT("mode", mode_name, "set how features are made: exact, or fast for large frames", "exact"),
    SWITCH("disable_clip", disable_clip, "let scores leave 0 to 100"),
    TEXT("codec", codec, "set the encoder, such as libx264, for a model that is conditioned on it; "
         "blind if it is not known", NULL),
    TEXT("preset", preset, "set the preset of that encoder", NULL),
    TEXT("crf", crf, "set the CRF of that encoder", NULL),
    SWITCH("allow_range", check.allow_range,
           "compare full with limited range as if they were the same"),
    SWITCH("allow_hdr", check.allow_hdr,
           "score PQ and HLG video, for which the models were not made"),
    { NULL }
};

FRAMESYNC_DEFINE_CLASS(vmaf_tiny, VmafTinyContext, fs);

int ff_vmaf_tiny_fail(AVFilterContext *ctx, int code, const VmtError *error)
{
    av_log(ctx, AV_LOG_ERROR, "%s\n", error->text);
    return AVERROR(-code);
}

/* ------------------------------------------------------------------------------ the frames */

/** Half the time between frames of the first input, in units of the clock; infinite if unknown. */
static double half_frame(const FFFrameSync *fs)
{
    const AVRational rate = ff_filter_link(fs->parent->inputs[0])->frame_rate;

    return rate.num > 0 && rate.den > 0 ? 0.5 / av_q2d(av_mul_q(rate, fs->time_base)) : INFINITY;
}

/** The frame of an input nearest in time to the first input's, or NULL. */
static const AVFrame *nearest_frame(const FFFrameSync *fs, int input, int64_t *pts)
{
    const FFFrameSyncIn *in = &fs->in[input];
    int next = 0;

    if (input && !in->frame && in->frame_next) /* its first may start a little later by rounding */
        next = ff_vmaf_tiny_between(fs->pts, in->pts_next) < half_frame(fs);
#if !PAIRS_NEAREST
    else if (input && in->frame && in->frame_next)
        next = ff_vmaf_tiny_between(fs->pts, in->pts_next) < ff_vmaf_tiny_between(in->pts, fs->pts);
#endif
    *pts = next ? in->pts_next : in->pts;
    return next ? in->frame_next : in->frame;
}

static void release_pictures(VmtPicture *pictures, int count)
{
    for (int i = 0; i < count; i++)
        pictures[i].release(pictures[i].opaque);
}

/** Give the core a frame of every input, the reference last. */
static int push_frames(AVFilterContext *ctx, const AVFrame *const *frames)
{
    VmafTinyContext *s = ctx->priv;
    const int reference = s->nb_renditions;
    VmtPicture pictures[VMT_RENDITIONS_MAX + 1];
    VmtError error;
    int ret;

    for (int i = 0; i <= reference; i++)
        if ((ret = ff_vmaf_tiny_check_frame(ctx, ctx->inputs[i], frames[i])) < 0)
            return ret;
    for (int i = 0; i < reference; i++) {
        ret = ff_vmaf_tiny_check_tags(ctx, &s->check, &s->renditions[i].seen, i, frames[i],
                                      frames[reference]);
        if (ret < 0)
            return ret;
    }
    if (!s->steps)
        s->start_time = av_gettime_relative();
    for (int i = 0; i <= reference; i++) {
        if ((ret = ff_vmaf_tiny_lend(&pictures[i], frames[i])) < 0) {
            release_pictures(pictures, i);
            return ret;
        }
    }
    ret = vmt_push(s->core, &pictures[reference], pictures, &error);
    if (ret < 0) {
        release_pictures(pictures, reference + 1);
        return ff_vmaf_tiny_fail(ctx, ret, &error);
    }
    s->steps++;
    return 0;
}

static int do_vmaf_tiny(FFFrameSync *fs)
{
    AVFilterContext *ctx = fs->parent;
    VmafTinyContext *s = ctx->priv;
    const AVFrame *frames[VMT_RENDITIONS_MAX + 1];
    int64_t pts[VMT_RENDITIONS_MAX + 1], row = -1;
    AVFrame *out;
    int ret, complete = 1;

    /* Not ff_framesync_get_frame(): its twin for two inputs copies the pixels in FFmpeg 5.1. */
    for (int i = 0; i <= s->nb_renditions; i++)
        complete &= !!(frames[i] = nearest_frame(fs, i, &pts[i]));
    if (!ctx->is_disabled && complete) {
        if (s->steps % s->n_subsample == 0)
            row = s->steps;
        ff_vmaf_tiny_check_times(ctx, pts, half_frame(&s->fs));
        if ((ret = push_frames(ctx, frames)) < 0)
            return ret;
    } else if (!ctx->is_disabled) {
        s->misses++;
    }
    if (!(out = av_frame_clone(frames[0])))
        return AVERROR(ENOMEM);
    out->pts = av_rescale_q(fs->pts, fs->time_base, ctx->outputs[0]->time_base);
    s->came = 1;
    return ff_vmaf_tiny_held_add(&s->held, out, row, fs->pts * av_q2d(fs->time_base));
}

/** Score the rows that are there. */
static int take_rows(AVFilterContext *ctx)
{
    VmafTinyContext *s = ctx->priv;
    VmtError error;
    VmtRow rows[VMT_RENDITIONS_MAX];
    double scores[VMT_RENDITIONS_MAX];
    int ret;

    while ((ret = vmt_pull(s->core, rows, &error)) > 0) {
        if ((ret = vmt_model_score(s->scorer, rows, s->nb_renditions, scores, &error)) < 0)
            break;
        if ((ret = ff_vmaf_tiny_held_score(&s->held, rows, scores)) < 0)
            return ret;
    }
    return ret < 0 ? ff_vmaf_tiny_fail(ctx, ret, &error) : 0;
}

/** Send a frame that may leave. Returns 1, or 0 if there is none. */
static int send_frame(AVFilterContext *ctx)
{
    VmafTinyContext *s = ctx->priv;
    AVFrame *frame;
    int ret = ff_vmaf_tiny_held_next(&s->held, &frame);

    if (ret <= 0)
        return ret;
    if ((ret = ff_vmaf_tiny_tell_window(ctx)) < 0) {
        av_frame_free(&frame);
        return ret;
    }
    ret = ff_filter_frame(ctx->outputs[0], frame);
    return ret < 0 ? ret : 1;
}

/* ----------------------------------------------------------------------------- the filter */

/** How much of a text can be shown: none of what ends a line or commands a terminal. */
static int shown_length(const char *text)
{
    int length = 0;

    while ((unsigned char)text[length] >= ' ' && text[length] != 0x7f)
        length++;
    return length;
}

/** Number of a name in one of the library's lists; an error that names them all. */
static int find_name(AVFilterContext *ctx, const char *option, const char *value,
                     const char *(*name_of)(int), int count)
{
    char known[512] = "";

    for (int i = 0; i < count; i++) {
        const char *name = name_of(i);
        if (!name)
            continue;
        if (!strcmp(value, name))
            return i;
        av_strlcatf(known, sizeof(known), "%s%s", *known ? ", " : "", name);
    }
    av_log(ctx, AV_LOG_ERROR, "%s=%.*s is not known: choose one of %s\n", option,
           shown_length(value), value, known);
    return AVERROR(EINVAL);
}

static av_cold int preinit(AVFilterContext *ctx)
{
    VmafTinyContext *s = ctx->priv;
    const int ret = vmaf_tiny_framesync_preinit(ctx);

    /* Containers round times: a frame's partner may start a little later. */
#if PAIRS_NEAREST
    s->fs.opt_ts_sync_mode = TS_NEAREST;
#else
    (void)s;
#endif
    return ret;
}

/** Add the inputs: "main", "main2" and so on, "reference". */
static av_cold int add_inputs(AVFilterContext *ctx)
{
    const VmafTinyContext *s = ctx->priv;

    for (int i = 0; i <= s->nb_renditions; i++) {
        AVFilterPad pad = { .type = AVMEDIA_TYPE_VIDEO };
        int ret;

        if (i == s->nb_renditions)
            pad.name = av_strdup("reference");
        else
            pad.name = i ? av_asprintf("main%d", i + 1) : av_strdup("main");
        if (!pad.name)
            return AVERROR(ENOMEM);
        if ((ret = ff_append_inpad_free_name(ctx, &pad)) < 0)
            return ret;
    }
    return 0;
}

static av_cold int init(AVFilterContext *ctx)
{
    VmafTinyContext *s = ctx->priv;
    const VmtModelInfo *info;
    VmtError error;
    int ret;

    if ((ret = s->pool = find_name(ctx, "pool", s->pool_name, vmt_pool_name, VMT_POOLS)) < 0)
        return ret;
    ret = s->log_fmt = find_name(ctx, "log_fmt", s->log_fmt_name, vmt_log_name, VMT_LOGS);
    if (ret < 0)
        return ret;
    if ((ret = s->cpu = find_name(ctx, "cpu", s->cpu_name, vmt_cpu_name, VMT_CPU_LEVELS)) < 0)
        return ret;
    if ((ret = s->mode = find_name(ctx, "mode", s->mode_name, vmt_mode_name, VMT_MODES)) < 0)
        return ret;
    ret = vmt_model_open(&s->scorer,
                         &(VmtModelConfig){
                             .model = s->model,
                             .model_dir = s->model_dir,
                             .device = s->device,
                             .ort_library = s->ort_library,
                             .disable_clip = s->disable_clip,
                             .codec = s->codec,
                             .preset = s->preset,
                             .crf = s->crf,
                         },
                         &error);
    if (ret < 0)
        return ff_vmaf_tiny_fail(ctx, ret, &error);
    info = vmt_model_info(s->scorer);
    av_log(ctx, info->registered ? AV_LOG_VERBOSE : AV_LOG_WARNING,
           "model %.*s, sha256 %s, %s, runs on %s by ONNX Runtime %s\n", shown_length(info->id),
           info->id, info->sha256, info->registered ? "registered" : "not in the registry",
           info->provider, info->ort_version);
    if (info->pictures) {
        av_log(ctx, AV_LOG_ERROR, "model %.*s looks at pictures, it does not score features: "
               "choose another, such as vmaf_tiny_v2\n", shown_length(info->id), info->id);
        return AVERROR(EINVAL);
    }
    s->fs.on_event = do_vmaf_tiny;
    if ((ret = ff_vmaf_tiny_held_init(&s->held, s->nb_renditions)) < 0)
        return ret;
    return add_inputs(ctx);
}

static int open_core(AVFilterContext *ctx)
{
    VmafTinyContext *s = ctx->priv;
    const AVFilterLink *reference = ctx->inputs[s->nb_renditions];
    const int threads = s->n_threads ? s->n_threads : ff_filter_get_nb_threads(ctx);
    VmtError error;
    int ret;

    vmt_close(&s->core);
    ret = vmt_open(&s->core,
                   &(VmtConfig){
                       .width = reference->w,
                       .height = reference->h,
                       .bits = ff_vmaf_tiny_bits(reference->format),
                       .renditions = s->nb_renditions,
                       .threads = FFMIN(threads, VMT_THREADS_MAX),
                       .cpu = s->cpu,
                       .mode = s->mode,
                       .subsample = s->n_subsample,
                       .vif_gain_limit = vmt_model_info(s->scorer)->vif_gain_limit,
                       .adm_gain_limit = vmt_model_info(s->scorer)->adm_gain_limit,
                   },
                   &error);
    if (ret < 0)
        return ff_vmaf_tiny_fail(ctx, ret, &error);
    av_log(ctx, AV_LOG_VERBOSE, "%d threads, CPU level %s\n", vmt_context_threads(s->core),
           vmt_cpu_name(vmt_context_cpu(s->core)));
    return 0;
}

static int config_output(AVFilterLink *outlink)
{
    AVFilterContext *ctx = outlink->src;
    VmafTinyContext *s = ctx->priv;
    AVFilterLink *mainlink = ctx->inputs[0];
    FilterLink *il = ff_filter_link(mainlink);
    FilterLink *ol = ff_filter_link(outlink);
    int ret;

    if ((ret = ff_vmaf_tiny_check_links(ctx)) < 0 || (ret = open_core(ctx)) < 0)
        return ret;
    ff_framesync_uninit(&s->fs);
    if ((ret = ff_framesync_init(&s->fs, ctx, ctx->nb_inputs)) < 0)
        return ret;
    for (int i = 0; i < ctx->nb_inputs; i++) {
        const AVFilterLink *link = ctx->inputs[i];

        s->videos[i] = (VmafTinyVideo){ link->format, link->w, link->h };
        s->fs.in[i] = (FFFrameSyncIn){
            .time_base = link->time_base,
            .before = i ? EXT_NULL : EXT_STOP,
            /* The first input ends the score; others that are shorter go on with their last. */
            .after = i ? EXT_INFINITY : EXT_STOP,
            .sync = i ? 1 : 2,
        };
    }
    outlink->w = mainlink->w;
    outlink->h = mainlink->h;
    outlink->time_base = mainlink->time_base;
    outlink->sample_aspect_ratio = mainlink->sample_aspect_ratio;
    ol->frame_rate = il->frame_rate;
    return ff_framesync_configure(&s->fs);
}

/** No frame will come: send the last ones. Readers see them before the end announced already. */
static int drain(AVFilterContext *ctx)
{
    VmafTinyContext *s = ctx->priv;
    VmtError error;
    int ret = vmt_flush(s->core, &error);

    if (ret < 0)
        return ff_vmaf_tiny_fail(ctx, ret, &error);
    ret = take_rows(ctx);
    while (ret >= 0 && (ret = send_frame(ctx)) > 0)
        ;
    return ret;
}

/** One step. The result comes as soon as it can, when a failure can still fail the run. */
static int step(AVFilterContext *ctx)
{
    VmafTinyContext *s = ctx->priv;
    AVFilterLink *outlink = ctx->outputs[0];
    int ret;

    if (!s->finished && ff_outlink_get_status(outlink) && (ret = ff_vmaf_tiny_finish(ctx)) < 0)
        return ret;
    FF_FILTER_FORWARD_STATUS_BACK_ALL(outlink, ctx);

    s->came = 0;
    if ((ret = ff_framesync_activate(&s->fs)) < 0)
        return ret;
    if (s->fs.eof) {
        ret = drain(ctx);
        return ret < 0 ? ret : ff_vmaf_tiny_finish(ctx);
    }
    if (!s->came && !ff_outlink_frame_wanted(outlink))
        return 0;
    if ((ret = take_rows(ctx)) < 0)
        return ret;
    ret = send_frame(ctx);
    /* A filter that takes a frame and gives none is asked again only if it says so. */
    if (!ret && s->came)
        ff_filter_set_ready(ctx, 100);
    return FFMIN(ret, 0);
}

static int activate(AVFilterContext *ctx)
{
    VmafTinyContext *s = ctx->priv;
    const int ret = step(ctx);

    if (ret < 0 && ret != FFERROR_NOT_READY)
        s->finished = 1;
    return ret;
}

static av_cold void uninit(AVFilterContext *ctx)
{
    VmafTinyContext *s = ctx->priv;

    if (s->held.nb_left && !s->finished)
        ff_vmaf_tiny_stop(ctx);
    ff_framesync_uninit(&s->fs);
    vmt_close(&s->core);
    vmt_model_close(&s->scorer);
    ff_vmaf_tiny_held_free(&s->held);
}

static const AVFilterPad vmaf_tiny_outputs[] = {
    {
        .name         = "default",
        .type         = AVMEDIA_TYPE_VIDEO,
        .config_props = config_output,
    },
};

const Filter ff_vf_vmaf_tiny = {
    PUBLIC(name)        = "vmaf_tiny",
    PUBLIC(description) = NULL_IF_CONFIG_SMALL("Score distorted videos, the first inputs, against "
                                               "their reference, the last, with VMAF by a tiny "
                                               "model."),
    PUBLIC(priv_class)  = &vmaf_tiny_class,
    PUBLIC(flags)       = AVFILTER_FLAG_SUPPORT_TIMELINE_INTERNAL | AVFILTER_FLAG_SLICE_THREADS |
                          AVFILTER_FLAG_METADATA_ONLY | AVFILTER_FLAG_DYNAMIC_INPUTS,
    .preinit       = preinit,
    .init          = init,
    .uninit        = uninit,
    .activate      = activate,
    .priv_size     = sizeof(VmafTinyContext),
    FILTER_OUTPUTS(vmaf_tiny_outputs),
    FILTER_QUERY_FUNC(ff_vmaf_tiny_query_formats),
};
