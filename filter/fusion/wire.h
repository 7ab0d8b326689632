// SPDX-License-Identifier: BSD-2-Clause-Patent
/**
 * @file
 * A reader of the protobuf wire format that trusts nothing.
 *
 * Stricter than protobuf itself, so that what was checked is what another reader will see: a field
 * that is not known, that has another wire type than it should, or that occurs twice although it
 * may occur once, is an error.
 */
#ifndef VMT_FUSION_WIRE_H
#define VMT_FUSION_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** Bytes that belong to someone else. */
typedef struct VmtSlice {
    const uint8_t *data;
    size_t size;
} VmtSlice;

/** Wire types as bits, to say which a field may have. */
enum {
    VMT_VARINT = 1 << 0,
    VMT_FIXED64 = 1 << 1,
    VMT_BYTES = 1 << 2,
    VMT_FIXED32 = 1 << 5,
    VMT_MANY = 1 << 8 /**< not a wire type: may occur more than once */
};

/** What a message may contain. Fields that are not listed have 0. */
typedef struct VmtMessage {
    const char *name;
    uint16_t fields[32]; /**< by number */
} VmtMessage;

typedef struct VmtField {
    int number;
    int type;       /**< one of the bits above */
    uint64_t value; /**< of a varint or fixed field */
    VmtSlice bytes; /**< of a VMT_BYTES field */
} VmtField;

/** Where a reader stands in a message. */
typedef struct VmtCursor {
    const VmtMessage *message;
    const uint8_t *p, *end;
    uint32_t seen;
} VmtCursor;

/** Start to read a message. */
VmtCursor vmt_wire_begin(const VmtMessage *message, VmtSlice bytes);

/**
 * Read the next field.
 *
 * @return 1, 0 at the end, -1 if the bytes are not such a message
 */
int vmt_wire_next(VmtCursor *cursor, VmtField *field);

/** Take a varint from the front of a slice, as from a packed field; false if there is none. */
bool vmt_wire_varint(VmtSlice *bytes, uint64_t *value);

/** 32 and 64 bits, least significant byte first. */
uint32_t vmt_wire_u32(const uint8_t *p);
uint64_t vmt_wire_u64(const uint8_t *p);

/** True if both hold the same bytes. */
bool vmt_slice_equal(VmtSlice a, VmtSlice b);

/** True if the slice holds the characters of text. */
bool vmt_slice_is(VmtSlice slice, const char *text);

enum { VMT_SLICE_TEXT = 65 };

/** The start of a slice as printable ASCII, for messages; returns text. */
const char *vmt_slice_text(VmtSlice slice, char text[VMT_SLICE_TEXT]);

#endif
