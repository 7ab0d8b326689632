# SPDX-License-Identifier: BSD-2-Clause-Patent
"""How good is a model: on a split, on the first rows of a table, by leaving sources out."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from vmaf_train.codecs import CRF_RANGE, PRESETS
from vmaf_train.errors import TableError
from vmaf_train.files import read_json, write_json
from vmaf_train.metrics import Agreement, agreement
from vmaf_train.models import Model
from vmaf_train.provenance import Invocation, run_provenance
from vmaf_train.runtime import predict
from vmaf_train.splits import folds, split_keys
from vmaf_train.table import Rows, read_rows

SPLITS = ("train", "val", "test", "all")


def rows_of_split(rows: Rows, split: str) -> Rows:
    """Rows whose source is in the split; ``"all"`` takes every row.

    Raises
    ------
    TableError
        If the table names no sources, or the split has none.
    """
    if split == "all":
        return rows
    sources = [name for name in rows.sources() if name]
    if not sources:
        raise TableError("the table has no source column to split by; use --split all")
    chosen = getattr(split_keys(sources), split)
    if not chosen:
        raise TableError(f"none of the {len(sources)} sources is in the {split} split")
    return rows.of_sources(chosen)


def evaluate(onnx_path: Path, rows: Rows) -> tuple[Agreement, dict[str, Agreement]]:
    """Compare a model's clipped scores with the teacher's: all together, and source by source."""
    predicted = predict(onnx_path, rows)
    by_source = {}
    for name in rows.sources():
        chosen = rows.source == name
        by_source[name] = agreement(predicted[chosen], rows.vmaf[chosen])
    return agreement(predicted, rows.vmaf), by_source


def codec_shift(onnx_path: Path, rows: Rows) -> dict[str, float]:
    """By how much scores move when encoder, preset and CRF are drawn at random.

    Returns
    -------
    dict
        ``mean``, ``p99`` and ``worst`` absolute difference; empty if the model takes no codec.
    """
    sidecar = onnx_path.with_suffix(".json")
    vocabulary = (read_json(sidecar) if sidecar.is_file() else {}).get("encoder_vocab")
    if not vocabulary:
        return {}
    rng = np.random.default_rng(0)
    count = len(rows)
    codec = rng.choice(vocabulary, count)
    ladders = {name: list(PRESETS.get(name, {"": 0})) for name in vocabulary}
    preset = np.array([rng.choice(ladders[name]) for name in codec], dtype=str)
    crf = rng.uniform(*CRF_RANGE, count)
    drawn = dataclasses.replace(rows, codec=codec, preset=preset, crf=crf)
    moved = np.abs(predict(onnx_path, drawn) - predict(onnx_path, rows))
    return {
        "mean": float(moved.mean()),
        "p99": float(np.percentile(moved, 99)),
        "worst": float(moved.max()),
    }


def validate(
    model: Model,
    onnx_path: Path,
    table: Path,
    count: int,
    min_plcc: float,
    report: Path | None,
    invocation: Invocation,
) -> Agreement:
    """Hold a model against the first `count` rows of a table and report.

    The gate is passed if the correlation reaches `min_plcc`.
    """
    rows = read_rows(table, model.features, limit=count)
    predicted = predict(onnx_path, rows)
    result = agreement(predicted, rows.vmaf)
    if report is not None:
        args = {
            "onnx": onnx_path,
            "parquet": table,
            "rows": count,
            "min_plcc": min_plcc,
            "out_json": report,
        }
        content: dict[str, Any] = {
            "model": model.id,
            "rows": len(rows),
            "min_plcc": min_plcc,
            "plcc": result.plcc,
            "rmse": result.rmse,
            "gate_pass": result.plcc >= min_plcc,
            "sample_predictions": predicted[:5].tolist(),
            "sample_truth": rows.vmaf[:5].tolist(),
            "run_provenance": run_provenance(
                invocation,
                args,
                {"onnx": onnx_path, "parquet": table},
                {"out_json": report},
                itself="out_json",
            ),
        }
        write_json(report, content)
    return result


@dataclasses.dataclass(frozen=True)
class CrossValidation:
    """Agreement on every fold's held-out sources, for every seed."""

    folds: list[list[str]]
    results: list[Agreement]

    def summary(self) -> dict[str, tuple[float, float]]:
        """Mean and standard deviation over the results, by figure."""
        return {
            name: (float(np.mean(values)), float(np.std(values)))
            for name in ("plcc", "srocc", "rmse", "p99")
            for values in [[getattr(result, name) for result in self.results]]
        }


def cross_validate(
    rows: Rows,
    count: int,
    seeds: Sequence[int],
    train: Callable[[Rows, int], Callable[[Rows], npt.NDArray[np.float32]]],
    tell: Callable[[str], None] = lambda line: None,
) -> CrossValidation:
    """Train without each fold's sources, measure on them.

    Parameters
    ----------
    count : int
        Folds; 0: one per source (leave one source out).
    train : callable
        Makes a function that scores rows, from rows and a seed.
    tell : callable
        Is told how each training did.

    Raises
    ------
    TableError
        If the table has fewer sources than folds.
    """
    sources = [name for name in rows.sources() if name]
    try:
        parts = folds(sources, count or len(sources))
    except ValueError as error:
        raise TableError(str(error)) from error
    results = []
    for held_out in parts:
        inside = np.isin(rows.source, held_out)
        for seed in seeds:
            score = train(rows.take(~inside), seed)
            test = rows.take(inside)
            results.append(agreement(np.clip(score(test), 0, 100), test.vmaf))
            tell(f"{results[-1]} seed={seed} {' '.join(held_out)}")
    return CrossValidation(parts, results)
