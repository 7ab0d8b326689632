// SPDX-License-Identifier: BSD-2-Clause-Patent
/**
 * @file
 * The CPU levels: their names, which this CPU and this build have, and their tables of kernels.
 */
#include <stddef.h>

#include "kernels/kernels.h"
#include "vmaf_tiny.h"

#define TABLES(level) extern const VmtKernels vmt_kernels_8_##level, vmt_kernels_16_##level
#define ENTRY(cpu, level) \
    { cpu, has_##level, { &vmt_kernels_8_##level, &vmt_kernels_16_##level } }

TABLES(c);

static int has_c(void)
{
    return 1;
}

#if VMT_X86_LEVELS
TABLES(avx2);
TABLES(avx512);

static int has_avx2(void)
{
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
}

static int has_avx512(void)
{
    return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
           __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl") &&
           __builtin_cpu_supports("avx512vnni");
}
#endif

#if VMT_ARM64_LEVELS
TABLES(neon);

static int has_neon(void)
{
    return 1;
}
#endif

/* Weakest first, so that the last one available is the best. */
static const struct Level {
    int cpu;
    int (*available)(void);
    const VmtKernels *tables[2]; /* 8 bits, more */
} levels[] = {
    ENTRY(VMT_CPU_C, c),
#if VMT_X86_LEVELS
    ENTRY(VMT_CPU_AVX2, avx2),
    ENTRY(VMT_CPU_AVX512, avx512),
#endif
#if VMT_ARM64_LEVELS
    ENTRY(VMT_CPU_NEON, neon),
#endif
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
    /* Also of levels that this build does not have. */
    static const char *const names[VMT_CPU_LEVELS] = {
        [VMT_CPU_BEST] = "best", [VMT_CPU_C] = "c", [VMT_CPU_AVX2] = "avx2",
        [VMT_CPU_AVX512] = "avx512", [VMT_CPU_NEON] = "neon",
    };
    return cpu >= 0 && cpu < VMT_CPU_LEVELS ? names[cpu] : NULL;
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
