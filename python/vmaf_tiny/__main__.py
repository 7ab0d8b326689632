"""Run the command: python -m vmaf_tiny."""

import sys

from vmaf_tiny.cli import main

if __name__ == "__main__":
    sys.exit(main())
