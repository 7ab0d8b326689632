// SPDX-License-Identifier: BSD-2-Clause-Patent
/**
 * @file
 * Read and check a TensorProto of an ONNX file: the constants of a model.
 */
#ifndef VMT_FUSION_TENSOR_H
#define VMT_FUSION_TENSOR_H

#include "fusion/wire.h"

enum {
    VMT_RANK_MAX = 8,
    VMT_PACKED_MAX = 1 << 20 /**< elements that are not in raw_data; each takes time to decode */
};

/** Element types of ONNX that are used by name. */
enum {
    VMT_ONNX_FLOAT = 1,
    VMT_ONNX_INT32 = 6,
    VMT_ONNX_INT64 = 7,
    VMT_ONNX_DOUBLE = 11
};

typedef struct VmtTensor {
    VmtSlice name;
    int type;
    int rank;
    uint64_t dims[VMT_RANK_MAX];
    size_t count;  /**< of elements */
    VmtSlice data;
    bool raw;      /**< data is raw_data; else a packed field */
} VmtTensor;

/**
 * Read a tensor and check that its data is in the file, complete and finite.
 *
 * @param out name is set even on failure, if it was found
 * @return NULL, or what is wrong, to be put behind "tensor NAME"
 */
const char *vmt_tensor_read(VmtTensor *out, VmtSlice bytes);

/**
 * Take the elements of a small int32, int64 or float tensor.
 *
 * @return how many there are, or -1 if the tensor is not like that or has more than max
 */
int vmt_tensor_values(const VmtTensor *tensor, double *values, int max);

/** The bits of a float as a number. */
double vmt_float_of_bits(uint32_t bits);

/** True unless these are the bits of an infinity or NaN. */
bool vmt_finite_bits(uint32_t bits);

#endif
