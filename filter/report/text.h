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

#include "report/file.h"

/** A finite number as libvmaf prints it: six decimals, and sixteen where six would hide the only
 *  digits that follow the point. */
void vmt_put_number(VmtFile *file, double x);

/** A JSON string with its quotes. */
void vmt_put_json(VmtFile *file, const char *utf8);

/** The inside of an XML attribute. */
void vmt_put_xml(VmtFile *file, const char *utf8);

#endif
