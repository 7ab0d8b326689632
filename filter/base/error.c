// SPDX-License-Identifier: BSD-2-Clause-Patent
#include "base/error.h"

#include <stdarg.h>
#include <stdio.h>

int vmt_fail(VmtError *error, int code, const char *format, ...)
{
    if (error) {
        va_list args;
        va_start(args, format);
        vsnprintf(error->text, sizeof(error->text), format, args);
        va_end(args);
        /* One line, whatever a path or a library's message brought in. */
        for (char *p = error->text; *p; p++)
            if ((unsigned char)*p < ' ' || *p == 0x7f)
                *p = ' ';
    }
    return code;
}

void vmt_no_error(VmtError *error)
{
    if (error)
        error->text[0] = '\0';
}
