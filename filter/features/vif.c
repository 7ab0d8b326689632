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

/* One scale of the pyramid: its size, kernels, pictures. */
typedef struct Scale {
    int index, w, h, bits;
    const VmtKernels *kernels;
    VmtPlane ref;
} Scale;

void vmt_vif_lay_out(VmtVif *vif, VmtArena *arena, const VmtFormat *format)
{
    const int pictures = 1 + format->renditions;
    const size_t padded = vmt_padded(format->width);

    vif->padded = (int)padded;
    vif->moments = vmt_arena_take(arena, AT_ONCE * MOMENTS * padded * sizeof(*vif->moments));
    for (int i = 0; i < AT_ONCE; i++) {
        vif->ref_mean[i] = vmt_arena_take(arena, padded * sizeof(*vif->ref_mean[i]));
        vif->ref_var[i] = vmt_arena_take(arena, padded * sizeof(*vif->ref_var[i]));
    }
    vif->dis_var = vmt_arena_take(arena, padded * sizeof(*vif->dis_var));
    vif->cov = vmt_arena_take(arena, padded * sizeof(*vif->cov));
    vif->down = vmt_arena_take(arena, padded * sizeof(*vif->down));
    vif->sums = vmt_arena_take(arena, (size_t)format->renditions * sizeof(*vif->sums));
    /* A scale is read while the next is written, so odd and even scales take turns. */
    for (int odd = 0; odd < 2; odd++) {
        const int shift = odd ? 1 : 2;
        const size_t size = (size_t)(format->width >> shift) * (size_t)(format->height >> shift);
        vif->plane[odd] = vmt_arena_take(arena, (size_t)pictures * sizeof(*vif->plane[odd]));
        for (int i = 0; i < pictures; i++) {
            uint16_t *plane = vmt_arena_take(arena, (size + VMT_PAD) * sizeof(*plane));
            if (arena->base)
                vif->plane[odd][i] = plane;
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

static void mirror_ends(int16_t *row, int w, int reach)
{
    for (int i = 1; i <= reach; i++) {
        row[-i] = row[i];
        row[w - 1 + i] = row[w - 1 - i];
    }
}

/* Rows of a plane from y on. */
static void rows_from(const void **rows, VmtPlane plane, int y, int h, int count)
{
    for (int k = 0; k < count; k++)
        rows[k] = vmt_plane_row(plane, vmt_mirror(y + k, h));
}

/* Row y of the next scale of a picture. */
static void shrink_row(const VmtVif *vif, const Scale *scale, VmtPlane in, int y, uint16_t *out)
{
    const VmtKernels *k = scale->kernels;
    const int taps = vmt_vif_taps(scale->index + 1), w = scale->w, next_w = w / 2;
    uint16_t *row = vif->down + VMT_PAD;
    const void *rows[VMT_TAPS_MAX];

    rows_from(rows, in, 2 * y - taps / 2, scale->h, taps);
    k->vif_down_vertical(row, rows, w, scale->index, scale->bits);
    mirror_ends((int16_t *)row, w, taps / 2);
    k->vif_down_horizontal(out + (size_t)y * (size_t)next_w, row, w, scale->index);
}

/* Rows are filtered two or four at a time, though one may be beyond the picture. */
static int filtered(int count)
{
    return count > 2 ? 4 : 2;
}

static void mirror_moments(const VmtVif *vif, int which, int first, int last, const Scale *scale)
{
    for (int i = first; i <= last; i++)
        mirror_ends(moment_row(vif, which, i), scale->w, vmt_vif_taps(scale->index) / 2);
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
        k->vif_sum_ref(&vif->sums[0], vif->ref_var[i], scale->w, format->tables);
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
static void sum_rows(const VmtVif *vif, const VmtFormat *format, const Scale *scale,
                     const VmtPlane *dis, int y, int most)
{
    const int taps = vmt_vif_taps(scale->index), first = y - taps / 2;
    const int count = y + most < scale->h ? most : scale->h - y;
    const int rows = taps + filtered(count) - 1;
    const void *ref_rows[VMT_TAPS_MAX + AT_ONCE], *dis_rows[VMT_TAPS_MAX + AT_ONCE];

    rows_from(ref_rows, scale->ref, first, scale->h, rows);
    sum_ref(vif, format, scale, ref_rows, count);
    for (int r = 0; r < format->renditions; r++) {
        rows_from(dis_rows, dis[r], first, scale->h, rows);
        sum_dis(vif, format, scale, ref_rows, dis_rows, count, &vif->sums[r]);
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

/* A scale: its sums, and on the way, while its rows are near, the pictures of the next. */
static void run_scale(const VmtVif *vif, const VmtFormat *format, const Scale *scale,
                      const VmtPlane *planes)
{
    const int pictures = scale->index < VMT_SCALES - 1 ? 1 + format->renditions : 0;
    const int step = row_step(format, scale);
    uint16_t *const *next = vif->plane[(scale->index + 1) & 1];

    memset(vif->sums, 0, (size_t)format->renditions * sizeof(*vif->sums));
    for (int y = 0; y < scale->h; y += 2) {
        if (step == 1 && y % AT_ONCE == 0)
            sum_rows(vif, format, scale, planes + 1, y, AT_ONCE);
        if (step > 1 && y / 2 % step == step / 2)
            sum_rows(vif, format, scale, planes + 1, y, 2);
        for (int i = 0; i < pictures && y + 1 < scale->h; i++)
            shrink_row(vif, scale, planes[i], y / 2, next[i]);
    }
}

void vmt_vif(VmtVif *vif, const VmtFormat *format, VmtPlane ref, const VmtPlane *dis,
             double (*out)[VMT_SCALES], VmtLaps *laps)
{
    VmtPlane planes[1 + VMT_RENDITIONS_MAX];
    int w = format->width, h = format->height;

    planes[0] = ref;
    for (int r = 0; r < format->renditions; r++)
        planes[1 + r] = dis[r];
    for (int s = 0; s < VMT_SCALES; s++) {
        const Scale scale = { s, w, h, s ? WIDE_BITS : format->bits,
                              s ? format->kernels_wide : format->kernels, planes[0] };
        run_scale(vif, format, &scale, planes);
        for (int r = 0; r < format->renditions; r++)
            out[r][s] = score(&vif->sums[0], &vif->sums[r]);
        vmt_lap(laps, VMT_STAGE_VIF_SCALE0 + s);
        w /= 2;
        h /= 2;
        for (int i = 0; i <= format->renditions; i++)
            planes[i] = (VmtPlane){ vif->plane[(s + 1) & 1][i],
                                    w * (ptrdiff_t)sizeof(*vif->plane[0][0]) };
    }
}
