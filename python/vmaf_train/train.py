# SPDX-License-Identifier: BSD-2-Clause-Patent
"""From a table of feature rows to a checkpoint and its statistics."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from vmaf_train.checkpoint import network_of, read_checkpoint, save_checkpoint
from vmaf_train.errors import TableError
from vmaf_train.files import write_json
from vmaf_train.fit import Fitted, fit
from vmaf_train.metrics import Agreement
from vmaf_train.models import Model
from vmaf_train.net import Network
from vmaf_train.provenance import Invocation, run_provenance
from vmaf_train.recipe import Recipe
from vmaf_train.sampling import sample_rows
from vmaf_train.splits import split_keys
from vmaf_train.table import Rows, read_rows
from vmaf_train.teacher import Teacher, read_teacher


def train(
    model: Model,
    table: Path,
    checkpoint: Path,
    stats: Path,
    recipe: Recipe,
    invocation: Invocation,
    teacher: Path | None = None,
    hold_out: str = "none",
    begun: Path | None = None,
) -> Agreement:
    """Train a model and write its checkpoint and statistics.

    Parameters
    ----------
    teacher : Path, optional
        Model file of the teacher; with it, rows that nobody measured are drawn as well.
    hold_out : str
        ``"none"``, or ``"test"`` to leave the sources of the test split out.
    begun : Path, optional
        Checkpoint to go on from, with the polish alone.

    Returns
    -------
    Agreement
        With the teacher, on the measured rows trained on.

    Raises
    ------
    TableError
        If the table lacks a column, has a value that is not finite, or has nothing to train on.
    TrainError
        If a file cannot be written.
    """
    rows, held_out = read_rows(table, model.features), list[str]()
    if hold_out == "test":
        held_out = split_keys(name for name in rows.sources() if name).test
        rows = rows.take(~np.isin(rows.source, np.array(held_out, dtype=str)))
        if len(rows) == 0:
            raise TableError(f"{table}: every source is held out; nothing is left to train on")
    before = read_checkpoint(begun) if begun else {}
    network = network_of(before) if begun else None
    run = trainer(model, recipe, read_teacher(teacher) if teacher else None, network)
    fitted = run(rows, recipe.seed)
    if begun:  # what was done in all
        kept = {name: before[name] for name in ("epochs", "batch_size", "lr", "restarts")}
        recipe = dataclasses.replace(recipe, **kept, polish=before["polish"] + recipe.polish)
    count = len(model.features)
    about: dict[str, Any] = {
        "features": list(model.features),
        "input_mean": [float(v) for v in fitted.network.mean[:count]],
        "input_std": [float(v) for v in fitted.network.std[:count]],
        "activation": model.activation,
        "codec_block": list(model.codec.vocabulary) if model.codec else [],
        "train_metrics": {
            name: getattr(fitted.metrics, name) for name in ("plcc", "srocc", "rmse")
        },
        **dataclasses.asdict(recipe),
        "sampled": recipe.sampled if teacher else 0.0,
        "held_out_sources": held_out,
        "runs": [*before.get("runs", []), list(invocation.argv)],
    }
    save_checkpoint(checkpoint, fitted.network, about)
    args = {"parquet": table, "out_ckpt": checkpoint, "out_stats": stats, "teacher": teacher}
    args["go_on_from"] = begun
    provenance = run_provenance(
        invocation,
        {**args, "hold_out": hold_out, **dataclasses.asdict(recipe)},
        {"parquet": table}
        | ({"teacher": teacher} if teacher else {})
        | ({"go_on_from": begun} if begun else {}),
        {"ckpt": checkpoint, "stats": stats},
        itself="stats",
    )
    write_json(stats, {**about, "n_train_rows": len(rows), "run_provenance": provenance})
    return fitted.metrics


def trainer(
    model: Model, recipe: Recipe, teacher: Teacher | None, begun: Network | None = None
) -> Callable[[Rows, int], Fitted]:
    """Make the function that trains a model on rows with a seed, from where it was if it begun."""

    def run(rows: Rows, seed: int) -> Fitted:
        extra = None
        if teacher is not None:
            count = round(recipe.sampled * len(rows))
            extra = sample_rows(rows, teacher, count, np.random.default_rng(seed))
        return fit(model, rows, extra, dataclasses.replace(recipe, seed=seed), begun)

    return run
