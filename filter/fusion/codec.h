// SPDX-License-Identifier: BSD-2-Clause-Patent
/**
 * @file
 * The codec block: what a model that is conditioned on the encoder is told of it.
 *
 * One value per encoder of the model's vocabulary, 1 for the one in use, then the preset and the
 * CRF, each scaled to about 0..1. The sidecar says how, see sidecar.schema.json.
 */
#ifndef VMT_FUSION_CODEC_H
#define VMT_FUSION_CODEC_H

#include "fusion/json.h"
#include "fusion/onnx.h"
#include "vmaf_tiny.h"

/** A codec block and what it stands for. */
typedef struct VmtCodec {
    int width; /**< 0: the model takes none */
    double block[VMT_ONNX_CODEC_MAX];
    char encoder[65]; /**< of the vocabulary, or "blind"; empty if the model takes none */
    char preset[33];  /**< as given, or empty */
    char crf[33];     /**< as given, or empty */
} VmtCodec;

/**
 * Encode codec, preset and crf of a config.
 *
 * @param sidecar root of the sidecar's JSON; NULL: there is none
 * @param width   of the block that the model takes; 0: none
 * @param what    names the model in messages
 * @return 0, -EINVAL for what the model does not know or does not take, -EBADMSG for a sidecar that
 *         does not say how, -ENOMEM
 */
int vmt_codec_encode(VmtCodec *out, const VmtJsonValue *sidecar, int width,
                     const VmtModelConfig *config, const char *what, VmtError *error);

#endif
