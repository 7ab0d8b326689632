// SPDX-License-Identifier: BSD-2-Clause-Patent
/**
 * @file
 * Wavelets of coefficients, in vectors; see wavelet.c for what they compute.
 *
 * A 32-bit coefficient is 65536 h + l with h signed and l unsigned. Filtered in halves, with l less
 * 32768, every sum fits 32 bits, and (sum f c + half) >> shift is (sum f h) << (16 - shift), plus
 * the rounded sum f (l - 32768) >> shift, plus 32768 (sum f) >> shift, modulo 2^32.
 */
#include "kernels/kernel.h"
#include "kernels/vec.h"
#include "kernels/wavelet.h"

void K(wavelet0_horizontal)(int16_t *low, int16_t *high, const int16_t *row, int w)
{
    for (int x = 0; x < (w + 1) / 2; x += V_32) {
        const V first = v_load(row + 2 * x - 1), second = v_load(row + 2 * x + 1);
        V lo = v_set32(32768), hi = v_set32(32768);
        lo = v_dot(lo, first, v_set32(V_TAPS(wavelet_low[0], wavelet_low[1])));
        lo = v_dot(lo, second, v_set32(V_TAPS(wavelet_low[2], wavelet_low[3])));
        hi = v_dot(hi, first, v_set32(V_TAPS(wavelet_high[0], wavelet_high[1])));
        hi = v_dot(hi, second, v_set32(V_TAPS(wavelet_high[2], wavelet_high[3])));
        v_store_16(low + x, v_sar32(lo, 16));
        v_store_16(high + x, v_sar32(hi, 16));
    }
}

/* Four coefficients per lane, in pairs of halves. */
typedef struct Pairs {
    V high[2], low[2];
} Pairs;

V_INLINE Pairs pair_up(V a, V b, V c, V d)
{
    const Pairs p = {
        .high = { v_blend_odd16(v_shr32(a, 16), b), v_blend_odd16(v_shr32(c, 16), d) },
        .low = { v_blend_odd16(a, v_shl32(b, 16)), v_blend_odd16(c, v_shl32(d, 16)) },
    };
    return p;
}

V_INLINE V dot(V sum, const V pair[2], const int16_t f[4])
{
    sum = v_dot(sum, pair[0], v_set32(V_TAPS(f[0], f[1])));
    return v_dot(sum, pair[1], v_set32(V_TAPS(f[2], f[3])));
}

V_INLINE V filter(const Pairs *p, const int16_t f[4], const int shift)
{
    const int sum = f[0] + f[1] + f[2] + f[3];
    const V low[2] = { v_bias(p->low[0]), v_bias(p->low[1]) };
    const V high = v_shl32(dot(v_set32(0), p->high, f), 16 - shift);
    const V rounded = v_sar32(dot(v_set32(1 << (shift - 1)), low, f), shift);
    return v_add32(v_add32(high, rounded), v_set32((32768 * sum) >> shift));
}

V_INLINE void split(V *low, V *high, V a, V b, V c, V d, const int shift)
{
    const Pairs p = pair_up(a, b, c, d);
    *low = filter(&p, wavelet_low, shift);
    *high = filter(&p, wavelet_high, shift);
}

V_INLINE void horizontal(int32_t *low, int32_t *high, const int32_t *row, int w, const int shift)
{
    for (int x = 0; x < (w + 1) / 2; x += V_32) {
        const int32_t *p = row + 2 * x - 1;
        const V a = v_load(p), b = v_load(p + V_32), c = v_load(p + 2), d = v_load(p + 2 + V_32);
        V lo, hi;
        split(&lo, &hi, v_even32(a, b), v_odd32(a, b), v_even32(c, d), v_odd32(c, d), shift);
        v_store(low + x, lo);
        v_store(high + x, hi);
    }
}

/* 16-bit coefficients, whole sums. */
V_INLINE void put_sums(int32_t *out, const V pair[2][2], const int16_t f[4])
{
    V first, second;
    v_order32(&first, &second, dot(v_set32(0), pair[0], f), dot(v_set32(0), pair[1], f));
    v_store(out, first);
    v_store(out + V_32, second);
}

void K(wavelet1_vertical)(int32_t *low, int32_t *high, const int16_t *const rows[4], int w)
{
    for (int x = 0; x < w; x += V_16) {
        const V a = v_load(rows[0] + x), b = v_load(rows[1] + x);
        const V c = v_load(rows[2] + x), d = v_load(rows[3] + x);
        const V pair[2][2] = { { v_low16(a, b), v_low16(c, d) },
                               { v_high16(a, b), v_high16(c, d) } };
        put_sums(low + x, pair, wavelet_low);
        put_sums(high + x, pair, wavelet_high);
    }
}

void K(wavelet_vertical)(int32_t *low, int32_t *high, const int32_t *const rows[4], int w)
{
    for (int x = 0; x < w; x += V_32) {
        V lo, hi;
        split(&lo, &hi, v_load(rows[0] + x), v_load(rows[1] + x), v_load(rows[2] + x),
              v_load(rows[3] + x), 16);
        v_store(low + x, lo);
        v_store(high + x, hi);
    }
}

void K(wavelet_horizontal)(int32_t *low, int32_t *high, const int32_t *row, int w, int shift)
{
    if (shift == 15)
        horizontal(low, high, row, w, 15);
    else
        horizontal(low, high, row, w, 16);
}
