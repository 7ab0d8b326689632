// SPDX-License-Identifier: BSD-2-Clause-Patent
/**
 * @file
 * Which bits samples use, in vectors; see samples.c.
 */
#include "kernels/kernel.h"
#include "kernels/vec.h"

unsigned KB(sample_bits)(const void *row, int w)
{
    const int lanes = V_BYTES / (int)sizeof(Sample);
    const Sample *p = row;
    Sample lane[V_BYTES / sizeof(Sample)];
    unsigned bits = 0;
    V all = v_set32(0);
    int x = 0;

    for (; x + lanes <= w; x += lanes)
        all = v_or(all, v_load(p + x));
    for (; x < w; x++)
        bits |= p[x];
    v_store(lane, all);
    for (int i = 0; i < lanes; i++)
        bits |= lane[i];
    return bits;
}
