// SPDX-License-Identifier: BSD-2-Clause-Patent
#include "features/tables.h"

#include <math.h>

void vmt_tables_fill(VmtTables *tables)
{
    /*
     * libvmaf rounds log2f(i) * 2048. A binary32 logarithm between 15 and 16 is itself rounded to
     * 1/1024 of a step, which the second addend stands for. No exact value is nearer than 1.5e-5
     * to a boundary, so every libm gives the same table.
     */
    for (int i = 0; i < 32768; i++)
        tables->log2[i] = (uint16_t)floor(2048 * log2(32768 + i) + 0.5 + 1.0 / 1024);

    tables->reciprocal[0] = 0;
    for (int k = 1; k <= 32768; k++)
        tables->reciprocal[k] = (1 << 30) / k;
}
