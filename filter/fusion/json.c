// SPDX-License-Identifier: BSD-2-Clause-Patent
#define _XOPEN_SOURCE 700
#include "fusion/json.h"

#include <errno.h>
#include <locale.h>
#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#ifdef __APPLE__
#include <xlocale.h>
#endif

#include "base/error.h"

enum {
    CHUNK = 128,       /* values allocated at once */
    NUMBER_LENGTH = 64 /* of digits, sign, point and exponent */
};

typedef struct Chunk {
    struct Chunk *next;
    VmtJsonValue values[CHUNK];
} Chunk;

struct VmtJson {
    Chunk *chunks;
    size_t used; /* of the newest chunk */
    char *strings;
    const VmtJsonValue *root;
};

typedef struct Reader {
    VmtJson *json;
    const char *begin, *p, *end;
    char *string; /* where the next one goes; decoded, none is longer than it was */
    const char *what;
    VmtError *error;
    int depth;
} Reader;

static int read_value(Reader *r, VmtJsonValue *value);

static int bad(const Reader *r, const char *expected)
{
    int line = 1;
    for (const char *p = r->begin; p < r->p; p++)
        line += *p == '\n';
    return vmt_fail(r->error, -EBADMSG, "%s: line %d is not valid JSON: %s", r->what, line,
                    expected);
}

static VmtJsonValue *new_value(Reader *r)
{
    VmtJson *json = r->json;
    if (!json->chunks || json->used == CHUNK) {
        Chunk *chunk = malloc(sizeof(*chunk));
        if (!chunk)
            return NULL;
        chunk->next = json->chunks;
        json->chunks = chunk;
        json->used = 0;
    }
    VmtJsonValue *value = &json->chunks->values[json->used++];
    *value = (VmtJsonValue){0};
    return value;
}

static void skip_blanks(Reader *r)
{
    while (r->p < r->end && (*r->p == ' ' || *r->p == '\t' || *r->p == '\n' || *r->p == '\r'))
        r->p++;
}

/* Skips the character c if it is next. */
static bool take(Reader *r, char c)
{
    if (r->p == r->end || *r->p != c)
        return false;
    r->p++;
    return true;
}

static bool take_word(Reader *r, const char *word)
{
    const size_t n = strlen(word);
    if ((size_t)(r->end - r->p) < n || memcmp(r->p, word, n))
        return false;
    r->p += n;
    return true;
}

static bool take_digits(Reader *r)
{
    const char *begin = r->p;
    while (r->p < r->end && *r->p >= '0' && *r->p <= '9')
        r->p++;
    return r->p > begin;
}

/* strtod() of the C locale, whatever the process has set. */
static int to_double(const char *text, double *number)
{
    const locale_t c = newlocale(LC_ALL_MASK, "C", (locale_t)0);
    if (!c)
        return -ENOMEM;
    const locale_t old = uselocale(c);
    *number = strtod(text, NULL);
    uselocale(old);
    freelocale(c);
    return 0;
}

static int read_number(Reader *r, VmtJsonValue *value)
{
    const char *begin = r->p;
    take(r, '-');
    const bool zero = take(r, '0');
    bool valid = zero || take_digits(r);
    if (valid && take(r, '.'))
        valid = take_digits(r);
    if (valid && (take(r, 'e') || take(r, 'E'))) {
        if (!take(r, '+'))
            take(r, '-');
        valid = take_digits(r);
    }
    if (!valid)
        return bad(r, "a value is expected");
    const size_t n = (size_t)(r->p - begin);
    if (n >= NUMBER_LENGTH)
        return bad(r, "a number is too long");
    char text[NUMBER_LENGTH];
    memcpy(text, begin, n);
    text[n] = '\0';
    value->type = VMT_JSON_NUMBER;
    if (to_double(text, &value->number))
        return vmt_fail(r->error, -ENOMEM, "out of memory");
    if (!isfinite(value->number))
        return bad(r, "a number is too large");
    return 0;
}

/* Bytes of the UTF-8 sequence at p, 0 if it is not valid. */
static int utf8_length(const unsigned char *p, const unsigned char *end)
{
    if (p[0] < 0x80)
        return 1;
    const int n = p[0] >= 0xf0 ? 4 : p[0] >= 0xe0 ? 3 : 2;
    if (p[0] < 0xc2 || p[0] > 0xf4 || end - p < n)
        return 0;
    for (int i = 1; i < n; i++)
        if ((p[i] & 0xc0) != 0x80)
            return 0;
    /* Too long a form, halves of surrogate pairs, beyond U+10FFFF. */
    if ((p[0] == 0xe0 && p[1] < 0xa0) || (p[0] == 0xed && p[1] > 0x9f) ||
        (p[0] == 0xf0 && p[1] < 0x90) || (p[0] == 0xf4 && p[1] > 0x8f))
        return 0;
    return n;
}

/* Four hex digits, or -1. */
static long read_hex(Reader *r)
{
    if (r->end - r->p < 4)
        return -1;
    long code = 0;
    for (int i = 0; i < 4; i++) {
        static const char digits[] = "0123456789abcdef0123456789ABCDEF";
        const char *digit = *r->p ? strchr(digits, *r->p) : NULL;
        if (!digit)
            return -1;
        code = code * 16 + (digit - digits) % 16;
        r->p++;
    }
    return code;
}

/* The number of the character behind \u, a pair of surrogates taken together, or -1. */
static long read_unicode(Reader *r)
{
    const long code = read_hex(r);
    if (code < 0xd800 || code > 0xdfff)
        return code;
    if (code > 0xdbff || !take(r, '\\') || !take(r, 'u'))
        return -1;
    const long low = read_hex(r);
    if (low < 0xdc00 || low > 0xdfff)
        return -1;
    return 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
}

static void put_utf8(Reader *r, long code)
{
    if (code < 0x80) {
        *r->string++ = (char)code;
    } else if (code < 0x800) {
        *r->string++ = (char)(0xc0 | code >> 6);
        *r->string++ = (char)(0x80 | (code & 0x3f));
    } else if (code < 0x10000) {
        *r->string++ = (char)(0xe0 | code >> 12);
        *r->string++ = (char)(0x80 | (code >> 6 & 0x3f));
        *r->string++ = (char)(0x80 | (code & 0x3f));
    } else {
        *r->string++ = (char)(0xf0 | code >> 18);
        *r->string++ = (char)(0x80 | (code >> 12 & 0x3f));
        *r->string++ = (char)(0x80 | (code >> 6 & 0x3f));
        *r->string++ = (char)(0x80 | (code & 0x3f));
    }
}

static int read_escape(Reader *r)
{
    static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
    if (take(r, 'u')) {
        const long code = read_unicode(r);
        if (code <= 0)
            return bad(r, "a \\u escape is not a character");
        put_utf8(r, code);
        return 0;
    }
    const char *escape = r->p < r->end && *r->p ? strchr(from, *r->p) : NULL;
    if (!escape)
        return bad(r, "an escape is unknown");
    *r->string++ = to[escape - from];
    r->p++;
    return 0;
}

/* A string behind its opening quote. */
static int read_string(Reader *r, const char **string)
{
    *string = r->string;
    while (!take(r, '"')) {
        if (r->p == r->end)
            return bad(r, "a string has no end");
        if ((unsigned char)*r->p < ' ')
            return bad(r, "a control character stands in a string");
        if (take(r, '\\')) {
            const int rc = read_escape(r);
            if (rc)
                return rc;
            continue;
        }
        const int n = utf8_length((const unsigned char *)r->p, (const unsigned char *)r->end);
        if (!n)
            return bad(r, "a string is not UTF-8");
        memcpy(r->string, r->p, (size_t)n);
        r->string += n;
        r->p += n;
    }
    *r->string++ = '\0';
    return 0;
}

static int read_name(Reader *r, const VmtJsonValue *object, const char **name)
{
    skip_blanks(r);
    if (!take(r, '"'))
        return bad(r, "a name in quotes is expected");
    const int rc = read_string(r, name);
    if (rc)
        return rc;
    if (vmt_json_find(object, *name))
        return bad(r, "a name occurs twice in an object");
    if (object->count == VMT_JSON_MEMBERS_MAX)
        return bad(r, "an object has too many members");
    skip_blanks(r);
    return take(r, ':') ? 0 : bad(r, "':' is expected behind a name");
}

/* What an array or object holds, behind its opening bracket. */
static int read_inside(Reader *r, VmtJsonValue *outer, char closing)
{
    const VmtJsonValue **link = &outer->first;
    skip_blanks(r);
    if (take(r, closing))
        return 0;
    do {
        const char *name = NULL;
        int rc = outer->type == VMT_JSON_OBJECT ? read_name(r, outer, &name) : 0;
        if (rc)
            return rc;
        VmtJsonValue *value = new_value(r);
        if (!value)
            return vmt_fail(r->error, -ENOMEM, "out of memory");
        rc = read_value(r, value);
        if (rc)
            return rc;
        value->name = name;
        *link = value;
        link = &value->next;
        outer->count++;
        skip_blanks(r);
    } while (take(r, ','));
    if (!take(r, closing))
        return bad(r, closing == '}' ? "',' or '}' is expected" : "',' or ']' is expected");
    return 0;
}

static int read_nested(Reader *r, VmtJsonValue *value, VmtJsonType type, char closing)
{
    if (r->depth == VMT_JSON_DEPTH_MAX)
        return bad(r, "it is nested too deeply");
    value->type = type;
    r->depth++;
    const int rc = read_inside(r, value, closing);
    r->depth--;
    return rc;
}

static int read_value(Reader *r, VmtJsonValue *value)
{
    skip_blanks(r);
    if (take(r, '{'))
        return read_nested(r, value, VMT_JSON_OBJECT, '}');
    if (take(r, '['))
        return read_nested(r, value, VMT_JSON_ARRAY, ']');
    if (take(r, '"')) {
        value->type = VMT_JSON_STRING;
        return read_string(r, &value->string);
    }
    if (take_word(r, "null"))
        return 0;
    if (take_word(r, "false")) {
        value->type = VMT_JSON_BOOL;
        return 0;
    }
    if (take_word(r, "true")) {
        value->type = VMT_JSON_BOOL;
        value->number = 1;
        return 0;
    }
    return read_number(r, value);
}

static int read_text(Reader *r)
{
    VmtJsonValue *root = new_value(r);
    if (!root)
        return vmt_fail(r->error, -ENOMEM, "out of memory");
    r->json->root = root;
    const int rc = read_value(r, root);
    if (rc)
        return rc;
    skip_blanks(r);
    return r->p == r->end ? 0 : bad(r, "nothing is expected behind the value");
}

int vmt_json_open(VmtJson **out, const char *text, size_t size, const char *what, VmtError *error)
{
    *out = NULL;
    VmtJson *json = calloc(1, sizeof(*json));
    if (json)
        json->strings = malloc(size + 1);
    if (!json || !json->strings) {
        vmt_json_close(&json);
        return vmt_fail(error, -ENOMEM, "out of memory");
    }
    Reader reader = {.json = json, .begin = text, .p = text, .end = text + size,
                     .string = json->strings, .what = what, .error = error};
    const int rc = read_text(&reader);
    if (rc)
        vmt_json_close(&json);
    *out = json;
    return rc;
}

void vmt_json_close(VmtJson **json)
{
    if (!*json)
        return;
    while ((*json)->chunks) {
        Chunk *chunk = (*json)->chunks;
        (*json)->chunks = chunk->next;
        free(chunk);
    }
    free((*json)->strings);
    free(*json);
    *json = NULL;
}

const VmtJsonValue *vmt_json_root(const VmtJson *json)
{
    return json->root;
}

const VmtJsonValue *vmt_json_find(const VmtJsonValue *value, const char *name)
{
    if (!value || value->type != VMT_JSON_OBJECT)
        return NULL;
    for (const VmtJsonValue *member = value->first; member; member = member->next)
        if (strcmp(member->name, name) == 0)
            return member;
    return NULL;
}

const VmtJsonValue *vmt_json_get(const VmtJsonValue *value, const char *name, VmtJsonType type)
{
    const VmtJsonValue *member = vmt_json_find(value, name);
    return member && member->type == type ? member : NULL;
}
