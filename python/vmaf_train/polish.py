# SPDX-License-Identifier: BSD-2-Clause-Patent
"""Levenberg-Marquardt: the last mile of training.

With a few hundred parameters the normal equations of all rows are small. Damped Gauss-Newton
steps reach errors that first-order steps never do.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
Layers = list[tuple[Array, Array]]

OUTSIDE = 0.1
"""What is left of an error that clipping to 0..100 hides."""

_BLOCK = 8192  # rows whose Jacobian is in memory at once


def polish(layers: Layers, x: Array, y: Array, weight: Array, steps: int) -> Layers:
    """Minimise the weighted squared error.

    Parameters
    ----------
    layers : list of (float64[out, in], float64[out])
        Where to start; ReLU between them, one output.
    x : float64[rows, in]
        Standardised features.
    y, weight : float64[rows]
        Scores to learn, 0 to 100, and how much each row counts.
    steps : int
        At most so many.

    Returns
    -------
    list
        Layers whose loss is not larger.
    """
    values, least, damping = _join(layers), loss(layers, x, y, weight), 1e-2
    for _ in range(steps):
        square, gradient = _normal_equations(layers, x, y, weight)
        scale = np.diag(square.diagonal() + 1e-6)
        while True:
            tried = _split(values - np.linalg.solve(square + damping * scale, gradient), layers)
            reached = loss(tried, x, y, weight)
            if reached < least:
                break
            damping *= 4
            if damping > 1e9:
                return layers
        layers, values, least = tried, _join(tried), reached
        damping = max(damping / 5, 1e-9)
    return layers


def forward(layers: Layers, x: Array) -> list[Array]:
    """Compute the input of every layer, and the scores float64[rows, 1] at the end."""
    values = [x]
    for n, (weight, bias) in enumerate(layers):
        z = values[-1] @ weight.T + bias
        values.append(np.maximum(z, 0) if n + 1 < len(layers) else z)
    return values


def visible_error(predicted: Array, truth: Array) -> tuple[Array, Array]:
    """Error of every row, reduced where clipping hides it, and the factor of the reduction."""
    error = predicted - truth
    hidden = ((truth >= 100) & (error > 0)) | ((truth <= 0) & (error < 0))
    factor = np.where(hidden, OUTSIDE, 1.0)
    return error * factor, factor


def loss(layers: Layers, x: Array, y: Array, weight: Array) -> float:
    """Weighted sum of squared errors."""
    error, _ = visible_error(forward(layers, x)[-1][:, 0], y)
    return float(weight @ error**2)


def _normal_equations(layers: Layers, x: Array, y: Array, weight: Array) -> tuple[Array, Array]:
    """Square of the Jacobian and gradient of half the loss, in the order of :func:`_join`.

    The square only steers the step, so single precision does; where the walk ends is up to the
    gradient and the loss, which are in double.
    """
    gradient = [(np.zeros_like(w), np.zeros_like(b)) for w, b in layers]
    size = len(_join(layers))
    square = np.zeros((size, size))
    for start in range(0, len(x), _BLOCK):
        rows = slice(start, start + _BLOCK)
        *inputs, output = forward(layers, x[rows])
        error, factor = visible_error(output[:, 0], y[rows])
        pull = (weight[rows] * factor * error)[:, None]
        delta = (factor * np.sqrt(weight[rows]))[:, None]
        slope = np.ones_like(output)
        jacobian = np.empty((len(output), size), np.float32)
        end = size
        for n in reversed(range(len(layers))):
            w, b = layers[n]
            gradient[n][0][:] += (slope * pull).T @ inputs[n]
            gradient[n][1][:] += (slope * pull).sum(axis=0)
            scaled = (slope * delta).astype(np.float32)
            jacobian[:, end - b.size : end] = scaled
            outer = scaled[:, :, None] * inputs[n].astype(np.float32)[:, None, :]
            jacobian[:, end - b.size - w.size : end - b.size] = outer.reshape(len(output), -1)
            end -= b.size + w.size
            slope = (slope @ w) * (inputs[n] > 0)
        square += jacobian.T @ jacobian
    return square, _join(gradient)


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
