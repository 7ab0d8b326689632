// SPDX-License-Identifier: BSD-2-Clause-Patent
/**
 * @file
 * Vertical filters of VIF, in vectors; see vif_vertical.c for what they compute.
 *
 * Two rows, one below the other, are paired sample by sample: a pair is a lane of v_dot(). The
 * pairs of a block come in two vectors, the low and the high one of each 16 bytes, which packing
 * puts in order again. One of them at a time, as registers are few.
 */
#include "kernels/kernel.h"
#include "kernels/vif_taps_vec.h"

/* Samples of a block, which overlaps the one before at the end of a row. */
V_INLINE int block_start(int x, int w)
{
    return x + V_16 <= w || w < V_16 ? x : w - V_16;
}

V_INLINE V load(const void *row, int x, int shift)
{
#if BITS == 8
    (void)shift;
    return v_load_u8((const uint8_t *)row + x);
#else
    return v_shl16_by(v_load((const uint16_t *)row + x), shift);
#endif
}

/* Pair k of the rows: half 0 or 1 of a block. */
V_INLINE V load_pair(const void *const *rows, int k, int x, int shift, const int half)
{
    const V first = load(rows[2 * k], x, shift), second = load(rows[2 * k + 1], x, shift);
    return half ? v_high16(first, second) : v_low16(first, second);
}

/* Sums of products for the two rows. */
typedef struct Products {
    V high[2], low[2];
} Products;

V_INLINE Products no_products(void)
{
    Products p;
    for (int i = 0; i < 2; i++) {
        p.high[i] = v_set32(V_UNBIAS);
        /* 16-bit samples: the low halves are rounded. */
        p.low[i] = v_set32(BITS == 8 ? V_UNBIAS : V_UNBIAS + 32768);
    }
    return p;
}

V_INLINE void add_products(Products *p, V a, V b, const int scale, const int k)
{
    vif_add_pair(p->low, v_bias(v_mul16(a, b)), scale, k);
    if (BITS > 8)
        vif_add_pair(p->high, v_bias(v_mul_high_u16(a, b)), scale, k);
}

V_INLINE V second_moment(const Products *p, int i)
{
    return BITS == 8 ? p->low[i] : v_add32(p->high[i], v_shr32(p->low[i], 16));
}

/* Samples of 8 bits are small enough to be multiplied without bias. */
V_INLINE V mean_start(void)
{
    return v_set32(BITS == 8 ? 128 : V_UNBIAS + 32768);
}

V_INLINE V mean_sample(V pair)
{
    return BITS == 8 ? pair : v_bias(pair);
}

V_INLINE void put_mean(uint16_t *out, V low, V high)
{
    v_store(out, v_pack_u16(v_shr32(low, BITS), v_shr32(high, BITS)));
}

V_INLINE void put_moment(uint16_t *out_high, uint16_t *out_low, V low, V high)
{
    v_store(out_high, v_join_high(low, high));
    v_store(out_low, v_join_low(low, high));
}

V_INLINE void half_ref(V mean[2], V square[2], const void *const *rows, int x, int shift,
                       const int scale, const int half)
{
    Products squares = no_products();
    mean[0] = mean[1] = mean_start();
#pragma GCC unroll 9
    for (int k = 0; k <= vmt_vif_taps(scale) / 2; k++) {
        const V a = load_pair(rows, k, x, shift, half);
        vif_add_pair(mean, mean_sample(a), scale, k);
        add_products(&squares, a, a, scale, k);
    }
    for (int i = 0; i < 2; i++)
        square[i] = second_moment(&squares, i);
}

V_INLINE void half_dis(V mean[2], V square[2], V product[2], const void *const *ref,
                       const void *const *dis, int x, int shift, const int scale, const int half)
{
    Products squares = no_products(), products = no_products();
    mean[0] = mean[1] = mean_start();
#pragma GCC unroll 9
    for (int k = 0; k <= vmt_vif_taps(scale) / 2; k++) {
        const V a = load_pair(ref, k, x, shift, half), b = load_pair(dis, k, x, shift, half);
        vif_add_pair(mean, mean_sample(b), scale, k);
        add_products(&squares, b, b, scale, k);
        add_products(&products, a, b, scale, k);
    }
    for (int i = 0; i < 2; i++) {
        square[i] = second_moment(&squares, i);
        product[i] = second_moment(&products, i);
    }
}

V_INLINE void vertical_ref(const VmtMoments out[2], const void *const *ref, int w, int shift,
                           const int scale)
{
    for (int start = 0; start < w; start += V_16) {
        const int x = block_start(start, w);
        V mean[2][2], square[2][2];
        for (int half = 0; half < 2; half++)
            half_ref(mean[half], square[half], ref, x, shift, scale, half);
        for (int i = 0; i < 2; i++) {
            put_mean(out[i].mean + x, mean[0][i], mean[1][i]);
            put_moment(out[i].high[0] + x, out[i].low[0] + x, square[0][i], square[1][i]);
        }
    }
}

V_INLINE void vertical_dis(const VmtMoments out[2], const void *const *ref,
                           const void *const *dis, int w, int shift, const int scale)
{
    for (int start = 0; start < w; start += V_16) {
        const int x = block_start(start, w);
        V mean[2][2], square[2][2], product[2][2];
        for (int half = 0; half < 2; half++)
            half_dis(mean[half], square[half], product[half], ref, dis, x, shift, scale, half);
        for (int i = 0; i < 2; i++) {
            put_mean(out[i].mean + x, mean[0][i], mean[1][i]);
            put_moment(out[i].high[0] + x, out[i].low[0] + x, square[0][i], square[1][i]);
            put_moment(out[i].high[1] + x, out[i].low[1] + x, product[0][i], product[1][i]);
        }
    }
}

V_INLINE void down_vertical(uint16_t *out, const void *const *rows, int w, int shift,
                            const int scale)
{
    const int taps = vmt_vif_taps(scale);

    for (int start = 0; start < w; start += V_16) {
        const int x = block_start(start, w);
        V mean[2] = { mean_start(), mean_start() };
#pragma GCC unroll 9
        for (int k = 0; k <= taps / 2; k++) {
            const V first = load(rows[2 * k], x, shift);
            const V second = 2 * k + 1 < taps ? load(rows[2 * k + 1], x, shift) : first;
            const V pair[2] = { mean_sample(v_low16(first, second)),
                                mean_sample(v_high16(first, second)) };
            for (int half = 0; half < 2; half++)
                mean[half] = vif_add_first(mean[half], pair[half], scale, k);
        }
        put_mean(out + x, mean[0], mean[1]);
    }
}

void KB(vif_vertical_ref)(const VmtMoments out[2], const void *const *ref, int w, int scale,
                          int bits)
{
    VIF_FOR_SCALE(scale, vertical_ref, out, ref, w, BITS - bits)
}

void KB(vif_vertical_dis)(const VmtMoments out[2], const void *const *ref,
                          const void *const *dis, int w, int scale, int bits)
{
    VIF_FOR_SCALE(scale, vertical_dis, out, ref, dis, w, BITS - bits)
}

void KB(vif_down_vertical)(uint16_t *out, const void *const *rows, int w, int scale, int bits)
{
    VIF_FOR_SCALE(scale + 1, down_vertical, out, rows, w, BITS - bits)
}
