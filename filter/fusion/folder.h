// SPDX-License-Identifier: BSD-2-Clause-Patent
/**
 * @file
 * Find the folder of the models.
 */
#ifndef VMT_FUSION_FOLDER_H
#define VMT_FUSION_FOLDER_H

#include "vmaf_tiny.h"

/**
 * Find the folder that the registry is in.
 *
 * @param given returned if not NULL or empty; then $VMAF_TINY_MODEL_DIR; then what was installed
 *              with this library, wherever that was moved to; then where it was to be installed
 * @return path in new memory; NULL without memory
 */
char *vmt_model_folder(const char *given);

#endif
