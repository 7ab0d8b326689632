// SPDX-License-Identifier: BSD-2-Clause-Patent
/**
 * @file
 * VIF's Gaussians in 16 fraction bits, one per scale; each sums to 65536.
 */
#ifndef VMT_KERNELS_VIF_FILTER_H
#define VMT_KERNELS_VIF_FILTER_H

#include <stdint.h>

#include "kernels/kernels.h"

#define VIF_FILTER_0 489, 935, 1640, 2640, 3896, 5274, 6547, 7455, 7784, \
                     7455, 6547, 5274, 3896, 2640, 1640, 935, 489
#define VIF_FILTER_1 1244, 3663, 7925, 12590, 14692, 12590, 7925, 3663, 1244
#define VIF_FILTER_2 3571, 16004, 26386, 16004, 3571
#define VIF_FILTER_3 10904, 43728, 10904

/* Call f with the scale as a constant, so that the compiler sees how many taps there are. */
#define VIF_FOR_SCALE(scale, f, ...)  \
    switch (scale) {                  \
    case 0: f(__VA_ARGS__, 0); break; \
    case 1: f(__VA_ARGS__, 1); break; \
    case 2: f(__VA_ARGS__, 2); break; \
    default: f(__VA_ARGS__, 3);       \
    }

#endif
