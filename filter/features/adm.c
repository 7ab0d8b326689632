// SPDX-License-Identifier: BSD-2-Clause-Patent
#include "features/adm.h"

#include "features/adm_pool.h"
#include "vmaf_tiny.h"

/* One level of the wavelet: the size of what it splits and of its bands. */
typedef struct Level {
    int index, in_w, in_h;
    VmtAdmArea area;
    VmtAdmLevel numbers;
} Level;

/* All that a row of any level needs. */
typedef struct Run {
    VmtAdm *adm;
    const VmtFormat *format;
    const VmtKernels *kernels;
    VmtPlane ref;
    const VmtPlane *dis;
    Level level[VMT_SCALES];
} Run;

static int32_t *take_row(VmtArena *arena, int w)
{
    int32_t *row = vmt_arena_take(arena, vmt_padded(w) * sizeof(*row));
    return arena->base ? row + VMT_PAD : NULL;
}

static void take_bands(VmtBands *bands, VmtArena *arena, int w)
{
    for (int i = 0; i < 3; i++)
        bands->band[i] = take_row(arena, w);
}

static void take_rows(VmtAdmRows *rows, VmtArena *arena, int w, int masked)
{
    for (int i = 0; i < VMT_ADM_NEAR; i++)
        rows->near[i] = take_row(arena, w);
    for (int i = 0; masked && i < VMT_ADM_MASKS; i++) {
        rows->masking[i].around = take_row(arena, w);
        rows->masking[i].centre = take_row(arena, w);
        take_bands(&rows->masking[i].restored, arena, w);
    }
}

void vmt_adm_lay_out(VmtAdm *adm, VmtArena *arena, const VmtFormat *format)
{
    const int half = (format->width + 1) / 2;

    adm->low = take_row(arena, format->width);
    adm->high = take_row(arena, format->width);
    take_bands(&adm->ref_bands, arena, half);
    take_bands(&adm->dis_bands, arena, half);
    adm->pictures = vmt_arena_take(arena, (size_t)(1 + format->renditions) *
                                              sizeof(*adm->pictures));
    for (int i = 0; i <= format->renditions; i++) {
        VmtAdmPicture counting = { 0 };
        VmtAdmPicture *picture = arena->base ? &adm->pictures[i] : &counting;
        int w = half;
        for (int level = 0; level < VMT_SCALES; level++, w = (w + 1) / 2)
            take_rows(&picture->level[level], arena, w, i > 0);
    }
}

/* The wavelet reflects at the near end and repeats the edge at the far end. */
static int tap_index(int i, int n)
{
    return i < 0 ? -i : i >= n ? 2 * n - 1 - i : i;
}

static void extend16(int16_t *row, int w)
{
    row[-1] = row[1];
    row[w] = row[w - 1];
    row[w + 1] = row[w - 2];
}

static void extend32(int32_t *row, int w)
{
    row[-1] = row[1];
    row[w] = row[w - 1];
    row[w + 1] = row[w - 2];
}

/* Row y of the bands of the first level, and of the approximation, which has 16 bits yet. */
static void split_samples(const Run *run, VmtPlane in, int y, const VmtBands *bands,
                          int16_t *approximation)
{
    const VmtKernels *k = run->kernels;
    const int w = run->format->width, h = run->format->height, bits = run->format->bits;
    int16_t *low = (int16_t *)run->adm->low, *high = (int16_t *)run->adm->high;
    const void *rows[4];

    for (int t = 0; t < 4; t++)
        rows[t] = vmt_plane_row(in, tap_index(2 * y - 1 + t, h));
    k->wavelet0_vertical(low, high, rows, w, bits);
    for (int t = 3; t < 5; t++) /* what the next row adds */
        vmt_plane_ahead(in, 2 * y + t, h, w * (bits > 8 ? 2 : 1));
    extend16(low, w);
    extend16(high, w);
    k->wavelet0_horizontal(approximation, bands->band[VMT_BAND_V], low, w);
    k->wavelet0_horizontal(bands->band[VMT_BAND_H], bands->band[VMT_BAND_D], high, w);
}

/* A row of the last approximation filtered vertically: of 16 bits, or more. */
static void split_vertically(const Run *run, const Level *level, const VmtAdmRows *in, int y)
{
    const VmtAdm *adm = run->adm;
    const int16_t *narrow[4];
    const int32_t *rows[4];

    for (int t = 0; t < 4; t++) {
        const void *row = in->near[tap_index(2 * y - 1 + t, level->in_h) % VMT_ADM_NEAR];
        narrow[t] = row;
        rows[t] = row;
    }
    if (level->index == 1)
        run->kernels->wavelet1_vertical(adm->low, adm->high, narrow, level->in_w);
    else
        run->kernels->wavelet_vertical(adm->low, adm->high, rows, level->in_w);
}

/* Row y of the bands of a further level, and of the approximation. */
static void split(const Run *run, const Level *level, const VmtAdmRows *in, int y,
                  const VmtBands *bands, int32_t *approximation)
{
    const VmtKernels *k = run->kernels;
    const VmtAdm *adm = run->adm;
    const int w = level->in_w, shift = level->index == 2 ? 16 : 15;

    split_vertically(run, level, in, y);
    extend32(adm->low, w);
    extend32(adm->high, w);
    k->wavelet_horizontal(approximation, bands->band[VMT_BAND_V], adm->low, w, shift);
    k->wavelet_horizontal(bands->band[VMT_BAND_H], bands->band[VMT_BAND_D], adm->high, w, shift);
}

/* Row y of a picture's bands: of its samples, or of its approximation at the level before. */
static void split_row(const Run *run, const Level *level, VmtPlane samples,
                      const VmtAdmPicture *picture, int y, const VmtBands *bands)
{
    void *approximation = picture->level[level->index].near[y % VMT_ADM_NEAR];

    if (level->index == 0)
        split_samples(run, samples, y, bands, approximation);
    else
        split(run, level, &picture->level[level->index - 1], y, bands, approximation);
}

/* Masking of a row of the distorted bands; its neighbours' sums are mirrored over the edges. */
static void mask_row(const Run *run, const Level *level, const VmtMasking *out)
{
    const VmtKernels *k = run->kernels;
    const VmtAdmArea *area = &level->area;
    const int x0 = area->left ? area->left - 1 : 0;
    const int x1 = area->left ? area->w - area->left + 1 : area->w;

    (level->index ? k->adm_decouple : k->adm0_decouple)(out, &run->adm->ref_bands,
                                                        &run->adm->dis_bands, x0, x1,
                                                        &level->numbers, run->format->tables);
    if (!area->left) {
        out->around[-1] = out->around[1];
        out->around[area->w] = out->around[area->w - 1];
    }
}

/* Add row y of a rendition, whose neighbours' masking is known, to its numerator. */
static void see_row(const Run *run, const Level *level, VmtAdmRows *rows, int y)
{
    const VmtAdmArea *area = &level->area;
    const int above = y == 0 ? 1 : y - 1, below = y == area->h - 1 ? y : y + 1;
    const int32_t *around_above = rows->masking[above % VMT_ADM_MASKS].around;
    const int32_t *around_below = rows->masking[below % VMT_ADM_MASKS].around;
    int64_t sum[3] = { 0 };

    (level->index ? run->kernels->adm_visible : run->kernels->adm0_visible)(
        sum, &rows->masking[y % VMT_ADM_MASKS], around_above, around_below, area->left,
        area->w - area->left, &level->numbers);
    for (int i = 0; i < 3; i++)
        rows->visible[i] += vmt_adm_row(sum[i], area->num_row_shift);
}

/* Add row y of the reference to the denominator. */
static void weigh_row(const Run *run, const Level *level)
{
    const VmtAdmArea *area = &level->area;
    uint64_t sum[3] = { 0 };

    (level->index ? run->kernels->adm_cubes : run->kernels->adm0_cubes)(
        sum, &run->adm->ref_bands, area->left, area->w - area->left, &level->numbers);
    for (int i = 0; i < 3; i++)
        run->adm->cubes[level->index][i] +=
            (uint64_t)vmt_adm_row((int64_t)sum[i], area->den_row_shift);
}

/* Row y of a level; row y - 1 is seen when the masking of row y is known. */
static void run_row(const Run *run, const Level *level, int y)
{
    const VmtAdm *adm = run->adm;
    const VmtAdmArea *area = &level->area;
    const int first = area->top, last = area->h - area->top - 1;
    const int masks = y >= first - 1 && y <= last + 1;

    split_row(run, level, run->ref, &adm->pictures[0], y, &adm->ref_bands);
    if (y >= first && y <= last)
        weigh_row(run, level);
    for (int r = 0; r < run->format->renditions; r++) {
        VmtAdmPicture *picture = &adm->pictures[1 + r];
        VmtAdmRows *rows = &picture->level[level->index];
        split_row(run, level, run->dis[r], picture, y, &adm->dis_bands);
        if (masks)
            mask_row(run, level, &rows->masking[y % VMT_ADM_MASKS]);
        if (y - 1 >= first && y - 1 <= last)
            see_row(run, level, rows, y - 1);
        if (y == area->h - 1 && last == y)
            see_row(run, level, rows, y);
    }
}

/* How many rows of the next level can be made of rows 0 to y of h. */
static int ready(int y, int h)
{
    return y == h - 1 ? (h + 1) / 2 : y / 2;
}

/* Row y of a level, and what it completes of the levels after it, while it is near. */
static void run_rows(const Run *run, int index, int y)
{
    const Level *level = &run->level[index];
    const int h = level->area.h;

    run_row(run, level, y);
    for (int next = ready(y - 1, h); index + 1 < VMT_SCALES && next < ready(y, h); next++)
        run_rows(run, index + 1, next);
}

static void prepare(Run *run)
{
    VmtAdm *adm = run->adm;
    int w = run->format->width, h = run->format->height;

    for (int index = 0; index < VMT_SCALES; index++) {
        Level *level = &run->level[index];
        *level = (Level){ .index = index, .in_w = w, .in_h = h };
        vmt_adm_area(&level->area, (w + 1) / 2, (h + 1) / 2, index);
        vmt_adm_numbers(&level->numbers, &level->area, index, run->format->adm_gain_limit);
        for (int i = 0; i < 3; i++) {
            adm->cubes[index][i] = 0;
            for (int r = 1; r <= run->format->renditions; r++)
                adm->pictures[r].level[index].visible[i] = 0;
        }
        w = level->area.w;
        h = level->area.h;
    }
}

void vmt_adm(VmtAdm *adm, const VmtFormat *format, VmtPlane ref, const VmtPlane *dis, double *out)
{
    Run run = { .adm = adm, .format = format, .kernels = format->kernels, .ref = ref, .dis = dis };
    double den = 0, num[VMT_RENDITIONS_MAX] = { 0 };

    prepare(&run);
    for (int y = 0; y < run.level[0].area.h; y++)
        run_rows(&run, 0, y);
    for (int index = 0; index < VMT_SCALES; index++) {
        const VmtAdmArea *area = &run.level[index].area;
        den += (double)vmt_adm_den(adm->cubes[index], area, index);
        for (int r = 0; r < format->renditions; r++)
            num[r] += (double)vmt_adm_num(adm->pictures[1 + r].level[index].visible, area, index);
    }
    for (int r = 0; r < format->renditions; r++)
        out[r] = vmt_adm_score(num[r], den, format->width, format->height);
}
