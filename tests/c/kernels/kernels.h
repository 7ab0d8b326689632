// SPDX-License-Identifier: BSD-2-Clause-Patent
/**
 * @file
 * Compare every kernel of every CPU level with plain C, and time them.
 *
 *     kernels [--bench] [--only NAME] [SEED]
 *
 * The seed is printed; giving it back repeats the run.
 */
#ifndef TEST_KERNELS_H
#define TEST_KERNELS_H

#include <stddef.h>
#include <stdint.h>

#include "kernels/kernels.h"

/**
 * Widest row that is tried, and the elements around a row that kernels may touch; and some more,
 * lest rows lie a power of two apart and share the same few lines of the cache.
 */
enum { WIDTH = 1920, ROW = WIDTH + 2 * VMT_PAD + 96 };

/** What a trial is about: a level's table beside plain C's, a depth, a width. */
typedef struct Trial {
    const VmtKernels *plain, *level;
    const VmtTables *tables;
    int bits, w;
} Trial;

/** Uniform in 0 to n - 1; n of 0: all 32 bits. */
uint32_t test_random(uint32_t n);

/** Samples of a depth in their own type: noise, all low, all high, stripes, a ramp. */
void test_samples(void *row, int n, int bits);

/** Numbers from low to high: noise, mostly extremes, mostly small. */
void test_numbers16(int16_t *row, int n, int low, int high);
void test_numbers32(int32_t *row, int n, int64_t low, int64_t high);

/** Begin a kernel; 0 if --only leaves it out. */
int test_begin(const char *kernel, const Trial *trial);

/** Say unless the n bytes at expected and found are equal. */
void test_same(const void *expected, const void *found, size_t n, const char *what);

/** With --bench, print the median time of many calls. */
#define TEST_BENCH(trial, call)                                       \
    do {                                                              \
        for (int run_ = 0; test_bench_more((trial), run_); run_++) {  \
            call;                                                     \
        }                                                             \
    } while (0)
int test_bench_more(const Trial *trial, int run);

/** The kernels of a subject. */
void test_vif(const Trial *trial);
void test_wavelet(const Trial *trial);
void test_adm(const Trial *trial);
void test_motion(const Trial *trial);

#endif
