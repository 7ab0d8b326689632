# SPDX-License-Identifier: BSD-2-Clause-Patent
"""Training: :mod:`vmaf_train.adam` finds a valley, :mod:`vmaf_train.polish` its bottom."""

from __future__ import annotations

import dataclasses

import numpy as np

from vmaf_train.adam import descend
from vmaf_train.errors import TableError
from vmaf_train.metrics import Agreement, agreement
from vmaf_train.models import Model
from vmaf_train.net import Float32, Network, scaler
from vmaf_train.polish import Array, Layers, loss, polish
from vmaf_train.recipe import Recipe
from vmaf_train.table import Rows

_ASIDE = 1 / 3  # importance of rows that nobody measured


@dataclasses.dataclass(frozen=True)
class Fitted:
    """A trained network and how it does on the measured rows it learned from."""

    network: Network
    metrics: Agreement


def fit(
    model: Model, rows: Rows, extra: Rows | None, recipe: Recipe, begun: Network | None = None
) -> Fitted:
    """Train a network; on one machine, the same input gives the same network.

    Parameters
    ----------
    rows : Rows
        Measured; the scaler is fitted to them.
    extra : Rows or None
        More rows to learn from, each a third as important.
    begun : Network, optional
        Go on from here with the polish, without Adam.
    """
    mean, std = _scaler(model, rows)
    x, y, weight = _material(model, rows, extra, np.random.default_rng(recipe.seed + 77))
    x = (x - mean) / std
    if begun is None:
        layers, steps = _started(model, x, y, weight, recipe)
    else:
        if (begun.mean != mean).any() or (begun.std != std).any():
            raise TableError("the checkpoint to go on from was trained on other rows")
        layers, steps = [(w.astype(float), b.astype(float)) for w, b in begun.layers], recipe.polish
    layers = polish(layers, x, y, weight, steps, model.activation)
    network = Network(
        mean,
        std,
        [(w.astype(np.float32), b.astype(np.float32)) for w, b in layers],
        model.activation,
    )
    predicted = np.clip(network(inputs_of(model, rows)), 0, 100)
    return Fitted(network, agreement(predicted, rows.vmaf))


def _started(model: Model, x: Array, y: Array, weight: Array, recipe: Recipe) -> tuple[Layers, int]:
    """Best of the starts, and the steps of the polish that are left for it."""
    # Which start is the best shows early in the polish, not before it.
    trial = recipe.polish // 5 if recipe.restarts > 1 else 0
    starts = []
    for start in range(recipe.restarts):
        seed = 1000 * recipe.seed + start
        layers = descend(model.hidden, model.activation, x, y, weight, recipe, seed)
        starts.append(polish(layers, x, y, weight, trial, model.activation))
    best = min(starts, key=lambda layers: loss(layers, x, y, weight, model.activation))
    return best, recipe.polish - trial


def inputs_of(model: Model, rows: Rows) -> Array:
    """Make what the network takes, [rows, inputs]: raw features, then the encode's codec block."""
    if model.codec is None:
        return rows.features
    blocks = model.codec.encode_all(rows.codec.tolist(), rows.preset.tolist(), rows.crf)
    return np.concatenate([rows.features, blocks], axis=1)


def _scaler(model: Model, rows: Rows) -> tuple[Float32, Float32]:
    """Mean and std of the inputs; a codec block is taken as it is."""
    mean, std = scaler(rows.features)
    beside = model.inputs - len(mean)
    return (
        np.concatenate([mean, np.zeros(beside, np.float32)]),
        np.concatenate([std, np.ones(beside, np.float32)]),
    )


def _material(
    model: Model, rows: Rows, extra: Rows | None, rng: np.random.Generator
) -> tuple[Array, Array, Array]:
    """Gather inputs, scores and importance of everything that is learned from.

    The teacher looks at features alone. So that a model with a codec block does not take an
    encoder's habits in the corpus for a law, every row comes a second time with a block drawn at
    random.
    """
    parts = [(inputs_of(model, rows), rows.vmaf, 1.0)]
    if model.codec is not None:
        drawn = model.codec.draw(len(rows), rng)
        parts.append((np.concatenate([rows.features, drawn], axis=1), rows.vmaf, _ASIDE))
    if extra is not None:
        inputs = extra.features
        if model.codec is not None:
            drawn = model.codec.draw(len(extra), rng)
            inputs = np.concatenate([inputs, drawn], axis=1)
        parts.append((inputs, extra.vmaf, _ASIDE))
    return (
        np.concatenate([inputs for inputs, _, _ in parts]),
        np.concatenate([scores for _, scores, _ in parts]),
        np.concatenate([np.full(len(scores), much) for _, scores, much in parts]),
    )
