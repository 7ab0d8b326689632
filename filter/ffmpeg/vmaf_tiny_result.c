// SPDX-License-Identifier: BSD-2-Clause-Patent
#include "vmaf_tiny_result.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "libavutil/avstring.h"
#include "libavutil/bprint.h"
#include "libavutil/error.h"
#include "libavutil/log.h"
#include "libavutil/macros.h"
#include "libavutil/mem.h"
#include "libavutil/pixdesc.h"
#include "libavutil/time.h"

#include "version.h"
#include "vmaf_tiny_context.h"

/* What a window shows, and how its notes are called. */
static const struct {
    int pool;
    const char *note;
} shown[] = {
    { VMT_POOL_MEAN, "stats_mean" },
    { VMT_POOL_HARMONIC_MEAN, "stats_harmonic_mean" },
    { VMT_POOL_MIN, "stats_min" },
};

/* ---------------------------------------------------------------------------- the windows */

/** Which window a row is in, a whole number. They follow each other from the first row on. */
static double window_of(const VmafTinyContext *s, size_t row)
{
    /* A millionth more, lest a frame on the boundary falls before it by rounding. */
    return floor((s->held.times[row] - s->held.times[0]) * 1e6 / s->stats + 1e-6);
}

/** First row after the window that begins with a row. */
static size_t window_end(const VmafTinyContext *s, size_t first)
{
    size_t end = first + 1;

    while (end < s->held.nb_left && window_of(s, end) == window_of(s, first))
        end++;
    return end;
}

static int tell_window(AVFilterContext *ctx, size_t first, size_t end)
{
    const VmafTinyContext *s = ctx->priv;

    for (int i = 0; i < s->held.renditions; i++) {
        double pooled[VMT_POOLS];
        char name[VMAF_TINY_NAME_SIZE];
        VmtError error;
        const int ret = vmt_pool(s->held.tracks[i].scores + first, end - first, pooled, &error);

        if (ret < 0)
            return ff_vmaf_tiny_fail(ctx, ret, &error);
        av_log(ctx, AV_LOG_INFO, "VMAF of %s from %.3f s, %zu frames: mean %f, harmonic mean %f, "
               "min %f\n", ff_vmaf_tiny_name(ctx, i, name), s->held.times[first], end - first,
               pooled[VMT_POOL_MEAN], pooled[VMT_POOL_HARMONIC_MEAN], pooled[VMT_POOL_MIN]);
    }
    return 0;
}

int ff_vmaf_tiny_tell_window(AVFilterContext *ctx)
{
    VmafTinyContext *s = ctx->priv;
    const size_t first = s->window, last = s->held.nb_left - 1;

    if (!s->stats || !s->held.nb_left || window_of(s, last) == window_of(s, first))
        return 0;
    s->window = last;
    return tell_window(ctx, first, last);
}

/** Write when windows begin, how many frames they have and their scores, each a list. */
static int list_windows(AVFilterContext *ctx, int rendition, AVBPrint *starts, AVBPrint *frames,
                        AVBPrint *scores)
{
    const VmafTinyContext *s = ctx->priv;
    size_t end;

    for (size_t first = 0; first < s->held.nb_left; first = end) {
        const char *blank = first ? " " : "";
        double pooled[VMT_POOLS];
        VmtError error;
        int ret;

        end = window_end(s, first);
        ret = vmt_pool(s->held.tracks[rendition].scores + first, end - first, pooled, &error);
        if (ret < 0)
            return ff_vmaf_tiny_fail(ctx, ret, &error);
        av_bprintf(starts, "%s%.3f", blank, s->held.times[first]);
        av_bprintf(frames, "%s%zu", blank, end - first);
        for (int i = 0; i < FF_ARRAY_ELEMS(shown); i++)
            av_bprintf(&scores[i], "%s%f", blank, pooled[shown[i].pool]);
    }
    return 0;
}

/* -------------------------------------------------------------------------------- the logs */

/**
 * Path of the log of a rendition: with its number in front of the ending when there are several.
 * What is not a regular file takes one log after the other.
 */
static char *log_path_of(const VmafTinyContext *s, int rendition)
{
    const char *slash = strrchr(s->log_path, '/');
    const char *name = slash ? slash + 1 : s->log_path;
    const char *dot = strrchr(name, '.');
    const int stem = dot && dot > name ? dot - s->log_path : strlen(s->log_path);
    struct stat file;

    if (s->held.renditions == 1 || !strcmp(s->log_path, "-") ||
        (!stat(s->log_path, &file) && !S_ISREG(file.st_mode)))
        return av_strdup(s->log_path);
    return av_asprintf("%.*s.%d%s", stem, s->log_path, rendition + 1, s->log_path + stem);
}

static int write_log(AVFilterContext *ctx, int rendition, const VmtNote *windows, int nb_windows)
{
    enum { OWN = 10 };
    const VmafTinyContext *s = ctx->priv;
    const VmafTinyVideo *distorted = &s->videos[rendition];
    const VmafTinyVideo *reference = &s->videos[s->held.renditions];
    const double elapsed = (av_gettime_relative() - s->start_time) / 1e6;
    char *path = log_path_of(s, rendition);
    char numbers[6][32];
    VmtNote notes[OWN + 8] = {
        { "program", "ffmpeg filter vmaf_tiny, libavfilter " AV_STRINGIFY(LIBAVFILTER_VERSION) },
        { "rendition", numbers[0] },
        { "renditions", numbers[1] },
        { "distorted_format", av_get_pix_fmt_name(distorted->format) },
        { "reference_format", av_get_pix_fmt_name(reference->format) },
        { "frames_without_reference", numbers[2] },
        { "frames_paired_across_time", numbers[3] },
        { "threads", numbers[4] },
        { "subsample", numbers[5] },
        { "mode", vmt_mode_name(s->mode) },
    };
    VmtLog log = {
        .frames = s->held.nb_left,
        .rows = s->held.tracks[rendition].rows,
        .scores = s->held.tracks[rendition].scores,
        .model = vmt_model_info(s->scorer),
        .cpu = vmt_context_cpu(s->core),
        .fps = elapsed > 0 ? s->held.nb_left / elapsed : 0,
        .width = distorted->w,
        .height = distorted->h,
        .notes = notes,
        .note_count = OWN + nb_windows,
    };
    VmtError error;
    int ret;

    if (!path)
        return AVERROR(ENOMEM);
    snprintf(numbers[0], sizeof(*numbers), "%d", rendition + 1);
    snprintf(numbers[1], sizeof(*numbers), "%d", s->held.renditions);
    snprintf(numbers[2], sizeof(*numbers), "%"PRId64, s->misses);
    snprintf(numbers[3], sizeof(*numbers), "%"PRId64, s->renditions[rendition].strays);
    snprintf(numbers[4], sizeof(*numbers), "%d", vmt_context_threads(s->core));
    snprintf(numbers[5], sizeof(*numbers), "%d", s->n_subsample);
    for (int i = 0; i < nb_windows; i++)
        notes[OWN + i] = windows[i];
    ret = vmt_log_write(&log, s->log_fmt, path, &error);
    av_free(path);
    return ret < 0 ? ff_vmaf_tiny_fail(ctx, ret, &error) : 0;
}

static int write_log_with_windows(AVFilterContext *ctx, int rendition)
{
    enum { SECONDS, STARTS, FRAMES, SCORES, LISTS = SCORES + FF_ARRAY_ELEMS(shown) };
    const VmafTinyContext *s = ctx->priv;
    VmtNote notes[LISTS] = { { "stats_seconds" }, { "stats_start" }, { "stats_frames" } };
    AVBPrint lists[LISTS];
    int ret;

    for (int i = 0; i < LISTS; i++)
        av_bprint_init(&lists[i], 0, AV_BPRINT_SIZE_UNLIMITED);
    av_bprintf(&lists[SECONDS], "%g", s->stats / 1e6);
    ret = list_windows(ctx, rendition, &lists[STARTS], &lists[FRAMES], &lists[SCORES]);
    for (int i = 0; i < LISTS; i++) {
        if (i >= SCORES)
            notes[i].key = shown[i - SCORES].note;
        notes[i].value = lists[i].str;
        if (ret >= 0 && !av_bprint_is_complete(&lists[i]))
            ret = AVERROR(ENOMEM);
    }
    if (ret >= 0)
        ret = write_log(ctx, rendition, notes, LISTS);
    for (int i = 0; i < LISTS; i++)
        av_bprint_finalize(&lists[i], NULL);
    return ret;
}

/* ------------------------------------------------------------------------------ the scores */

static void warn_of_pairing(AVFilterContext *ctx)
{
    const VmafTinyContext *s = ctx->priv;

    for (int i = 0; i < s->held.renditions; i++) {
        const VmafTinyRendition *rendition = &s->renditions[i];
        char name[VMAF_TINY_NAME_SIZE] = "";

        if (s->held.renditions > 1)
            snprintf(name, sizeof(name), " of rendition %d", i + 1);
        if (rendition->strays)
            av_log(ctx, AV_LOG_WARNING, "%"PRId64" of %"PRId64" frames%s, the first at %.3f s, "
                   "were compared with a reference frame of another time: if the reference is "
                   "shorter say shortest=1, if the frame rates differ insert fps, if one video "
                   "starts later insert setpts\n", rendition->strays, s->steps, name,
                   rendition->stray_time);
    }
    if (s->repeats)
        av_log(ctx, AV_LOG_WARNING, "%"PRId64" of %"PRId64" frames, the first at %.3f s, are not "
               "later than the one before, so that frames of the reference are left out or "
               "repeated: if the time stamps are wrong insert setpts=N/FR/TB behind every "
               "input\n", s->repeats, s->steps, s->repeat_time);
    if (s->misses)
        av_log(ctx, AV_LOG_WARNING, "%"PRId64" frames had no %s and were not scored\n", s->misses,
               s->held.renditions > 1 ? "partner in every input" : "reference frame");
}

static int write_logs(AVFilterContext *ctx)
{
    const VmafTinyContext *s = ctx->priv;
    int ret = 0;

    for (int i = 0; i < s->held.renditions && ret >= 0; i++)
        ret = s->stats ? write_log_with_windows(ctx, i) : write_log(ctx, i, NULL, 0);
    return ret;
}

int ff_vmaf_tiny_finish(AVFilterContext *ctx)
{
    VmafTinyContext *s = ctx->priv;
    double pooled[VMT_RENDITIONS_MAX][VMT_POOLS];
    VmtError error;
    int ret;

    s->finished = 1;
    warn_of_pairing(ctx);
    if (!s->held.nb_left) {
        av_log(ctx, AV_LOG_ERROR, "no frame was scored: there is none, or no reference frame at "
               "its time\n");
        return AVERROR(EINVAL);
    }
    if (s->stats && (ret = tell_window(ctx, s->window, s->held.nb_left)) < 0)
        return ret;
    for (int i = 0; i < s->held.renditions; i++) {
        ret = vmt_pool(s->held.tracks[i].scores, s->held.nb_left, pooled[i], &error);
        if (ret < 0)
            return ff_vmaf_tiny_fail(ctx, ret, &error);
    }
    if (s->log_path && (ret = write_logs(ctx)) < 0)
        return ret;
    if (s->held.renditions == 1)
        av_log(ctx, AV_LOG_INFO, "VMAF score: %f\n", pooled[0][s->pool]);
    for (int i = 0; s->held.renditions > 1 && i < s->held.renditions; i++)
        av_log(ctx, AV_LOG_INFO, "VMAF score of rendition %d: %f\n", i + 1, pooled[i][s->pool]);
    return 0;
}

void ff_vmaf_tiny_stop(AVFilterContext *ctx)
{
    const VmafTinyContext *s = ctx->priv;

    av_log(ctx, AV_LOG_WARNING, "stopped before the videos ended: this score is of %zu frames, up "
           "to %.3f s; if the size of a video changes there and another score follows, which "
           "replaces the log, scale the video to one size and say -reinit_filter 0 in front of "
           "its -i\n", s->held.nb_left, s->held.times[s->held.nb_left - 1]);
    ff_vmaf_tiny_finish(ctx);
}
