// SPDX-License-Identifier: BSD-2-Clause-Patent
/* Pool the numbers of standard input and print each pooling's name and value, without rounding. */
#include "vmaf_tiny.h"

#include <stdio.h>

int main(void)
{
    static double values[100000];
    const size_t most = sizeof(values) / sizeof(*values);
    size_t n = 0;
    while (n < most && scanf("%la", &values[n]) == 1)
        n++;
    double pooled[VMT_POOLS];
    VmtError error;
    if (vmt_pool(values, n, pooled, &error) < 0) {
        fprintf(stderr, "%s\n", error.text);
        return 1;
    }
    for (int pool = 0; pool < VMT_POOLS; pool++)
        printf("%s %a\n", vmt_pool_name(pool), pooled[pool]);
    return 0;
}
