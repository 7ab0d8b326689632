# SPDX-License-Identifier: BSD-2-Clause-Patent
"""From a table of feature rows to a checkpoint and its statistics."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from vmaf_train.errors import TrainError
from vmaf_train.files import write_json
from vmaf_train.metrics import Agreement
from vmaf_train.models import Model
from vmaf_train.provenance import Invocation, run_provenance
from vmaf_train.sampling import sample_rows
from vmaf_train.splits import split_keys
from vmaf_train.table import Rows, read_rows
from vmaf_train.teacher import Teacher, read_teacher

if TYPE_CHECKING:
    from vmaf_train.fit import Fitted, Recipe


@dataclasses.dataclass(frozen=True)
class Settings:
    """What a training run is asked for.

    Parameters
    ----------
    epochs, batch_size, lr, polish, restarts, seed
        As in :class:`vmaf_train.fit.Recipe`.
    teacher : Path or None
        Model file of the teacher; with it, rows that nobody measured are drawn as well.
    sampled : float
        How many of those, as a multiple of the measured rows.
    hold_out : str
        ``"none"``, or ``"test"`` to leave the sources of the test split out.
    """

    epochs: int = 90
    batch_size: int = 256
    lr: float = 1e-3
    polish: int = 200
    restarts: int = 1
    seed: int = 0
    teacher: Path | None = None
    sampled: float = 2.0
    hold_out: str = "none"


def train(
    model: Model,
    table: Path,
    checkpoint: Path,
    stats: Path,
    settings: Settings,
    invocation: Invocation,
) -> Agreement:
    """Train a model and write its checkpoint and statistics.

    Returns
    -------
    Agreement
        With the teacher, on the measured rows trained on.

    Raises
    ------
    TableError
        If the table lacks a column or has a value that is not finite.
    TrainError
        If torch is missing, nothing is left to train on, or a file cannot be written.
    """
    rows = read_rows(table, model.features)
    held_out: list[str] = []
    if settings.hold_out == "test":
        held_out = split_keys(name for name in rows.sources() if name).test
        rows = rows.take(~np.isin(rows.source, np.array(held_out, dtype=str)))
    if len(rows) == 0:
        raise TrainError(f"{table}: every source is held out; nothing is left to train on")
    teacher = read_teacher(settings.teacher) if settings.teacher else None
    fitted = trainer(model, settings, teacher)(rows, settings.seed)
    about: dict[str, Any] = {
        "features": list(model.features),
        "input_mean": [float(v) for v in fitted.network.mean],
        "input_std": [float(v) for v in fitted.network.std],
        "train_metrics": {
            "plcc": fitted.metrics.plcc,
            "srocc": fitted.metrics.srocc,
            "rmse": fitted.metrics.rmse,
        },
        "epochs": settings.epochs,
        "lr": settings.lr,
        "batch_size": settings.batch_size,
        "seed": settings.seed,
        "polish": settings.polish,
        "restarts": settings.restarts,
        "sampled": settings.sampled if teacher else 0.0,
        "held_out_sources": held_out,
    }
    _fit_module().save_checkpoint(checkpoint, fitted.network, about)
    inputs = {"parquet": table} | ({"teacher": settings.teacher} if settings.teacher else {})
    args = {"parquet": table, "out_ckpt": checkpoint, "out_stats": stats}
    provenance = run_provenance(
        invocation,
        args | dataclasses.asdict(settings),
        inputs,
        {"ckpt": checkpoint, "stats": stats},
        itself="stats",
    )
    write_json(stats, about | {"n_train_rows": len(rows), "run_provenance": provenance})
    return fitted.metrics


def trainer(
    model: Model, settings: Settings, teacher: Teacher | None
) -> Callable[[Rows, int], Fitted]:
    """Make the function that trains a model on rows with a seed."""
    fit = _fit_module()

    def run(rows: Rows, seed: int) -> Fitted:
        extra = None
        if teacher is not None:
            rng = np.random.default_rng(seed)
            extra = sample_rows(rows, teacher, round(settings.sampled * len(rows)), rng)
        recipe: Recipe = fit.Recipe(
            settings.epochs,
            settings.batch_size,
            settings.lr,
            settings.polish,
            settings.restarts,
            seed,
        )
        fitted: Fitted = fit.fit(model.hidden, rows, extra, recipe)
        return fitted

    return run


def _fit_module() -> Any:
    try:
        from vmaf_train import fit
    except ImportError as error:
        raise TrainError(
            f"training needs torch ({error}); run: pip install 'vmaf-tiny[train]'"
        ) from error
    return fit
