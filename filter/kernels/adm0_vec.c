// SPDX-License-Identifier: BSD-2-Clause-Patent
/**
 * @file
 * ADM at level 0, in vectors; see adm0.c for what it computes.
 *
 * Coefficients are below 23000 in size, as those of a wavelet of samples are. So all but quotients
 * fits 16-bit lanes, whose rounded product of a and b is (a b + 2^14) >> 15.
 */
#include "kernels/adm_vec.h"
#include "kernels/kernel.h"

enum { CSF_HV = 36453, CSF_D = 49417 };

V_INLINE V load_band(const VmtBands *bands, int band, int x)
{
    return v_load((const int16_t *)bands->band[band] + x);
}

V_INLINE V load_wide(const VmtBands *bands, int band, int x)
{
    return v_load_i16_32((const int16_t *)bands->band[band] + x);
}

V_INLINE VM same_angle_exactly(VF d, VF u, VF t)
{
    return v_narrow_mask(adm_same_angle_d(v_widen_low(d), v_widen_low(u), v_widen_low(t)),
                         adm_same_angle_d(v_widen_high(d), v_widen_high(u), v_widen_high(t)));
}

/* Of pairs of the horizontal and the vertical coefficient. */
V_INLINE VM same_angle_pairs(V o, V t)
{
    const V zero = v_set32(0);
    const VF d = v_float(v_dot(zero, o, t));
    const VF u = v_float(v_dot(zero, o, o)), s = v_float(v_dot(zero, t, t));
    VM perhaps;
    const VM sure = adm_same_angle_f(&perhaps, d, u, s);
    return v_any(v_but(perhaps, sure)) ? same_angle_exactly(d, u, s) : sure;
}

V_INLINE VM16 same_angle(const V o[3], const V t[3])
{
    return v_pack_masks(same_angle_pairs(v_low16(o[0], o[1]), v_low16(t[0], t[1])),
                        same_angle_pairs(v_high16(o[0], o[1]), v_high16(t[0], t[1])));
}

/* -((2^30 / ref_size * dis_size + 2^14) >> 15) of half of the lanes, in 32 bits. */
V_INLINE void quotients(V out[3], const V ref_size[3], const V dis_size[3], const int half)
{
    const V zero = v_set32(0);
    VD size[3][2];
    V reciprocal[2][3];

    for (int i = 0; i < 3; i++) {
        const V v = half ? v_high16(ref_size[i], zero) : v_low16(ref_size[i], zero);
        v_double_unsigned(size[i], v);
    }
    for (int j = 0; j < 2; j++)
        adm_reciprocals(reciprocal[j], (VD[3]){ size[0][j], size[1][j], size[2][j] });
    for (int i = 0; i < 3; i++) {
        const V v = half ? v_high16(dis_size[i], zero) : v_low16(dis_size[i], zero);
        V k[2];
        v_widen_u32(k, v);
        for (int j = 0; j < 2; j++) {
            k[j] = v_mul_even_i32(reciprocal[j][i], k[j]);
            k[j] = v_shr64(v_add64(k[j], v_set64(16383)), 15);
        }
        out[i] = v_narrow_low(k);
    }
}

/* Ratios of distorted to reference coefficients, 15 fraction bits, -1 to 0: their negatives. */
V_INLINE void ratios(V out[3], const V ref[3], const V dis[3])
{
    V ref_size[3], dis_size[3], low[3], high[3];

    for (int i = 0; i < 3; i++) {
        ref_size[i] = v_max16(v_abs16(ref[i]), v_set16(1));
        dis_size[i] = v_abs16(dis[i]);
    }
    quotients(low, ref_size, dis_size, 0);
    quotients(high, ref_size, dis_size, 1);
    for (int i = 0; i < 3; i++)
        out[i] = v_not_and(v_sar16(v_xor(ref[i], dis[i]), 15), v_pack_i16(low[i], high[i]));
}

/* A gain limit that is not whole takes doubles. */
V_INLINE V enhanced_by_part(V restored, V dis, double gain_limit)
{
    const V low = v_sar32(v_low16(restored, restored), 16);
    const V high = v_sar32(v_high16(restored, restored), 16);
    const V dis_low = v_sar32(v_low16(dis, dis), 16), dis_high = v_sar32(v_high16(dis, dis), 16);
    return v_pack_i16(adm_enhanced(low, dis_low, gain_limit),
                      adm_enhanced(high, dis_high, gain_limit));
}

/*
 * Where only contrast was enhanced, count up to gain_limit of it as restored; see adm_enhance().
 * Where nothing was restored nothing is, so that only the sign of what was restored matters. What
 * does not fit 16 bits is more than any coefficient, and so is a gain limit less.
 */
V_INLINE V enhance(V restored, V dis, VM16 angle, double gain_limit, V gain, V most,
                   const int whole)
{
    const V zero = v_set32(0);
    const VM16 above = v_both16(angle, v_greater16(restored, zero));
    const VM16 below = v_both16(angle, v_greater16(zero, restored));
    if (!whole)
        return v_select16(angle, enhanced_by_part(restored, dis, gain_limit), restored);
    const V bounded = v_max16(v_min16(restored, most), v_sub16(zero, most));
    const V enhanced = v_mul16(bounded, gain);
    return v_select16(below, v_max16(enhanced, dis),
                      v_select16(above, v_min16(enhanced, dis), restored));
}

/* (CSF a + rounding) >> shift, wrapped to 16 bits: -size of it. */
V_INLINE V sensitivity(V additive, const int band)
{
    V c;
    if (band == 2) {
        /* Half of the high half of the product, rounded up: its low half is 0 for 0 alone. */
        const V high = v_add16(v_mul_high_i16(additive, v_set16(CSF_D - 65536)), additive);
        c = v_sar16(v_add16(high, v_set16(1)), 1);
    } else {
        c = v_add16(v_mul_round16(additive, v_set16(CSF_HV - 32768)), additive);
    }
    return v_min16(c, v_sub16(v_set32(0), c));
}

/* Sums over bands in 32 bits: of 16-bit lanes, in the order of a row. */
V_INLINE void put_sums(int32_t *out, const V part[3])
{
    const V zero = v_set32(0), one = v_set16(1);
    const V low = v_dot(v_dot(zero, v_low16(part[0], part[1]), one), v_low16(part[2], zero), one);
    const V high = v_dot(v_dot(zero, v_high16(part[0], part[1]), one), v_high16(part[2], zero),
                         one);
    V first, second;
    v_order32(&first, &second, low, high);
    v_store(out, first);
    v_store(out + V_32, second);
}

/* (4369 c + 2048) >> 12 and (8738 c + 2048) >> 12, each wrapped to 16 bits: c and a 15th of it. */
enum { FIFTEENTH = 273 << 3 };

V_INLINE void decouple(const VmtMasking *out, const VmtBands *ref, const VmtBands *dis, int x0,
                       int x1, double gain_limit, const int whole)
{
    const V gain = v_set16((int16_t)gain_limit), most = v_set16((int16_t)(INT16_MAX / gain_limit));

    for (int x = x0; x < x1; x += V_16) {
        V o[3], t[3], k[3], around[3], centre[3];
        for (int i = 0; i < 3; i++) {
            o[i] = load_band(ref, i, x);
            t[i] = load_band(dis, i, x);
        }
        const VM16 angle = same_angle(o, t);
        ratios(k, o, t);
        UNROLL(3)
        for (int i = 0; i < 3; i++) {
            V r = v_mul_round16(k[i], v_sub16(v_set32(0), o[i]));
            r = enhance(r, t[i], angle, gain_limit, gain, most, whole);
            v_store((int16_t *)out->restored.band[i] + x, r);
            const V minus = sensitivity(v_sub16(t[i], r), i);
            const V twice = v_add16(minus, minus);
            around[i] = v_sub16(v_mul_round16(minus, v_set16(-FIFTEENTH)), minus);
            centre[i] = v_sub16(v_mul_round16(minus, v_set16(-2 * FIFTEENTH)), twice);
        }
        put_sums(out->around + x, around);
        put_sums(out->centre + x, centre);
    }
}

void K(adm0_decouple)(const VmtMasking *out, const VmtBands *ref, const VmtBands *dis, int x0,
                      int x1, const VmtAdmLevel *level, const VmtTables *tables)
{
    (void)tables;
    if (adm_is_whole(level->gain_limit))
        decouple(out, ref, dis, x0, x1, level->gain_limit, 1);
    else
        decouple(out, ref, dis, x0, x1, level->gain_limit, 0);
}

void K(adm0_visible)(int64_t sum[3], const VmtMasking *row, const int32_t *above,
                     const int32_t *below, int x0, int x1, const VmtAdmLevel *level)
{
    V total[3] = { v_set64(0), v_set64(0), v_set64(0) };

    for (int x = x0; x < x1; x += V_32) {
        const V threshold = adm_threshold_lanes(row, above, below, x);
        const VM in = v_first32(x1 - x);
        UNROLL(3)
        for (int i = 0; i < 3; i++) {
            const int d = i == 2;
            const V restored = load_wide(&row->restored, i, x);
            const V r = v_mul32(restored, v_set32(d ? CSF_D : CSF_HV));
            const V masked = d ? v_shl32(threshold, 12) : v_shl32(threshold, 10);
            const V seen = v_keep32(in, adm_above_lanes(v_abs32(r), masked));
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
            const V v = v_keep32(v_first32(x1 - x), v_abs32(load_wide(ref, i, x)));
            const V square = v_mul32(v, v);
            total = v_add64(total, v_add64(v_mul_even_u32(square, v), v_mul_odd_u32(square, v)));
        }
        sum[i] += (uint64_t)v_sum64(total);
    }
}
