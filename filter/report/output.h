// SPDX-License-Identifier: BSD-2-Clause-Patent
/**
 * @file
 * A file that appears whole or not at all.
 *
 * A regular file is written beside its place and renamed by vmt_output_close(). What cannot be
 * replaced, a pipe or a device, is written to directly. After the first failure nothing more is
 * written; vmt_output_close() tells, so no one else has to ask.
 *
 * From open to close, which must be in one thread, SIGPIPE and SIGXFSZ are held back from this
 * thread and swallowed if writing raised them: a library must not end its host.
 */
#ifndef VMT_REPORT_OUTPUT_H
#define VMT_REPORT_OUTPUT_H

#include "base/error.h"

/** A file being written. */
typedef struct VmtOutput VmtOutput;

enum {
    VMT_PRINT_MAX = 511 /**< most characters of one vmt_print() */
};

/**
 * Begin a file.
 *
 * @param path "-" for standard output; must live until vmt_output_close()
 * @return 0, -ENOMEM, or what the system says of the path
 */
int vmt_output_open(VmtOutput **out, const char *path, VmtError *error);

/** Write formatted text. */
void vmt_print(VmtOutput *out, const char *format, ...) VMT_PRINTF(2, 3);

/** Write one byte. */
void vmt_put(VmtOutput *out, char byte);

/**
 * Finish the file, or remove what there is of it if anything has failed.
 *
 * @return 0, or what the system said of the first thing that failed
 */
int vmt_output_close(VmtOutput **out, VmtError *error);

#endif
