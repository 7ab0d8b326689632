# SPDX-License-Identifier: BSD-2-Clause-Patent
"""What a build says: lines for people, a complete log, one error that says what to do."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TextIO


class Fault(Exception):
    """What went wrong and what to do, in one line."""


def say(step: str, text: str) -> None:
    """Print a line of progress."""
    print(f"{step:<10} {text}", flush=True)


def output_of(command: Sequence[str]) -> str:
    """Return what a command prints, standard error included, whatever its exit status."""
    result = subprocess.run(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        check=False,
    )
    return result.stdout


class Log:
    """A file that keeps all that the commands of a build print.

    Parameters
    ----------
    path : Path
        Written anew.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file: TextIO = path.open("w", encoding="utf-8")

    def run(
        self, command: Sequence[str], folder: Path, on_line: Callable[[str], None] | None = None
    ) -> bool:
        """Run a command, give each line of its output to `on_line`, return whether it succeeded."""
        self._file.write(f"$ cd {folder} && {' '.join(command)}\n")
        with subprocess.Popen(
            command,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
        ) as process:
            assert process.stdout is not None
            for line in process.stdout:
                self._file.write(line)
                if on_line:
                    on_line(line)
        self._file.flush()
        return process.returncode == 0

    def tail(self, lines: int = 12) -> str:
        """Return the last lines."""
        self._file.flush()
        return "".join(self.path.read_text("utf-8").splitlines(keepends=True)[-lines:])

    def fault(self, what: str) -> Fault:
        """Show the end of the log, return the error to raise."""
        sys.stderr.write(self.tail())
        return Fault(f"{what}; all that was printed is in {self.path}")
