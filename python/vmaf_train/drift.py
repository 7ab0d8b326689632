# SPDX-License-Identifier: BSD-2-Clause-Patent
"""The drift guard: a small table of features with the scores that the models must keep.

It is text, so that a change of it can be read, and small, so that it can be kept beside the code.
"""

from __future__ import annotations

import csv
import io
from pathlib import Path

import numpy as np
import numpy.typing as npt

from vmaf_train.errors import TableError, TrainError
from vmaf_train.features import FEATURES
from vmaf_train.files import int8_paths, read_json, write_bytes
from vmaf_train.runtime import predict
from vmaf_train.table import Rows

Array = npt.NDArray[np.float64]

ALLOWED = 1e-3
"""A score that moves by so much has drifted."""

_ORIGIN = ("source", "codec", "preset", "crf")


def write_expected(path: Path, registry: Path, rows: Rows, count: int) -> None:
    """Write `count` rows, spread evenly over the scores, with the answers of all models."""
    order = np.argsort(rows.vmaf, kind="stable")
    chosen = np.zeros(len(rows), bool)
    chosen[order[np.linspace(0, len(rows) - 1, min(count, len(rows))).astype(int)]] = True
    few = rows.take(chosen)
    # What is written is what is scored.
    features = np.array([[float(f"{v:.6f}") for v in row] for row in few.features])
    few = Rows(features, few.vmaf, few.source, few.codec, few.preset, few.crf)
    scores = {name: predict(file, few) for name, file in _models(registry).items()}
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([*_ORIGIN, *FEATURES, "vmaf", *scores])
    for n in range(len(few)):
        crf = "" if np.isnan(few.crf[n]) else f"{few.crf[n]:g}"
        values = [f"{v:.6f}" for v in (*few.features[n], few.vmaf[n])]
        answers = [f"{answer[n]:.6f}" for answer in scores.values()]
        writer.writerow([few.source[n], few.codec[n], few.preset[n], crf, *values, *answers])
    write_bytes(path, text.getvalue().encode())


def read_expected(path: Path) -> tuple[Rows, dict[str, Array]]:
    """Read such a table: rows, and the expected scores by the name of the model.

    Raises
    ------
    TableError
        If the file is missing or no such table.
    """
    try:
        with path.open(encoding="utf-8", newline="") as file:
            lines = list(csv.DictReader(file))
        texts = {name: np.array([line[name] for line in lines], dtype=str) for name in lines[0]}
        crf = np.array([float(text or "nan") for text in texts.pop("crf")])
        source, codec, preset = (texts.pop(name) for name in _ORIGIN[:-1])
        values = {name: column.astype(np.float64) for name, column in texts.items()}
        features = np.stack([values.pop(name) for name in FEATURES], axis=1)
        return Rows(features, values.pop("vmaf"), source, codec, preset, crf), values
    except (OSError, KeyError, IndexError, ValueError) as error:
        raise TableError(f"{path} is no table of expected scores: {error}") from error


def drifted(path: Path, registry: Path) -> list[str]:
    """Say which models of a registry no longer answer as expected, one line each."""
    rows, expected = read_expected(path)
    found = []
    for name, file in _models(registry).items():
        if name not in expected:
            found.append(f"{name}: {path.name} has no scores of it; write it again")
            continue
        try:
            moved = float(np.abs(predict(file, rows) - expected[name]).max())
        except TrainError as error:
            found.append(f"{name}: {error}")
            continue
        if not moved < ALLOWED:
            found.append(f"{name}: a score moved by {moved:.6f}, {ALLOWED:g} is not allowed")
    return found


def _models(registry: Path) -> dict[str, Path]:
    """Files of the models that score features, by id; the int8 form has its own."""
    files: dict[str, Path] = {}
    for entry in read_json(registry)["models"]:
        file = registry.parent / entry["onnx"]
        sidecar = file.with_suffix(".json")
        if entry["kind"] != "fr" or not sidecar.is_file() or "features" not in read_json(sidecar):
            continue
        files[entry["id"]] = file
        if "int8_sha256" in entry:
            files[f"{entry['id']}.int8"] = int8_paths(file)[0]
    return files
