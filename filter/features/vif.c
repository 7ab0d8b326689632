// SPDX-License-Identifier: BSD-2-Clause-Patent
#include "features/vif.h"

#include <string.h>

#include "vmaf_tiny.h"

/* Bits of the pictures from scale 1 on: 8 fraction bits, whatever the samples were. */
enum { WIDE_BITS = 16 };

/* Rows of moments in VmtVif.moments. */
enum { REF_MEAN, REF_HIGH, REF_LOW, DIS_MEAN, DIS_HIGH0, DIS_LOW0, DIS_HIGH1, DIS_LOW1, MOMENTS };

/* Rows that are filtered at a time. */
enum { AT_ONCE = 4 };

/*
 * Rows of a scale that are made before the next scale goes on. With them and those that its filters
 * still reach back to, VMT_VIF_NEAR rows suffice.
 */
enum { BATCH = 32 };

/* One scale of the pyramid: its size, kernels, and how far it is. */
typedef struct Scale {
    int index, w, h, bits;
    const VmtKernels *kernels;
    int step;   /* of how many pairs of rows one is summed */
    int summed; /* rows of it that are in the sums, or left out */
    int made;   /* rows of the next scale */
} Scale;

/* All that a row of any scale needs. */
typedef struct Run {
    const VmtVif *vif;
    const VmtFormat *format;
    VmtPlane planes[1 + VMT_RENDITIONS_MAX]; /* reference, renditions */
    Scale scale[VMT_SCALES];
    VmtLaps *laps;
} Run;

/* Elements from one row of a further scale to the next. */
static size_t near_stride(int w)
{
    return vmt_padded(w) - VMT_PAD;
}

void vmt_vif_lay_out(VmtVif *vif, VmtArena *arena, const VmtFormat *format)
{
    const size_t padded = vmt_padded(format->width);

    vif->padded = (int)padded;
    vif->moments = vmt_arena_take(arena, AT_ONCE * MOMENTS * padded * sizeof(*vif->moments));
    for (int i = 0; i < AT_ONCE; i++) {
        vif->ref_mean[i] = vmt_arena_take(arena, padded * sizeof(*vif->ref_mean[i]));
        vif->ref_var[i] = vmt_arena_take(arena, padded * sizeof(*vif->ref_var[i]));
    }
    vif->dis_var = vmt_arena_take(arena, padded * sizeof(*vif->dis_var));
    vif->cov = vmt_arena_take(arena, padded * sizeof(*vif->cov));
    for (int i = 0; i < 2; i++)
        vif->down[i] = vmt_arena_take(arena, padded * sizeof(*vif->down[i]));
    for (int scale = 0; scale < VMT_SCALES; scale++) {
        const size_t size = VMT_VIF_NEAR * near_stride(format->width >> scale);
        const size_t renditions = (size_t)format->renditions;
        vif->sums[scale] = vmt_arena_take(arena, renditions * sizeof(*vif->sums[scale]));
        vif->near[scale] = vmt_arena_take(arena, (1 + renditions) * sizeof(*vif->near[scale]));
        for (int i = 0; scale && i <= format->renditions; i++) {
            uint16_t *rows = vmt_arena_take(arena, size * sizeof(*rows));
            if (arena->base)
                vif->near[scale][i] = rows;
        }
    }
}

/* Kernels may touch VMT_PAD elements on both sides of a row. */
static int16_t *moment_row(const VmtVif *vif, int which, int i)
{
    return vif->moments + (size_t)(which * MOMENTS + i) * (size_t)vif->padded + VMT_PAD;
}

static VmtMoments ref_moments(const VmtVif *vif, int which)
{
    return (VmtMoments){ moment_row(vif, which, REF_MEAN),
                         { moment_row(vif, which, REF_HIGH), NULL },
                         { moment_row(vif, which, REF_LOW), NULL } };
}

static VmtMoments dis_moments(const VmtVif *vif, int which)
{
    return (VmtMoments){
        moment_row(vif, which, DIS_MEAN),
        { moment_row(vif, which, DIS_HIGH0), moment_row(vif, which, DIS_HIGH1) },
        { moment_row(vif, which, DIS_LOW0), moment_row(vif, which, DIS_LOW1) },
    };
}

/* As many samples as the widest filter reaches, which is quicker than as many as are needed. */
static void mirror_ends(int16_t *row, int w)
{
    enum { REACH = VMT_TAPS_MAX / 2 };
    int16_t near[REACH], far[REACH];

    for (int i = 0; i < REACH; i++) {
        near[i] = row[REACH - i];
        far[i] = row[w - 2 - i];
    }
    memcpy(row - REACH, near, sizeof(near));
    memcpy(row + w, far, sizeof(far));
}

/* Row y of a picture at a scale. */
static const void *picture_row(const Run *run, const Scale *scale, int picture, int y)
{
    if (scale->index == 0)
        return vmt_plane_row(run->planes[picture], y);
    return run->vif->near[scale->index][picture] +
           (size_t)(y % VMT_VIF_NEAR) * near_stride(scale->w);
}

/* Rows of a picture from y on. */
static void rows_from(const void **rows, const Run *run, const Scale *scale, int picture, int y,
                      int count)
{
    for (int k = 0; k < count; k++)
        rows[k] = picture_row(run, scale, picture, vmt_mirror(y + k, scale->h));
}

/* Row y of the next scale and, if there is one, y + 1, of a picture. */
static void shrink_rows(const Run *run, const Scale *scale, int picture, int y)
{
    const VmtKernels *k = scale->kernels;
    const int taps = vmt_vif_taps(scale->index + 1), w = scale->w;
    uint16_t *const down[2] = { run->vif->down[0] + VMT_PAD, run->vif->down[1] + VMT_PAD };
    uint16_t *next = run->vif->near[scale->index + 1][picture];
    const void *rows[VMT_TAPS_MAX];

    rows_from(rows, run, scale, picture, 2 * y - taps / 2, taps + 2);
    k->vif_down_vertical(down, rows, w, scale->index, scale->bits);
    for (int i = 0; i < 2 && y + i < scale->h / 2; i++) {
        mirror_ends((int16_t *)down[i], w);
        k->vif_down_horizontal(next + (size_t)((y + i) % VMT_VIF_NEAR) * near_stride(w / 2),
                               down[i], w, scale->index);
    }
}

/* Rows are filtered two or four at a time, though one may be beyond the picture. */
static int filtered(int count)
{
    return count > 2 ? 4 : 2;
}

static void mirror_moments(const VmtVif *vif, int which, int first, int last, const Scale *scale)
{
    for (int i = first; i <= last; i++)
        mirror_ends(moment_row(vif, which, i), scale->w);
}

/* Means, variances and den_log of rows of the reference: count of those that are filtered. */
static void sum_ref(const VmtVif *vif, const VmtFormat *format, const Scale *scale,
                    const void *const *rows, int count)
{
    const VmtKernels *k = scale->kernels;
    VmtMoments moments[AT_ONCE];

    for (int i = 0; i < AT_ONCE; i++)
        moments[i] = ref_moments(vif, i);
    k->vif_vertical_ref(moments, rows, filtered(count), scale->w, scale->index, scale->bits);
    for (int i = 0; i < count; i++) {
        mirror_moments(vif, i, REF_MEAN, REF_LOW, scale);
        k->vif_horizontal_ref(vif->ref_mean[i], vif->ref_var[i], &moments[i], scale->w,
                              scale->index);
        k->vif_sum_ref(&vif->sums[scale->index][0], vif->ref_var[i], scale->w, format->tables);
    }
}

/* The same rows of a rendition. */
static void sum_dis(const VmtVif *vif, const VmtFormat *format, const Scale *scale,
                    const void *const *ref_rows, const void *const *rows, int count,
                    VmtVifSums *sums)
{
    const VmtKernels *k = scale->kernels;
    VmtMoments moments[AT_ONCE];

    for (int i = 0; i < AT_ONCE; i++)
        moments[i] = dis_moments(vif, i);
    k->vif_vertical_dis(moments, ref_rows, rows, filtered(count), scale->w, scale->index,
                        scale->bits);
    for (int i = 0; i < count; i++) {
        mirror_moments(vif, i, DIS_MEAN, DIS_LOW1, scale);
        k->vif_horizontal_dis(vif->dis_var, vif->cov, vif->ref_mean[i], &moments[i], scale->w,
                              scale->index);
        k->vif_sum_dis(sums, vif->ref_var[i], vif->dis_var, vif->cov, scale->w,
                       format->vif_gain_limit, format->tables);
    }
}

/* Add rows of every rendition from y on to the sums: count of them, or what there are. */
static void sum_rows(const Run *run, const Scale *scale, int y, int most)
{
    const VmtVif *vif = run->vif;
    const int taps = vmt_vif_taps(scale->index), first = y - taps / 2;
    const int count = y + most < scale->h ? most : scale->h - y;
    const int rows = taps + filtered(count) - 1;
    const void *ref_rows[VMT_TAPS_MAX + AT_ONCE], *dis_rows[VMT_TAPS_MAX + AT_ONCE];

    rows_from(ref_rows, run, scale, 0, first, rows);
    sum_ref(vif, run->format, scale, ref_rows, count);
    for (int r = 0; r < run->format->renditions; r++) {
        rows_from(dis_rows, run, scale, 1 + r, first, rows);
        sum_dis(vif, run->format, scale, ref_rows, dis_rows, count, &vif->sums[scale->index][r]);
    }
}

/* Numerator and denominator are floats in libvmaf, and so is their ratio. */
static double score(const VmtVifSums *ref, const VmtVifSums *dis)
{
    const double flat = (double)ref->flat;
    const double noise = ((double)dis->num_flat / 16384.0) / 65025.0;
    const float num = (float)((double)dis->num_log / 2048.0 + (flat - noise));
    const float den = (float)((double)ref->den_log / 2048.0 + flat);

    return (double)(num / den);
}

/*
 * Of how many pairs of rows one is summed. A score is a ratio of sums over the picture; it hardly
 * moves when rows are left out evenly, as long as enough of them and enough pixels are left, more
 * where the step is wide, and the coarse scales, of more weight and fewer rows, are whole. The step
 * is odd: encoders work in blocks of 8 and 16 rows and more, and an even step would meet all of
 * them at the same few of their rows, which moves the score several times as much. So would a step
 * of 9 in pictures that were scaled up by 4.5, as from 480 to 2160 rows: all rows that it takes lie
 * alike between two of the source.
 */
static int row_step(const VmtFormat *format, const Scale *scale)
{
    static const int pairs_left[VMT_SCALES] = { 75, 300 };
    enum { MOST = 7, PAIRS_PER_STEP = 15, PIXELS_LEFT = 160000 };
    const int pairs = scale->h / 2;
    const int64_t pixels = (int64_t)scale->w * scale->h;
    int step = 1;

    if (!format->fast || !pairs_left[scale->index])
        return step;
    for (int next = 3; next <= MOST; next += 2) {
        const int by_step = next * PAIRS_PER_STEP, least = pairs_left[scale->index];
        const int left = by_step > least ? by_step : least;
        if (next * left <= pairs && (int64_t)next * PIXELS_LEFT <= pixels)
            step = next;
    }
    return step;
}

/* Sum what can be summed of a scale of which some rows are there. */
static void sum_ready(const Run *run, Scale *scale, int rows)
{
    const int reach = vmt_vif_taps(scale->index) / 2, most = scale->step == 1 ? AT_ONCE : 2;

    for (; scale->summed < scale->h && (rows == scale->h || scale->summed + most + reach <= rows);
         scale->summed += most)
        if (scale->summed / 2 % scale->step == scale->step / 2)
            sum_rows(run, scale, scale->summed, most);
}

/* Go on with a scale of which some rows are there, then with the next. */
static void advance(Run *run, int index, int rows)
{
    Scale *scale = &run->scale[index];

    sum_ready(run, scale, rows);
    if (index + 1 == VMT_SCALES)
        return;
    const int reach = vmt_vif_taps(index + 1) / 2, next_h = scale[1].h;
    while (scale->made < next_h && (rows == scale->h || 2 * scale->made + 2 + reach < rows)) {
        for (int i = 0; i <= run->format->renditions; i++)
            shrink_rows(run, scale, i, scale->made);
        scale->made += scale->made + 1 < next_h ? 2 : 1;
        if (scale->made % BATCH == 0 || scale->made == next_h) {
            vmt_lap(run->laps, VMT_STAGE_VIF_SCALE0 + index);
            advance(run, index + 1, scale->made);
            vmt_lap(run->laps, VMT_STAGE_VIF_SCALE0 + index + 1);
        }
    }
}

static void prepare(Run *run, VmtPlane ref, const VmtPlane *dis)
{
    const VmtFormat *format = run->format;
    const size_t renditions = (size_t)format->renditions;

    run->planes[0] = ref;
    for (int r = 0; r < format->renditions; r++)
        run->planes[1 + r] = dis[r];
    for (int s = 0; s < VMT_SCALES; s++) {
        Scale *scale = &run->scale[s];
        *scale = (Scale){ .index = s, .w = format->width >> s, .h = format->height >> s };
        scale->bits = s ? WIDE_BITS : format->bits;
        scale->kernels = s ? format->kernels_wide : format->kernels;
        scale->step = row_step(format, scale);
        memset(run->vif->sums[s], 0, renditions * sizeof(*run->vif->sums[s]));
    }
}

void vmt_vif(VmtVif *vif, const VmtFormat *format, VmtPlane ref, const VmtPlane *dis,
             double (*out)[VMT_SCALES], VmtLaps *laps)
{
    Run run = { .vif = vif, .format = format, .laps = laps };
    const int h = format->height;

    prepare(&run, ref, dis);
    for (int rows = AT_ONCE; rows < h + AT_ONCE; rows += AT_ONCE)
        advance(&run, 0, rows < h ? rows : h);
    vmt_lap(laps, VMT_STAGE_VIF_SCALE0);
    for (int s = 0; s < VMT_SCALES; s++)
        for (int r = 0; r < format->renditions; r++)
            out[r][s] = score(&vif->sums[s][0], &vif->sums[s][r]);
}
