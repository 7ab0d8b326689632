# SPDX-License-Identifier: BSD-2-Clause-Patent
"""The registry of shipped models: the list of checksums that loaders trust."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from vmaf_train.errors import TrainError
from vmaf_train.files import read_json, sha256_of, write_json
from vmaf_train.models import Model

SCHEMA_FILE = "registry.schema.json"


def add(registry: Path, model: Model, sidecar: Path) -> None:
    """Add or replace a model's row, from the sidecar beside its ONNX file.

    Raises
    ------
    TrainError
        If the sidecar is another model's or the ONNX file beside it differs from it.
    """
    about = read_json(sidecar)
    if about.get("id") != model.id:
        raise TrainError(f"{sidecar} belongs to {about.get('id')}, not to {model.id}")
    onnx_path = registry.parent / about["onnx"]
    if not onnx_path.is_file() or sha256_of(onnx_path) != about["sha256"]:
        raise TrainError(f"{onnx_path} is not the file that {sidecar} describes; export again")
    row = {
        "id": model.id,
        "kind": model.kind,
        "onnx": about["onnx"],
        "opset": about["opset"],
        "sha256": about["sha256"],
        "description": model.description,
        "notes": about["notes"],
        "license": model.license,
        "teacher": model.teacher,
    }
    content: dict[str, Any] = {"$schema": f"./{SCHEMA_FILE}", "schema_version": 1, "models": []}
    if registry.exists():
        content = read_json(registry)
    others = [entry for entry in content["models"] if entry["id"] != model.id]
    content["models"] = sorted([*others, row], key=lambda entry: str(entry["id"]))
    write_json(registry, content)


def problems(registry: Path) -> list[str]:
    """List what is wrong with a registry, one line each; an empty list is good news.

    Raises
    ------
    TrainError
        If the registry or its schema cannot be read, or jsonschema is not installed.
    """
    content = read_json(registry)
    found = _schema_problems(content, registry.parent / SCHEMA_FILE)
    if found:
        return found
    seen: set[str] = set()
    for entry in content["models"]:
        name = entry["id"]
        if name in seen:
            found.append(f"{name}: there are two models of this id")
        seen.add(name)
        found += [f"{name}: {problem}" for problem in _entry_problems(entry, registry.parent)]
    return found


def _schema_problems(content: Any, schema: Path) -> list[str]:
    try:
        import jsonschema  # type: ignore[import-untyped, unused-ignore]
    except ImportError as error:
        raise TrainError("jsonschema is missing; run: pip install jsonschema") from error
    validator = jsonschema.Draft202012Validator(read_json(schema))
    return [
        f"{'/'.join(map(str, error.path)) or 'registry'}: {error.message}"
        for error in sorted(validator.iter_errors(content), key=lambda error: list(error.path))
    ]


def _entry_problems(entry: dict[str, Any], folder: Path) -> list[str]:
    onnx_path = folder / entry["onnx"]
    if not onnx_path.is_file():
        return [f"{onnx_path.name} is missing"]
    found = []
    if sha256_of(onnx_path) != entry["sha256"]:
        found.append(f"{onnx_path.name} has another sha256")
    sidecar = onnx_path.with_suffix(".json")
    if not entry.get("smoke", False):
        if not sidecar.is_file():
            return [*found, f"{sidecar.name} is missing"]
        about = read_json(sidecar)
        for key in ("id", "kind", "onnx", "opset", "sha256"):
            if key in entry and about.get(key) != entry[key]:
                found.append(f"{sidecar.name} has another {key}")
    return found
