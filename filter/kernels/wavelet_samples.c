// SPDX-License-Identifier: BSD-2-Clause-Patent
/**
 * @file
 * First vertical wavelet, of samples, in plain C: the definition the other levels must match.
 */
#include "kernels/kernel.h"
#include "kernels/wavelet.h"

void KB(wavelet0_vertical)(int16_t *restrict low, int16_t *restrict high,
                           const void *const rows[4], int w, int bits)
{
    const Sample *r0 = rows[0], *r1 = rows[1], *r2 = rows[2], *r3 = rows[3];
    const int shift = BITS == 8 ? 8 : bits;
    const uint32_t half = 1u << (shift - 1);
    /* Mid grey goes to zero. At 16 bits the sum wraps on the way; what remains fits. */
    const uint32_t offset = half - WAVELET_LOW_SUM * half;

    INDEPENDENT
    for (int x = 0; x < w; x++) {
        const uint32_t lo = (uint32_t)wavelet_low[0] * r0[x] + (uint32_t)wavelet_low[1] * r1[x] +
                            (uint32_t)wavelet_low[2] * r2[x] + (uint32_t)wavelet_low[3] * r3[x];
        const uint32_t hi = (uint32_t)wavelet_high[0] * r0[x] + (uint32_t)wavelet_high[1] * r1[x] +
                            (uint32_t)wavelet_high[2] * r2[x] + (uint32_t)wavelet_high[3] * r3[x];
        low[x] = (int16_t)((int32_t)(lo + offset) >> shift);
        high[x] = (int16_t)((int32_t)(hi + half) >> shift);
    }
}
