// SPDX-License-Identifier: BSD-2-Clause-Patent
/**
 * @file
 * Pictures as a model takes them: RGB, normalised as ImageNet's, [1,3,H,W].
 *
 * Samples become R'G'B' from 0 to 1 by the matrix and range that the picture has, in float; what
 * falls outside is cut off. A chroma sample stands for all the pixels that share it. Then
 * (value - mean) / std with the mean and standard deviation of ImageNet's channels.
 */
#ifndef VMT_FUSION_PICTURES_H
#define VMT_FUSION_PICTURES_H

#include "fusion/onnx.h"
#include "fusion/ort.h"
#include "vmaf_tiny.h"

/** Place for the pictures of one call, grown as they need. */
typedef struct VmtPictures {
    const VmtSignature *signature; /**< of a model that takes pictures */
    float *data[VMT_ONNX_INPUTS];  /**< [3][height][width] */
    size_t room;                   /**< elements of each */
} VmtPictures;

/** A VmtOrtTry whose opaque is a VmtPictures. */
int vmt_pictures_try(VmtOrt *ort, void *pictures, VmtError *error);

/**
 * Run the model on pictures.
 *
 * @param images [signature->pictures], all of one size
 * @param value  receives the number that the model answers with, or the mean of its map
 * @param map    NULL, or receives the map, [height][width]
 * @return 0, -EINVAL for an image that is none or of another size than the first or a map that the
 *         model does not make, -EBADMSG for an answer that is not finite or of another size, -EIO,
 *         -ENOMEM
 */
int vmt_pictures_run(VmtPictures *pictures, VmtOrt *ort, const VmtImage *images, double *value,
                     float *map, VmtError *error);

void vmt_pictures_free(VmtPictures *pictures);

#endif
