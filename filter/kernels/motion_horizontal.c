// SPDX-License-Identifier: BSD-2-Clause-Patent
/**
 * @file
 * Horizontal blur and sum, in plain C: the definition the other levels must match.
 */
#include <stdlib.h>

#include "kernels/kernel.h"
#include "kernels/motion.h"

int64_t K(motion_horizontal)(const int32_t *row, int w)
{
    int64_t sum = 0;

    for (int x = 0; x < w; x++) {
        const int64_t blur = (int64_t)BLUR_OUTER * (row[x - 2] + row[x + 2]) +
                             (int64_t)BLUR_INNER * (row[x - 1] + row[x + 1]) +
                             (int64_t)BLUR_CENTRE * row[x];
        sum += abs((int32_t)((blur + 32768) >> 16));
    }
    return sum;
}
