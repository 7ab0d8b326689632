// SPDX-License-Identifier: BSD-2-Clause-Patent
/**
 * @file
 * Pictures with texture, motion and damage, made of integers, the same on every machine.
 */
#ifndef PICTURES_H
#define PICTURES_H

#include "vmaf_tiny.h"

/** Samples of a size and depth; pads every row, so that the stride is not the width. */
typedef struct Pictures {
    int width, height, bits;
    ptrdiff_t stride; /**< bytes */
} Pictures;

Pictures pictures(int width, int height, int bits);

/**
 * A plane of frame n, to be freed: the reference, or the distorted one of a rendition (0, 1, ...).
 * Rendition 0 is the pair whose features are known.
 */
void *picture_reference(const Pictures *p, int n);
void *picture_distorted(const Pictures *p, int n, int rendition);

/** A picture that vmt_push() copies. */
VmtPicture picture_copied(const Pictures *p, const void *plane);

/**
 * Features of frames 0 to frames - 1 and renditions 0 to n - 1, all pictures copied.
 *
 * @param rows [frames * n], frame by frame
 */
void picture_features(const Pictures *p, const VmtConfig *config, int frames, VmtRow *rows);

#endif
