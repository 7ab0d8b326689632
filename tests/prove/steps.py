"""Commands that a proof needs, and which must succeed."""

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SHOWN = 20000  # characters of what a command said before it failed


def run(
    *command: str | Path, cwd: Path = ROOT, environment: Mapping[str, str] | None = None
) -> str:
    """Run a command and return all that it says; end with that if it fails."""
    words = [str(part) for part in command]
    done = subprocess.run(
        words,
        cwd=cwd,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    )
    if done.returncode:
        sys.stdout.write(done.stdout[-SHOWN:])
        sys.exit(f"failed: {' '.join(words)}")
    return done.stdout


def without(*prefixes: str) -> dict[str, str]:
    """Return the environment without the variables whose names begin so."""
    return {name: value for name, value in os.environ.items() if not name.startswith(prefixes)}


def with_tools(**variables: str) -> dict[str, str]:
    """Return the environment with this Python's tools on the path, and further variables."""
    path = os.pathsep.join((str(Path(sys.executable).parent), os.environ["PATH"]))
    return os.environ | {"PATH": path} | variables
