// SPDX-License-Identifier: BSD-2-Clause-Patent
#include "base/error.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Bytes of the character there that ends a line or commands a terminal, with its code; 0: none. */
static int control_at(const unsigned char *p, unsigned *code)
{
    *code = *p;
    if (*p < ' ' || *p == 0x7f)
        return 1;
    if (*p == 0xc2 && p[1] >= 0x80 && p[1] < 0xa0) { /* U+0080 to U+009F */
        *code = p[1];
        return 2;
    }
    if (*p == 0xe2 && p[1] == 0x80 && (p[2] == 0xa8 || p[2] == 0xa9)) { /* U+2028, U+2029 */
        *code = 0x2000u + (p[2] & 0x3f);
        return 3;
    }
    return 0;
}

/* One line, whatever a path or a library's message brings in: escapes as Python and C have them. */
static void put_line(VmtError *error, const char *text)
{
    size_t n = 0;
    while (*text) {
        char part[8] = {*text};
        unsigned code;
        const int size = control_at((const unsigned char *)text, &code);
        const char *letter = code ? memchr("\t\n\r", (int)code, 3) : NULL;
        if (size && letter)
            snprintf(part, sizeof(part), "\\%c", "tnr"[letter - "\t\n\r"]);
        else if (size)
            snprintf(part, sizeof(part), code > 0xff ? "\\u%04x" : "\\x%02x", code);
        const size_t length = strlen(part);
        if (n + length >= sizeof(error->text))
            break;
        memcpy(error->text + n, part, length);
        n += length;
        text += size ? size : 1;
    }
    error->text[n] = '\0';
}

int vmt_fail(VmtError *error, int code, const char *format, ...)
{
    if (error) {
        char text[sizeof(error->text)];
        va_list args;
        va_start(args, format);
        vsnprintf(text, sizeof(text), format, args);
        va_end(args);
        put_line(error, text);
    }
    return code;
}

void vmt_no_error(VmtError *error)
{
    if (error)
        error->text[0] = '\0';
}
