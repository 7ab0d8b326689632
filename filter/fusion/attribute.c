// SPDX-License-Identifier: BSD-2-Clause-Patent
#include "fusion/attribute.h"

#include "fusion/tensor.h"

const VmtMessage vmt_attribute_message = {
    "AttributeProto",
    {[VMT_ATTRIBUTE_NAME] = VMT_BYTES, [VMT_ATTRIBUTE_F] = VMT_FIXED32,
     [VMT_ATTRIBUTE_I] = VMT_VARINT, [VMT_ATTRIBUTE_S] = VMT_BYTES, [VMT_ATTRIBUTE_T] = VMT_BYTES,
     [VMT_ATTRIBUTE_G] = VMT_BYTES,
     [VMT_ATTRIBUTE_FLOATS] = VMT_FIXED32 | VMT_BYTES | VMT_MANY,
     [VMT_ATTRIBUTE_INTS] = VMT_VARINT | VMT_BYTES | VMT_MANY,
     [VMT_ATTRIBUTE_STRINGS] = VMT_BYTES | VMT_MANY,
     [VMT_ATTRIBUTE_TENSORS] = VMT_BYTES | VMT_MANY, [11] = VMT_BYTES | VMT_MANY /* graphs */,
     [VMT_ATTRIBUTE_DOC_STRING] = VMT_BYTES, [14] = VMT_BYTES /* tp */,
     [15] = VMT_BYTES | VMT_MANY /* type_protos */, [VMT_ATTRIBUTE_TYPE] = VMT_VARINT,
     [21] = VMT_BYTES /* ref_attr_name */, [22] = VMT_BYTES /* sparse_tensor */,
     [23] = VMT_BYTES | VMT_MANY /* sparse_tensors */}};

static bool is_real(const VmtField *field)
{
    return field->number == VMT_ATTRIBUTE_F || field->number == VMT_ATTRIBUTE_FLOATS;
}

bool vmt_attribute_numeric(const VmtField *field)
{
    return is_real(field) || field->number == VMT_ATTRIBUTE_I ||
           field->number == VMT_ATTRIBUTE_INTS;
}

/* The next element of a packed field. */
static int unpack(const VmtField *field, size_t *offset, uint64_t *bits)
{
    VmtSlice rest = {field->bytes.data + *offset, field->bytes.size - *offset};
    if (rest.size == 0)
        return 0;
    if (!is_real(field)) {
        if (!vmt_wire_varint(&rest, bits))
            return -1;
        *offset = field->bytes.size - rest.size;
        return 1;
    }
    if (rest.size < 4)
        return -1;
    *bits = vmt_wire_u32(rest.data);
    *offset += 4;
    return 1;
}

int vmt_attribute_number(const VmtField *field, size_t *offset, double *number)
{
    uint64_t bits = field->value;
    if (field->type == VMT_BYTES) {
        const int rc = unpack(field, offset, &bits);
        if (rc <= 0)
            return rc;
    } else if ((*offset)++) {
        return 0;
    }
    if (is_real(field) && !vmt_finite_bits((uint32_t)bits))
        return -1;
    *number = is_real(field) ? vmt_float_of_bits((uint32_t)bits) : (double)(int64_t)bits;
    return 1;
}

int vmt_attribute_values(VmtSlice attribute, double *values, int max)
{
    VmtCursor cursor = vmt_wire_begin(&vmt_attribute_message, attribute);
    VmtField field;
    int found, count = 0;
    while ((found = vmt_wire_next(&cursor, &field)) > 0) {
        if (field.number == VMT_ATTRIBUTE_T) {
            VmtTensor tensor;
            return vmt_tensor_read(&tensor, field.bytes) ?
                       -1 : vmt_tensor_values(&tensor, values, max);
        }
        if (!vmt_attribute_numeric(&field))
            continue;
        size_t offset = 0;
        double value;
        int rc;
        while ((rc = vmt_attribute_number(&field, &offset, &value)) > 0) {
            if (count == max)
                return -1;
            values[count++] = value;
        }
        if (rc < 0)
            return -1;
    }
    return found < 0 ? -1 : count;
}
