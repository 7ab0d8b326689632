// SPDX-License-Identifier: BSD-2-Clause-Patent
#include "vmaf_tiny.h"

const char *vmt_version(void)
{
    return VMT_VERSION;
}
