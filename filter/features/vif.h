// SPDX-License-Identifier: BSD-2-Clause-Patent
/**
 * @file
 * Visual information fidelity at four scales, as libvmaf's integer extractor has it.
 *
 * Sheikh, Bovik, "Image information and visual quality", IEEE TIP 15(2), 2006.
 */
#ifndef VMT_FEATURES_VIF_H
#define VMT_FEATURES_VIF_H

#include "base/arena.h"
#include "features/laps.h"
#include "features/picture.h"

/** Buffers of one worker. */
typedef struct VmtVif {
    int padded;               /* elements from one row of a kind to the next */
    int16_t *moments;        /* of four rows: of the reference (3), of the distorted (5) */
    uint32_t *ref_mean[4];
    int32_t *ref_var[4], *dis_var, *cov;
    uint16_t *down;           /* a row filtered vertically */
    uint16_t **plane[2];      /* [scale & 1][0: reference, 1 + k: rendition k] */
    VmtVifSums *sums;         /* [renditions]; reference sums in the first */
} VmtVif;

/** Lay out the buffers (see base/arena.h). */
void vmt_vif_lay_out(VmtVif *vif, VmtArena *arena, const VmtFormat *format);

/**
 * Scores of renditions of one reference.
 *
 * @param dis [renditions]
 * @param out [renditions][4], finite, 0 to about 1 (more where contrast was enhanced)
 * @param laps has begun; every scale ends one
 */
void vmt_vif(VmtVif *vif, const VmtFormat *format, VmtPlane ref, const VmtPlane *dis,
             double (*out)[VMT_SCALES], VmtLaps *laps);

#endif
