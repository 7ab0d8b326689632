#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause-Patent
"""Hold an ONNX file of fr_regressor_v2 against the gate it must pass to ship."""

import sys
from pathlib import Path

try:
    from vmaf_train.cli import script
except ModuleNotFoundError:  # run from a checkout that is not installed
    sys.path.append(str(Path(__file__).resolve().parents[1]))
    from vmaf_train.cli import script

if __name__ == "__main__":
    sys.exit(script("validate", "fr_regressor_v2", __file__))
