"""Lines on standard error, each of which begins with the command's name."""

import sys

from vmaf_tiny.errors import one_line


def say(text: str) -> None:
    """Print a line; names of files and words of models cannot end it or command the terminal."""
    print("vmaf-tiny:", one_line(text), file=sys.stderr)


def warn(text: str) -> None:
    """Print a warning."""
    say(f"warning: {text}")
