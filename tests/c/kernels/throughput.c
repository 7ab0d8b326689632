// SPDX-License-Identifier: BSD-2-Clause-Patent
/**
 * @file
 * How long the instructions that features cannot do without take on this CPU, one after the other
 * but independent of each other: prints level, operation, lanes of one instruction, nanoseconds.
 *
 * What is measured is what an instruction keeps its units busy, not what it takes to be done.
 */
#define _POSIX_C_SOURCE 200809L
#include <stdio.h>
#include <time.h>

#include "vmaf_tiny.h"

enum { TURNS = 20000, TRIES = 200 };

static double now(void)
{
    struct timespec time;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return (double)time.tv_sec * 1e9 + (double)time.tv_nsec;
}

/* The least of many tries is that of a core that nobody else uses. */
static void measure(const char *level, const char *operation, int lanes, int at_once,
                    void (*turns)(void))
{
    double least = 1e300;

    for (int i = 0; i < TRIES; i++) {
        const double begun = now();
        turns();
        const double taken = now() - begun;
        least = taken < least ? taken : least;
    }
    printf("%s %s %d %.4f\n", level, operation, lanes, least / TURNS / at_once);
}

#if defined(__x86_64__)
#define REGISTERS                                                                                 \
    "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9", "xmm10",      \
        "xmm11", "xmm12", "xmm13", "xmm14", "xmm15"

/* A function that runs a block of instructions often; 1.0 is in register 15, to divide by. */
#define LOOP(name, block)                                                                         \
    static void name(void)                                                                        \
    {                                                                                             \
        static const double one = 1.0;                                                            \
        __asm__ volatile("vbroadcastsd %0, %%ymm15\n\tvbroadcastsd %0, %%ymm14" : : "m"(one)      \
                         : REGISTERS);                                                            \
        for (int i = 0; i < TURNS; i++)                                                           \
            __asm__ volatile(block : : : REGISTERS);                                              \
    }

#define TWELVE(start)                                                                             \
    start "0\n\t" start "1\n\t" start "2\n\t" start "3\n\t" start "4\n\t" start "5\n\t"           \
    start "6\n\t" start "7\n\t" start "8\n\t" start "9\n\t" start "10\n\t" start "11\n\t"

/* Multiply pairs into a register of its own and add them to another. */
#define PAIR(to, product)                                                                         \
    "vpmaddwd %%ymm14, %%ymm15, %%ymm" product "\n\t"                                             \
    "vpaddd %%ymm" product ", %%ymm" to ", %%ymm" to "\n\t"

/* What a logarithm takes at least: into a float, coefficients, a polynomial, into an integer. */
#define CUBIC(a, b, c, d)                                                                         \
    "vcvtdq2ps %%ymm15, %%ymm" a "\n\t"                                                           \
    "vpermps %%ymm14, %%ymm" a ", %%ymm" b "\n\t"                                                 \
    "vpermps %%ymm14, %%ymm" a ", %%ymm" c "\n\t"                                                 \
    "vpermps %%ymm14, %%ymm" a ", %%ymm" d "\n\t"                                                 \
    "vfmadd213ps %%ymm" c ", %%ymm" a ", %%ymm" b "\n\t"                                          \
    "vpermps %%ymm14, %%ymm" a ", %%ymm" c "\n\t"                                                 \
    "vfmadd213ps %%ymm" d ", %%ymm" a ", %%ymm" b "\n\t"                                          \
    "vfmadd213ps %%ymm" c ", %%ymm" a ", %%ymm" b "\n\t"                                          \
    "vcvttps2dq %%ymm" b ", %%ymm" b "\n\t"

#define QUADRATIC(a, b, c, d)                                                                     \
    "vcvtdq2ps %%zmm15, %%zmm" a "\n\t"                                                           \
    "vpermt2ps %%zmm14, %%zmm" a ", %%zmm" b "\n\t"                                               \
    "vpermt2ps %%zmm14, %%zmm" a ", %%zmm" c "\n\t"                                               \
    "vpermt2ps %%zmm14, %%zmm" a ", %%zmm" d "\n\t"                                               \
    "vfmadd213ps %%zmm" c ", %%zmm" a ", %%zmm" b "\n\t"                                          \
    "vfmadd213ps %%zmm" d ", %%zmm" a ", %%zmm" b "\n\t"                                          \
    "vcvttps2dq %%zmm" b ", %%zmm" b "\n\t"

#define THREE(logarithm)                                                                          \
    logarithm("0", "1", "2", "3") logarithm("4", "5", "6", "7") logarithm("8", "9", "10", "11")

LOOP(avx2_multiply_add, PAIR("0", "6") PAIR("1", "7") PAIR("2", "8") PAIR("3", "9")
     PAIR("4", "10") PAIR("5", "11"))
LOOP(avx2_product, TWELVE("vpmulld %%ymm14, %%ymm15, %%ymm"))
LOOP(avx2_long_product, TWELVE("vpmuludq %%ymm14, %%ymm15, %%ymm"))
LOOP(avx2_division, TWELVE("vdivpd %%ymm15, %%ymm14, %%ymm"))
LOOP(avx2_logarithm, THREE(CUBIC))
LOOP(avx512_multiply_add, TWELVE("vpdpwssd %%zmm14, %%zmm15, %%zmm"))
LOOP(avx512_product, TWELVE("vpmulld %%zmm14, %%zmm15, %%zmm"))
LOOP(avx512_long_product, TWELVE("vpmuludq %%zmm14, %%zmm15, %%zmm"))
LOOP(avx512_division, TWELVE("vdivpd %%zmm15, %%zmm14, %%zmm"))
LOOP(avx512_logarithm, THREE(QUADRATIC))

int main(void)
{
    if (vmt_cpu_available(VMT_CPU_AVX2)) {
        measure("avx2", "multiply_add", 16, 6, avx2_multiply_add);
        measure("avx2", "product", 8, 12, avx2_product);
        measure("avx2", "long_product", 4, 12, avx2_long_product);
        measure("avx2", "division", 4, 12, avx2_division);
        measure("avx2", "logarithm", 8, 3, avx2_logarithm);
    }
    if (vmt_cpu_available(VMT_CPU_AVX512)) {
        measure("avx512", "multiply_add", 32, 12, avx512_multiply_add);
        measure("avx512", "product", 16, 12, avx512_product);
        measure("avx512", "long_product", 8, 12, avx512_long_product);
        measure("avx512", "division", 8, 12, avx512_division);
        measure("avx512", "logarithm", 16, 3, avx512_logarithm);
    }
    return 0;
}
#else
int main(void)
{
    (void)measure;
    return 0; /* nothing is known of other CPUs */
}
#endif
