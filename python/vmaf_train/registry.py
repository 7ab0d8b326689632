# SPDX-License-Identifier: BSD-2-Clause-Patent
"""The registry of shipped models: the list of checksums that loaders trust."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from vmaf_train.errors import TableError, TrainError
from vmaf_train.files import int8_paths, read_json, sha256_of, write_bytes, write_json
from vmaf_train.models import Model

SCHEMA_FILE = "registry.schema.json"


MAX_BYTES = {"fr": 100 * 1024, "nr": 5 * 1024**2, "filter": 2 * 1024**2}
"""Largest file by the kind of model."""

_QUANTIZED = ("quant_mode", "int8_sha256", "quant_accuracy_budget_plcc")


def add(
    registry: Path, model: Model, sidecar: Path, evaluation: Path, crossval: Path | None = None
) -> None:
    """Add or replace a model's row, from the sidecar beside its ONNX file.

    Parameters
    ----------
    evaluation : Path
        What eval wrote of the sources that were held out.
    crossval : Path, optional
        What crossval wrote.

    Raises
    ------
    TrainError
        If the sidecar is another model's, the ONNX file beside it differs from it, the evaluation
        is of another file, or the model does not pass its gate.
    """
    about = read_json(sidecar)
    if about.get("id") != model.id:
        raise TrainError(f"{sidecar} belongs to {about.get('id')}, not to {model.id}")
    onnx_path = registry.parent / about["onnx"]
    if not onnx_path.is_file() or sha256_of(onnx_path) != about["sha256"]:
        raise TrainError(f"{onnx_path} is not the file that {sidecar} describes; export again")
    missed = misses(model, about["sha256"], evaluation, crossval)
    if missed:
        raise TrainError(f"{model.id} does not pass its gate: {'; '.join(missed)}")
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
        **{name: about[name] for name in _QUANTIZED if name in about},
    }
    put(registry, row)


def put(registry: Path, row: dict[str, Any]) -> None:
    """Add or replace a row, by its id."""
    content: dict[str, Any] = {"$schema": f"./{SCHEMA_FILE}", "schema_version": 1, "models": []}
    if registry.exists():
        content = read_json(registry)
    else:
        _lay_schema_beside(registry)
    others = [entry for entry in content["models"] if entry["id"] != row["id"]]
    content["models"] = sorted([*others, row], key=lambda entry: str(entry["id"]))
    write_json(registry, content)


def _lay_schema_beside(registry: Path) -> None:
    """Put the schema into the folder of a new registry, as the one that is installed has it."""
    from vmaf_tiny.models import find_model_dir

    folder, here = find_model_dir(None), registry.parent / SCHEMA_FILE
    if folder is not None and not here.exists():
        write_bytes(here, (Path(folder) / SCHEMA_FILE).read_bytes())


def misses(model: Model, sha256: str, evaluation: Path, crossval: Path | None) -> list[str]:
    """Say what a model does not reach, one line each.

    Raises
    ------
    TrainError
        If a report lacks a value, or is of another file or split.
    """
    report, gate = read_json(evaluation), model.gate
    try:
        if report["run_provenance"]["inputs"]["model"]["sha256"] != sha256:
            raise TrainError(f"{evaluation} is of another file; evaluate again")
        if report["split"] != "test":
            raise TrainError(f"{evaluation} is of the {report['split']} split, not of the test's")
        found = [
            f"{name} {report[name]:.6g} is not {relation} {limit:g}"
            for name, limit, relation in (
                ("plcc", gate.plcc, "at least"),
                ("rmse", gate.rmse, "at most"),
                ("p99", gate.p99, "at most"),
            )
            if not (report[name] >= limit if relation == "at least" else report[name] <= limit)
        ]
        if crossval is not None:
            mean = read_json(crossval)["mean"]["plcc"]
            if not mean >= gate.loso_plcc:
                found.append(f"cross-validated plcc {mean:.6g} is not at least {gate.loso_plcc:g}")
    except (KeyError, TypeError) as error:
        raise TrainError(f"{evaluation} or {crossval} lacks {error}; run its step again") from error
    return found


def problems(registry: Path) -> list[str]:
    """List what is wrong with a registry, one line each; an empty list is good news.

    Raises
    ------
    TableError
        If the registry or its schema cannot be read.
    TrainError
        If jsonschema is not installed.
    """
    try:
        content, schema = read_json(registry), read_json(registry.parent / SCHEMA_FILE)
    except TrainError as error:
        raise TableError(str(error)) from error
    found = _schema_problems(content, schema)
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


def _schema_problems(content: Any, schema: Any) -> list[str]:
    try:
        import jsonschema  # type: ignore[import-untyped, unused-ignore]
    except ImportError as error:
        raise TrainError("jsonschema is missing; run: pip install jsonschema") from error
    validator = jsonschema.Draft202012Validator(schema)
    return [
        f"{'/'.join(map(str, error.path)) or 'registry'}: {error.message}"
        for error in sorted(validator.iter_errors(content), key=lambda error: list(error.path))
    ]


def _entry_problems(entry: dict[str, Any], folder: Path) -> list[str]:
    onnx_path = folder / entry["onnx"]
    found = _file_problems(entry, onnx_path, entry["sha256"])
    if "int8_sha256" in entry:
        int8, _ = int8_paths(onnx_path)
        found += _file_problems(entry, int8, entry["int8_sha256"])
    return found


def _file_problems(entry: dict[str, Any], onnx_path: Path, sha256: str) -> list[str]:
    if not onnx_path.is_file():
        return [f"{onnx_path.name} is missing"]
    found = []
    size, largest = onnx_path.stat().st_size, MAX_BYTES[entry["kind"]]
    if size > largest:
        found.append(f"{onnx_path.name} has {size} bytes, more than {largest}")
    if sha256_of(onnx_path) != sha256:
        found.append(f"{onnx_path.name} has another sha256")
    if entry.get("smoke", False):
        return found
    sidecar = onnx_path.with_suffix(".json")
    if not sidecar.is_file():
        return [*found, f"{sidecar.name} is missing"]
    try:
        about = read_json(sidecar)
    except TrainError as error:
        return [*found, str(error)]
    told = {"onnx": onnx_path.name, "sha256": sha256}
    told |= {key: entry[key] for key in ("id", "kind", "opset", "quant_mode") if key in entry}
    found += [f"{sidecar.name} has another {key}" for key in told if about.get(key) != told[key]]
    return found
