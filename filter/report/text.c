// SPDX-License-Identifier: BSD-2-Clause-Patent
#include "report/text.h"

#include <math.h>
#include <stdint.h>

#define REPLACEMENT 0xfffdu

void vmt_put_number(VmtOutput *out, double x)
{
    double whole, fraction = modf(fabs(x), &whole);
    for (int i = 0; i < 6; i++)
        fraction *= 10;
    const int hidden = fraction > 0 && fraction < 1;
    vmt_print(out, hidden ? "%.16f" : "%.6f", x);
}

/* Bytes that follow the first of a character; negative: no character begins so. */
static int followers(unsigned char first)
{
    if (first < 0x80)
        return 0;
    if (first < 0xc0)
        return -1;
    return first < 0xe0 ? 1 : first < 0xf0 ? 2 : first < 0xf8 ? 3 : -1;
}

/* Take one character. A byte that begins no valid one is taken alone. */
static uint32_t take(const unsigned char **at)
{
    static const uint32_t least[] = {0, 0x80, 0x800, 0x10000};
    const unsigned char *s = *at;
    const int more = followers(s[0]);
    *at = s + 1;
    if (more < 0)
        return REPLACEMENT;
    uint32_t c = more ? s[0] & (0x3fu >> more) : s[0];
    for (int i = 1; i <= more; i++) {
        if ((s[i] & 0xc0) != 0x80) /* the end of the string too */
            return REPLACEMENT;
        c = c << 6 | (s[i] & 0x3f);
    }
    if (c < least[more] || c > 0x10ffff || (c >= 0xd800 && c < 0xe000))
        return REPLACEMENT;
    *at = s + 1 + more;
    return c;
}

void vmt_put_json(VmtOutput *out, const char *utf8)
{
    vmt_put(out, '"');
    for (const unsigned char *at = (const unsigned char *)utf8; *at;) {
        const uint32_t c = take(&at);
        if (c == '"' || c == '\\')
            vmt_print(out, "\\%c", (int)c);
        else if (c >= ' ' && c < 0x7f)
            vmt_put(out, (char)c);
        else if (c < 0x10000)
            vmt_print(out, "\\u%04x", (unsigned)c);
        else
            vmt_print(out, "\\u%04x\\u%04x", (unsigned)(0xd800 + ((c - 0x10000) >> 10)),
                      (unsigned)(0xdc00 + (c & 0x3ff)));
    }
    vmt_put(out, '"');
}

static int in_xml(uint32_t c)
{
    return c >= ' ' ? c != 0xfffe && c != 0xffff : c == '\t' || c == '\n' || c == '\r';
}

void vmt_put_xml(VmtOutput *out, const char *utf8)
{
    for (const unsigned char *at = (const unsigned char *)utf8; *at;) {
        const uint32_t c = take(&at);
        if (c >= ' ' && c < 0x7f && c != '"' && c != '&' && c != '<' && c != '>')
            vmt_put(out, (char)c);
        else
            vmt_print(out, "&#%u;", (unsigned)(in_xml(c) ? c : REPLACEMENT));
    }
}
