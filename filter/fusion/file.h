// SPDX-License-Identifier: BSD-2-Clause-Patent
/**
 * @file
 * Read files that are not trusted: regular ones, of bounded size, inside the jail if there is one.
 *
 * The jail is the folder that the environment variable VMAF_TINY_MODEL_DIR names. Symbolic links
 * are resolved before its border is checked. Unset or empty: no jail.
 */
#ifndef VMT_FUSION_FILE_H
#define VMT_FUSION_FILE_H

#include <stddef.h>
#include <stdint.h>

#include "vmaf_tiny.h"

enum {
    VMT_MODEL_BYTES_MAX = 50 * 1024 * 1024, /**< no setting of the environment changes this */
    VMT_JSON_BYTES_MAX = 1024 * 1024
};

/** A file in memory, freed by vmt_file_free(). */
typedef struct VmtFile {
    uint8_t *data;
    size_t size;
    char *path; /**< without symbolic links */
} VmtFile;

/**
 * Read a whole file. Never waits: what is not a regular file is not opened.
 *
 * @param what  names the file in messages, e.g. "model"
 * @param limit largest size
 * @return 0, -ENOENT, -EACCES outside the jail or when it is no folder, -EFBIG, -EINVAL if it is
 *         not a regular file, -ENOMEM, or what the system says
 */
int vmt_file_read(VmtFile *out, const char *path, size_t limit, const char *what,
                  VmtError *error);

void vmt_file_free(VmtFile *file);

/** Value of an environment variable; NULL if it is unset or empty. */
const char *vmt_file_env(const char *name);

/** folder + "/" + name in new memory; NULL without memory. */
char *vmt_file_join(const char *folder, const char *name);

/** The part behind the last slash. */
const char *vmt_file_name(const char *path);

#endif
