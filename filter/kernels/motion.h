// SPDX-License-Identifier: BSD-2-Clause-Patent
/**
 * @file
 * Motion's Gaussian of five taps in 16 fraction bits, outermost first.
 */
#ifndef VMT_KERNELS_MOTION_H
#define VMT_KERNELS_MOTION_H

enum { BLUR_OUTER = 3571, BLUR_INNER = 16004, BLUR_CENTRE = 26386 };

#endif
