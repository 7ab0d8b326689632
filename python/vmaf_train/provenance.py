# SPDX-License-Identifier: BSD-2-Clause-Patent
"""How an artefact came about: the program, its arguments, what it read and wrote."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from vmaf_train.files import sha256_of

SCHEMA = "ai-run-provenance-v1"


@dataclasses.dataclass(frozen=True)
class Invocation:
    """A program as it was called.

    Parameters
    ----------
    entrypoint : Path
        The script.
    argv : sequence of str
        Its arguments, without the program's name.
    """

    entrypoint: Path
    argv: Sequence[str]


def run_provenance(
    invocation: Invocation,
    args: Mapping[str, Any],
    inputs: Mapping[str, Path],
    outputs: Mapping[str, Path],
    itself: str,
) -> dict[str, Any]:
    """Describe a run.

    Parameters
    ----------
    args : mapping
        Parsed arguments; paths are written as records write them.
    inputs, outputs : mapping of str to Path
        Files by their role.
    itself : str
        Role of the output that the record becomes a part of. It is recorded without a checksum,
        which it could not contain.
    """
    written = {name: path_record(path) for name, path in outputs.items() if name != itself}
    written[itself] = {"path": shown_path(outputs[itself]), "exists": True, "kind": "file"}
    return {
        "schema": SCHEMA,
        "entrypoint": path_record(invocation.entrypoint),
        "argv": list(invocation.argv),
        "args": {
            name: shown_path(value) if isinstance(value, Path) else value
            for name, value in args.items()
        },
        "inputs": {name: path_record(path) for name, path in inputs.items()},
        "outputs": written,
    }


def path_record(path: Path) -> dict[str, Any]:
    """Record a file or folder: path, whether it exists, its kind, a file's sha256."""
    kind = "file" if path.is_file() else "directory" if path.is_dir() else "missing"
    record: dict[str, Any] = {"path": shown_path(path), "exists": path.exists(), "kind": kind}
    if kind == "file":
        record["sha256"] = sha256_of(path)
    return record


def shown_path(path: Path) -> str:
    """Path relative to the repository where it lies inside, else as given."""
    root = repository()
    absolute = path.absolute()
    return absolute.relative_to(root).as_posix() if absolute.is_relative_to(root) else str(path)


def repository() -> Path:
    """Folder of the checkout this module is part of; of an installed package, the current one."""
    for folder in Path(__file__).resolve().parents:
        if (folder / "pyproject.toml").is_file() and (folder / "model").is_dir():
            return folder
    return Path.cwd()
