// SPDX-License-Identifier: BSD-2-Clause-Patent
/**
 * @file
 * Which bits samples use, in plain C: the definition the other levels must match.
 */
#include "kernels/kernel.h"

unsigned KB(sample_bits)(const void *row, int w)
{
    const Sample *p = row;
    Sample bits = 0;

    for (int x = 0; x < w; x++)
        bits |= p[x];
    return bits;
}
