// SPDX-License-Identifier: BSD-2-Clause-Patent
/**
 * @file
 * Wavelets of coefficients, in plain C: the definition the other levels must match.
 *
 * Horizontal kernels read row[-1] to row[w + 1] and give (w + 1) / 2 coefficients each.
 */
#include "kernels/kernel.h"
#include "kernels/wavelet.h"

static inline int32_t tap4_16(const int16_t f[4], const int16_t *p)
{
    return f[0] * p[0] + f[1] * p[1] + f[2] * p[2] + f[3] * p[3];
}

static inline int64_t tap4_32(const int16_t f[4], int32_t a, int32_t b, int32_t c, int32_t d)
{
    return (int64_t)f[0] * a + (int64_t)f[1] * b + (int64_t)f[2] * c + (int64_t)f[3] * d;
}

void K(wavelet0_horizontal)(int16_t *restrict low, int16_t *restrict high,
                            const int16_t *restrict row, int w)
{
    INDEPENDENT
    for (int x = 0; x < (w + 1) / 2; x++) {
        low[x] = (int16_t)((tap4_16(wavelet_low, row + 2 * x - 1) + 32768) >> 16);
        high[x] = (int16_t)((tap4_16(wavelet_high, row + 2 * x - 1) + 32768) >> 16);
    }
}

void K(wavelet1_vertical)(int32_t *restrict low, int32_t *restrict high,
                          const int16_t *const rows[4], int w)
{
    const int16_t *r0 = rows[0], *r1 = rows[1], *r2 = rows[2], *r3 = rows[3];

    INDEPENDENT
    for (int x = 0; x < w; x++) {
        low[x] = wavelet_low[0] * r0[x] + wavelet_low[1] * r1[x] + wavelet_low[2] * r2[x] +
                 wavelet_low[3] * r3[x];
        high[x] = wavelet_high[0] * r0[x] + wavelet_high[1] * r1[x] + wavelet_high[2] * r2[x] +
                  wavelet_high[3] * r3[x];
    }
}

void K(wavelet_vertical)(int32_t *restrict low, int32_t *restrict high,
                         const int32_t *const rows[4], int w)
{
    const int32_t *r0 = rows[0], *r1 = rows[1], *r2 = rows[2], *r3 = rows[3];

    INDEPENDENT
    for (int x = 0; x < w; x++) {
        low[x] = (int32_t)((tap4_32(wavelet_low, r0[x], r1[x], r2[x], r3[x]) + 32768) >> 16);
        high[x] = (int32_t)((tap4_32(wavelet_high, r0[x], r1[x], r2[x], r3[x]) + 32768) >> 16);
    }
}

void K(wavelet_horizontal)(int32_t *restrict low, int32_t *restrict high,
                           const int32_t *restrict row, int w, int shift)
{
    const int64_t half = (int64_t)1 << (shift - 1);

    INDEPENDENT
    for (int x = 0; x < (w + 1) / 2; x++) {
        const int32_t *p = row + 2 * x - 1;
        low[x] = (int32_t)((tap4_32(wavelet_low, p[0], p[1], p[2], p[3]) + half) >> shift);
        high[x] = (int32_t)((tap4_32(wavelet_high, p[0], p[1], p[2], p[3]) + half) >> shift);
    }
}
