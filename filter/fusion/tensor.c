// SPDX-License-Identifier: BSD-2-Clause-Patent
#include "fusion/tensor.h"

#include <string.h>

/* Numbers of the fields of TensorProto that are looked at. */
enum {
    DIMS = 1,
    DATA_TYPE = 2,
    SEGMENT = 3,
    FLOAT_DATA = 4,
    INT32_DATA = 5,
    STRING_DATA = 6,
    INT64_DATA = 7,
    NAME = 8,
    RAW_DATA = 9,
    DOUBLE_DATA = 10,
    UINT64_DATA = 11,
    EXTERNAL_DATA = 13,
    DATA_LOCATION = 14
};

enum { FIELDS_MAX = 1024 };

static const VmtMessage tensor_message = {
    "TensorProto",
    {[DIMS] = VMT_VARINT | VMT_BYTES | VMT_MANY, [DATA_TYPE] = VMT_VARINT, [SEGMENT] = VMT_BYTES,
     [FLOAT_DATA] = VMT_BYTES, [INT32_DATA] = VMT_BYTES, [STRING_DATA] = VMT_BYTES | VMT_MANY,
     [INT64_DATA] = VMT_BYTES, [NAME] = VMT_BYTES, [RAW_DATA] = VMT_BYTES,
     [DOUBLE_DATA] = VMT_BYTES, [UINT64_DATA] = VMT_BYTES, [12] = VMT_BYTES /* doc_string */,
     [EXTERNAL_DATA] = VMT_BYTES | VMT_MANY, [DATA_LOCATION] = VMT_VARINT,
     [16] = VMT_BYTES | VMT_MANY /* metadata_props */}};

/* How elements of a type are stored: size in raw_data, the field for them otherwise, and for
 * types of floating point the bits of the exponent. */
static const struct Type {
    uint8_t size, field;
    uint64_t exponent;
} types[17] = {
    [VMT_ONNX_FLOAT] = {4, FLOAT_DATA, 0x7f800000},
    [2] = {1, INT32_DATA, 0}, /* uint8 */
    [3] = {1, INT32_DATA, 0}, /* int8 */
    [4] = {2, INT32_DATA, 0}, /* uint16 */
    [5] = {2, INT32_DATA, 0}, /* int16 */
    [VMT_ONNX_INT32] = {4, INT32_DATA, 0},
    [VMT_ONNX_INT64] = {8, INT64_DATA, 0},
    [9] = {1, INT32_DATA, 0},       /* bool */
    [10] = {2, INT32_DATA, 0x7c00}, /* float16 */
    [VMT_ONNX_DOUBLE] = {8, DOUBLE_DATA, 0x7ff0000000000000},
    [12] = {4, UINT64_DATA, 0},     /* uint32 */
    [13] = {8, UINT64_DATA, 0},     /* uint64 */
    [16] = {2, INT32_DATA, 0x7f80}, /* bfloat16 */
};

bool vmt_finite_bits(uint32_t bits)
{
    return (bits & 0x7f800000) != 0x7f800000;
}

double vmt_float_of_bits(uint32_t bits)
{
    float value;
    memcpy(&value, &bits, sizeof(value));
    return value;
}

static const char *add_dim(VmtTensor *t, uint64_t dim)
{
    if (t->rank == VMT_RANK_MAX)
        return "has too many dimensions";
    t->dims[t->rank++] = dim;
    return NULL;
}

static const char *add_dims(VmtTensor *t, const VmtField *field)
{
    if (field->type == VMT_VARINT)
        return add_dim(t, field->value);
    VmtSlice rest = field->bytes;
    while (rest.size) {
        uint64_t dim;
        const char *why = vmt_wire_varint(&rest, &dim) ? add_dim(t, dim) : "is corrupt";
        if (why)
            return why;
    }
    return NULL;
}

/* The fields, each for itself; *field is the one that has the data, 0 if there is none. */
static const char *read_fields(VmtTensor *t, VmtSlice bytes, int *data_field)
{
    VmtCursor cursor = vmt_wire_begin(&tensor_message, bytes);
    VmtField field;
    int found, count = 0;
    while ((found = vmt_wire_next(&cursor, &field)) > 0) {
        const char *why = NULL;
        if (++count > FIELDS_MAX)
            return "has too many fields";
        switch (field.number) {
        case DIMS:
            why = add_dims(t, &field);
            break;
        case DATA_TYPE:
            t->type = field.value < sizeof(types) / sizeof(*types) ? (int)field.value : 0;
            break;
        case NAME:
            t->name = field.bytes;
            break;
        case SEGMENT:
            why = "is stored in segments";
            break;
        case STRING_DATA:
            why = "holds strings";
            break;
        case EXTERNAL_DATA:
            why = "has its data in another file";
            break;
        case DATA_LOCATION:
            why = field.value ? "has its data in another file" : NULL;
            break;
        case FLOAT_DATA:
        case INT32_DATA:
        case INT64_DATA:
        case DOUBLE_DATA:
        case UINT64_DATA:
        case RAW_DATA:
            why = *data_field ? "has its data twice" : NULL;
            *data_field = field.number;
            t->data = field.bytes;
        }
        if (why)
            return why;
    }
    return found < 0 ? "is corrupt" : NULL;
}

/* The count of elements, none of which can take less than a byte of what there is. */
static const char *count_elements(VmtTensor *t)
{
    t->count = 1;
    for (int i = 0; i < t->rank; i++)
        if (t->dims[i] == 0)
            t->count = 0;
    for (int i = 0; i < t->rank && t->count; i++) {
        if (t->dims[i] > t->data.size / t->count)
            return "claims more elements than it has";
        t->count *= (size_t)t->dims[i];
    }
    return NULL;
}

static bool finite_fixed(VmtSlice data, const struct Type *type)
{
    const uint8_t *end = data.data + data.size;
    int bad = 0; /* no early way out, so that the loops become vectors */
    switch (type->size) {
    case 8:
        for (const uint8_t *p = data.data; p < end; p += 8)
            bad |= (vmt_wire_u64(p) & type->exponent) == type->exponent;
        break;
    case 4:
        for (const uint8_t *p = data.data; p < end; p += 4)
            bad |= !vmt_finite_bits(vmt_wire_u32(p));
        break;
    default:
        for (const uint8_t *p = data.data; p < end; p += 2)
            bad |= ((unsigned)(p[0] | p[1] << 8) & type->exponent) == type->exponent;
    }
    return !bad;
}

static const char *check_varints(const VmtTensor *t, const struct Type *type)
{
    if (t->count > VMT_PACKED_MAX)
        return "is large and not stored as raw data";
    VmtSlice rest = t->data;
    for (size_t i = 0; i < t->count; i++) {
        uint64_t value;
        if (!vmt_wire_varint(&rest, &value))
            return "has less data than its shape says";
        if (type->exponent && (value & type->exponent) == type->exponent)
            return "holds an infinity or NaN";
    }
    return rest.size ? "has more data than its shape says" : NULL;
}

static const char *check_data(VmtTensor *t, int field)
{
    const struct Type *type = &types[t->type];
    t->raw = field == RAW_DATA;
    if (type->size == 0)
        return "has an element type that is not allowed";
    if (field && !t->raw && field != type->field)
        return "has its data in the field of another type";
    const char *why = count_elements(t);
    if (why)
        return why;
    if (!t->raw && type->field != FLOAT_DATA && type->field != DOUBLE_DATA)
        return check_varints(t, type);
    if (t->data.size != t->count * type->size)
        return "has not as much data as its shape says";
    return t->count && type->exponent && !finite_fixed(t->data, type) ?
               "holds an infinity or NaN" : NULL;
}

const char *vmt_tensor_read(VmtTensor *out, VmtSlice bytes)
{
    *out = (VmtTensor){.name = {bytes.data, 0}, .data = {bytes.data, 0}};
    int field = 0;
    const char *why = read_fields(out, bytes, &field);
    return why ? why : check_data(out, field);
}

int vmt_tensor_values(const VmtTensor *tensor, double *values, int max)
{
    if (tensor->count > (size_t)max)
        return -1;
    VmtSlice rest = tensor->data;
    for (size_t i = 0; i < tensor->count; i++) {
        uint64_t bits;
        if (tensor->type == VMT_ONNX_FLOAT)
            values[i] = vmt_float_of_bits(vmt_wire_u32(rest.data + 4 * i));
        else if (tensor->type != VMT_ONNX_INT64 && tensor->type != VMT_ONNX_INT32)
            return -1;
        else if (!tensor->raw)
            values[i] = vmt_wire_varint(&rest, &bits) ? (double)(int64_t)bits : 0;
        else if (tensor->type == VMT_ONNX_INT64)
            values[i] = (double)(int64_t)vmt_wire_u64(rest.data + 8 * i);
        else
            values[i] = (double)(int32_t)vmt_wire_u32(rest.data + 4 * i);
    }
    return (int)tensor->count;
}
