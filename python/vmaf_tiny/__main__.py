"""Run the command: python -m vmaf_tiny."""

import sys

from vmaf_tiny.cli import program

if __name__ == "__main__":
    sys.exit(program())
