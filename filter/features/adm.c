// SPDX-License-Identifier: BSD-2-Clause-Patent
#include "features/adm.h"

#include "features/adm_pool.h"
#include "vmaf_tiny.h"

/* One level of the wavelet: the size of what it splits and of its bands. */
typedef struct Level {
    int index, in_w, in_h, bits;
    VmtAdmArea area;
    VmtAdmLevel numbers;
    const VmtKernels *kernels;
} Level;

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

void vmt_adm_lay_out(VmtAdm *adm, VmtArena *arena, const VmtFormat *format)
{
    const int w = (format->width + 1) / 2, h = (format->height + 1) / 2;
    const int next_w = (w + 1) / 2, next_h = (h + 1) / 2;
    const size_t size = (size_t)w * (size_t)h + VMT_PAD;
    const size_t next_size = (size_t)next_w * (size_t)next_h + VMT_PAD;

    adm->low = take_row(arena, format->width);
    adm->high = take_row(arena, format->width);
    take_bands(&adm->ref_bands, arena, w);
    take_bands(&adm->dis_bands, arena, w);
    adm->pictures = vmt_arena_take(arena, (size_t)(1 + format->renditions) *
                                              sizeof(*adm->pictures));
    for (int i = 0; i <= format->renditions; i++) {
        VmtAdmPicture counting = { 0 };
        VmtAdmPicture *picture = arena->base ? &adm->pictures[i] : &counting;
        picture->plane[0] = vmt_arena_take(arena, size * sizeof(int16_t));
        picture->plane[1] = vmt_arena_take(arena, next_size * sizeof(int32_t));
        for (int row = 0; i > 0 && row < 3; row++) {
            picture->masking[row].around = take_row(arena, w);
            picture->masking[row].centre = take_row(arena, w);
            take_bands(&picture->masking[row].restored, arena, w);
        }
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
static void split_samples(const VmtAdm *adm, const Level *level, VmtPlane in, int y,
                          const VmtBands *bands, int16_t *approximation)
{
    const VmtKernels *k = level->kernels;
    const int w = level->in_w;
    int16_t *low = (int16_t *)adm->low, *high = (int16_t *)adm->high;
    const void *rows[4];

    for (int t = 0; t < 4; t++)
        rows[t] = vmt_plane_row(in, tap_index(2 * y - 1 + t, level->in_h));
    k->wavelet0_vertical(low, high, rows, w, level->bits);
    for (int t = 3; t < 5; t++) /* what the next row adds */
        vmt_plane_ahead(in, 2 * y + t, level->in_h, w * (level->bits > 8 ? 2 : 1));
    extend16(low, w);
    extend16(high, w);
    k->wavelet0_horizontal(approximation, bands->band[VMT_BAND_V], low, w);
    k->wavelet0_horizontal(bands->band[VMT_BAND_H], bands->band[VMT_BAND_D], high, w);
}

/* A row of the last approximation filtered vertically: of 16 bits, or more. */
static void split_vertically(const VmtAdm *adm, const Level *level, const void *in, int y)
{
    const size_t w = (size_t)level->in_w;
    const int16_t *narrow[4];
    const int32_t *rows[4];

    for (int t = 0; t < 4; t++) {
        const size_t at = (size_t)tap_index(2 * y - 1 + t, level->in_h) * w;
        narrow[t] = (const int16_t *)in + at;
        rows[t] = (const int32_t *)in + at;
    }
    if (level->index == 1)
        level->kernels->wavelet1_vertical(adm->low, adm->high, narrow, level->in_w);
    else
        level->kernels->wavelet_vertical(adm->low, adm->high, rows, level->in_w);
}

/* Row y of the bands of a further level, and of the approximation. */
static void split(const VmtAdm *adm, const Level *level, const void *in, int y,
                  const VmtBands *bands, int32_t *approximation)
{
    const VmtKernels *k = level->kernels;
    const int w = level->in_w, shift = level->index == 2 ? 16 : 15;

    split_vertically(adm, level, in, y);
    extend32(adm->low, w);
    extend32(adm->high, w);
    k->wavelet_horizontal(approximation, bands->band[VMT_BAND_V], adm->low, w, shift);
    k->wavelet_horizontal(bands->band[VMT_BAND_H], bands->band[VMT_BAND_D], adm->high, w, shift);
}

/* Row y of a picture's bands; samples of the first level, its own approximation after that. */
static void split_row(const VmtAdm *adm, const Level *level, VmtPlane samples,
                      const VmtAdmPicture *picture, int y, const VmtBands *bands)
{
    void *plane = picture->plane[level->index & 1];
    const size_t at = (size_t)y * (size_t)level->area.w;

    if (level->index == 0)
        split_samples(adm, level, samples, y, bands, (int16_t *)plane + at);
    else
        split(adm, level, picture->plane[(level->index - 1) & 1], y, bands, (int32_t *)plane + at);
}

/* Masking of a row of the distorted bands; its neighbours' sums are mirrored over the edges. */
static void mask_row(const VmtAdm *adm, const VmtFormat *format, const Level *level,
                     const VmtMasking *out)
{
    const VmtKernels *k = level->kernels;
    const VmtAdmArea *area = &level->area;
    const int x0 = area->left ? area->left - 1 : 0;
    const int x1 = area->left ? area->w - area->left + 1 : area->w;

    (level->index ? k->adm_decouple : k->adm0_decouple)(out, &adm->ref_bands, &adm->dis_bands, x0,
                                                        x1, &level->numbers, format->tables);
    if (!area->left) {
        out->around[-1] = out->around[1];
        out->around[area->w] = out->around[area->w - 1];
    }
}

/* Add row y of a rendition, whose neighbours' masking is known, to its numerator. */
static void see_row(const Level *level, VmtAdmPicture *picture, int y)
{
    const VmtAdmArea *area = &level->area;
    const int above = y == 0 ? 1 : y - 1, below = y == area->h - 1 ? y : y + 1;
    const int32_t *around_above = picture->masking[above % 3].around;
    const int32_t *around_below = picture->masking[below % 3].around;
    int64_t sum[3] = { 0 };

    (level->index ? level->kernels->adm_visible : level->kernels->adm0_visible)(
        sum, &picture->masking[y % 3], around_above, around_below, area->left,
        area->w - area->left, &level->numbers);
    for (int i = 0; i < 3; i++)
        picture->visible[i] += vmt_adm_row(sum[i], area->num_row_shift);
}

/* Add row y of the reference to the denominator. */
static void weigh_row(VmtAdm *adm, const Level *level)
{
    const VmtAdmArea *area = &level->area;
    uint64_t sum[3] = { 0 };

    (level->index ? level->kernels->adm_cubes : level->kernels->adm0_cubes)(
        sum, &adm->ref_bands, area->left, area->w - area->left, &level->numbers);
    for (int i = 0; i < 3; i++)
        adm->cubes[i] += (uint64_t)vmt_adm_row((int64_t)sum[i], area->den_row_shift);
}

/* One pass over the rows of a level; row y - 1 is seen when the masking of row y is known. */
static void run_level(VmtAdm *adm, const VmtFormat *format, const Level *level, VmtPlane ref,
                      const VmtPlane *dis)
{
    const VmtAdmArea *area = &level->area;
    const int first = area->top, last = area->h - area->top - 1;

    for (int i = 0; i < 3; i++)
        adm->cubes[i] = 0;
    for (int r = 1; r <= format->renditions; r++)
        for (int i = 0; i < 3; i++)
            adm->pictures[r].visible[i] = 0;

    for (int y = 0; y < area->h; y++) {
        const int masks = y >= first - 1 && y <= last + 1;
        split_row(adm, level, ref, &adm->pictures[0], y, &adm->ref_bands);
        if (y >= first && y <= last)
            weigh_row(adm, level);
        for (int r = 0; r < format->renditions; r++) {
            VmtAdmPicture *picture = &adm->pictures[1 + r];
            split_row(adm, level, dis[r], picture, y, &adm->dis_bands);
            if (masks)
                mask_row(adm, format, level, &picture->masking[y % 3]);
            if (y - 1 >= first && y - 1 <= last)
                see_row(level, picture, y - 1);
            if (y == area->h - 1 && last == y)
                see_row(level, picture, y);
        }
    }
}

void vmt_adm(VmtAdm *adm, const VmtFormat *format, VmtPlane ref, const VmtPlane *dis, double *out)
{
    double den = 0, num[VMT_RENDITIONS_MAX] = { 0 };
    int w = format->width, h = format->height;

    for (int index = 0; index < VMT_SCALES; index++) {
        Level level = { .index = index, .in_w = w, .in_h = h, .bits = format->bits,
                        .kernels = format->kernels };
        vmt_adm_area(&level.area, (w + 1) / 2, (h + 1) / 2, index);
        vmt_adm_numbers(&level.numbers, &level.area, index, format->adm_gain_limit);
        run_level(adm, format, &level, ref, dis);
        den += (double)vmt_adm_den(adm->cubes, &level.area, index);
        for (int r = 0; r < format->renditions; r++)
            num[r] += (double)vmt_adm_num(adm->pictures[1 + r].visible, &level.area, index);
        w = level.area.w;
        h = level.area.h;
    }
    for (int r = 0; r < format->renditions; r++)
        out[r] = vmt_adm_score(num[r], den, format->width, format->height);
}
