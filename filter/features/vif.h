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

/** Rows of a scale that are kept: row y is in [y % VMT_VIF_NEAR]. */
enum { VMT_VIF_NEAR = 64 };

/** Buffers of one worker. */
typedef struct VmtVif {
    int padded;               /* elements from one row of a kind to the next */
    int16_t *moments;        /* of four rows: of the reference (3), of the distorted (5) */
    uint32_t *ref_mean[4];
    int32_t *ref_var[4], *dis_var, *cov;
    uint16_t *down[2];        /* rows filtered vertically */
    uint16_t **near[VMT_SCALES];    /* rows: [scale, not 0][0: reference, 1 + k: rendition k] */
    VmtVifSums *sums[VMT_SCALES];   /* [renditions]; reference sums in the first */
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
