// SPDX-License-Identifier: BSD-2-Clause-Patent
#define _POSIX_C_SOURCE 200809L
#include "kernels.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "features/tables.h"
#include "vmaf_tiny.h"

enum { TRIALS = 60, RUNS = 501, NARROWEST = 33 };

static struct {
    uint64_t random;
    const char *only, *kernel, *level;
    const Trial *trial;
    int bench, failures;
} run;

uint32_t test_random(uint32_t n)
{
    run.random ^= run.random << 13;
    run.random ^= run.random >> 7;
    run.random ^= run.random << 17;
    const uint32_t all = (uint32_t)(run.random >> 32);
    return n ? (uint32_t)(((uint64_t)all * n) >> 32) : all;
}

void test_samples(void *row, int n, int bits)
{
    const int kind = (int)test_random(6), period = 1 + (int)test_random(9);
    const uint32_t top = (1u << bits) - 1;

    for (int i = 0; i < n; i++) {
        const uint32_t x = kind == 0   ? 0
                           : kind == 1 ? top
                           : kind == 2 ? (i / period % 2 ? top : 0)
                           : kind == 3 ? ((uint32_t)i * (uint32_t)period & top)
                                       : test_random(top + 1);
        if (bits > 8)
            ((uint16_t *)row)[i] = (uint16_t)x;
        else
            ((uint8_t *)row)[i] = (uint8_t)x;
    }
}

static int64_t number(int kind, int64_t low, int64_t high)
{
    const uint64_t range = (uint64_t)(high - low);
    const int64_t any = low + (int64_t)(((uint64_t)test_random(0) * (range + 1)) >> 32);

    if (kind == 0 || test_random(4) == 0)
        return any;
    if (kind == 1)
        return test_random(2) ? low : high;
    const int64_t small = any >> test_random(32);
    return small < low ? low : small > high ? high : small;
}

void test_numbers16(int16_t *row, int n, int low, int high)
{
    const int kind = (int)test_random(3);
    for (int i = 0; i < n; i++)
        row[i] = (int16_t)number(kind, low, high);
}

void test_numbers32(int32_t *row, int n, int64_t low, int64_t high)
{
    const int kind = (int)test_random(3);
    for (int i = 0; i < n; i++)
        row[i] = (int32_t)number(kind, low, high);
}

int test_begin(const char *kernel, const Trial *trial)
{
    run.kernel = kernel;
    run.trial = trial;
    return !run.only || strstr(kernel, run.only);
}

void test_same(const void *expected, const void *found, size_t n, const char *what)
{
    const unsigned char *p = expected, *q = found;

    for (size_t i = 0; i < n; i++)
        if (p[i] != q[i]) {
            printf("FAILED %s, %s, %d bits, width %d: %s differs at byte %zu\n", run.kernel,
                   run.level, run.trial->bits, run.trial->w, what, i);
            run.failures++;
            return;
        }
}

static int compare(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

int test_bench_more(const Trial *trial, int count)
{
    static double times[RUNS];
    static struct timespec last;
    struct timespec now;

    if (!run.bench || trial->w != WIDTH)
        return 0;
    clock_gettime(CLOCK_MONOTONIC, &now);
    if (count > 0)
        times[count - 1] = (double)(now.tv_sec - last.tv_sec) * 1e9 +
                           (double)(now.tv_nsec - last.tv_nsec);
    if (count == RUNS) {
        qsort(times, RUNS, sizeof(*times), compare);
        printf("%-22s %2d bits %-7s %8.0f ns\n", run.kernel, trial->bits, run.level,
               times[RUNS / 2]);
        return 0;
    }
    clock_gettime(CLOCK_MONOTONIC, &last);
    return 1;
}

static void test_level(int cpu, const VmtTables *tables)
{
    static const int depths[] = { 8, 10, 16 };

    run.level = vmt_cpu_name(cpu);
    for (int d = 0; d < 3; d++)
        for (int t = 0; t < TRIALS; t++) {
            const Trial trial = { vmt_kernels(VMT_CPU_C, depths[d]), vmt_kernels(cpu, depths[d]),
                                  tables, depths[d],
                                  t ? NARROWEST + (int)test_random(300) : WIDTH };
            test_vif(&trial);
            test_wavelet(&trial);
            test_adm(&trial);
            test_motion(&trial);
        }
}

int main(int argc, char **argv)
{
    static VmtTables tables;
    unsigned long seed = (unsigned long)time(NULL);

    for (int i = 1; i < argc; i++) {
        if (!strcmp(argv[i], "--bench"))
            run.bench = 1;
        else if (!strcmp(argv[i], "--only") && i + 1 < argc)
            run.only = argv[++i];
        else
            seed = strtoul(argv[i], NULL, 0);
    }
    run.random = seed * 0x9e3779b97f4a7c15u | 1;
    printf("seed %lu\n", seed);
    vmt_tables_fill(&tables);
    /* Plain C against itself is for --bench alone. */
    for (int cpu = run.bench ? VMT_CPU_C : VMT_CPU_C + 1; cpu < VMT_CPU_LEVELS; cpu++)
        if (vmt_cpu_available(cpu))
            test_level(cpu, &tables);
    printf(run.failures ? "%d differences\n" : "all equal\n", run.failures);
    return run.failures != 0;
}
