// SPDX-License-Identifier: BSD-2-Clause-Patent
/**
 * @file
 * Fill the look-up tables that kernels use.
 */
#ifndef VMT_FEATURES_TABLES_H
#define VMT_FEATURES_TABLES_H

#include "kernels/kernels.h"

void vmt_tables_fill(VmtTables *tables);

#endif
