// SPDX-License-Identifier: BSD-2-Clause-Patent
/* The public header stands alone, as C99 without warnings. */
#include "vmaf_tiny.h"

int main(void)
{
    return vmt_version()[0] == '\0';
}
