// SPDX-License-Identifier: BSD-2-Clause-Patent
/**
 * @file
 * Decide from the bytes of an ONNX file alone whether ONNX Runtime may see it.
 *
 * Allowed is a graph of known operators that is complete in itself, that takes float [N,6] and
 * gives float [N] or [N,1]. What a graph computes in between is not bounded: this makes a model
 * of a stranger hard to abuse, not trustworthy.
 */
#ifndef VMT_FUSION_ONNX_H
#define VMT_FUSION_ONNX_H

#include <stddef.h>
#include <stdint.h>

#include "vmaf_tiny.h"

enum { VMT_ONNX_NAME_SIZE = 256 };

/** Names to call a model with. */
typedef struct VmtSignature {
    char input[VMT_ONNX_NAME_SIZE];
    char output[VMT_ONNX_NAME_SIZE];
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
