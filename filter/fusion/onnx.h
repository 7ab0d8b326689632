// SPDX-License-Identifier: BSD-2-Clause-Patent
/**
 * @file
 * Decide from the bytes of an ONNX file alone whether ONNX Runtime may see it.
 *
 * Allowed is a graph of known operators that is complete in itself and takes and gives either of
 *
 * - features [N,6], and perhaps a codec block [N,C] beside; a score for each row, [N] or [N,1];
 *   float or double;
 * - one or two pictures [1,3,H,W]; a number, or a map [1,1,H,W]; float.
 *
 * What a graph computes in between is not bounded: this makes a model of a stranger hard to abuse,
 * not trustworthy.
 */
#ifndef VMT_FUSION_ONNX_H
#define VMT_FUSION_ONNX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "vmaf_tiny.h"

enum {
    VMT_ONNX_NAME_SIZE = 256,
    VMT_ONNX_INPUTS = 2,
    VMT_ONNX_CODEC_MIN = 3, /**< an encoder, its preset, its CRF */
    VMT_ONNX_CODEC_MAX = 64
};

/** What to call a model with. */
typedef struct VmtSignature {
    char input[VMT_ONNX_NAME_SIZE];  /**< the features, or the first picture */
    char second[VMT_ONNX_NAME_SIZE]; /**< the codec block, or the other picture; else empty */
    char output[VMT_ONNX_NAME_SIZE];
    int input_type;                  /**< of elements of all inputs, as ONNX counts */
    int output_type;
    int pictures;                    /**< how many it takes; 0: it takes features */
    int codec_width;                 /**< of the codec block; 0: there is none */
    bool map;                        /**< it answers pictures with a map */
} VmtSignature;

/**
 * Check a model.
 *
 * @param what names it in messages, e.g. its path
 * @return 0, -EBADMSG, -ENOMEM
 */
int vmt_onnx_check(VmtSignature *out, const uint8_t *data, size_t size, const char *what,
                   VmtError *error);

#endif
