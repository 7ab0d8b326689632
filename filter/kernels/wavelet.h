// SPDX-License-Identifier: BSD-2-Clause-Patent
/**
 * @file
 * Daubechies-2 wavelet in 15 fraction bits.
 */
#ifndef VMT_KERNELS_WAVELET_H
#define VMT_KERNELS_WAVELET_H

#include <stdint.h>

static const int16_t wavelet_low[4] = { 15826, 27411, 7345, -4240 };
static const int16_t wavelet_high[4] = { -4240, -7345, 27411, -15826 };

/* The low taps add up to this, the high ones to 0. */
enum { WAVELET_LOW_SUM = 46342 };

#endif
