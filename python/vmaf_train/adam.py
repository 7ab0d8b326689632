# SPDX-License-Identifier: BSD-2-Clause-Patent
"""AdamW (Loshchilov and Hutter, 2019) on mini-batches: finds a good valley from random weights."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np

from vmaf_train.polish import Array, Layers, backward, forward, visible_error
from vmaf_train.recipe import Recipe

_FIRST, _SECOND = 0.9, 0.999  # decay of both moments
_TINY = 1e-8  # keeps from dividing by 0


def descend(
    hidden: Sequence[int],
    activation: str,
    x: Array,
    y: Array,
    weight: Array,
    recipe: Recipe,
    seed: int,
) -> Layers:
    """Train from random weights, in single precision.

    Parameters
    ----------
    x : float64[rows, in]
        Standardised inputs.
    y, weight : float64[rows]
        Scores to learn, 0 to 100, and how much each row counts.
    """
    rng = np.random.default_rng(seed)
    layers = start(hidden, x.shape[1], float(y.mean()), rng)
    inputs, truth, importance = (array.astype(np.float32) for array in (x, y, weight))
    moments = [[np.zeros_like(part) for part in layer] for layer in layers * 2]
    step = 0
    for epoch in range(recipe.epochs):
        lr = recipe.lr * (1 + np.cos(np.pi * epoch / recipe.epochs)) / 2
        order = rng.permutation(len(truth))
        for first in range(0, len(order), recipe.batch_size):
            rows = order[first : first + recipe.batch_size]
            values, slopes = forward(layers, inputs[rows], activation)
            error, factor = visible_error(values[-1][:, 0], truth[rows])
            pull = (importance[rows] * factor * error * np.float32(2 / len(rows)))[:, None]
            step += 1
            _update(layers, backward(layers, values, slopes, pull), moments, step, lr, recipe)
    return [(w.astype(np.float64), b.astype(np.float64)) for w, b in layers]


def start(
    hidden: Sequence[int], inputs: int, mean_score: float, rng: np.random.Generator
) -> Layers:
    """Random layers whose first answers lie around the mean score."""
    layers = [
        (
            rng.normal(0, (2 / fan_in) ** 0.5, (fan_out, fan_in)).astype(np.float32),
            rng.normal(0, 0.3, fan_out).astype(np.float32),
        )
        for fan_in, fan_out in itertools.pairwise([inputs, *hidden, 1])
    ]
    weight, _ = layers[-1]
    layers[-1] = (weight * 10, np.full(1, mean_score, np.float32))
    return layers


def _update(
    layers: Layers,
    gradient: Layers,
    moments: list[list[Array]],
    step: int,
    lr: float,
    recipe: Recipe,
) -> None:
    """Move the layers in place."""
    rate = lr * (1 - _SECOND**step) ** 0.5 / (1 - _FIRST**step)
    for n, layer in enumerate(layers):
        for part, slope, first, second in zip(
            layer, gradient[n], moments[n], moments[n + len(layers)], strict=True
        ):
            first += (1 - _FIRST) * (slope - first)
            second += (1 - _SECOND) * (slope * slope - second)
            if recipe.weight_decay:
                part *= 1 - lr * recipe.weight_decay
            part -= rate * first / (np.sqrt(second) + _TINY)
