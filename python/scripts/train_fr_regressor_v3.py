#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause-Patent
"""Train fr_regressor_v3 on a table of feature rows."""

import sys
from pathlib import Path

try:
    from vmaf_train.cli import script
except ModuleNotFoundError:  # run from a checkout that is not installed
    sys.path.append(str(Path(__file__).resolve().parents[1]))
    from vmaf_train.cli import script

if __name__ == "__main__":
    sys.exit(script("train", "fr_regressor_v3", __file__))
