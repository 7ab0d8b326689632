"""Write what a command shows on a terminal as a picture: picture.py SVG COMMAND ..."""

import os
import pty
import shlex
import subprocess
import sys
from io import StringIO
from pathlib import Path

from rich.console import Console
from rich.text import Text

COLUMNS = 96


def shown(command: list[str]) -> str:
    """Return what a command writes to a terminal; its progress goes elsewhere."""
    reader, writer = pty.openpty()
    environment = {**os.environ, "COLUMNS": str(COLUMNS), "TERM": "xterm-256color"}
    with subprocess.Popen(command, stdout=writer, stderr=subprocess.DEVNULL, env=environment):
        os.close(writer)
        pieces = []
        try:
            while piece := os.read(reader, 65536):
                pieces.append(piece)
        except OSError:  # how Linux says that the other end is closed
            pass
    return b"".join(pieces).decode().replace("\r\n", "\n").strip("\n")


def main() -> None:
    """Read the command line."""
    target, *command = sys.argv[1:]
    console = Console(record=True, width=COLUMNS, file=StringIO())
    typed = shlex.join([Path(command[0]).name, *command[1:]])
    console.print(Text(f"$ {typed}\n", style="bold"))
    console.print(Text.from_ansi(shown(command)))
    console.save_svg(target, title="vmaf-tiny")


if __name__ == "__main__":
    main()
