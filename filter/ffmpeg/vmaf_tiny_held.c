// SPDX-License-Identifier: BSD-2-Clause-Patent
#include "vmaf_tiny_held.h"

#include <stdio.h>

#include "libavutil/common.h"
#include "libavutil/dict.h"
#include "libavutil/error.h"
#include "libavutil/mem.h"

typedef struct Entry {
    AVFrame *frame;
    VmtRow row; /**< index -1: the frame is not scored */
    double score;
} Entry;

int ff_vmaf_tiny_held_init(VmafTinyHeld *held)
{
    held->waiting = av_fifo_alloc2(16, sizeof(Entry), AV_FIFO_FLAG_AUTO_GROW);
    held->ready = av_fifo_alloc2(16, sizeof(Entry), AV_FIFO_FLAG_AUTO_GROW);
    return held->waiting && held->ready ? 0 : AVERROR(ENOMEM);
}

int ff_vmaf_tiny_held_add(VmafTinyHeld *held, AVFrame *frame, int64_t row)
{
    Entry entry = { .frame = frame, .row.index = row };
    const int ret = av_fifo_write(held->waiting, &entry, 1);

    if (ret < 0)
        av_frame_free(&entry.frame);
    return ret;
}

static int add_metadata(const Entry *entry)
{
    for (int i = -1; i < VMT_FEATURES; i++) {
        char key[64], value[64];
        int ret;

        snprintf(key, sizeof(key), "lavfi.vmaf_tiny.%s", i < 0 ? "vmaf" : vmt_feature_name(i));
        snprintf(value, sizeof(value), "%f", i < 0 ? entry->score : entry->row.value[i]);
        if ((ret = av_dict_set(&entry->frame->metadata, key, value, 0)) < 0)
            return ret;
    }
    return 0;
}

/** Let the frames go that wait for no row. */
static int let_go(VmafTinyHeld *held)
{
    Entry entry;
    int ret;

    while (av_fifo_peek(held->waiting, &entry, 1, 0) >= 0 && entry.row.index < 0) {
        if ((ret = av_fifo_write(held->ready, &entry, 1)) < 0)
            return ret;
        av_fifo_drain2(held->waiting, 1);
    }
    return 0;
}

int ff_vmaf_tiny_held_score(VmafTinyHeld *held, const VmtRow *row, double score)
{
    Entry entry;
    int ret = let_go(held);

    if (ret < 0)
        return ret;
    if (av_fifo_peek(held->waiting, &entry, 1, 0) < 0 || entry.row.index != row->index)
        return AVERROR_BUG;
    entry.row = *row;
    entry.score = score;
    if ((ret = add_metadata(&entry)) < 0 || (ret = av_fifo_write(held->ready, &entry, 1)) < 0)
        return ret;
    av_fifo_drain2(held->waiting, 1);
    return 0;
}

static int keep(VmafTinyHeld *held, const Entry *entry)
{
    if (held->nb_rows == held->max_rows) {
        const size_t max_rows = FFMAX(256, 2 * held->max_rows);
        int ret;

        if ((ret = av_reallocp_array(&held->rows, max_rows, sizeof(*held->rows))) < 0 ||
            (ret = av_reallocp_array(&held->scores, max_rows, sizeof(*held->scores))) < 0) {
            held->nb_rows = held->max_rows = 0;
            return ret;
        }
        held->max_rows = max_rows;
    }
    held->rows[held->nb_rows] = entry->row;
    held->scores[held->nb_rows++] = entry->score;
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
    if (entry.row.index >= 0 && (ret = keep(held, &entry)) < 0) {
        av_frame_free(&entry.frame);
        return ret;
    }
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
    av_freep(&held->rows);
    av_freep(&held->scores);
    held->nb_rows = held->max_rows = 0;
}
