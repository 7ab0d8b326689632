// SPDX-License-Identifier: BSD-2-Clause-Patent
/**
 * @file
 * Read the numbers of an AttributeProto of an ONNX file.
 */
#ifndef VMT_FUSION_ATTRIBUTE_H
#define VMT_FUSION_ATTRIBUTE_H

#include "fusion/wire.h"

/** What an AttributeProto contains: all that the format has, allowed in a model or not. */
extern const VmtMessage vmt_attribute_message;

/** Its fields. */
enum {
    VMT_ATTRIBUTE_NAME = 1,
    VMT_ATTRIBUTE_F = 2,
    VMT_ATTRIBUTE_I = 3,
    VMT_ATTRIBUTE_S = 4,
    VMT_ATTRIBUTE_T = 5,
    VMT_ATTRIBUTE_G = 6,
    VMT_ATTRIBUTE_FLOATS = 7,
    VMT_ATTRIBUTE_INTS = 8,
    VMT_ATTRIBUTE_STRINGS = 9,
    VMT_ATTRIBUTE_TENSORS = 10,
    VMT_ATTRIBUTE_DOC_STRING = 13,
    VMT_ATTRIBUTE_TYPE = 20
};

/** True if the field holds numbers: f, i, floats or ints. */
bool vmt_attribute_numeric(const VmtField *field);

/**
 * Take the next number of a numeric field, packed or not.
 *
 * @param offset 0 before the first
 * @return 1, 0 behind the last, -1 if the bytes are corrupt or the number is not finite
 */
int vmt_attribute_number(const VmtField *field, size_t *offset, double *number);

/**
 * Take all numbers of an attribute, or those of its tensor.
 *
 * @return how many there are, or -1 if there are more than max or they cannot be read
 */
int vmt_attribute_values(VmtSlice attribute, double *values, int max);

#endif
