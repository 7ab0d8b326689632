// SPDX-License-Identifier: BSD-2-Clause-Patent
/**
 * @file
 * Rows of features as a model takes them, and its answers as scores.
 */
#ifndef VMT_FUSION_BATCH_H
#define VMT_FUSION_BATCH_H

#include "fusion/codec.h"
#include "fusion/onnx.h"
#include "fusion/ort.h"
#include "fusion/sidecar.h"
#include "vmaf_tiny.h"

/** Place for a batch of rows, and how they become a model's input. */
typedef struct VmtBatch VmtBatch;

/**
 * Make the place.
 *
 * @param signature of a model that takes features; must outlive the batch, as must sidecar
 * @param codec     block that stands beside each row; copied
 * @return 0, -ENOMEM
 */
int vmt_batch_open(VmtBatch **out, const VmtSignature *signature, const VmtSidecar *sidecar,
                   const VmtCodec *codec, VmtError *error);

/** A VmtOrtTry whose opaque is a VmtBatch: score rows, together and alone. */
int vmt_batch_try(VmtOrt *ort, void *batch, VmtError *error);

/**
 * Score rows with a session that vmt_batch_try() has tried. Not clipped.
 *
 * @param rows   [n]
 * @param scores [n], finite
 * @return 0, -EINVAL for a feature that is not finite, -EIO if ONNX Runtime fails, -EBADMSG for an
 *         answer that is not n finite numbers
 */
int vmt_batch_score(VmtBatch *batch, VmtOrt *ort, const VmtRow *rows, size_t n, double *scores,
                    VmtError *error);

void vmt_batch_close(VmtBatch **batch);

#endif
