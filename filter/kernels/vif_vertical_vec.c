// SPDX-License-Identifier: BSD-2-Clause-Patent
/**
 * @file
 * Vertical filters of VIF, in vectors; see vif_vertical.c for what they compute.
 *
 * Two rows, one below the other, are paired sample by sample: a pair is a lane of v_dot(). The
 * pairs of a block come in two vectors, the low and the high one of each 16 bytes, which packing
 * puts in order again. They are filtered together where there are registers enough.
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
    const V v = v_load((const uint16_t *)row + x);
    return shift ? v_shl16_by(v, shift) : v;
#endif
}

enum { TOGETHER = V_REGISTERS >= 32 ? 2 : 1 };

/* Pair k of the rows: half 0 or 1 of a block. */
V_INLINE V load_pair(const void *const *rows, int k, int x, int shift, const int half)
{
    const V first = load(rows[2 * k], x, shift), second = load(rows[2 * k + 1], x, shift);
    return half ? v_high16(first, second) : v_low16(first, second);
}

/* Rows that are filtered at a time, at most: as many as there are registers for their sums. */
enum { ROWS_MAX = V_REGISTERS >= 32 ? 4 : 2 };

/* Sums of products for the rows. */
typedef struct Products {
    V high[ROWS_MAX], low[ROWS_MAX];
} Products;

V_INLINE Products no_products(void)
{
    Products p;
    for (int i = 0; i < ROWS_MAX; i++) {
        /* What is stored is 2^31 too small, as the taps make of biased products. */
        p.high[i] = v_set32(0);
        /* 16-bit samples: the low halves are rounded. */
        p.low[i] = v_set32(BITS == 8 ? 0 : V_UNBIAS + 32768);
    }
    return p;
}

/* Does pair k of the rows lie below output rows first and first + 1? */
V_INLINE int meets(int k, int first, int scale)
{
    return 2 * k >= first && 2 * k - first < vmt_vif_taps(scale);
}

/* The taps that pair k meets there, or some. */
V_INLINE VifTaps load_row_taps(int k, int first, int scale)
{
    return vif_load_taps(scale, meets(k, first, scale) ? k - first / 2 : 0);
}

/* What pair k meets in the first two output rows, and in the next two. */
typedef struct RowTaps {
    VifTaps upper, lower;
} RowTaps;

V_INLINE void add_pair(V *sum, V pair, RowTaps taps, const int rows, const int scale, const int k)
{
    if (meets(k, 0, scale))
        vif_add_pair(sum, pair, &taps.upper, scale, k);
    if (rows > 2 && meets(k, 2, scale))
        vif_add_pair(sum + 2, pair, &taps.lower, scale, k - 1);
}

V_INLINE void add_products(Products *p, V a, V b, RowTaps taps, const int rows, const int scale,
                           const int k)
{
    add_pair(p->low, v_bias(v_mul16(a, b)), taps, rows, scale, k);
    if (BITS > 8)
        add_pair(p->high, v_bias(v_mul_high_u16(a, b)), taps, rows, scale, k);
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

/* Of a mean that is stored less 32768. */
V_INLINE V biased_mean_start(void)
{
    return v_set32(BITS == 8 ? 128 - (32768 << 8) : 32768);
}

V_INLINE V mean_sample(V pair)
{
    return BITS == 8 ? pair : v_bias(pair);
}

V_INLINE V mean_of(V low, V high)
{
    return v_pack_u16(v_shr32(low, BITS), v_shr32(high, BITS));
}

V_INLINE void put_mean(int16_t *out, V low, V high)
{
    v_store(out, v_pack_i16(v_sar32(low, BITS), v_sar32(high, BITS)));
}

V_INLINE void put_moment(int16_t *out_high, int16_t *out_low, V low, V high)
{
    v_store(out_high, v_join_high(low, high));
    v_store(out_low, v_bias(v_join_low(low, high)));
}

/* Filtered values of a block: by half and row. */
typedef struct Filtered {
    V mean[2][ROWS_MAX], square[2][ROWS_MAX], product[2][ROWS_MAX];
} Filtered;

/* Some halves from first on: of the reference alone, or of both pictures. */
V_INLINE void filter_halves(Filtered *out, const void *const *ref, const void *const *dis, int x,
                            int shift, const int both, const int rows, const int scale,
                            const int first, const int halves)
{
    Products squares[2], products[2];
    V mean[2][ROWS_MAX];

    for (int h = 0; h < halves; h++) {
        squares[h] = products[h] = no_products();
        for (int i = 0; i < rows; i++)
            mean[h][i] = biased_mean_start();
    }
    UNROLL(10)
    for (int k = 0; k < (vmt_vif_taps(scale) + rows) / 2; k++) {
        const VifTaps upper = load_row_taps(k, 0, scale);
        const RowTaps taps = { upper, rows > 2 ? load_row_taps(k, 2, scale) : upper };
        UNROLL(2)
        for (int h = 0; h < halves; h++) {
            const V a = load_pair(ref, k, x, shift, first + h);
            const V b = both ? load_pair(dis, k, x, shift, first + h) : a;
            add_pair(mean[h], mean_sample(b), taps, rows, scale, k);
            add_products(&squares[h], b, b, taps, rows, scale, k);
            if (both)
                add_products(&products[h], a, b, taps, rows, scale, k);
        }
    }
    for (int h = 0; h < halves; h++)
        for (int i = 0; i < rows; i++) {
            out->mean[first + h][i] = mean[h][i];
            out->square[first + h][i] = second_moment(&squares[h], i);
            out->product[first + h][i] = second_moment(&products[h], i);
        }
}

V_INLINE void filter_rows(const VmtMoments *out, const void *const *ref, const void *const *dis,
                          int w, int shift, const int both, const int rows, const int scale)
{
    const int halves = TOGETHER;

    for (int start = 0; start < w; start += V_16) {
        const int x = block_start(start, w);
        Filtered f;
        UNROLL(2)
        for (int first = 0; first < 2; first += halves)
            filter_halves(&f, ref, dis, x, shift, both, rows, scale, first, halves);
        UNROLL(4)
        for (int i = 0; i < rows; i++) {
            put_mean(out[i].mean + x, f.mean[0][i], f.mean[1][i]);
            put_moment(out[i].high[0] + x, out[i].low[0] + x, f.square[0][i], f.square[1][i]);
            if (both)
                put_moment(out[i].high[1] + x, out[i].low[1] + x, f.product[0][i],
                           f.product[1][i]);
        }
    }
}

V_INLINE void vertical(const VmtMoments *out, const void *const *ref, const void *const *dis,
                       int rows, int w, int shift, const int both, const int scale)
{
    if (rows == 4 && ROWS_MAX == 4 && BITS == 8) {
        filter_rows(out, ref, dis, w, shift, both, 4, scale);
        return;
    }
    for (int i = 0; i < rows; i += 2)
        filter_rows(out + i, ref + i, dis + i, w, shift, both, 2, scale);
}

/* Output row i starts at pair i, as every other row is kept. */
V_INLINE void down_vertical(uint16_t *const out[2], const void *const *rows, int w, int shift,
                            const int scale)
{
    const int last = vmt_vif_taps(scale) / 2;

    for (int start = 0; start < w; start += V_16) {
        const int x = block_start(start, w);
        V mean[2][2] = { { mean_start(), mean_start() }, { mean_start(), mean_start() } };
        UNROLL(10)
        for (int k = 0; k <= last + 1; k++) {
            const V first = load(rows[2 * k], x, shift);
            const V second = k <= last ? load(rows[2 * k + 1], x, shift) : first;
            const V pair[2] = { mean_sample(v_low16(first, second)),
                                mean_sample(v_high16(first, second)) };
            UNROLL(2)
            for (int i = 0; i < 2; i++)
                if (k >= i && k - i <= last) {
                    const VifTaps taps = vif_load_taps(scale, k - i);
                    for (int half = 0; half < 2; half++)
                        mean[i][half] = vif_add_first(mean[i][half], pair[half], &taps, scale,
                                                      k - i);
                }
        }
        for (int i = 0; i < 2; i++)
            v_store(out[i] + x, mean_of(mean[i][0], mean[i][1]));
    }
}

/* Call f with how far samples are to be shifted up, as a constant where it is not at all. */
#define FOR_SHIFT(scale, f, ...)                           \
    if (BITS == 8 || bits == BITS) {                       \
        VIF_FOR_SCALE(scale, f, __VA_ARGS__, 0)            \
    } else {                                               \
        VIF_FOR_SCALE(scale, f, __VA_ARGS__, BITS - bits)  \
    }

V_INLINE void vertical_ref(const VmtMoments *out, const void *const *ref, int rows, int w,
                           int shift, const int scale)
{
    vertical(out, ref, ref, rows, w, shift, 0, scale);
}

V_INLINE void vertical_dis(const VmtMoments *out, const void *const *ref, const void *const *dis,
                           int rows, int w, int shift, const int scale)
{
    vertical(out, ref, dis, rows, w, shift, 1, scale);
}

void KB(vif_vertical_ref)(const VmtMoments *out, const void *const *ref, int rows, int w,
                          int scale, int bits)
{
    FOR_SHIFT(scale, vertical_ref, out, ref, rows, w)
}

void KB(vif_vertical_dis)(const VmtMoments *out, const void *const *ref, const void *const *dis,
                          int rows, int w, int scale, int bits)
{
    FOR_SHIFT(scale, vertical_dis, out, ref, dis, rows, w)
}

void KB(vif_down_vertical)(uint16_t *const out[2], const void *const *rows, int w, int scale,
                           int bits)
{
    FOR_SHIFT(scale + 1, down_vertical, out, rows, w)
}
