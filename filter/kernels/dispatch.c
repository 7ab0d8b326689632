// SPDX-License-Identifier: BSD-2-Clause-Patent
/**
 * @file
 * The CPU levels: their names, which this CPU and this build have, and their tables of kernels.
 */
#include <stddef.h>

#include "kernels/kernels.h"
#include "vmaf_tiny.h"

extern const VmtKernels vmt_kernels_8_c, vmt_kernels_16_c;

static int always(void)
{
    return 1;
}

/* Weakest first, so that the last one available is the best. */
static const struct Level {
    int cpu;
    const char *name;
    int (*available)(void);
    const VmtKernels *tables[2]; /* 8 bits, more */
} levels[] = {
    { VMT_CPU_C, "c", always, { &vmt_kernels_8_c, &vmt_kernels_16_c } },
};

enum { LEVELS = sizeof(levels) / sizeof(*levels) };

static const struct Level *find(int cpu)
{
    for (int i = 0; i < LEVELS; i++)
        if (levels[i].cpu == cpu)
            return &levels[i];
    return NULL;
}

const char *vmt_cpu_name(int cpu)
{
    const struct Level *level = find(cpu);
    return cpu == VMT_CPU_BEST ? "best" : level ? level->name : NULL;
}

int vmt_cpu_available(int cpu)
{
    const struct Level *level = find(cpu);
    return cpu == VMT_CPU_BEST || (level && level->available());
}

int vmt_cpu_best(void)
{
    int best = VMT_CPU_C;
    for (int i = 0; i < LEVELS; i++)
        if (levels[i].available())
            best = levels[i].cpu;
    return best;
}

const VmtKernels *vmt_kernels(int cpu, int bits)
{
    return find(cpu)->tables[bits > 8];
}
