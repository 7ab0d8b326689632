// SPDX-License-Identifier: BSD-2-Clause-Patent
/**
 * @file
 * What ADM's vector kernels share between level 0 and the others.
 */
#ifndef VMT_KERNELS_ADM_VEC_H
#define VMT_KERNELS_ADM_VEC_H

#include "kernels/kernels.h"
#include "kernels/vec.h"

/* floor(2^30 / v), v >= 1: no quotient is so near an integer that a double would round to it. */
V_INLINE V adm_reciprocal(V v)
{
    const VD numerator = v_set_d(1 << 30);
    VD quotient[2];

    v_double_unsigned(quotient, v);
    for (int i = 0; i < 2; i++)
        quotient[i] = v_div_d(numerator, quotient[i]);
    return v_cut(quotient);
}

/* All ones where d >= 0 and d^2 >= cos^2(1 degree) u t; see adm_same_angle(). */
V_INLINE V adm_same_angle_d(VD d, VD u, VD t)
{
    const VD limit = v_mul_d(v_set_d(0x1.ffd814p-1), v_mul_d(u, t));
    return v_and(v_not_less_d(d, v_set_d(0)), v_not_less_d(v_mul_d(d, d), limit));
}

/*
 * The larger or smaller of restored times the gain limit and of dis; see adm_enhance(). A whole
 * limit, as it is nearly always, needs no doubles: where the product would overflow, it is beyond
 * any coefficient.
 */
V_INLINE V adm_enhanced_whole(V restored, V dis, V positive, int32_t gain_limit)
{
    const V most = v_set32(INT32_MAX / gain_limit), least = v_set32(-(INT32_MAX / gain_limit));
    const V bounded = v_max32(v_min32(restored, most), least);
    const V enhanced = v_mul32(bounded, v_set32(gain_limit));
    return v_select(positive, v_min32(enhanced, dis), v_max32(enhanced, dis));
}

V_INLINE V adm_enhanced(V restored, V dis, V positive, double gain_limit)
{
    const VD gain = v_set_d(gain_limit);
    const VD low = v_mul_d(v_double_low(restored), gain), dis_low = v_double_low(dis);
    const VD high = v_mul_d(v_double_high(restored), gain), dis_high = v_double_high(dis);
    const V up = v_cut_doubles(v_min_d(low, dis_low), v_min_d(high, dis_high));
    const V down = v_cut_doubles(v_max_d(low, dis_low), v_max_d(high, dis_high));
    return v_select(positive, up, down);
}

/* Where only contrast was enhanced, count up to gain_limit of it as restored. */
V_INLINE V adm_enhance_lanes(V restored, V k, V ref, V dis, V same_angle, double gain_limit)
{
    const V zero = v_set32(0);
    const V enhance = v_and(v_and(same_angle, v_greater32(k, zero)),
                            v_not_and(v_equal32(ref, zero), v_set32(-1)));
    if (!v_any32(enhance))
        return restored;
    const V positive = v_greater32(ref, zero);
    const int32_t whole = (int32_t)gain_limit;
    return v_select(enhance,
                    whole == gain_limit ? adm_enhanced_whole(restored, dis, positive, whole)
                                        : adm_enhanced(restored, dis, positive, gain_limit),
                    restored);
}

/* k is 1 where ref is 0, and 0 where the signs differ. */
V_INLINE V adm_ratio(V k, V ref, V dis)
{
    const V zero = v_set32(0);
    const V opposite = v_greater32(zero, v_xor(ref, dis));
    k = v_not_and(opposite, v_min_u32(k, v_set32(32768)));
    return v_select(v_equal32(ref, zero), v_set32(32768), k);
}

/* Masking threshold: what the eight neighbours and the sample itself add. */
V_INLINE V adm_threshold_lanes(const VmtMasking *row, const int32_t *above, const int32_t *below,
                               int x)
{
    const int32_t *at = row->around;
    V sum = v_add32(v_load(above + x - 1), v_add32(v_load(above + x), v_load(above + x + 1)));
    sum = v_add32(sum, v_add32(v_load(at + x - 1), v_load(at + x + 1)));
    sum = v_add32(sum, v_add32(v_load(below + x - 1), v_load(below + x)));
    return v_add32(sum, v_add32(v_load(below + x + 1), v_load(row->centre + x)));
}

V_INLINE V adm_above_lanes(V a, V b)
{
    return v_max32(v_sub32(a, b), v_set32(0));
}

/* Cubes of the even lanes of x, of 31 bits; see adm_cube(). */
V_INLINE V adm_cube_even(V x, const int square_shift, int cube_shift)
{
    const V square_half = v_set64((int64_t)1 << (square_shift - 1));
    const V cube_half = v_set64(((int64_t)1 << cube_shift) >> 1);
    const V square = v_shr64(v_add64(v_mul_even_u32(x, x), square_half), square_shift);
    return v_sar64_by(v_add64(v_mul_even_i32(square, x), cube_half), cube_shift);
}

V_INLINE V adm_add_cubes(V sum, V x, const int square_shift, int cube_shift)
{
    return v_add64(sum, v_add64(adm_cube_even(x, square_shift, cube_shift),
                                adm_cube_even(v_shr64(x, 32), square_shift, cube_shift)));
}

#endif
