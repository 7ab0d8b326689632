// SPDX-License-Identifier: BSD-2-Clause-Patent
/**
 * @file
 * ADM at level 0, in vectors; see adm0.c for what it computes.
 */
#include "kernels/adm_vec.h"
#include "kernels/kernel.h"

enum { CSF_HV = 36453, CSF_D = 49417 };

V_INLINE V load_band(const VmtBands *bands, int band, int x)
{
    return v_load_i16_32((const int16_t *)bands->band[band] + x);
}

V_INLINE V same_angle(V oh, V ov, V th, V tv)
{
    const V low = v_set32(0xffff), zero = v_set32(0);
    const V o = v_or(v_and(oh, low), v_shl32(ov, 16)), t = v_or(v_and(th, low), v_shl32(tv, 16));
    const VF d = v_float(v_dot(zero, o, t));
    const VF u = v_float(v_dot(zero, o, o)), s = v_float(v_dot(zero, t, t));
    return v_narrow_mask(adm_same_angle_d(v_widen_low(d), v_widen_low(u), v_widen_low(s)),
                         adm_same_angle_d(v_widen_high(d), v_widen_high(u), v_widen_high(s)));
}

/* Coefficients have 15 bits, so the quotient fits 30 before it is clamped. */
V_INLINE V restore(V ref, V dis, V angle, double gain_limit)
{
    const V size = v_max32(v_abs32(ref), v_set32(1)), half = v_set64(16384);
    const V reciprocal = adm_reciprocal(size), dis_size = v_abs32(dis);
    const V even = v_add64(v_mul_even_u32(reciprocal, dis_size), half);
    const V odd = v_add64(v_mul_odd_u32(reciprocal, dis_size), half);
    const V k = adm_ratio(v_join_even_odd(v_shr64(even, 15), v_shr64(odd, 15)), ref, dis);
    const V restored = v_sar32(v_add32(v_mul32(k, ref), v_set32(16384)), 15);
    return adm_enhance_lanes(restored, k, ref, dis, angle, gain_limit);
}

/*
 * The rounded shift, wrapped to 16 bits, of a product is the high half of that product when it
 * and the rounding are moved up: c >> 15 of 2 c, and so on.
 */
V_INLINE V high_half(V v)
{
    return v_sar32(v_add32(v, v_set32(32768)), 16);
}

V_INLINE V sensitivity(V additive, const int band)
{
    if (band == 2) /* 15 bits, without wrapping */
        return v_abs32(v_sar32(v_add32(v_mul32(additive, v_set32(CSF_D)), v_set32(65535)), 17));
    return v_abs32(high_half(v_mul32(additive, v_set32(CSF_HV << 1))));
}

void K(adm0_decouple)(const VmtMasking *out, const VmtBands *ref, const VmtBands *dis, int x0,
                      int x1, const VmtAdmLevel *level, const VmtTables *tables)
{
    (void)tables;
    for (int x = x0; x < x1; x += V_32) {
        V o[3], t[3], around = v_set32(0), centre = v_set32(0);
        for (int i = 0; i < 3; i++) {
            o[i] = load_band(ref, i, x);
            t[i] = load_band(dis, i, x);
        }
        const V angle = same_angle(o[0], o[1], t[0], t[1]);
#pragma GCC unroll 3
        for (int i = 0; i < 3; i++) {
            const V r = restore(o[i], t[i], angle, level->gain_limit);
            const V c = sensitivity(v_sub32(t[i], r), i);
            v_store_16((int16_t *)out->restored.band[i] + x, r);
            const V part = v_mul32(c, v_set32(4369 << 4));
            around = v_add32(around, high_half(part));
            centre = v_add32(centre, high_half(v_add32(part, part)));
        }
        v_store(out->around + x, around);
        v_store(out->centre + x, centre);
    }
}

void K(adm0_visible)(int64_t sum[3], const VmtMasking *row, const int32_t *above,
                     const int32_t *below, int x0, int x1, const VmtAdmLevel *level)
{
    V total[3] = { v_set64(0), v_set64(0), v_set64(0) };

    for (int x = x0; x < x1; x += V_32) {
        const V threshold = adm_threshold_lanes(row, above, below, x), in = v_first32(x1 - x);
#pragma GCC unroll 3
        for (int i = 0; i < 3; i++) {
            const int d = i == 2;
            const V r = v_mul32(load_band(&row->restored, i, x), v_set32(d ? CSF_D : CSF_HV));
            const V masked = d ? v_shl32(threshold, 12) : v_shl32(threshold, 10);
            const V seen = v_and(adm_above_lanes(v_abs32(r), masked), in);
            total[i] = d ? adm_add_cubes(total[i], seen, 30, level->num_shift + 1)
                         : adm_add_cubes(total[i], seen, 29, level->num_shift);
        }
    }
    for (int i = 0; i < 3; i++)
        sum[i] += v_sum64(total[i]);
}

void K(adm0_cubes)(uint64_t sum[3], const VmtBands *ref, int x0, int x1, const VmtAdmLevel *level)
{
    (void)level;
    for (int i = 0; i < 3; i++) {
        V total = v_set64(0);
        for (int x = x0; x < x1; x += V_32) {
            const V v = v_and(v_abs32(load_band(ref, i, x)), v_first32(x1 - x));
            const V square = v_mul32(v, v);
            total = v_add64(total, v_add64(v_mul_even_u32(square, v), v_mul_odd_u32(square, v)));
        }
        sum[i] += (uint64_t)v_sum64(total);
    }
}
