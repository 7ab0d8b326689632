// SPDX-License-Identifier: BSD-2-Clause-Patent
#include "fusion/wire.h"

#include <string.h>

VmtCursor vmt_wire_begin(const VmtMessage *message, VmtSlice bytes)
{
    return (VmtCursor){message, bytes.data, bytes.data + bytes.size, 0};
}

bool vmt_wire_varint(VmtSlice *bytes, uint64_t *value)
{
    uint64_t result = 0;
    for (size_t i = 0; i < bytes->size && i < 10; i++) {
        const uint8_t byte = bytes->data[i];
        if (i == 9 && byte > 1) /* beyond 64 bits */
            return false;
        result |= (uint64_t)(byte & 0x7f) << 7 * i;
        if (byte < 0x80) {
            bytes->data += i + 1;
            bytes->size -= i + 1;
            *value = result;
            return true;
        }
    }
    return false;
}

uint32_t vmt_wire_u32(const uint8_t *p)
{
    return p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

uint64_t vmt_wire_u64(const uint8_t *p)
{
    return vmt_wire_u32(p) | (uint64_t)vmt_wire_u32(p + 4) << 32;
}

/* The payload, behind the key. */
static bool take(VmtSlice *rest, VmtField *field)
{
    uint64_t size;
    switch (field->type) {
    case VMT_VARINT:
        return vmt_wire_varint(rest, &field->value);
    case VMT_FIXED32:
        size = 4;
        break;
    case VMT_FIXED64:
        size = 8;
        break;
    default:
        if (!vmt_wire_varint(rest, &size))
            return false;
    }
    if (size > rest->size)
        return false;
    if (field->type == VMT_FIXED32)
        field->value = vmt_wire_u32(rest->data);
    else if (field->type == VMT_FIXED64)
        field->value = vmt_wire_u64(rest->data);
    else
        field->bytes = (VmtSlice){rest->data, (size_t)size};
    rest->data += size;
    rest->size -= (size_t)size;
    return true;
}

int vmt_wire_next(VmtCursor *cursor, VmtField *field)
{
    if (cursor->p == cursor->end)
        return 0;
    VmtSlice rest = {cursor->p, (size_t)(cursor->end - cursor->p)};
    uint64_t key;
    if (!vmt_wire_varint(&rest, &key) || key >> 3 > 31)
        return -1;
    *field = (VmtField){.number = (int)(key >> 3), .type = 1 << (key & 7)};
    const int allowed = cursor->message->fields[field->number];
    const uint32_t bit = (uint32_t)1 << field->number;
    if (!(allowed & field->type) || ((cursor->seen & bit) && !(allowed & VMT_MANY)))
        return -1;
    cursor->seen |= bit;
    if (!take(&rest, field))
        return -1;
    cursor->p = rest.data;
    return 1;
}

bool vmt_slice_equal(VmtSlice a, VmtSlice b)
{
    return a.size == b.size && (a.size == 0 || memcmp(a.data, b.data, a.size) == 0);
}

bool vmt_slice_is(VmtSlice slice, const char *text)
{
    return vmt_slice_equal(slice, (VmtSlice){(const uint8_t *)text, strlen(text)});
}

const char *vmt_slice_text(VmtSlice slice, char text[VMT_SLICE_TEXT])
{
    size_t n = 0;
    for (; n < slice.size && n < VMT_SLICE_TEXT - 1; n++)
        text[n] = slice.data[n] >= ' ' && slice.data[n] < 0x7f ? (char)slice.data[n] : '?';
    text[n] = '\0';
    return text;
}
