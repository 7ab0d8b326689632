// SPDX-License-Identifier: BSD-2-Clause-Patent
#include "vmaf_tiny.h"
