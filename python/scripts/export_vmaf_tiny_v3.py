#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause-Patent
"""Turn a checkpoint of vmaf_tiny_v3 into an ONNX file and its sidecar."""

import sys
from pathlib import Path

try:
    from vmaf_train.cli import script
except ModuleNotFoundError:  # run from a checkout that is not installed
    sys.path.append(str(Path(__file__).resolve().parents[1]))
    from vmaf_train.cli import script

if __name__ == "__main__":
    sys.exit(script("export", "vmaf_tiny_v3", __file__))
