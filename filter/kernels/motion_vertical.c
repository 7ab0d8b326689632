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

static inline int32_t blur(const Sample *const *p, const Sample *const *q, int x, int shift)
{
    int32_t d[5];
    for (int k = 0; k < 5; k++)
        d[k] = p[k][x] - q[k][x];
    const Wide sum = (Wide)BLUR_OUTER * (d[0] + d[4]) + (Wide)BLUR_INNER * (d[1] + d[3]) +
                     (Wide)BLUR_CENTRE * d[2];
    return (int32_t)((sum + ((Wide)1 << (shift - 1))) >> shift);
}

/* Returns the bits of what sizes there are. */
static int32_t narrow_row(int16_t *restrict out, const Sample *const *p, const Sample *const *q,
                          int w, int shift)
{
    int32_t sizes = 0;

    INDEPENDENT
    for (int x = 0; x < w; x++) {
        const int32_t blurred = blur(p, q, x, shift);
        out[x] = (int16_t)blurred;
        sizes |= (blurred ^ blurred >> 31) + 1;
    }
    return sizes;
}

static void wide_row(const VmtDifferences *out, const Sample *const *p, const Sample *const *q,
                     int w, int shift)
{
    int16_t *restrict value = out->value, *restrict rest = out->rest;

    INDEPENDENT
    for (int x = 0; x < w; x++) {
        const int32_t blurred = blur(p, q, x, shift);
        value[x] = (int16_t)(blurred >> 1);
        rest[x] = (int16_t)(blurred & 1);
    }
}

int KB(motion_vertical)(const VmtDifferences out[2], const void *const a[6],
                        const void *const b[6], int w, int bits)
{
    const Sample *const *p = (const Sample *const *)a, *const *q = (const Sample *const *)b;
    const int shift = BITS == 8 ? 8 : bits;
    int32_t sizes = 0;

    for (int i = 0; i < 2; i++)
        sizes |= narrow_row(out[i].value, p + i, q + i, w, shift);
    if (sizes < 32768)
        return 0;
    for (int i = 0; i < 2; i++)
        wide_row(&out[i], p + i, q + i, w, shift);
    return 1;
}
