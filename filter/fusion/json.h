// SPDX-License-Identifier: BSD-2-Clause-Patent
/**
 * @file
 * A strict reader of small JSON texts (RFC 8259).
 *
 * Refused beyond what the grammar refuses: a name twice in an object, bytes that are not UTF-8,
 * U+0000, numbers that no finite double can hold, nesting deeper than VMT_JSON_DEPTH_MAX and
 * objects of more than VMT_JSON_MEMBERS_MAX members. Independent of the locale.
 */
#ifndef VMT_FUSION_JSON_H
#define VMT_FUSION_JSON_H

#include <stddef.h>

#include "vmaf_tiny.h"

enum {
    VMT_JSON_DEPTH_MAX = 32,
    VMT_JSON_MEMBERS_MAX = 1024
};

typedef enum VmtJsonType {
    VMT_JSON_NULL,
    VMT_JSON_BOOL,
    VMT_JSON_NUMBER,
    VMT_JSON_STRING,
    VMT_JSON_ARRAY,
    VMT_JSON_OBJECT
} VmtJsonType;

/** A value. Elements of arrays and members of objects are linked in the order of the text. */
typedef struct VmtJsonValue {
    VmtJsonType type;
    const char *name;                  /**< of a member; NULL elsewhere */
    const char *string;                /**< of a string, UTF-8 */
    double number;                     /**< of a number; 0 or 1 of a bool */
    const struct VmtJsonValue *first;  /**< of what an array or object holds, or NULL */
    const struct VmtJsonValue *next;   /**< beside this one, or NULL */
    size_t count;                      /**< of what an array or object holds */
} VmtJsonValue;

/** A text that was read; owns its values. */
typedef struct VmtJson VmtJson;

/**
 * Read a text.
 *
 * @param what names it in messages, e.g. a path
 * @return 0, -EBADMSG, -ENOMEM
 */
int vmt_json_open(VmtJson **out, const char *text, size_t size, const char *what,
                  VmtError *error);

void vmt_json_close(VmtJson **json);

/** The outermost value. */
const VmtJsonValue *vmt_json_root(const VmtJson *json);

/** Member of an object; NULL if there is none of that name and type, or value is no object. */
const VmtJsonValue *vmt_json_get(const VmtJsonValue *value, const char *name, VmtJsonType type);

/** Member of any type; NULL if there is none or value is no object. */
const VmtJsonValue *vmt_json_find(const VmtJsonValue *value, const char *name);

#endif
