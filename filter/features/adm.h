// SPDX-License-Identifier: BSD-2-Clause-Patent
/**
 * @file
 * Detail loss over four wavelet levels, as libvmaf's integer extractor has it.
 */
#ifndef VMT_FEATURES_ADM_H
#define VMT_FEATURES_ADM_H

#include "base/arena.h"
#include "features/picture.h"

/** Rows of a level: four are filtered for a row of the next, three are looked at for masking. */
enum { VMT_ADM_NEAR = 4, VMT_ADM_MASKS = 3 };

/** What is kept of a level of one picture: row y is in [y % VMT_ADM_...]. */
typedef struct VmtAdmRows {
    void *near[VMT_ADM_NEAR];          /**< approximation: int16_t at level 0, int32_t after */
    VmtMasking masking[VMT_ADM_MASKS]; /**< unused for the reference */
    int64_t visible[3];                /**< numerator per band */
} VmtAdmRows;

/** One picture. */
typedef struct VmtAdmPicture {
    VmtAdmRows level[VMT_SCALES];
} VmtAdmPicture;

/** Buffers of one worker. */
typedef struct VmtAdm {
    int32_t *low, *high;            /**< a row filtered vertically */
    VmtBands ref_bands, dis_bands;
    VmtAdmPicture *pictures;        /**< [0]: reference, [1 + k]: rendition k */
    uint64_t cubes[VMT_SCALES][3];  /**< denominator per band */
} VmtAdm;

/** Lay out the buffers (see base/arena.h). */
void vmt_adm_lay_out(VmtAdm *adm, VmtArena *arena, const VmtFormat *format);

/**
 * Scores of renditions of one reference.
 *
 * @param dis [renditions]
 * @param out [renditions], finite, 0 to about 1
 */
void vmt_adm(VmtAdm *adm, const VmtFormat *format, VmtPlane ref, const VmtPlane *dis,
             double *out);

#endif
