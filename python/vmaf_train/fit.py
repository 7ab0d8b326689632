# SPDX-License-Identifier: BSD-2-Clause-Patent
"""Training. The only module that needs torch.

Adam on mini-batches finds a good valley; :mod:`vmaf_train.polish` walks to its bottom.
"""

from __future__ import annotations

import dataclasses
import io
import itertools
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch  # type: ignore[import-not-found, unused-ignore]
from torch import nn  # type: ignore[import-not-found, unused-ignore]

from vmaf_train.files import write_bytes
from vmaf_train.metrics import Agreement, agreement
from vmaf_train.net import Network, scaler
from vmaf_train.polish import OUTSIDE, Array, Layers, loss, polish
from vmaf_train.recipe import Recipe
from vmaf_train.table import Rows


@dataclasses.dataclass(frozen=True)
class Fitted:
    """A trained network and how it does on the measured rows it learned from."""

    network: Network
    metrics: Agreement


def fit(hidden: Sequence[int], rows: Rows, extra: Rows | None, recipe: Recipe) -> Fitted:
    """Train a network; on one machine, the same input gives the same network.

    Parameters
    ----------
    hidden : sequence of int
        Widths of the hidden layers.
    rows : Rows
        Measured; the scaler is fitted to them.
    extra : Rows or None
        More rows to learn from, each a third as important.
    """
    mean, std = scaler(rows.features)
    learned = [(rows, 1.0)] if extra is None else [(rows, 1.0), (extra, 1 / 3)]
    x = np.concatenate([(part.features - mean) / std for part, _ in learned])
    y = np.concatenate([part.vmaf for part, _ in learned])
    weight = np.concatenate([np.full(len(part), importance) for part, importance in learned])
    # Which start is the best shows early in the polish, not before it.
    trial = recipe.polish // 5 if recipe.restarts > 1 else 0
    starts = []
    for start in range(recipe.restarts):
        layers = _adam(hidden, x, y, weight, recipe, 1000 * recipe.seed + start)
        starts.append(polish(layers, x, y, weight, trial))
    best = min(starts, key=lambda layers: loss(layers, x, y, weight))
    layers = polish(best, x, y, weight, recipe.polish - trial)
    network = Network(mean, std, [(w.astype(np.float32), b.astype(np.float32)) for w, b in layers])
    predicted = np.clip(network(rows.features), 0, 100)
    return Fitted(network, agreement(predicted, rows.vmaf))


def save_checkpoint(path: Path, network: Network, about: dict[str, Any]) -> None:
    """Write a checkpoint: the network's weights and what else is known about it."""
    state = {}
    for n, (weight, bias) in enumerate(network.layers):
        # Numbered as in torch.nn.Sequential, where a ReLU follows each layer but the last.
        state[f"{2 * n}.weight"] = torch.tensor(weight)
        state[f"{2 * n}.bias"] = torch.tensor(bias)
    # By way of memory: torch writes a file's name into it, and the temporary one is random.
    buffer = io.BytesIO()
    torch.save({"state_dict": state} | about, buffer)
    write_bytes(path, buffer.getvalue())


def _adam(
    hidden: Sequence[int], x: Array, y: Array, weight: Array, recipe: Recipe, seed: int
) -> Layers:
    """Train from random weights; returns layers in double precision."""
    generator = torch.Generator().manual_seed(seed)
    net = _build(hidden, x.shape[1], float(y.mean()), generator)
    features, truth, importance = (torch.tensor(a, dtype=torch.float32) for a in (x, y, weight))
    optimizer = torch.optim.Adam(net.parameters(), lr=recipe.lr)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, max(1, recipe.epochs))
    for _ in range(recipe.epochs):
        order = torch.randperm(len(truth), generator=generator)
        for start in range(0, len(order), recipe.batch_size):
            rows = order[start : start + recipe.batch_size]
            error = net(features[rows])[:, 0] - truth[rows]
            hidden_error = ((truth[rows] >= 100) & (error > 0)) | ((truth[rows] <= 0) & (error < 0))
            visible = torch.where(hidden_error, OUTSIDE * error, error)
            optimizer.zero_grad()
            torch.autograd.backward((importance[rows] * visible**2).mean())
            optimizer.step()
        schedule.step()
    return [
        (layer.weight.detach().double().numpy(), layer.bias.detach().double().numpy())
        for layer in net
        if isinstance(layer, nn.Linear)
    ]


def _build(
    hidden: Sequence[int], inputs: int, mean_score: float, generator: torch.Generator
) -> nn.Sequential:
    """Make a network whose first answers lie around the mean score."""
    layers: list[nn.Module] = []
    for fan_in, fan_out in itertools.pairwise([inputs, *hidden, 1]):
        layer = nn.Linear(fan_in, fan_out)
        with torch.no_grad():
            layer.weight.normal_(0, (2 / fan_in) ** 0.5, generator=generator)
            layer.bias.normal_(0, 0.3, generator=generator)
        layers += [layer, nn.ReLU()]
    with torch.no_grad():
        layer.weight.mul_(10)
        layer.bias.fill_(mean_score)
    return nn.Sequential(*layers[:-1])
