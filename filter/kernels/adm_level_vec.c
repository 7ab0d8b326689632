// SPDX-License-Identifier: BSD-2-Clause-Patent
/**
 * @file
 * ADM at levels 1 to 3, in vectors; see adm_level.c for what it computes.
 *
 * Signed products are made of sizes: floor((-p + half) / 2^n) is -((p + half - 1) >> n) for a half
 * of 2^(n - 1), so negative numbers take one off.
 */
#include "kernels/adm_vec.h"
#include "kernels/kernel.h"

V_INLINE V load_band(const VmtBands *bands, int band, int x)
{
    return v_load((const int32_t *)bands->band[band] + x);
}

V_INLINE V even_i64(V a, V b, V c, V d)
{
    return v_add64(v_mul_even_i32(a, b), v_mul_even_i32(c, d));
}

V_INLINE V same_angle_even(V oh, V ov, V th, V tv)
{
    return adm_same_angle_d(v_float_of_i64(even_i64(oh, th, ov, tv)),
                            v_float_of_i64(even_i64(oh, oh, ov, ov)),
                            v_float_of_i64(even_i64(th, th, tv, tv)));
}

V_INLINE V same_angle(V oh, V ov, V th, V tv)
{
    return v_blend_odd32(same_angle_even(oh, ov, th, tv),
                         same_angle_even(v_shr64(oh, 32), v_shr64(ov, 32), v_shr64(th, 32),
                                         v_shr64(tv, 32)));
}

/* How many bits a size of 31 bits has more than 15. */
V_INLINE V surplus_bits(V size)
{
    /* Without the bit after the leading one, rounding to float cannot reach the next power. */
    const V bits = v_float_bits(v_float(v_not_and(v_shr32(size, 1), size)));
    return v_max32(v_sub32(v_shr32(bits, 23), v_set32(126 + 15)), v_set32(0));
}

/* (reciprocal * dis + 2^(14 + shift)) >> (15 + shift) of the even lanes. */
V_INLINE V quotient_even(V reciprocal, V dis, V shift)
{
    const V half = v_shl64_each(v_set64(1 << 14), shift);
    const V sum = v_add64(v_mul_even_u32(reciprocal, dis), half);
    return v_shr64_each(sum, v_add64(shift, v_set64(15)));
}

V_INLINE V quotient(V ref, V dis)
{
    const V size = v_max32(v_abs32(ref), v_set32(1));
    const V shift = surplus_bits(size), one = v_set32(1);
    const V leading = v_shr32_each(v_add32(size, v_shr32(v_shl32_each(one, shift), 1)), shift);
    const V reciprocal = adm_reciprocal(leading);
    /* Beyond twice the reference the ratio is clamped anyway; this keeps it within 32 bits. */
    const V dis_size = v_min_u32(v_abs32(dis), v_shl32(size, 1));
    return v_join_even_odd(
        quotient_even(reciprocal, dis_size, v_and(shift, v_set64(0xffffffff))),
        quotient_even(v_shr64(reciprocal, 32), v_shr64(dis_size, 32), v_shr64(shift, 32)));
}

/* Number with the sign of another. */
V_INLINE V with_sign(V size, V sign)
{
    const V minus = v_sar32(sign, 31);
    return v_sub32(v_xor(size, minus), minus);
}

V_INLINE V restore(V ref, V dis, V angle, double gain_limit)
{
    const V k = adm_ratio(quotient(ref, dis), ref, dis), size = v_abs32(ref);
    const V half = v_add32(v_set32(16384), v_sar32(ref, 31));
    const V even = v_add64(v_mul_even_u32(k, size), v_and(half, v_set64(0xffffffff)));
    const V odd = v_add64(v_mul_odd_u32(k, size), v_shr64(half, 32));
    const V restored = v_join_even_odd(v_shr64(even, 15), v_shr64(odd, 15));
    return adm_enhance_lanes(with_sign(restored, ref), k, ref, dis, angle, gain_limit);
}

/* Size of the sensitivity to a coefficient. */
V_INLINE V sensitivity(int32_t csf, V coefficient)
{
    const V size = v_abs32(coefficient), factor = v_set32(csf);
    const V half = v_add32(v_set32(1 << 27), v_sar32(coefficient, 31));
    const V even = v_add64(v_mul_even_u32(size, factor), v_and(half, v_set64(0xffffffff)));
    const V odd = v_add64(v_mul_odd_u32(size, factor), v_shr64(half, 32));
    return v_join_even_odd(v_shr64(even, 28), v_shr64(odd, 28));
}

void K(adm_decouple)(const VmtMasking *out, const VmtBands *ref, const VmtBands *dis, int x0,
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
        for (int i = 0; i < 3; i++) {
            const V r = restore(o[i], t[i], angle, level->gain_limit);
            const V c = sensitivity(level->csf[i], v_sub32(t[i], r));
            v_store((int32_t *)out->restored.band[i] + x, r);
            around = v_add32(around, v_mul_high_u32(c, v_set32(143165577), -2147483648));
            centre = v_add32(centre, v_mul_high_u32(c, v_set32(286331153), -2147483648));
        }
        v_store(out->around + x, around);
        v_store(out->centre + x, centre);
    }
}

void K(adm_visible)(int64_t sum[3], const VmtMasking *row, const int32_t *above,
                    const int32_t *below, int x0, int x1, const VmtAdmLevel *level)
{
    V total[3] = { v_set64(0), v_set64(0), v_set64(0) };

    for (int x = x0; x < x1; x += V_32) {
        const V threshold = adm_threshold_lanes(row, above, below, x), in = v_first32(x1 - x);
        for (int i = 0; i < 3; i++) {
            const V c = sensitivity(level->csf[i], load_band(&row->restored, i, x));
            const V seen = v_and(adm_above_lanes(c, threshold), in);
            total[i] = adm_add_cubes(total[i], seen, 30, level->num_shift);
        }
    }
    for (int i = 0; i < 3; i++)
        sum[i] += v_sum64(total[i]);
}

V_INLINE V weight_even(V size, const VmtAdmLevel *level)
{
    const V square_add = v_set64((int64_t)1 << level->den_square);
    const V cube_add = v_set64(((int64_t)1 << level->den_shift) >> 1);
    const V square = v_shr64_by(v_add64(v_mul_even_u32(size, size), square_add),
                                level->den_square);
    return v_shr64_by(v_add64(v_mul_even_u32(square, size), cube_add), level->den_shift);
}

void K(adm_cubes)(uint64_t sum[3], const VmtBands *ref, int x0, int x1, const VmtAdmLevel *level)
{
    for (int i = 0; i < 3; i++) {
        V total = v_set64(0);
        for (int x = x0; x < x1; x += V_32) {
            const V size = v_and(v_abs32(load_band(ref, i, x)), v_first32(x1 - x));
            total = v_add64(total, v_add64(weight_even(size, level),
                                           weight_even(v_shr64(size, 32), level)));
        }
        sum[i] += (uint64_t)v_sum64(total);
    }
}
