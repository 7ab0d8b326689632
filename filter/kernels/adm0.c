// SPDX-License-Identifier: BSD-2-Clause-Patent
/**
 * @file
 * ADM at level 0, on 16-bit bands, in plain C: the definition the other levels must match.
 *
 * Li, Zhang, Ma, Ngan, "Image quality assessment by separately evaluating detail losses and
 * additive impairments", 2011; the fixed-point form is libvmaf's.
 */
#include <stdlib.h>

#include "kernels/adm.h"
#include "kernels/kernel.h"

/* Contrast sensitivity of the first level, in 21 (H, V) and 23 (D) fraction bits. */
static const int32_t csf[3] = { 36453, 36453, 49417 };

static inline int32_t restore(int32_t ref, int32_t dis, int same_angle, double gain_limit,
                              const VmtTables *tables)
{
    int64_t k = 32768;
    if (ref) {
        const int64_t reciprocal = ref < 0 ? -tables->reciprocal[-ref] : tables->reciprocal[ref];
        k = adm_clamp_ratio((reciprocal * dis + 16384) >> 15);
    }
    const int32_t restored = (int32_t)((k * ref + 16384) >> 15);
    return adm_enhance(restored, k, ref, dis, same_angle, gain_limit);
}

void K(adm0_decouple)(const VmtMasking *out, const VmtBands *ref, const VmtBands *dis, int x0,
                      int x1, const VmtAdmLevel *level, const VmtTables *tables)
{
    static const int32_t add[3] = { 16384, 16384, 65535 };
    static const int shift[3] = { 15, 15, 17 };
    const int16_t *const o[3] = { ref->band[0], ref->band[1], ref->band[2] };
    const int16_t *const t[3] = { dis->band[0], dis->band[1], dis->band[2] };
    int16_t *const restored[3] = { out->restored.band[0], out->restored.band[1],
                                   out->restored.band[2] };

    for (int x = x0; x < x1; x++) {
        const int32_t oh = o[0][x], ov = o[1][x], th = t[0][x], tv = t[1][x];
        const int same_angle = adm_same_angle((float)(oh * th + ov * tv),
                                              (float)(oh * oh + ov * ov),
                                              (float)(th * th + tv * tv));
        int32_t around = 0, centre = 0;
        for (int i = 0; i < 3; i++) {
            const int32_t r = restore(o[i][x], t[i][x], same_angle, level->gain_limit, tables);
            const int32_t c = abs((int16_t)((csf[i] * (t[i][x] - r) + add[i]) >> shift[i]));
            restored[i][x] = (int16_t)r;
            around += (int16_t)((4369 * c + 2048) >> 12);
            centre += (int16_t)((8738 * c + 2048) >> 12);
        }
        out->around[x] = around;
        out->centre[x] = centre;
    }
}

void K(adm0_visible)(int64_t sum[3], const VmtMasking *row, const int32_t *above,
                     const int32_t *below, int x0, int x1, const VmtAdmLevel *level)
{
    static const int mask_shift[3] = { 10, 10, 12 }, square_shift[3] = { 29, 29, 30 };
    const int cube_shift[3] = { level->num_shift, level->num_shift, level->num_shift + 1 };

    for (int x = x0; x < x1; x++) {
        const int32_t threshold = adm_threshold(row, above, below, x);
        for (int i = 0; i < 3; i++) {
            const int32_t r = ((const int16_t *)row->restored.band[i])[x];
            const int32_t masked = (int32_t)((uint32_t)threshold << mask_shift[i]);
            const int32_t seen = adm_above(abs(r * csf[i]), masked);
            sum[i] = adm_add(sum[i], adm_cube(seen, square_shift[i], cube_shift[i]));
        }
    }
}

void K(adm0_cubes)(uint64_t sum[3], const VmtBands *ref, int x0, int x1, const VmtAdmLevel *level)
{
    (void)level;
    for (int i = 0; i < 3; i++) {
        const int16_t *band = ref->band[i];
        uint64_t cubes = 0;
        INDEPENDENT
        for (int x = x0; x < x1; x++) {
            const uint32_t v = (uint32_t)abs(band[x]);
            cubes += (uint64_t)(v * v) * v;
        }
        sum[i] += cubes;
    }
}
