// SPDX-License-Identifier: BSD-2-Clause-Patent
/**
 * @file
 * Horizontal filters of VIF, in vectors; see vif_horizontal.c for what they compute.
 *
 * Two values side by side in memory are a pair of v_dot(); the pairs that start at even columns
 * give the even outputs and, with the taps moved by one, the odd ones.
 */
#include "kernels/kernel.h"
#include "kernels/vif_taps_vec.h"

/* Filter a row: even and odd columns of V_16 from x on. */
V_INLINE void filter(V sum[2], const int16_t *row, int x, int32_t start, const int scale)
{
    const int taps = vmt_vif_taps(scale);

    sum[0] = sum[1] = v_set32(start);
#pragma GCC unroll 9
    for (int k = 0; k <= taps / 2; k++)
        vif_add_pair(sum, v_load(row + x - taps / 2 + 2 * k), scale, k);
}

/* Rounded second moment of the even and odd columns. */
V_INLINE void filter_moment(V sum[2], const int16_t *high, const int16_t *low, int x,
                            const int scale)
{
    V rounded[2];
    filter(sum, high, x, V_UNBIAS, scale);
    filter(rounded, low, x, V_UNBIAS + 32768, scale);
    for (int i = 0; i < 2; i++)
        sum[i] = v_add32(sum[i], v_shr32(rounded[i], 16));
}

/* Even and odd columns in order. */
V_INLINE void put(int32_t *out, const V v[2])
{
    V low, high;
    v_zip32(&low, &high, v[0], v[1]);
    v_store(out, low);
    v_store(out + V_32, high);
}

V_INLINE V mean_product(V a, V b)
{
    return v_mul_high_u32(a, b, 0x80000000);
}

V_INLINE void horizontal_ref(uint32_t *mean_row, int32_t *var, const VmtMoments *in, int w,
                             const int scale)
{
    for (int x = 0; x < w; x += V_16) {
        V mean[2], square[2];
        filter(mean, in->mean, x, V_UNBIAS, scale);
        put((int32_t *)mean_row + x, mean);
        filter_moment(square, in->high[0], in->low[0], x, scale);
        for (int i = 0; i < 2; i++)
            square[i] = v_sub32(square[i], mean_product(mean[i], mean[i]));
        put(var + x, square);
    }
}

V_INLINE void horizontal_dis(int32_t *var, int32_t *cov, const uint32_t *ref_mean,
                             const VmtMoments *in, int w, const int scale)
{
    for (int x = 0; x < w; x += V_16) {
        V mean[2], moment[2];
        filter(mean, in->mean, x, V_UNBIAS, scale);
        filter_moment(moment, in->high[0], in->low[0], x, scale);
        for (int i = 0; i < 2; i++)
            moment[i] = v_max32(v_sub32(moment[i], mean_product(mean[i], mean[i])),
                                v_set32(0));
        put(var + x, moment);

        const V low = v_load(ref_mean + x), high = v_load(ref_mean + x + V_32);
        const V ref[2] = { v_even32(low, high), v_odd32(low, high) };
        filter_moment(moment, in->high[1], in->low[1], x, scale);
        for (int i = 0; i < 2; i++)
            moment[i] = v_sub32(moment[i], mean_product(ref[i], mean[i]));
        put(cov + x, moment);
    }
}

V_INLINE void down_horizontal(uint16_t *out, const uint16_t *row, int w, const int scale)
{
    const int taps = vmt_vif_taps(scale);

    for (int x = 0; x < w / 2; x += V_16) {
        V mean[2] = { v_set32(V_UNBIAS + 32768), v_set32(V_UNBIAS + 32768) };
#pragma GCC unroll 9
        for (int k = 0; k <= taps / 2; k++)
            for (int i = 0; i < 2; i++) {
                const uint16_t *p = row + 2 * x + i * V_16 - taps / 2 + 2 * k;
                mean[i] = vif_add_first(mean[i], v_bias(v_load(p)), scale, k);
            }
        v_store(out + x, v_pack_in_order_u16(v_shr32(mean[0], 16), v_shr32(mean[1], 16)));
    }
}

void K(vif_horizontal_ref)(uint32_t *mean, int32_t *var, const VmtMoments *in, int w, int scale)
{
    VIF_FOR_SCALE(scale, horizontal_ref, mean, var, in, w)
}

void K(vif_horizontal_dis)(int32_t *var, int32_t *cov, const uint32_t *ref_mean,
                           const VmtMoments *in, int w, int scale)
{
    VIF_FOR_SCALE(scale, horizontal_dis, var, cov, ref_mean, in, w)
}

void K(vif_down_horizontal)(uint16_t *out, const uint16_t *row, int w, int scale)
{
    VIF_FOR_SCALE(scale + 1, down_horizontal, out, row, w)
}
