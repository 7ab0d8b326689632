// SPDX-License-Identifier: BSD-2-Clause-Patent
/**
 * @file
 * Horizontal blur and sum, in plain C: the definition the other levels must match.
 *
 * Of wide differences y = 2 v + r, (sum g y + 32768) >> 16 is (sum g v + (sum g r + 32768) / 2)
 * >> 15, and that fits 32 bits.
 */
#include <stdlib.h>

#include "kernels/kernel.h"
#include "kernels/motion.h"

static inline int32_t blur(const int16_t *p)
{
    return BLUR_OUTER * p[-2] + BLUR_INNER * p[-1] + BLUR_CENTRE * p[0] + BLUR_INNER * p[1] +
           BLUR_OUTER * p[2];
}

int64_t K(motion_horizontal)(const VmtDifferences *row, int w, int wide)
{
    const int16_t *value = row->value, *rest = row->rest;
    uint32_t sum = 0; /* the longest row's differences of 16 bits fit */

    if (!wide)
        for (int x = 0; x < w; x++)
            sum += (uint32_t)abs((blur(value + x) + 32768) >> 16);
    else
        for (int x = 0; x < w; x++)
            sum += (uint32_t)abs((blur(value + x) + ((blur(rest + x) + 32768) >> 1)) >> 15);
    return sum;
}
