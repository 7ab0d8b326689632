# SPDX-License-Identifier: BSD-2-Clause-Patent
"""A trained network: scaler and layers as arrays, with a forward pass in numpy."""

from __future__ import annotations

import dataclasses

import numpy as np
import numpy.typing as npt

from vmaf_train.activations import ACTIVATIONS
from vmaf_train.errors import TableError

Float32 = npt.NDArray[np.float32]


@dataclasses.dataclass(frozen=True)
class Network:
    """Standardise, then linear layers with an activation between them.

    Parameters
    ----------
    mean, std : ndarray of float32, [inputs]
        Of the features; std is positive. 0 and 1 for the values of a codec block.
    layers : list of (ndarray of float32 [out, in], ndarray of float32 [out])
        Weights and biases; the last layer has one output.
    activation : str
        A name of :data:`vmaf_train.activations.ACTIVATIONS`.
    """

    mean: Float32
    std: Float32
    layers: list[tuple[Float32, Float32]]
    activation: str = "relu"

    def __post_init__(self) -> None:
        width = len(self.mean)
        if self.activation not in ACTIVATIONS:
            raise TableError(f"no activation is called {self.activation!r}")
        if self.std.shape != self.mean.shape or not (self.std > 0).all():
            raise TableError("the scaler needs a positive std for every mean")
        for weight, bias in self.layers:
            if weight.shape != (len(bias), width):
                raise TableError(f"a layer of shape {weight.shape} does not take {width} inputs")
            width = len(bias)
        if width != 1:
            raise TableError(f"the network has {width} outputs, not one score")

    @property
    def parameters(self) -> int:
        """Number of trained values; the scaler is not counted."""
        return sum(weight.size + bias.size for weight, bias in self.layers)

    def __call__(self, inputs: npt.ArrayLike) -> Float32:
        """Score rows of raw inputs[n, inputs], not clipped, [n]."""
        x = (np.asarray(inputs, np.float32) - self.mean) / self.std
        activate = ACTIVATIONS[self.activation]
        for n, (weight, bias) in enumerate(self.layers):
            x = x @ weight.T + bias
            if n + 1 < len(self.layers):
                x = activate(x)[0]
        scores: Float32 = x[:, 0]
        return scores


def scaler(features: npt.NDArray[np.float64]) -> tuple[Float32, Float32]:
    """Mean and population std of every feature; a std below 1e-8 becomes 1."""
    std = features.std(axis=0)
    return (
        features.mean(axis=0).astype(np.float32),
        np.where(std < 1e-8, 1.0, std).astype(np.float32),
    )
