# SPDX-License-Identifier: BSD-2-Clause-Patent
"""Files that appear whole or not at all, and their checksums."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from vmaf_tiny import files
from vmaf_tiny.errors import VmafTinyError
from vmaf_train.errors import TrainError


def sha256_of(path: Path) -> str:
    """Checksum of a file, 64 lower-case hex digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def int8_paths(onnx_path: Path) -> tuple[Path, Path]:
    """Where the int8 form and its sidecar lie."""
    return onnx_path.with_suffix(".int8.onnx"), onnx_path.with_suffix(".int8.json")


def write_atomically(path: Path, write: Callable[[Path], object]) -> None:
    """Let `write` fill a file beside `path`, then move it there; its folder is made if need be.

    Raises
    ------
    TrainError
        If the folder cannot be made or written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        files.write_atomically(path, write)
    except OSError as error:
        reason = error.strerror or str(error)
        raise TrainError(f"{path} cannot be written: {reason}: choose another place") from error
    except VmafTinyError as error:
        raise TrainError(str(error)) from error


def write_bytes(path: Path, data: bytes) -> None:
    """Write a binary file atomically."""
    write_atomically(path, lambda temporary: temporary.write_bytes(data))


def write_json(path: Path, value: Any) -> None:
    """Write a JSON file atomically: two blanks, keys in the order given, newline at the end."""
    text = json.dumps(value, indent=2, allow_nan=False, ensure_ascii=False) + "\n"
    write_bytes(path, text.encode())


def read_json(path: Path) -> Any:
    """Read a JSON file.

    Raises
    ------
    TrainError
        If it is missing or not JSON.
    """
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise TrainError(f"cannot read {path}: {error}") from error
