# SPDX-License-Identifier: BSD-2-Clause-Patent
"""Training. The only module that needs torch.

Two phases: Adam on mini-batches finds a good valley, Levenberg-Marquardt on all rows walks to its
bottom, which first-order steps never reach with so few parameters.
"""

from __future__ import annotations

import dataclasses
import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from vmaf_train.files import write_bytes
from vmaf_train.metrics import Agreement, agreement
from vmaf_train.net import Network, scaler
from vmaf_train.table import Rows

OUTSIDE = 0.1
"""Weight of an error that clipping to 0..100 hides."""


@dataclasses.dataclass(frozen=True)
class Recipe:
    """How to train.

    Parameters
    ----------
    epochs, batch_size : int
        Of Adam.
    lr : float
        Its learning rate at the start; it falls to zero along a cosine.
    polish : int
        Steps of Levenberg-Marquardt; 0: none.
    restarts : int
        Networks started from different weights; the best goes on to the polish.
    seed : int
        Decides everything random.
    """

    epochs: int = 90
    batch_size: int = 256
    lr: float = 1e-3
    polish: int = 200
    restarts: int = 1
    seed: int = 0


@dataclasses.dataclass(frozen=True)
class Fitted:
    """A trained network and how it does on the measured rows it learned from."""

    network: Network
    metrics: Agreement


def fit(hidden: Sequence[int], rows: Rows, extra: Rows | None, recipe: Recipe) -> Fitted:
    """Train a network; the same input gives the same network.

    Parameters
    ----------
    hidden : sequence of int
        Widths of the hidden layers.
    rows : Rows
        Measured; the scaler is fitted to them.
    extra : Rows or None
        More rows to learn from, a third as important each.
    """
    torch.manual_seed(recipe.seed)
    torch.use_deterministic_algorithms(True)
    mean, std = scaler(rows.features)
    learned = [rows] if extra is None else [rows, extra]
    x = np.concatenate([(part.features - mean) / std for part in learned])
    y = np.concatenate([part.vmaf for part in learned])
    weight = np.concatenate(
        [np.full(len(part), 1.0 if part is rows else 1 / 3) for part in learned]
    )
    data = tuple(torch.tensor(array, dtype=torch.float64) for array in (x, y, weight))
    candidates = [_adam(hidden, data, recipe, start) for start in range(recipe.restarts)]
    losses = [float(_loss(net(data[0])[:, 0], data[1], data[2]).detach()) for net in candidates]
    best = candidates[int(np.argmin(losses))]
    if recipe.polish:
        _levenberg_marquardt(best, data, recipe.polish)
    network = _to_network(best, mean, std)
    predicted = np.clip(network(rows.features), 0, 100)
    return Fitted(network, agreement(predicted, rows.vmaf))


def save_checkpoint(path: Path, network: Network, about: dict[str, Any]) -> None:
    """Write a checkpoint with the network's weights and what else is known about it."""
    state = {}
    for n, (weight, bias) in enumerate(network.layers):
        state[f"{2 * n}.weight"] = torch.tensor(weight)
        state[f"{2 * n}.bias"] = torch.tensor(bias)
    # By way of memory: torch writes the name of a file into it, and the file's is a passing one.
    buffer = io.BytesIO()
    torch.save({"state_dict": state} | about, buffer)
    write_bytes(path, buffer.getvalue())


Data = tuple[torch.Tensor, ...]


def _build(hidden: Sequence[int], inputs: int, bias: float, seed: int) -> nn.Sequential:
    generator = torch.Generator().manual_seed(seed)
    widths = [inputs, *hidden, 1]
    layers: list[nn.Module] = []
    for fan_in, fan_out in zip(widths, widths[1:], strict=False):
        layer = nn.Linear(fan_in, fan_out, dtype=torch.float64)
        with torch.no_grad():
            layer.weight.normal_(0, (2 / fan_in) ** 0.5, generator=generator)
            layer.bias.normal_(0, 0.3, generator=generator)
        layers += [layer, nn.ReLU()]
    last = layers[-2]
    assert isinstance(last, nn.Linear)
    with torch.no_grad():
        last.weight.mul_(10)
        last.bias.fill_(bias)
    return nn.Sequential(*layers[:-1])


def _residual(predicted: torch.Tensor, truth: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Error of every row, and the factor that clipping leaves of it."""
    error = predicted - truth
    hidden = ((truth >= 100) & (error > 0)) | ((truth <= 0) & (error < 0))
    factor = torch.where(hidden, OUTSIDE, 1.0).to(error)
    return error * factor, factor


def _loss(predicted: torch.Tensor, truth: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
    error, _ = _residual(predicted, truth)
    return (weight * error**2).sum() / weight.sum()


def _adam(hidden: Sequence[int], data: Data, recipe: Recipe, start: int) -> nn.Sequential:
    x, y, weight = data
    seed = recipe.seed * 1000 + start
    net = _build(hidden, x.shape[1], float(y.mean()), seed).float()
    x, y, weight = x.float(), y.float(), weight.float()
    generator = torch.Generator().manual_seed(seed)
    optimizer = torch.optim.Adam(net.parameters(), lr=recipe.lr)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, max(1, recipe.epochs))
    for _ in range(recipe.epochs):
        for rows in torch.randperm(len(y), generator=generator).split(recipe.batch_size):
            optimizer.zero_grad()
            _loss(net(x[rows])[:, 0], y[rows], weight[rows]).backward()
            optimizer.step()
        schedule.step()
    return net.double()


def _levenberg_marquardt(net: nn.Sequential, data: Data, steps: int) -> None:
    """Minimise the loss in place by damped Gauss-Newton steps."""
    x, y, weight = data
    parameters = list(net.parameters())
    damping = 1e-2
    with torch.no_grad():
        loss = _loss(net(x)[:, 0], y, weight)
        for _ in range(steps):
            normal, gradient = _normal_equations(net, data)
            before = nn.utils.parameters_to_vector(parameters)
            while damping < 1e9:
                damped = normal + damping * torch.diag(normal.diagonal() + 1e-6)
                step = torch.linalg.solve(damped, gradient)
                nn.utils.vector_to_parameters(before - step, parameters)
                tried = _loss(net(x)[:, 0], y, weight)
                if tried < loss:
                    damping = max(damping / 5, 1e-9)
                    break
                damping *= 4
            else:
                nn.utils.vector_to_parameters(before, parameters)
                return
            loss = tried


def _normal_equations(net: nn.Sequential, data: Data) -> tuple[torch.Tensor, torch.Tensor]:
    """Jacobian's square and its product with the error, in the order of the parameters."""
    size = sum(p.numel() for p in net.parameters())
    normal, gradient = torch.zeros(size, size).double(), torch.zeros(size).double()
    for x, y, weight in zip(*(part.split(8192) for part in data), strict=True):
        inputs = [x]
        for module in net:
            if isinstance(module, nn.Linear):
                z = module(inputs[-1])
                inputs.append(torch.relu(z))
        error, factor = _residual(z[:, 0], y)
        delta = torch.ones_like(z)
        columns: list[torch.Tensor] = []
        layers = [module for module in net if isinstance(module, nn.Linear)]
        for layer, given in zip(reversed(layers), reversed(inputs[:-1]), strict=True):
            outer = (delta[:, :, None] * given[:, None, :]).flatten(1)
            columns = [outer, delta, *columns]
            delta = (delta @ layer.weight) * (given > 0)
        jacobian = torch.cat(columns, dim=1) * (factor * weight.sqrt())[:, None]
        normal += jacobian.T @ jacobian
        gradient += jacobian.T @ (error * weight.sqrt())
    return normal, gradient


def _to_network(net: nn.Sequential, mean: Any, std: Any) -> Network:
    layers = [module for module in net if isinstance(module, nn.Linear)]
    return Network(
        mean,
        std,
        [
            (
                layer.weight.detach().float().numpy().copy(),
                layer.bias.detach().float().numpy().copy(),
            )
            for layer in layers
        ],
    )
