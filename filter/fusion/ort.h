// SPDX-License-Identifier: BSD-2-Clause-Patent
/**
 * @file
 * ONNX Runtime, opened at run time: find it, make a session, run it.
 */
#ifndef VMT_FUSION_ORT_H
#define VMT_FUSION_ORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fusion/onnx.h"
#include "vmaf_tiny.h"

/** A loaded ONNX Runtime, later with a session. */
typedef struct VmtOrt VmtOrt;

/** What a session is made of. */
typedef struct VmtOrtModel {
    const char *what;    /**< names the model in messages */
    const uint8_t *data; /**< an .onnx file that vmt_onnx_check() has passed */
    size_t size;
    VmtSignature signature;
} VmtOrtModel;

/** 0 or, for a name that is none of the devices, -EINVAL with a list of them. */
int vmt_ort_check_device(const char *device, VmtError *error);

/**
 * Load the library.
 *
 * @param library NULL or empty: $VMAF_TINY_ORT_LIB, else the system's
 * @return 0, -ENOSYS, -ENOMEM
 */
int vmt_ort_open(VmtOrt **out, const char *library, VmtError *error);

/** What was opened, and its version. */
const char *vmt_ort_library(const VmtOrt *ort);
const char *vmt_ort_version(const VmtOrt *ort);

/** Write the devices that it offers, best first; returns the length that is needed without NUL. */
size_t vmt_ort_devices(const VmtOrt *ort, char *text, size_t size);

/** Tries whether a session works; returns 0 or a negative errno value. */
typedef int (*VmtOrtTry)(VmtOrt *ort, void *opaque, VmtError *error);

/**
 * Make the session, once, and try it.
 *
 * @param device "auto" takes the best that works
 * @param model  not used afterwards
 * @param try    called on each device until it says 0
 * @return 0, -ENOTSUP for a device that does not work, -EBADMSG for a model that does not, -EIO,
 *         -ENOMEM
 */
int vmt_ort_start(VmtOrt *ort, const VmtOrtModel *model, const char *device, int threads,
                  VmtOrtTry try, void *opaque, VmtError *error);

/** The device that is in use. */
const char *vmt_ort_device(const VmtOrt *ort);

enum { VMT_ORT_RANK_MAX = 4 };

/** An input. */
typedef struct VmtOrtTensor {
    void *data; /**< of the type that the signature says */
    size_t size;
    int64_t dims[VMT_ORT_RANK_MAX];
    size_t rank;
} VmtOrtTensor;

/** An answer, freed by vmt_ort_free(). */
typedef struct VmtOrtAnswer {
    const void *data; /**< of the type that the signature says */
    int64_t dims[VMT_ORT_RANK_MAX];
    size_t rank;
    void *value;
} VmtOrtAnswer;

/**
 * Run the model.
 *
 * @param inputs as many as the signature names
 * @return 0, -EIO if ONNX Runtime fails, -EBADMSG for an answer of another type or of many
 *         dimensions
 */
int vmt_ort_run(VmtOrt *ort, const VmtOrtTensor *inputs, VmtOrtAnswer *answer, VmtError *error);

void vmt_ort_free(const VmtOrt *ort, VmtOrtAnswer *answer);

void vmt_ort_close(VmtOrt **ort);

#endif
