// SPDX-License-Identifier: BSD-2-Clause-Patent
/**
 * @file
 * Motion between consecutive reference pictures, as libvmaf 3.2 has it.
 */
#ifndef VMT_FEATURES_MOTION_H
#define VMT_FEATURES_MOTION_H

#include "base/arena.h"
#include "features/picture.h"

/** Buffers of one worker. */
typedef struct VmtMotion {
    int16_t *value[2], *rest[2]; /* two rows of VmtDifferences */
} VmtMotion;

/** Lay out the buffers (see base/arena.h). */
void vmt_motion_lay_out(VmtMotion *motion, VmtArena *arena, const VmtFormat *format);

/** Mean absolute blurred difference of two pictures in 8-bit steps, 0 to 10000. */
double vmt_motion(VmtMotion *motion, const VmtFormat *format, VmtPlane previous,
                  VmtPlane current);

#endif
