// SPDX-License-Identifier: BSD-2-Clause-Patent
/**
 * @file
 * What ADM's plain kernels share between level 0 and the others.
 */
#ifndef VMT_KERNELS_ADM_H
#define VMT_KERNELS_ADM_H

#include <stdint.h>

#include "kernels/kernels.h"

/* Ratio of distorted to reference coefficient, 15 fraction bits, 0 to 1. */
static inline int64_t adm_clamp_ratio(int64_t k)
{
    return k < 0 ? 0 : k > 32768 ? 32768 : k;
}

/*
 * Do the gradients of reference and distorted picture point the same way, within one degree?
 * dot = o . t, om = |o|^2, tm = |t|^2, each rounded to float once; the products below are then
 * exact in double but for one rounding, in whatever order.
 */
static inline int adm_same_angle(float dot, float om, float tm)
{
    const double cos_squared = 0x1.ffd814p-1; /* of one degree, as a float */
    const double d = (double)dot / 4096, u = (double)om / 4096, t = (double)tm / 4096;

    return d >= 0 && d * d >= cos_squared * u * t;
}

/* Where only contrast was enhanced, count up to gain_limit of it as restored. */
static inline int32_t adm_enhance(int32_t restored, int64_t k, int32_t ref, int32_t dis,
                                  int same_angle, double gain_limit)
{
    if (!same_angle || k <= 0 || !ref)
        return restored;
    const double enhanced = restored * gain_limit;
    if (ref > 0)
        return enhanced < dis ? (int32_t)enhanced : dis;
    return enhanced > dis ? (int32_t)enhanced : dis;
}

/* Masking threshold: what the eight neighbours and the sample itself add. */
static inline int32_t adm_threshold(const VmtMasking *row, const int32_t *above,
                                    const int32_t *below, int x)
{
    const int32_t *at = row->around;
    return above[x - 1] + above[x] + above[x + 1] + at[x - 1] + at[x + 1] + below[x - 1] +
           below[x] + below[x + 1] + row->centre[x];
}

/* a - b, wrapping as libvmaf's int32 does, and at least 0. */
static inline int32_t adm_above(int32_t a, int32_t b)
{
    const int32_t difference = (int32_t)((uint32_t)a - (uint32_t)b);
    return difference > 0 ? difference : 0;
}

/* x^3, scaled down after the square and after the cube, each time rounded. */
static inline int64_t adm_cube(int32_t x, int square_shift, int cube_shift)
{
    const int32_t square =
        (int32_t)(((int64_t)x * x + ((int64_t)1 << (square_shift - 1))) >> square_shift);
    return ((int64_t)square * x + (((int64_t)1 << cube_shift) >> 1)) >> cube_shift;
}

/* Rows of nothing but the largest coefficients are beyond what a wavelet gives: they may wrap. */
static inline int64_t adm_add(int64_t sum, int64_t cube)
{
    return (int64_t)((uint64_t)sum + (uint64_t)cube);
}

#endif
