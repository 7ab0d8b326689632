// SPDX-License-Identifier: BSD-2-Clause-Patent
/**
 * @file
 * Fill a caller's VmtError.
 */
#ifndef VMT_BASE_ERROR_H
#define VMT_BASE_ERROR_H

#include "vmaf_tiny.h"

#if defined(__GNUC__)
#define VMT_PRINTF(text, first) __attribute__((format(printf, text, first)))
#else
#define VMT_PRINTF(text, first)
#endif

/** Write the message, if there is a place for it, and return code, so that callers return both. */
int vmt_fail(VmtError *error, int code, const char *format, ...) VMT_PRINTF(3, 4);

/** Empty the message. */
void vmt_no_error(VmtError *error);

#endif
