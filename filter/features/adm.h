// SPDX-License-Identifier: BSD-2-Clause-Patent
/**
 * @file
 * Detail loss over four wavelet levels, as libvmaf's integer extractor has it.
 */
#ifndef VMT_FEATURES_ADM_H
#define VMT_FEATURES_ADM_H

#include "base/arena.h"
#include "features/picture.h"

/** Rows of wavelet coefficients of one picture, and its next approximation. */
typedef struct VmtAdmPicture {
    void *plane[2];         /**< approximation, [level & 1]: int16_t of level 0, int32_t after */
    VmtMasking masking[3];  /**< of row y in [y % 3]; unused for the reference */
    int64_t visible[3];     /**< numerator per band */
} VmtAdmPicture;

/** Buffers of one worker. */
typedef struct VmtAdm {
    int32_t *low, *high;        /**< a row filtered vertically */
    VmtBands ref_bands, dis_bands;
    VmtAdmPicture *pictures;    /**< [0]: reference, [1 + k]: rendition k */
    uint64_t cubes[3];          /**< denominator per band */
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
