// SPDX-License-Identifier: BSD-2-Clause-Patent
/**
 * @file
 * Numbers and strings as the formats spell them.
 *
 * Strings come out in ASCII, everything else as escapes: a reader that opens a log with the wrong
 * encoding still reads it right. What is not UTF-8, or cannot be in XML, becomes U+FFFD.
 */
#ifndef VMT_REPORT_TEXT_H
#define VMT_REPORT_TEXT_H

#include "report/output.h"

/** A finite number as libvmaf prints it: six decimals, and sixteen where six would hide the only
 *  digits that follow the point. */
void vmt_put_number(VmtOutput *out, double x);

/** A JSON string with its quotes. */
void vmt_put_json(VmtOutput *out, const char *utf8);

/** The inside of an XML attribute. */
void vmt_put_xml(VmtOutput *out, const char *utf8);

#endif
