# SPDX-License-Identifier: BSD-2-Clause-Patent
"""Levenberg-Marquardt: the last mile of training.

With a few thousand parameters the normal equations are small. Damped Gauss-Newton steps reach
errors that first-order steps never do.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from vmaf_train.activations import ACTIVATIONS

Array = npt.NDArray[np.floating[Any]]
Layers = list[tuple[Array, Array]]

OUTSIDE = 0.1
"""What is left of an error that clipping to 0..100 hides."""

_BLOCK = 8192  # rows whose Jacobian is in memory at once
_CURVED = 20_000  # rows that the curvature is taken from: it steers a step, the loss judges it


def polish(
    layers: Layers, x: Array, y: Array, weight: Array, steps: int, activation: str = "relu"
) -> Layers:
    """Minimise the weighted squared error.

    Parameters
    ----------
    layers : list of (float64[out, in], float64[out])
        Where to start; the activation between them, one output.
    x : float64[rows, in]
        Standardised inputs.
    y, weight : float64[rows]
        Scores to learn, 0 to 100, and how much each row counts.
    steps : int
        At most so many.

    Returns
    -------
    list
        Layers whose loss is not larger.
    """
    values, least, damping = _join(layers), loss(layers, x, y, weight, activation), 1e-2
    for _ in range(steps):
        square, gradient = _normal_equations(layers, x, y, weight, activation)
        scale = square.diagonal() + 1e-6
        while True:
            damped = square.copy()
            np.fill_diagonal(damped, square.diagonal() + damping * scale)
            tried = _split(values - np.linalg.solve(damped, gradient), layers)
            reached = loss(tried, x, y, weight, activation)
            if reached < least:
                break
            damping *= 4
            if damping > 1e9:
                return layers
        layers, values, least = tried, _join(tried), reached
        damping = max(damping / 5, 1e-9)
    return layers


def forward(layers: Layers, x: Array, activation: str = "relu") -> tuple[list[Array], list[Array]]:
    """Run the network.

    Returns
    -------
    values : list of float64[rows, width]
        Input of every layer, and the scores float64[rows, 1] at the end.
    slopes : list of float64[rows, width]
        Of the activation after every layer but the last.
    """
    activate = ACTIVATIONS[activation]
    values, slopes = [x], []
    for n, (weight, bias) in enumerate(layers):
        z = values[-1] @ weight.T + bias
        if n + 1 < len(layers):
            z, slope = activate(z)
            slopes.append(slope)
        values.append(z)
    return values, slopes


def visible_error(predicted: Array, truth: Array) -> tuple[Array, Array]:
    """Error of every row, reduced where clipping hides it, and the factor of the reduction."""
    error = predicted - truth
    hidden = ((truth >= 100) & (error > 0)) | ((truth <= 0) & (error < 0))
    factor = np.where(hidden, error.dtype.type(OUTSIDE), error.dtype.type(1))
    return error * factor, factor


def backward(
    layers: Layers, values: list[Array], slopes: list[Array], pull: Array
) -> list[tuple[Array, Array]]:
    """Gradient of a sum of which `pull`[rows, 1] is the slope by each score, layer by layer."""
    gradient: Layers = []
    for n in reversed(range(len(layers))):
        gradient.append((pull.T @ values[n], pull.sum(axis=0)))
        if n:
            pull = (pull @ layers[n][0]) * slopes[n - 1]
    return gradient[::-1]


def loss(layers: Layers, x: Array, y: Array, weight: Array, activation: str = "relu") -> float:
    """Weighted sum of squared errors."""
    total = 0.0
    for start in range(0, len(x), _BLOCK):
        rows = slice(start, start + _BLOCK)
        error, _ = visible_error(forward(layers, x[rows], activation)[0][-1][:, 0], y[rows])
        total += float(weight[rows] @ error**2)
    return total


def _normal_equations(
    layers: Layers, x: Array, y: Array, weight: Array, activation: str
) -> tuple[Array, Array]:
    """Square of the Jacobian and gradient of half the loss, in the order of :func:`_join`.

    The square only steers the step, so single precision does, and so do some of the rows as long
    as its diagonal is that of all: a unit that few rows reach would else seem to have no
    curvature. Where the walk ends is up to the gradient and the loss, which are in double.
    """
    gradient = np.zeros(len(_join(layers)))
    diagonal, square = np.zeros_like(gradient), np.zeros((gradient.size, gradient.size))
    every = -(-len(x) // _CURVED)
    for start in range(0, len(x), _BLOCK):
        rows = slice(start, start + _BLOCK)
        values, slopes = forward(layers, x[rows], activation)
        error, factor = visible_error(values[-1][:, 0], y[rows])
        pull = (weight[rows] * factor * error)[:, None]
        gradient += _join(backward(layers, values, slopes, pull))
        scale = (factor * np.sqrt(weight[rows]))[:, None]
        by_unit = _slopes_by_unit(layers, slopes, scale)
        squares = zip(by_unit, values, strict=False)
        diagonal += _join([((s * s).T @ (v * v), (s * s).sum(axis=0)) for s, v in squares])
        jacobian = _jacobian([s[::every] for s in by_unit], [v[::every] for v in values])
        square += every * (jacobian.T @ jacobian)
    np.fill_diagonal(square, np.maximum(square.diagonal(), diagonal))
    return square, gradient


def _slopes_by_unit(layers: Layers, slopes: list[Array], scale: Array) -> list[Array]:
    """Slope of every score by what every layer puts out, times scale[rows, 1], layer by layer."""
    by_unit = [scale]
    for n in range(len(layers) - 1, 0, -1):
        by_unit.append((by_unit[-1] @ layers[n][0]) * slopes[n - 1])
    return by_unit[::-1]


def _jacobian(by_unit: list[Array], values: list[Array]) -> npt.NDArray[np.float32]:
    """Slope of every score by every parameter, [rows, parameters]."""
    parts = []
    for slope, value in zip(by_unit, values, strict=False):
        s, v = slope.astype(np.float32), value.astype(np.float32)
        parts += [(s[:, :, None] * v[:, None, :]).reshape(len(s), -1), s]
    return np.concatenate(parts, axis=1)


def _join(layers: Layers) -> Array:
    return np.concatenate([part.ravel() for layer in layers for part in layer])


def _split(values: Array, like: Layers) -> Layers:
    layers, at = [], 0
    for weight, bias in like:
        w = values[at : at + weight.size].reshape(weight.shape)
        at += weight.size
        layers.append((w, values[at : at + bias.size]))
        at += bias.size
    return layers
