// SPDX-License-Identifier: BSD-2-Clause-Patent
/**
 * @file
 * The registry inside the library: rows without the cost of reading every model.
 */
#ifndef VMT_FUSION_REGISTRY_H
#define VMT_FUSION_REGISTRY_H

#include "vmaf_tiny.h"

/** As vmt_registry_open(), but `intact` of every entry is 0. */
int vmt_registry_load(VmtRegistry **out, const char *model_dir, VmtError *error);

/** The folder that was read. */
const char *vmt_registry_folder(const VmtRegistry *registry);

/** Entry with this id, or NULL. */
const VmtModelEntry *vmt_registry_by_id(const VmtRegistry *registry, const char *id);

/**
 * Find the entry whose file is this one; *entry is NULL if there is none.
 *
 * @param path without symbolic links
 * @return 0, -ENOMEM
 */
int vmt_registry_by_path(const VmtRegistry *registry, const char *path,
                         const VmtModelEntry **entry, VmtError *error);

/** Entry with this digest, or NULL. */
const VmtModelEntry *vmt_registry_by_sha256(const VmtRegistry *registry, const char *sha256);

#endif
