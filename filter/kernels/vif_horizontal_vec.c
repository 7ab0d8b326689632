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

/*
 * Even and odd columns, V_16 from x on, of rows that are filtered together: each pair of taps is
 * loaded once for all of them.
 */
V_INLINE void filter(V (*sum)[2], const int16_t *const *rows, const int count, int x,
                     const int scale)
{
    const int taps = vmt_vif_taps(scale);

    UNROLL(9)
    for (int k = 0; k <= taps / 2; k++) {
        const VifTaps all = vif_load_taps(scale, k);
        UNROLL(5)
        for (int r = 0; r < count; r++)
            vif_add_pair(sum[r], v_load(rows[r] + x - taps / 2 + 2 * k), &all, scale, k);
    }
}

/* The mean, and the high and low halves of second moments. */
V_INLINE void start(V (*sum)[2], const int count)
{
    for (int r = 0; r < count; r++)
        for (int i = 0; i < 2; i++)
            sum[r][i] = v_set32(r && r % 2 == 0 ? V_UNBIAS + 32768 : V_UNBIAS);
}

/* A second moment, rounded, of what became of its halves. */
V_INLINE V moment(V high, V low)
{
    return v_add32(high, v_shr32(low, 16));
}

/* Even and odd columns: a whole block as they are, the last columns of a row in order. */
V_INLINE void put(int32_t *out, const V v[2], int whole)
{
    V first = v[0], second = v[1];
    if (!whole)
        v_zip32(&first, &second, v[0], v[1]);
    v_store(out, first);
    v_store(out + V_32, second);
}

/* Back to even and odd columns. */
V_INLINE void get(V v[2], const uint32_t *row, int whole)
{
    const V first = v_load(row), second = v_load(row + V_32);
    v[0] = whole ? first : v_even32(first, second);
    v[1] = whole ? second : v_odd32(first, second);
}

V_INLINE V mean_product(V a, V b)
{
    return v_mul_high_u32(a, b, 0x80000000);
}

V_INLINE void horizontal_ref(uint32_t *mean_row, int32_t *var, const VmtMoments *in, int w,
                             const int scale)
{
    const int16_t *const rows[3] = { in->mean, in->high[0], in->low[0] };

    for (int x = 0; x < w; x += V_16) {
        const int whole = x + V_16 <= w;
        V sum[3][2], square[2];
        start(sum, 3);
        filter(sum, rows, 3, x, scale);
        put((int32_t *)mean_row + x, sum[0], whole);
        for (int i = 0; i < 2; i++)
            square[i] = v_sub32(moment(sum[1][i], sum[2][i]), mean_product(sum[0][i], sum[0][i]));
        put(var + x, square, whole);
    }
}

V_INLINE void horizontal_dis(int32_t *var, int32_t *cov, const uint32_t *ref_mean,
                             const VmtMoments *in, int w, const int scale)
{
    const int16_t *const rows[5] = { in->mean, in->high[0], in->low[0], in->high[1],
                                     in->low[1] };

    for (int x = 0; x < w; x += V_16) {
        const int whole = x + V_16 <= w;
        V sum[5][2], ref[2], square[2], product[2];
        start(sum, 5);
        filter(sum, rows, 5, x, scale);
        get(ref, ref_mean + x, whole);
        for (int i = 0; i < 2; i++) {
            const V mean = sum[0][i];
            square[i] = v_max32(v_sub32(moment(sum[1][i], sum[2][i]), mean_product(mean, mean)),
                                v_set32(0));
            product[i] = v_sub32(moment(sum[3][i], sum[4][i]), mean_product(ref[i], mean));
        }
        put(var + x, square, whole);
        put(cov + x, product, whole);
    }
}

V_INLINE void down_horizontal(uint16_t *out, const uint16_t *row, int w, const int scale)
{
    const int taps = vmt_vif_taps(scale);

    for (int x = 0; x < w / 2; x += V_16) {
        V mean[2] = { v_set32(V_UNBIAS + 32768), v_set32(V_UNBIAS + 32768) };
        UNROLL(9)
        for (int k = 0; k <= taps / 2; k++) {
            const VifTaps all = vif_load_taps(scale, k);
            for (int i = 0; i < 2; i++) {
                const uint16_t *p = row + 2 * x + i * V_16 - taps / 2 + 2 * k;
                mean[i] = vif_add_first(mean[i], v_bias(v_load(p)), &all, scale, k);
            }
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
