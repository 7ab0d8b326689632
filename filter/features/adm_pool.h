// SPDX-License-Identifier: BSD-2-Clause-Patent
/**
 * @file
 * ADM's constants per level, and how its sums become a score.
 */
#ifndef VMT_FEATURES_ADM_POOL_H
#define VMT_FEATURES_ADM_POOL_H

#include <stdint.h>

#include "kernels/kernels.h"

/** Order of the bands: high vertical, high horizontal, high both frequencies. */
enum { VMT_BAND_H, VMT_BAND_V, VMT_BAND_D };

/** The bands of a level, what of them counts, and the scaling of the sums. */
typedef struct VmtAdmArea {
    int w, h;           /**< of the bands */
    int left, top;      /**< what does not count, on each side */
    int num_row_shift, num_shift;                  /**< of row sums, of samples */
    int den_row_shift, den_shift, den_square;
} VmtAdmArea;

void vmt_adm_area(VmtAdmArea *area, int w, int h, int level);

void vmt_adm_numbers(VmtAdmLevel *numbers, const VmtAdmArea *area, int level, double gain_limit);

/** Sum of a row as it is added to the sum of the rows: scaled down and rounded. */
static inline int64_t vmt_adm_row(int64_t sum, int shift)
{
    return (sum + (((int64_t)1 << shift) >> 1)) >> shift;
}

/** Numerator and denominator of a level from its sums per band. */
float vmt_adm_num(const int64_t visible[3], const VmtAdmArea *area, int level);
float vmt_adm_den(const uint64_t cubes[3], const VmtAdmArea *area, int level);

/** Score from the sums of both over the levels, of a picture of w x h. */
double vmt_adm_score(double num, double den, int w, int h);

#endif
