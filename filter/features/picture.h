// SPDX-License-Identifier: BSD-2-Clause-Patent
/**
 * @file
 * What the features read: a plane of luma samples, and how the pictures of a context are.
 */
#ifndef VMT_FEATURES_PICTURE_H
#define VMT_FEATURES_PICTURE_H

#include <stddef.h>
#include <stdint.h>

#include "kernels/kernels.h"

/** Samples are uint8_t for 8 bits, aligned uint16_t above. */
typedef struct VmtPlane {
    const void *data;
    ptrdiff_t stride; /**< bytes; may be negative */
} VmtPlane;

/** What is the same for all pictures of a context. */
typedef struct VmtFormat {
    int width, height, bits;
    int renditions;
    int fast; /**< VMT_MODE_FAST */
    double vif_gain_limit, adm_gain_limit;
    const VmtKernels *kernels;      /**< for the samples */
    const VmtKernels *kernels_wide; /**< for 16-bit samples */
    const VmtTables *tables;
} VmtFormat;

/** Elements of a row of intermediate results of w, with what kernels may touch on both sides. */
static inline size_t vmt_padded(int w)
{
    return (size_t)((w + VMT_PAD - 1) / VMT_PAD + 2) * VMT_PAD;
}

static inline const void *vmt_plane_row(VmtPlane plane, int y)
{
    return (const uint8_t *)plane.data + y * plane.stride;
}

/** Ask for a row of bytes that is read soon; a row outside the picture is none. */
static inline void vmt_plane_ahead(VmtPlane plane, int y, int h, int bytes)
{
    enum { LINE = 64 };
    const char *row = vmt_plane_row(plane, y < h ? y : h - 1);
    for (int x = 0; x < bytes; x += LINE)
        __builtin_prefetch(row + x);
}

/** Index of the sample that stands for i in a row of n, mirrored without repeating the edge. */
static inline int vmt_mirror(int i, int n)
{
    return i < 0 ? -i : i >= n ? 2 * n - 2 - i : i;
}

#endif
