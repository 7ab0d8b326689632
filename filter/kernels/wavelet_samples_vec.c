// SPDX-License-Identifier: BSD-2-Clause-Patent
/**
 * @file
 * First vertical wavelet, of samples, in vectors; see wavelet_samples.c for what it computes.
 */
#include "kernels/kernel.h"
#include "kernels/vec.h"
#include "kernels/wavelet.h"

V_INLINE V load(const void *row, int x)
{
#if BITS == 8
    return v_load_u8((const uint8_t *)row + x);
#else
    return v_bias(v_load((const uint16_t *)row + x));
#endif
}

/* Filter four rows in pairs; start has the rounding, the offset and what the bias took. */
V_INLINE V filter(const int16_t f[4], V first, V second, int32_t start)
{
    const V sum = v_dot(v_set32(start), first, v_set32(V_TAPS(f[0], f[1])));
    return v_dot(sum, second, v_set32(V_TAPS(f[2], f[3])));
}

void KB(wavelet0_vertical)(int16_t *low, int16_t *high, const void *const rows[4], int w, int bits)
{
    const int shift = BITS == 8 ? 8 : bits;
    const uint32_t half = 1u << (shift - 1), bias = BITS == 8 ? 0 : 32768;
    const int32_t low_start = (int32_t)(half + WAVELET_LOW_SUM * (bias - half));

    for (int start = 0; start < w; start += V_16) {
        const int x = start + V_16 <= w ? start : w - V_16;
        const V r0 = load(rows[0], x), r1 = load(rows[1], x);
        const V r2 = load(rows[2], x), r3 = load(rows[3], x);
        V lo[2], hi[2];
        for (int i = 0; i < 2; i++) {
            const V first = i ? v_high16(r0, r1) : v_low16(r0, r1);
            const V second = i ? v_high16(r2, r3) : v_low16(r2, r3);
            lo[i] = v_sar32_by(filter(wavelet_low, first, second, low_start), shift);
            hi[i] = v_sar32_by(filter(wavelet_high, first, second, (int32_t)half), shift);
        }
        v_store(low + x, v_pack_i16(lo[0], lo[1]));
        v_store(high + x, v_pack_i16(hi[0], hi[1]));
    }
}
