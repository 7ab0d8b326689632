// SPDX-License-Identifier: BSD-2-Clause-Patent
/**
 * @file
 * ADM at levels 1 to 3, on 32-bit bands, in plain C: the definition the other levels must match.
 */
#include <stdlib.h>

#include "kernels/adm.h"
#include "kernels/kernel.h"

/* The divisor is cut to its 15 leading bits, rounded, to fit the table. */
static inline int32_t restore(int32_t ref, int32_t dis, int same_angle, double gain_limit,
                              const VmtTables *tables)
{
    int64_t k = 32768;
    if (ref) {
        const uint32_t size = ref < 0 ? 0u - (uint32_t)ref : (uint32_t)ref;
        const int bits = 32 - __builtin_clz(size);
        const int shift = bits > 15 ? bits - 15 : 0;
        const uint32_t leading =
            (uint32_t)(((uint64_t)size + ((uint64_t)1 << shift >> 1)) >> shift);
        const int64_t reciprocal = tables->reciprocal[leading];
        k = adm_clamp_ratio(((ref < 0 ? -reciprocal : reciprocal) * dis +
                             ((int64_t)1 << (14 + shift))) >> (15 + shift));
    }
    const int32_t restored = (int32_t)((k * ref + 16384) >> 15);
    return adm_enhance(restored, k, ref, dis, same_angle, gain_limit);
}

/* c / 30 and c / 15 of a sensitivity, as libvmaf rounds them: its half is negative. */
static inline int32_t thirtieth(int64_t c)
{
    return (int32_t)((143165577 * c - 2147483648) >> 32);
}

static inline int32_t fifteenth(int64_t c)
{
    return (int32_t)((286331153 * c - 2147483648) >> 32);
}

static inline int32_t sensitivity(int32_t csf, int32_t coefficient)
{
    return (int32_t)(((int64_t)csf * coefficient + (1 << 27)) >> 28);
}

void K(adm_decouple)(const VmtMasking *out, const VmtBands *ref, const VmtBands *dis, int x0,
                     int x1, const VmtAdmLevel *level, const VmtTables *tables)
{
    const int32_t *const o[3] = { ref->band[0], ref->band[1], ref->band[2] };
    const int32_t *const t[3] = { dis->band[0], dis->band[1], dis->band[2] };
    int32_t *const restored[3] = { out->restored.band[0], out->restored.band[1],
                                   out->restored.band[2] };

    for (int x = x0; x < x1; x++) {
        const int64_t oh = o[0][x], ov = o[1][x], th = t[0][x], tv = t[1][x];
        const int same_angle = adm_same_angle((float)(oh * th + ov * tv),
                                              (float)(oh * oh + ov * ov),
                                              (float)(th * th + tv * tv));
        int32_t around = 0, centre = 0;
        for (int i = 0; i < 3; i++) {
            const int32_t r = restore(o[i][x], t[i][x], same_angle, level->gain_limit, tables);
            const int32_t additive = (int32_t)((uint32_t)t[i][x] - (uint32_t)r);
            const int64_t c = llabs(sensitivity(level->csf[i], additive));
            restored[i][x] = r;
            around += thirtieth(c);
            centre += fifteenth(c);
        }
        out->around[x] = around;
        out->centre[x] = centre;
    }
}

void K(adm_visible)(int64_t sum[3], const VmtMasking *row, const int32_t *above,
                    const int32_t *below, int x0, int x1, const VmtAdmLevel *level)
{
    for (int x = x0; x < x1; x++) {
        const int32_t threshold = adm_threshold(row, above, below, x);
        for (int i = 0; i < 3; i++) {
            const int32_t r = ((const int32_t *)row->restored.band[i])[x];
            const int32_t seen = adm_above(abs(sensitivity(level->csf[i], r)), threshold);
            sum[i] = adm_add(sum[i], adm_cube(seen, 30, level->num_shift));
        }
    }
}

void K(adm_cubes)(uint64_t sum[3], const VmtBands *ref, int x0, int x1, const VmtAdmLevel *level)
{
    /* The addend is twice a rounding half, as in libvmaf. */
    const uint64_t square_add = (uint64_t)1 << level->den_square;
    const uint64_t cube_add = ((uint64_t)1 << level->den_shift) >> 1;

    for (int i = 0; i < 3; i++) {
        const int32_t *band = ref->band[i];
        uint64_t cubes = 0;
        for (int x = x0; x < x1; x++) {
            const uint64_t v = (uint64_t)llabs((int64_t)band[x]);
            const uint64_t square = (v * v + square_add) >> level->den_square;
            cubes += (square * v + cube_add) >> level->den_shift;
        }
        sum[i] += cubes;
    }
}
