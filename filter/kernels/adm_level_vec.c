// SPDX-License-Identifier: BSD-2-Clause-Patent
/**
 * @file
 * ADM at levels 1 to 3, in vectors; see adm_level.c for what it computes.
 *
 * Products of two coefficients' worth of bits are in 64-bit lanes, of which what is shifted down
 * fits the low half: what the shift brings into the high half does not matter.
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

V_INLINE VM64 same_angle_even(V oh, V ov, V th, V tv)
{
    return adm_same_angle_d(v_float_of_i64(even_i64(oh, th, ov, tv)),
                            v_float_of_i64(even_i64(oh, oh, ov, ov)),
                            v_float_of_i64(even_i64(th, th, tv, tv)));
}

V_INLINE VM same_angle_exactly(V oh, V ov, V th, V tv)
{
    return v_zip_masks(same_angle_even(oh, ov, th, tv),
                       same_angle_even(v_shr64(oh, 32), v_shr64(ov, 32), v_shr64(th, 32),
                                       v_shr64(tv, 32)));
}

V_INLINE VF dot(VF a, VF b, VF c, VF d)
{
    return v_fma_f(a, b, v_mul_f(c, d));
}

V_INLINE VM same_angle(const V o[3], const V t[3])
{
    const VF oh = v_float(o[0]), ov = v_float(o[1]), th = v_float(t[0]), tv = v_float(t[1]);
    VM perhaps;
    const VM sure = adm_same_angle_f(&perhaps, dot(oh, th, ov, tv), dot(oh, oh, ov, ov),
                                     dot(th, th, tv, tv));
    return v_any(v_but(perhaps, sure)) ? same_angle_exactly(o[0], o[1], t[0], t[1]) : sure;
}

/* How many bits a size of 31 bits has more than 15. */
V_INLINE V surplus_bits(V size)
{
    /* Without the bit after the leading one, rounding to float cannot reach the next power. */
    const V bits = v_float_bits(v_float(v_not_and(v_shr32(size, 1), size)));
    return v_max32(v_sub32(v_shr32(bits, 23), v_set32(126 + 15)), v_set32(0));
}

/* The 16 leading bits of a size, rounded. */
V_INLINE V leading_bits(V size, V surplus)
{
    const V half = v_shr32(v_shl32_each(v_set32(1), surplus), 1);
    return v_shr32_each(v_add32(size, half), surplus);
}

/*
 * Ratios of distorted to reference coefficients, 15 fraction bits: their negatives, -1 to 0, in the
 * low halves of 64-bit lanes.
 */
V_INLINE void ratio(V out[2], const V minus_reciprocal[2], V surplus, V size, V ref, V dis)
{
    /* Beyond twice the reference the ratio is clamped anyway; this keeps it within 32 bits. */
    const V bounded = v_min_u32(v_abs32(dis), v_shl32(size, 1));
    const V half = v_sub32(v_shl32_each(v_set32(1 << 14), surplus), v_set32(1));
    V numerator[2], rounding[2], shift[2];

    v_widen_u32(numerator, v_not_and(v_sar32(v_xor(ref, dis), 31), bounded));
    v_widen_u32(rounding, half);
    v_widen_u32(shift, v_add32(surplus, v_set32(15)));
    for (int j = 0; j < 2; j++) {
        const V k = v_add64(v_mul_even_i32(minus_reciprocal[j], numerator[j]), rounding[j]);
        out[j] = v_max32(v_shr64_each(k, shift[j]), v_set32(-32768));
    }
}

V_INLINE void ratios(V out[3][2], const V ref[3], const V dis[3])
{
    V size[3], surplus[3], reciprocal[2][3];
    VD leading[3][2];

    for (int i = 0; i < 3; i++) {
        size[i] = v_max32(v_abs32(ref[i]), v_set32(1));
        surplus[i] = surplus_bits(size[i]);
        v_double_unsigned(leading[i], leading_bits(size[i], surplus[i]));
    }
    for (int j = 0; j < 2; j++)
        adm_reciprocals(reciprocal[j], (VD[3]){ leading[0][j], leading[1][j], leading[2][j] });
    for (int i = 0; i < 3; i++)
        ratio(out[i], (V[2]){ reciprocal[0][i], reciprocal[1][i] }, surplus[i], size[i], ref[i],
              dis[i]);
}

V_INLINE V restore(const V minus_ratio[2], V ref)
{
    V product[2];
    v_widen_u32(product, v_sub32(v_set32(0), ref));
    for (int j = 0; j < 2; j++) {
        product[j] = v_mul_even_i32(minus_ratio[j], product[j]);
        product[j] = v_shr64(v_add64(product[j], v_set64(16384)), 15);
    }
    return v_narrow_low(product);
}

/*
 * Where only contrast was enhanced, count up to gain_limit of it as restored; see adm_enhance().
 * Where nothing was restored nothing is, so that only the sign of what was restored matters. A
 * whole limit, as it is nearly always, needs no doubles: where the product would overflow, it is
 * beyond any coefficient.
 */
V_INLINE V enhance(V restored, V dis, VM angle, double gain_limit, V gain, V most,
                   const int whole)
{
    const V zero = v_set32(0);
    const VM above = v_both(angle, v_greater32(restored, zero));
    const VM below = v_both(angle, v_greater32(zero, restored));
    if (!whole)
        return v_select32(angle, adm_enhanced(restored, dis, gain_limit), restored);
    const V bounded = v_max32(v_min32(restored, most), v_sub32(zero, most));
    const V enhanced = v_mul32(bounded, gain);
    return v_select32(below, v_max32(enhanced, dis),
                      v_select32(above, v_min32(enhanced, dis), restored));
}

/* Sizes of the sensitivity to coefficients, in the low halves of 64-bit lanes. */
V_INLINE void sensitivity(V out[2], int32_t csf, V coefficient)
{
    v_widen_u32(out, coefficient);
    for (int j = 0; j < 2; j++) {
        out[j] = v_add64(v_mul_even_i32(out[j], v_set32(csf)), v_set64(1 << 27));
        out[j] = v_abs32(v_shr64(out[j], 28));
    }
}

/* Add the high halves of products, rounded as libvmaf does: its half is negative. */
V_INLINE void add_product(V sum[2], const V size[2], int32_t factor)
{
    for (int j = 0; j < 2; j++) {
        const V product = v_mul_even_u32(size[j], v_set32(factor));
        sum[j] = v_add32(sum[j], v_add64(product, v_set64(-2147483648)));
    }
}

V_INLINE void decouple(const VmtMasking *out, const VmtBands *ref, const VmtBands *dis, int x0,
                       int x1, const VmtAdmLevel *level, const int whole)
{
    const double gain_limit = level->gain_limit;
    const V gain = v_set32((int32_t)gain_limit), most = v_set32((int32_t)(INT32_MAX / gain_limit));

    for (int x = x0; x < x1; x += V_32) {
        V o[3], t[3], k[3][2], around[2], centre[2];
        for (int i = 0; i < 3; i++) {
            o[i] = load_band(ref, i, x);
            t[i] = load_band(dis, i, x);
        }
        const VM angle = same_angle(o, t);
        ratios(k, o, t);
        around[0] = around[1] = centre[0] = centre[1] = v_set32(0);
        UNROLL(3)
        for (int i = 0; i < 3; i++) {
            V r = restore(k[i], o[i]), c[2];
            r = enhance(r, t[i], angle, gain_limit, gain, most, whole);
            v_store((int32_t *)out->restored.band[i] + x, r);
            sensitivity(c, level->csf[i], v_sub32(t[i], r));
            add_product(around, c, 143165577);
            add_product(centre, c, 286331153);
        }
        v_store(out->around + x, v_narrow_high(around));
        v_store(out->centre + x, v_narrow_high(centre));
    }
}

void K(adm_decouple)(const VmtMasking *out, const VmtBands *ref, const VmtBands *dis, int x0,
                     int x1, const VmtAdmLevel *level, const VmtTables *tables)
{
    (void)tables;
    if (adm_is_whole(level->gain_limit))
        decouple(out, ref, dis, x0, x1, level, 1);
    else
        decouple(out, ref, dis, x0, x1, level, 0);
}

void K(adm_visible)(int64_t sum[3], const VmtMasking *row, const int32_t *above,
                    const int32_t *below, int x0, int x1, const VmtAdmLevel *level)
{
    V total[3] = { v_set64(0), v_set64(0), v_set64(0) };

    for (int x = x0; x < x1; x += V_32) {
        const V threshold = adm_threshold_lanes(row, above, below, x);
        const VM in = v_first32(x1 - x);
        for (int i = 0; i < 3; i++) {
            V c[2];
            sensitivity(c, level->csf[i], load_band(&row->restored, i, x));
            const V seen = v_keep32(in, adm_above_lanes(v_narrow_low(c), threshold));
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
            const V size = v_keep32(v_first32(x1 - x), v_abs32(load_band(ref, i, x)));
            total = v_add64(total, v_add64(weight_even(size, level),
                                           weight_even(v_shr64(size, 32), level)));
        }
        sum[i] += (uint64_t)v_sum64(total);
    }
}
