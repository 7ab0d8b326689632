# SPDX-License-Identifier: BSD-2-Clause-Patent
"""``python -m vmaf_train``."""

import sys

from vmaf_train.cli import main

if __name__ == "__main__":
    sys.exit(main())
