// SPDX-License-Identifier: BSD-2-Clause-Patent
/**
 * @file
 * Vertical blur of a difference of samples, in plain C: the definition the other levels must match.
 */
#include "kernels/kernel.h"
#include "kernels/motion.h"

#if BITS == 8
typedef int32_t Wide; /* 8-bit differences times the taps stay within 25 bits */
#else
typedef int64_t Wide;
#endif

void KB(motion_vertical)(const VmtDifferences *out, const void *const a[5],
                         const void *const b[5], int w, int bits)
{
    int16_t *restrict half_row = out->half, *restrict rest_row = out->rest;
    const Sample *const *p = (const Sample *const *)a, *const *q = (const Sample *const *)b;
    const int shift = BITS == 8 ? 8 : bits;
    const Wide half = (Wide)1 << (shift - 1);

    INDEPENDENT
    for (int x = 0; x < w; x++) {
        int32_t d[5];
        for (int k = 0; k < 5; k++)
            d[k] = p[k][x] - q[k][x];
        const Wide sum = (Wide)BLUR_OUTER * (d[0] + d[4]) + (Wide)BLUR_INNER * (d[1] + d[3]) +
                         (Wide)BLUR_CENTRE * d[2];
        const int32_t blurred = (int32_t)((sum + half) >> shift);
        half_row[x] = (int16_t)(blurred >> 1);
        rest_row[x] = (int16_t)(blurred & 1);
    }
}
