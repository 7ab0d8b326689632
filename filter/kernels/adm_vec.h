// SPDX-License-Identifier: BSD-2-Clause-Patent
/**
 * @file
 * What ADM's vector kernels share between level 0 and the others.
 */
#ifndef VMT_KERNELS_ADM_VEC_H
#define VMT_KERNELS_ADM_VEC_H

#include "kernels/kernels.h"
#include "kernels/vec.h"

/*
 * -floor(2^30 / size) of three numbers of 1 to 2^15, in the low halves of 64-bit lanes. One
 * division serves all: divided by the product, times the others. The numerator is too large by
 * 2^-48 of itself, more than what rounding may take off a quotient that is whole, and too little to
 * lift any other to the next integer, which is 2^-30 of it away or more.
 */
V_INLINE void adm_reciprocals(V out[3], const VD size[3])
{
    const VD numerator = v_set_d(-0x1.000000000001p30);
    const VD pair = v_mul_d(size[0], size[1]);
    const VD all = v_div_d(numerator, v_mul_d(pair, size[2]));
    const VD rest = v_mul_d(all, size[2]);
    out[0] = v_cut_negative(v_mul_d(rest, size[1]));
    out[1] = v_cut_negative(v_mul_d(rest, size[0]));
    out[2] = v_cut_negative(v_mul_d(all, pair));
}

/* Of one degree; see adm_same_angle(). */
#define ADM_COS_SQUARED 0x1.ffd814p-1

/* Where d >= 0 and d^2 >= cos^2(1 degree) u t. */
V_INLINE VM64 adm_same_angle_d(VD d, VD u, VD t)
{
    const VD limit = v_mul_d(v_set_d(ADM_COS_SQUARED), v_mul_d(u, t));
    return v_both64(v_not_less_d(d, v_set_d(0)), v_not_less_d(v_mul_d(d, d), limit));
}

/*
 * The same by floats that are off by 2^-21 of what they are (d: of sqrt(u t)) at most: where it is
 * so in any case, and where it may be so. Both agree but for one pair of gradients in thousands.
 */
V_INLINE VM adm_same_angle_f(VM *perhaps, VF d, VF u, VF t)
{
    const VF square = v_mul_f(d, v_abs_f(d)), product = v_mul_f(u, t);
    const VF low = v_set_f((float)(ADM_COS_SQUARED * (1 - 0x1p-18)));
    const VF high = v_set_f((float)(ADM_COS_SQUARED * (1 + 0x1p-18)));
    *perhaps = v_not_less_f(square, v_mul_f(product, low));
    return v_not_less_f(square, v_mul_f(product, high));
}

V_INLINE int adm_is_whole(double gain_limit)
{
    return (int32_t)gain_limit == gain_limit;
}

/*
 * Restored times any gain limit or dis, whichever is nearer to 0, where both have the same sign;
 * 0 where restored is 0.
 */
V_INLINE V adm_enhanced(V restored, V dis, double gain_limit)
{
    const VD gain = v_set_d(gain_limit);
    const VD low = v_mul_d(v_double_low(restored), gain), dis_low = v_double_low(dis);
    const VD high = v_mul_d(v_double_high(restored), gain), dis_high = v_double_high(dis);
    const V up = v_cut_doubles(v_min_d(low, dis_low), v_min_d(high, dis_high));
    const V down = v_cut_doubles(v_max_d(low, dis_low), v_max_d(high, dis_high));
    const V zero = v_set32(0);
    const V nearer = v_select32(v_greater32(restored, zero), up, down);
    return v_keep32(v_nonzero32(restored), nearer);
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
