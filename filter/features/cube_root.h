// SPDX-License-Identifier: BSD-2-Clause-Patent
/**
 * @file
 * The cube root that ADM takes, which libms round differently.
 */
#ifndef VMT_FEATURES_CUBE_ROOT_H
#define VMT_FEATURES_CUBE_ROOT_H

/**
 * powf(x, 1.0f / 3.0f) of glibc 2.28 and later, bit for bit, on every platform.
 *
 * @param x 0, or 2^-47 to 2^57
 */
float vmt_cube_root(float x);

#endif
