// SPDX-License-Identifier: BSD-2-Clause-Patent
#include "vmaf_tiny_held.h"

#include <stdio.h>

#include "libavutil/common.h"
#include "libavutil/dict.h"
#include "libavutil/error.h"
#include "libavutil/mem.h"

typedef struct Entry {
    AVFrame *frame;
    int64_t row; /**< -1: the frame is not scored */
    double time;
} Entry;

int ff_vmaf_tiny_held_init(VmafTinyHeld *held, int renditions)
{
    held->waiting = av_fifo_alloc2(16, sizeof(Entry), AV_FIFO_FLAG_AUTO_GROW);
    held->ready = av_fifo_alloc2(16, sizeof(Entry), AV_FIFO_FLAG_AUTO_GROW);
    held->tracks = av_calloc(renditions, sizeof(*held->tracks));
    held->renditions = held->tracks ? renditions : 0;
    return held->waiting && held->ready && held->tracks ? 0 : AVERROR(ENOMEM);
}

int ff_vmaf_tiny_held_add(VmafTinyHeld *held, AVFrame *frame, int64_t row, double time)
{
    Entry entry = { frame, row, time };
    const int ret = av_fifo_write(held->waiting, &entry, 1);

    if (ret < 0)
        av_frame_free(&entry.frame);
    return ret;
}

/** Add what is known of one rendition, under lavfi.vmaf_tiny.PREFIX. */
static int add_metadata(AVFrame *frame, const char *prefix, const VmtRow *row, double score)
{
    for (int i = -1; i < VMT_FEATURES; i++) {
        char key[64], value[64];
        int ret;

        snprintf(key, sizeof(key), "lavfi.vmaf_tiny.%s%s", prefix,
                 i < 0 ? "vmaf" : vmt_feature_name(i));
        snprintf(value, sizeof(value), "%f", i < 0 ? score : row->value[i]);
        if ((ret = av_dict_set(&frame->metadata, key, value, 0)) < 0)
            return ret;
    }
    return 0;
}

/** The first rendition has plain keys, so that what reads one rendition reads it of several. */
static int add_all_metadata(const VmafTinyHeld *held, AVFrame *frame, const VmtRow *rows,
                            const double *scores)
{
    int ret = add_metadata(frame, "", &rows[0], scores[0]);

    for (int i = 0; ret >= 0 && held->renditions > 1 && i < held->renditions; i++) {
        char prefix[16];

        snprintf(prefix, sizeof(prefix), "%d.", i + 1);
        ret = add_metadata(frame, prefix, &rows[i], scores[i]);
    }
    return ret;
}

/** Let the frames go that wait for no row. */
static int let_go(VmafTinyHeld *held)
{
    Entry entry;
    int ret;

    while (av_fifo_peek(held->waiting, &entry, 1, 0) >= 0 && entry.row < 0) {
        if ((ret = av_fifo_write(held->ready, &entry, 1)) < 0)
            return ret;
        av_fifo_drain2(held->waiting, 1);
    }
    return 0;
}

/** Make room for one more row. On failure what is there stays as it is. */
static int make_room(VmafTinyHeld *held)
{
    const size_t max_rows = FFMAX(256, 2 * held->max_rows);
    double *times;

    if (held->nb_rows < held->max_rows)
        return 0;
    if (!(times = av_realloc_array(held->times, max_rows, sizeof(*times))))
        return AVERROR(ENOMEM);
    held->times = times;
    for (int i = 0; i < held->renditions; i++) {
        VmafTinyTrack *track = &held->tracks[i];
        VmtRow *rows = av_realloc_array(track->rows, max_rows, sizeof(*rows));
        double *scores;

        if (!rows)
            return AVERROR(ENOMEM);
        track->rows = rows;
        if (!(scores = av_realloc_array(track->scores, max_rows, sizeof(*scores))))
            return AVERROR(ENOMEM);
        track->scores = scores;
    }
    held->max_rows = max_rows;
    return 0;
}

int ff_vmaf_tiny_held_score(VmafTinyHeld *held, const VmtRow *rows, const double *scores)
{
    Entry entry;
    int ret = let_go(held);

    if (ret < 0)
        return ret;
    if (av_fifo_peek(held->waiting, &entry, 1, 0) < 0 || entry.row != rows[0].index)
        return AVERROR_BUG;
    if ((ret = make_room(held)) < 0 ||
        (ret = add_all_metadata(held, entry.frame, rows, scores)) < 0 ||
        (ret = av_fifo_write(held->ready, &entry, 1)) < 0)
        return ret;
    av_fifo_drain2(held->waiting, 1);
    for (int i = 0; i < held->renditions; i++) {
        held->tracks[i].rows[held->nb_rows] = rows[i];
        held->tracks[i].scores[held->nb_rows] = scores[i];
    }
    held->times[held->nb_rows++] = entry.time;
    return 0;
}

int ff_vmaf_tiny_held_next(VmafTinyHeld *held, AVFrame **frame)
{
    Entry entry;
    int ret = let_go(held);

    if (ret < 0)
        return ret;
    if (av_fifo_read(held->ready, &entry, 1) < 0)
        return 0;
    held->nb_left += entry.row >= 0;
    *frame = entry.frame;
    return 1;
}

static void free_frames(AVFifo **fifo)
{
    Entry entry;

    while (*fifo && av_fifo_read(*fifo, &entry, 1) >= 0)
        av_frame_free(&entry.frame);
    av_fifo_freep2(fifo);
}

void ff_vmaf_tiny_held_free(VmafTinyHeld *held)
{
    free_frames(&held->waiting);
    free_frames(&held->ready);
    for (int i = 0; i < held->renditions; i++) {
        av_freep(&held->tracks[i].rows);
        av_freep(&held->tracks[i].scores);
    }
    av_freep(&held->tracks);
    av_freep(&held->times);
    held->renditions = 0;
    held->nb_rows = held->nb_left = held->max_rows = 0;
}
