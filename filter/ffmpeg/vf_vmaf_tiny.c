// SPDX-License-Identifier: BSD-2-Clause-Patent
/**
 * @file
 * FFmpeg's filter vmaf_tiny: VMAF of a distorted video against its reference, by a tiny model.
 *
 * One source for FFmpeg 5.1 to 9.0, on the public header of libvmaf_tiny only. Video passes
 * through. A frame leaves when its features are known, so that it carries them as metadata;
 * motion2 looks one frame ahead and the library works on several frames at once, hence the queues
 * of frames held back, which together are as long as the library has frames in flight.
 *
 * One frame leaves for each that comes, however many are ready: what has been scored when a graph
 * is stopped early then depends on what was asked for, not on the number of threads.
 */
#include <inttypes.h>
#include <string.h>

#include <vmaf_tiny.h>

#include "libavutil/avstring.h"
#include "libavutil/common.h"
#include "libavutil/dict.h"
#include "libavutil/fifo.h"
#include "libavutil/frame.h"
#include "libavutil/macros.h"
#include "libavutil/mathematics.h"
#include "libavutil/mem.h"
#include "libavutil/opt.h"
#include "libavutil/pixdesc.h"
#include "libavutil/time.h"

#include "avfilter.h"
#include "filters.h"
#include "formats.h"
#include "framesync.h"
#include "version.h"
#include "video.h"

/* What differs between the releases; the numbers are those of 7.0, 7.1 and 8.0. */
#define NEGOTIATES_COLOUR (LIBAVFILTER_VERSION_MAJOR >= 10)
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

/** What the samples of a video mean, by AVCOL_ values. */
typedef struct Tags {
    int range, matrix, primaries, transfer;
} Tags;

/** A frame on its way out. */
typedef struct Held {
    AVFrame *frame;
    VmtRow row; /**< index -1: the frame is not scored */
    double score;
} Held;

typedef struct VmafTinyContext {
    const AVClass *class;
    FFFrameSync fs;

    char *model, *model_dir, *log_path, *log_fmt_name, *pool_name;
    char *device, *ort_library, *cpu_name;
    int n_threads, n_subsample, disable_clip, allow_range, allow_hdr;

    int log_fmt, pool, cpu; /**< VMT_LOG_, VMT_POOL_, VMT_CPU_ */
    VmtModel *vmt_model;
    VmtContext *core;
    AVFifo *waiting; /**< of Held whose rows are not there, in the order of the video */
    AVFifo *ready;   /**< of Held that may leave, before them in that order */
    VmtRow *rows;    /**< [nb_rows], of the frames that have left */
    double *scores;  /**< [nb_rows] */
    size_t nb_rows, max_rows;

    Tags tags[2];       /**< of the latest pair: distorted, reference */
    int64_t pairs;      /**< given to the core */
    int64_t misses;     /**< frames for which there was no reference */
    int64_t strays;     /**< pairs whose times are more than half a frame apart */
    double stray_time;  /**< of the first of them, in seconds */
    int64_t start_time; /**< of the first pair, in microseconds of the clock */
    int came;           /**< a frame has come since activation */
    int finished;       /**< the score has been told, or has become impossible */
} VmafTinyContext;

#define OFFSET(field) offsetof(VmafTinyContext, field)
#define FLAGS AV_OPT_FLAG_FILTERING_PARAM | AV_OPT_FLAG_VIDEO_PARAM
#define TEXT(name, field, help, value) \
    { name, help, OFFSET(field), AV_OPT_TYPE_STRING, { .str = value }, 0, 0, FLAGS }
#define SWITCH(name, help) \
    { #name, help, OFFSET(name), AV_OPT_TYPE_BOOL, { .i64 = 0 }, 0, 1, FLAGS }

static const AVOption vmaf_tiny_options[] = {
    TEXT("model", model, "set the model: an id in the registry, else the path of an .onnx file",
         "vmaf_tiny_v2"),
    TEXT("model_dir", model_dir, "set the folder of the model registry", NULL),
    TEXT("log_path", log_path, "set the file to write the log to", NULL),
    TEXT("log_fmt", log_fmt_name, "set the format of the log: xml, json, csv or sub", "xml"),
    TEXT("pool", pool_name, "set the pooling of the score that is shown: mean, harmonic_mean, "
         "min, max, p1, p5, p10, p50 or stdev", "mean"),
    { "n_threads", "set the number of threads, 0 for the graph's", OFFSET(n_threads),
      AV_OPT_TYPE_INT, { .i64 = 0 }, 0, VMT_THREADS_MAX, FLAGS },
    { "n_subsample", "score every n-th frame only", OFFSET(n_subsample), AV_OPT_TYPE_INT,
      { .i64 = 1 }, 1, INT_MAX, FLAGS },
    TEXT("device", device, "set where the model runs: auto, cpu, cuda, openvino or rocm", "auto"),
    TEXT("ort_library", ort_library, "set the path of the ONNX Runtime library", NULL),
    TEXT("cpu", cpu_name, "set the level of the CPU to compute features with", "best"),
    SWITCH(disable_clip, "let scores leave 0 to 100"),
    SWITCH(allow_range, "compare full with limited range as if they were the same"),
    SWITCH(allow_hdr, "score PQ and HLG video, for which the models were not made"),
    { NULL }
};

FRAMESYNC_DEFINE_CLASS(vmaf_tiny, VmafTinyContext, fs);

static int fail(AVFilterContext *ctx, int code, const VmtError *error)
{
    av_log(ctx, AV_LOG_ERROR, "%s\n", error->text);
    return AVERROR(-code);
}

/* ----------------------------------------------------------------------------- frames out */

static int add_metadata(const Held *held)
{
    for (int i = -1; i < VMT_FEATURES; i++) {
        char key[64], value[64];
        int ret;

        snprintf(key, sizeof(key), "lavfi.vmaf_tiny.%s", i < 0 ? "vmaf" : vmt_feature_name(i));
        snprintf(value, sizeof(value), "%f", i < 0 ? held->score : held->row.value[i]);
        ret = av_dict_set(&held->frame->metadata, key, value, 0);
        if (ret < 0)
            return ret;
    }
    return 0;
}

/** Let the frames go that wait for no row, up to the one that waits for this; NULL: no row. */
static int let_go(VmafTinyContext *s, const VmtRow *row, double score)
{
    Held held;
    int found = 0;

    while (!found && av_fifo_peek(s->waiting, &held, 1, 0) >= 0) {
        int ret = 0;

        if (held.row.index >= 0) {
            if (!row)
                break;
            found = 1;
            held.row = *row;
            held.score = score;
            ret = add_metadata(&held);
        }
        if (ret >= 0)
            ret = av_fifo_write(s->ready, &held, 1);
        if (ret < 0)
            return ret;
        av_fifo_drain2(s->waiting, 1);
    }
    return 0;
}

/** Score the rows that are there. */
static int take_rows(AVFilterContext *ctx)
{
    VmafTinyContext *s = ctx->priv;
    VmtError error;
    VmtRow row;
    double score;
    int ret;

    while ((ret = vmt_pull(s->core, &row, &error)) > 0) {
        ret = vmt_model_score(s->vmt_model, &row, 1, &score, &error);
        if (ret < 0)
            break;
        ret = let_go(s, &row, score);
        if (ret < 0)
            return ret;
    }
    return ret < 0 ? fail(ctx, ret, &error) : let_go(s, NULL, 0);
}

static int keep(VmafTinyContext *s, const Held *held)
{
    if (s->nb_rows == s->max_rows) {
        const size_t max_rows = FFMAX(256, 2 * s->max_rows);
        int ret = av_reallocp_array(&s->rows, max_rows, sizeof(*s->rows));
        if (ret >= 0)
            ret = av_reallocp_array(&s->scores, max_rows, sizeof(*s->scores));
        if (ret < 0)
            return ret;
        s->max_rows = max_rows;
    }
    s->rows[s->nb_rows] = held->row;
    s->scores[s->nb_rows++] = held->score;
    return 0;
}

/** Send a frame that is ready. Returns 1, or 0 if there is none. */
static int send_frame(AVFilterContext *ctx)
{
    VmafTinyContext *s = ctx->priv;
    Held held;
    int ret = 0;

    if (av_fifo_read(s->ready, &held, 1) < 0)
        return 0;
    if (held.row.index >= 0)
        ret = keep(s, &held);
    if (ret < 0) {
        av_frame_free(&held.frame);
        return ret;
    }
    ret = ff_filter_frame(ctx->outputs[0], held.frame);
    return ret < 0 ? ret : 1;
}

/* ------------------------------------------------------------------------------- frames in */

static Tags tags_of(const AVFrame *frame)
{
    const char *format = av_get_pix_fmt_name(frame->format);
    Tags tags = { frame->color_range, frame->colorspace, frame->color_primaries,
                  frame->color_trc };

    if (format && av_strstart(format, "yuvj", NULL))
        tags.range = AVCOL_RANGE_JPEG;
    else if (tags.range == AVCOL_RANGE_UNSPECIFIED)
        tags.range = AVCOL_RANGE_MPEG;
    return tags;
}

static int is_hdr(const Tags *tags)
{
    return tags->transfer == AVCOL_TRC_SMPTE2084 || tags->transfer == AVCOL_TRC_ARIB_STD_B67;
}

static void warn_if_different(AVFilterContext *ctx, const char *what, const char *distorted,
                              const char *reference)
{
    const char *no = "unknown";

    if (distorted && reference && strcmp(distorted, reference) && strcmp(distorted, no) &&
        strcmp(reference, no))
        av_log(ctx, AV_LOG_WARNING, "the colour %s differs, %s in the distorted video and %s in "
               "the reference; samples are compared as they are\n", what, distorted, reference);
}

/** Refuse what would give a wrong score without anybody noticing. */
static int check_tags(AVFilterContext *ctx, const AVFrame *distorted, const AVFrame *reference)
{
    VmafTinyContext *s = ctx->priv;
    const Tags tags[2] = { tags_of(distorted), tags_of(reference) };

    if (s->pairs && !memcmp(tags, s->tags, sizeof(tags)))
        return 0;
    memcpy(s->tags, tags, sizeof(tags));
    if (tags[0].range != tags[1].range && !s->allow_range) {
        av_log(ctx, AV_LOG_ERROR, "the distorted video has %s range and the reference %s: convert "
               "one of them with scale=out_range=tv, or if a tag is wrong correct it with "
               "setrange, or compare the samples as they are with allow_range=1\n",
               av_color_range_name(tags[0].range), av_color_range_name(tags[1].range));
        return AVERROR(EINVAL);
    }
    if ((is_hdr(&tags[0]) || is_hdr(&tags[1])) && !s->allow_hdr) {
        av_log(ctx, AV_LOG_ERROR, "the transfer is %s, but the models know SDR only: tone-map both "
               "videos, or score them all the same with allow_hdr=1\n",
               av_color_transfer_name(tags[!is_hdr(&tags[0])].transfer));
        return AVERROR(EINVAL);
    }
    warn_if_different(ctx, "matrix", av_color_space_name(tags[0].matrix),
                      av_color_space_name(tags[1].matrix));
    warn_if_different(ctx, "primaries", av_color_primaries_name(tags[0].primaries),
                      av_color_primaries_name(tags[1].primaries));
    warn_if_different(ctx, "transfer", av_color_transfer_name(tags[0].transfer),
                      av_color_transfer_name(tags[1].transfer));
    return 0;
}

/** The reference frame nearest in time, or NULL. */
static const AVFrame *nearest_reference(const FFFrameSync *fs, int64_t *pts)
{
    const FFFrameSyncIn *in = &fs->in[1];

#if !PAIRS_NEAREST
    if (in->frame && in->frame_next && in->pts_next - fs->pts < fs->pts - in->pts) {
        *pts = in->pts_next;
        return in->frame_next;
    }
#endif
    *pts = in->pts;
    return in->frame;
}

static void check_times(AVFilterContext *ctx, int64_t reference_pts)
{
    VmafTinyContext *s = ctx->priv;
    const AVRational rate = ff_filter_link(ctx->inputs[0])->frame_rate;
    const double apart = fabs((double)(reference_pts - s->fs.pts)) * av_q2d(s->fs.time_base);

    if (rate.num > 0 && rate.den > 0 && 2 * apart * av_q2d(rate) > 1 && !s->strays++)
        s->stray_time = s->fs.pts * av_q2d(s->fs.time_base);
}

static void release_frame(void *opaque)
{
    AVFrame *frame = opaque;

    av_frame_free(&frame);
}

static int lend(VmtPicture *picture, const AVFrame *frame)
{
    AVFrame *lent = av_frame_clone(frame);

    if (!lent)
        return AVERROR(ENOMEM);
    *picture = (VmtPicture){ lent->data[0], lent->linesize[0], release_frame, lent };
    return 0;
}

static int push_pair(AVFilterContext *ctx, const AVFrame *distorted, const AVFrame *reference)
{
    VmafTinyContext *s = ctx->priv;
    const AVFrame *const frames[2] = { distorted, reference };
    VmtPicture pictures[2];
    VmtError error;
    int ret;

    for (int i = 0; i < 2; i++) {
        const AVFilterLink *link = ctx->inputs[i];
        if (frames[i]->width != link->w || frames[i]->height != link->h ||
            frames[i]->format != link->format) {
            av_log(ctx, AV_LOG_ERROR, "the %s video changes its size or format on the way: insert "
                   "scale and format before this filter\n", i ? "reference" : "distorted");
            return AVERROR(EINVAL);
        }
    }
    ret = check_tags(ctx, distorted, reference);
    if (ret < 0)
        return ret;
    if (!s->pairs)
        s->start_time = av_gettime_relative();
    ret = lend(&pictures[0], distorted);
    if (ret < 0)
        return ret;
    ret = lend(&pictures[1], reference);
    if (ret < 0) {
        release_frame(pictures[0].opaque);
        return ret;
    }
    ret = vmt_push(s->core, &pictures[1], &pictures[0], &error);
    if (ret < 0) {
        release_frame(pictures[0].opaque);
        release_frame(pictures[1].opaque);
        return fail(ctx, ret, &error);
    }
    s->pairs++;
    return 0;
}

static int do_vmaf_tiny(FFFrameSync *fs)
{
    AVFilterContext *ctx = fs->parent;
    VmafTinyContext *s = ctx->priv;
    AVFilterLink *outlink = ctx->outputs[0];
    Held held = { NULL, { -1 } };
    const AVFrame *reference;
    AVFrame *distorted;
    int64_t pts;
    int ret;

    /* Not ff_framesync_dualinput_get(): it copies the pixels in FFmpeg 5.1. */
    ret = ff_framesync_get_frame(fs, 0, &distorted, 0);
    if (ret < 0)
        return ret;
    reference = nearest_reference(fs, &pts);
    if (!ctx->is_disabled && reference) {
        check_times(ctx, pts);
        ret = push_pair(ctx, distorted, reference);
        if (ret < 0)
            return ret;
        if ((s->pairs - 1) % s->n_subsample == 0)
            held.row.index = s->pairs - 1;
    } else if (!ctx->is_disabled) {
        s->misses++;
    }
    held.frame = av_frame_clone(distorted);
    if (!held.frame)
        return AVERROR(ENOMEM);
    held.frame->pts = av_rescale_q(fs->pts, fs->time_base, outlink->time_base);
    ret = av_fifo_write(s->waiting, &held, 1);
    if (ret < 0)
        av_frame_free(&held.frame);
    s->came = 1;
    return ret;
}

/* ----------------------------------------------------------------------------- the result */

static void warn_of_pairing(AVFilterContext *ctx)
{
    VmafTinyContext *s = ctx->priv;

    if (s->strays)
        av_log(ctx, AV_LOG_WARNING, "%"PRId64" of %"PRId64" frames, the first at %.3f s, were "
               "compared with a reference frame of another time: if the reference is shorter say "
               "shortest=1, if the frame rates differ insert fps, if one video starts later "
               "insert setpts\n", s->strays, s->pairs, s->stray_time);
    if (s->misses)
        av_log(ctx, AV_LOG_WARNING, "%"PRId64" frames had no reference frame and were not "
               "scored\n", s->misses);
}

static int write_log(AVFilterContext *ctx)
{
    VmafTinyContext *s = ctx->priv;
    const AVFilterLink *distorted = ctx->inputs[0], *reference = ctx->inputs[1];
    const double elapsed = (av_gettime_relative() - s->start_time) / 1e6;
    char strays[32], misses[32];
    const VmtNote notes[] = {
        { "program", "ffmpeg filter vmaf_tiny, libavfilter " AV_STRINGIFY(LIBAVFILTER_VERSION) },
        { "distorted_format", av_get_pix_fmt_name(distorted->format) },
        { "reference_format", av_get_pix_fmt_name(reference->format) },
        { "frames_without_reference", misses },
        { "frames_paired_across_time", strays },
    };
    const VmtLog log = {
        .frames = s->nb_rows,
        .rows = s->rows,
        .scores = s->scores,
        .model = vmt_model_info(s->vmt_model),
        .cpu = vmt_context_cpu(s->core),
        .fps = elapsed > 0 ? s->nb_rows / elapsed : 0,
        .width = distorted->w,
        .height = distorted->h,
        .notes = notes,
        .note_count = FF_ARRAY_ELEMS(notes),
    };
    VmtError error;
    int ret;

    snprintf(strays, sizeof(strays), "%"PRId64, s->strays);
    snprintf(misses, sizeof(misses), "%"PRId64, s->misses);
    ret = vmt_log_write(&log, s->log_fmt, s->log_path, &error);
    return ret < 0 ? fail(ctx, ret, &error) : 0;
}

/** Write the log and tell the score, of the frames that have left. */
static int finish(AVFilterContext *ctx)
{
    VmafTinyContext *s = ctx->priv;
    double pooled[VMT_POOLS];
    VmtError error;
    int ret;

    s->finished = 1;
    warn_of_pairing(ctx);
    if (!s->nb_rows) {
        av_log(ctx, AV_LOG_ERROR, "no frame was scored: there is none, or no reference frame at "
               "its time\n");
        return AVERROR(EINVAL);
    }
    ret = vmt_pool(s->scores, s->nb_rows, pooled, &error);
    if (ret < 0)
        return fail(ctx, ret, &error);
    if (s->log_path) {
        ret = write_log(ctx);
        if (ret < 0)
            return ret;
    }
    av_log(ctx, AV_LOG_INFO, "VMAF score: %f\n", pooled[s->pool]);
    return 0;
}

/* ----------------------------------------------------------------------------- the filter */

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
    av_log(ctx, AV_LOG_ERROR, "%s=%s is not known: choose one of %s\n", option, value, known);
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

static av_cold int init(AVFilterContext *ctx)
{
    VmafTinyContext *s = ctx->priv;
    const VmtModelInfo *info;
    VmtError error;
    int ret;

    ret = s->pool = find_name(ctx, "pool", s->pool_name, vmt_pool_name, VMT_POOLS);
    if (ret < 0)
        return ret;
    ret = s->log_fmt = find_name(ctx, "log_fmt", s->log_fmt_name, vmt_log_name, VMT_LOGS);
    if (ret < 0)
        return ret;
    ret = s->cpu = find_name(ctx, "cpu", s->cpu_name, vmt_cpu_name, VMT_CPU_LEVELS);
    if (ret < 0)
        return ret;
    ret = vmt_model_open(&s->vmt_model,
                         &(VmtModelConfig){
                             .model = s->model,
                             .model_dir = s->model_dir,
                             .device = s->device,
                             .ort_library = s->ort_library,
                             .disable_clip = s->disable_clip,
                         },
                         &error);
    if (ret < 0)
        return fail(ctx, ret, &error);
    info = vmt_model_info(s->vmt_model);
    av_log(ctx, info->registered ? AV_LOG_VERBOSE : AV_LOG_WARNING,
           "model %s, sha256 %s, %s, runs on %s by ONNX Runtime %s\n", info->id, info->sha256,
           info->registered ? "registered" : "not in the registry", info->provider,
           info->ort_version);
    s->waiting = av_fifo_alloc2(16, sizeof(Held), AV_FIFO_FLAG_AUTO_GROW);
    s->ready = av_fifo_alloc2(16, sizeof(Held), AV_FIFO_FLAG_AUTO_GROW);
    if (!s->waiting || !s->ready)
        return AVERROR(ENOMEM);
    s->fs.on_event = do_vmaf_tiny;
    return 0;
}

/* Only luma counts, so every format whose first plane is luma in the low bits will do. */
static const enum AVPixelFormat pix_fmts[] = {
    AV_PIX_FMT_YUV420P, AV_PIX_FMT_YUV422P, AV_PIX_FMT_YUV444P, AV_PIX_FMT_GRAY8,
    AV_PIX_FMT_YUV410P, AV_PIX_FMT_YUV411P, AV_PIX_FMT_YUV440P,
    AV_PIX_FMT_YUVJ420P, AV_PIX_FMT_YUVJ422P, AV_PIX_FMT_YUVJ444P, AV_PIX_FMT_YUVJ440P,
    AV_PIX_FMT_NV12, AV_PIX_FMT_NV21, AV_PIX_FMT_NV16, AV_PIX_FMT_NV24, AV_PIX_FMT_NV42,
    AV_PIX_FMT_YUV420P9, AV_PIX_FMT_YUV422P9, AV_PIX_FMT_YUV444P9, AV_PIX_FMT_GRAY9,
    AV_PIX_FMT_YUV420P10, AV_PIX_FMT_YUV422P10, AV_PIX_FMT_YUV444P10, AV_PIX_FMT_GRAY10,
    AV_PIX_FMT_YUV440P10,
    AV_PIX_FMT_YUV420P12, AV_PIX_FMT_YUV422P12, AV_PIX_FMT_YUV444P12, AV_PIX_FMT_GRAY12,
    AV_PIX_FMT_YUV440P12,
    AV_PIX_FMT_YUV420P14, AV_PIX_FMT_YUV422P14, AV_PIX_FMT_YUV444P14, AV_PIX_FMT_GRAY14,
    AV_PIX_FMT_YUV420P16, AV_PIX_FMT_YUV422P16, AV_PIX_FMT_YUV444P16, AV_PIX_FMT_GRAY16,
    AV_PIX_FMT_NONE
};

/**
 * The reference gets lists of its own: tied to the distorted video's, as is usual, FFmpeg would
 * silently convert one of them when their formats or (from 7.0) colour tags differ.
 */
static int query_formats(AVFilterContext *ctx)
{
    AVFilterLink *distorted = ctx->inputs[0], *reference = ctx->inputs[1];
    AVFilterFormats *formats;
    int ret;

    ret = ff_formats_ref(ff_make_format_list((const int *)pix_fmts), &reference->outcfg.formats);
    if (ret < 0)
        return ret;
#if NEGOTIATES_COLOUR
    ret = ff_formats_ref(ff_all_color_spaces(), &reference->outcfg.color_spaces);
    if (ret < 0)
        return ret;
    ret = ff_formats_ref(ff_all_color_ranges(), &reference->outcfg.color_ranges);
    if (ret < 0)
        return ret;
#endif
    formats = ff_make_format_list((const int *)pix_fmts);
    ret = ff_formats_ref(formats, &distorted->outcfg.formats);
    if (ret < 0)
        return ret;
    return ff_formats_ref(formats, &ctx->outputs[0]->incfg.formats);
}

static int config_input_ref(AVFilterLink *inlink)
{
    AVFilterContext *ctx = inlink->dst;
    VmafTinyContext *s = ctx->priv;
    const AVFilterLink *distorted = ctx->inputs[0];
    const int bits = av_pix_fmt_desc_get(inlink->format)->comp[0].depth;
    const int distorted_bits = av_pix_fmt_desc_get(distorted->format)->comp[0].depth;
    const int threads = s->n_threads ? s->n_threads : ff_filter_get_nb_threads(ctx);
    VmtError error;
    int ret;

    if (distorted->w != inlink->w || distorted->h != inlink->h) {
        av_log(ctx, AV_LOG_ERROR, "the distorted video is %dx%d and the reference %dx%d: scale the "
               "distorted one, [distorted]scale=%d:%d:flags=bicubic[d];[d][reference]vmaf_tiny\n",
               distorted->w, distorted->h, inlink->w, inlink->h, inlink->w, inlink->h);
        return AVERROR(EINVAL);
    }
    if (bits != distorted_bits) {
        av_log(ctx, AV_LOG_ERROR, "the distorted video has %d bits (%s) and the reference %d (%s): "
               "bring the %s to the larger depth with format=%s\n", distorted_bits,
               av_get_pix_fmt_name(distorted->format), bits, av_get_pix_fmt_name(inlink->format),
               distorted_bits < bits ? "distorted one" : "reference",
               av_get_pix_fmt_name(distorted_bits < bits ? inlink->format : distorted->format));
        return AVERROR(EINVAL);
    }
    vmt_close(&s->core);
    ret = vmt_open(&s->core,
                   &(VmtConfig){
                       .width = inlink->w,
                       .height = inlink->h,
                       .bits = bits,
                       .threads = FFMIN(threads, VMT_THREADS_MAX),
                       .cpu = s->cpu,
                       .subsample = s->n_subsample,
                   },
                   &error);
    if (ret < 0)
        return fail(ctx, ret, &error);
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

    ret = ff_framesync_init_dualinput(&s->fs, ctx);
    if (ret < 0)
        return ret;
    /* The usual would go on with the last distorted frame until the reference ends. */
    s->fs.in[0].after = EXT_STOP;
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
        return fail(ctx, ret, &error);
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

    if (!s->finished && ff_outlink_get_status(outlink)) {
        ret = finish(ctx);
        if (ret < 0)
            return ret;
    }
    FF_FILTER_FORWARD_STATUS_BACK_ALL(outlink, ctx);

    s->came = 0;
    ret = ff_framesync_activate(&s->fs);
    if (ret < 0)
        return ret;
    if (s->fs.eof) {
        ret = drain(ctx);
        return ret < 0 ? ret : finish(ctx);
    }
    if (!s->came && !ff_outlink_frame_wanted(outlink))
        return 0;
    ret = take_rows(ctx);
    if (ret < 0)
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

static void free_frames(AVFifo **fifo)
{
    Held held;

    while (*fifo && av_fifo_read(*fifo, &held, 1) >= 0)
        av_frame_free(&held.frame);
    av_fifo_freep2(fifo);
}

static av_cold void uninit(AVFilterContext *ctx)
{
    VmafTinyContext *s = ctx->priv;

    /* Stopped from outside: the score of what was seen. */
    if (s->nb_rows && !s->finished)
        finish(ctx);
    ff_framesync_uninit(&s->fs);
    vmt_close(&s->core);
    vmt_model_close(&s->vmt_model);
    free_frames(&s->waiting);
    free_frames(&s->ready);
    av_freep(&s->rows);
    av_freep(&s->scores);
}

static const AVFilterPad vmaf_tiny_inputs[] = {
    {
        .name         = "main",
        .type         = AVMEDIA_TYPE_VIDEO,
    },{
        .name         = "reference",
        .type         = AVMEDIA_TYPE_VIDEO,
        .config_props = config_input_ref,
    },
};

static const AVFilterPad vmaf_tiny_outputs[] = {
    {
        .name         = "default",
        .type         = AVMEDIA_TYPE_VIDEO,
        .config_props = config_output,
    },
};

const Filter ff_vf_vmaf_tiny = {
    PUBLIC(name)        = "vmaf_tiny",
    PUBLIC(description) = NULL_IF_CONFIG_SMALL("Score a distorted video against its reference "
                                               "with VMAF by a tiny model."),
    PUBLIC(priv_class)  = &vmaf_tiny_class,
    PUBLIC(flags)       = AVFILTER_FLAG_SUPPORT_TIMELINE_INTERNAL | AVFILTER_FLAG_SLICE_THREADS |
                          AVFILTER_FLAG_METADATA_ONLY,
    .preinit       = preinit,
    .init          = init,
    .uninit        = uninit,
    .activate      = activate,
    .priv_size     = sizeof(VmafTinyContext),
    FILTER_INPUTS(vmaf_tiny_inputs),
    FILTER_OUTPUTS(vmaf_tiny_outputs),
    FILTER_QUERY_FUNC(query_formats),
};
