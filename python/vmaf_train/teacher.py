# SPDX-License-Identifier: BSD-2-Clause-Patent
"""The teacher as a function: libvmaf's support vector regression over the six features.

libvmaf ships its models as JSON files; with one at hand the teacher can be asked anywhere in
feature space, not only where somebody measured a video.
"""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import numpy.typing as npt

from vmaf_train.errors import TrainError
from vmaf_train.features import FEATURES
from vmaf_train.files import read_json

Array = npt.NDArray[np.float64]

_PREFIX, _SUFFIX = "VMAF_integer_feature_", "_score"


@dataclasses.dataclass(frozen=True)
class Teacher:
    """A nu-SVR with an RBF kernel on rescaled features.

    Parameters
    ----------
    slope, intercept : ndarray, [6]
        Rescale the features, in the order of :data:`vmaf_train.features.FEATURES`.
    vectors : ndarray, [vectors, 6]
        Support vectors, in the same order.
    weights : ndarray, [vectors]
        Their coefficients.
    gamma, rho : float
        Of the kernel, of the sum.
    out_slope, out_intercept : float
        Rescale the score.
    """

    slope: Array
    intercept: Array
    vectors: Array
    weights: Array
    gamma: float
    rho: float
    out_slope: float
    out_intercept: float

    def raw(self, features: npt.ArrayLike) -> Array:
        """Score rows of features[n, 6] without clipping, [n]."""
        rows = np.atleast_2d(np.asarray(features, np.float64)) * self.slope + self.intercept
        answers = []
        # The distances of a block of rows to all vectors fit a CPU cache.
        for block in np.array_split(rows, 1 + len(rows) // 512):
            distance = ((block[:, None, :] - self.vectors) ** 2).sum(axis=2)
            answers.append(np.exp(-self.gamma * distance) @ self.weights)
        return (np.concatenate(answers) - self.rho - self.out_intercept) / self.out_slope

    def __call__(self, features: npt.ArrayLike) -> Array:
        """Score rows of features[n, 6], clipped to 0..100 as libvmaf does, [n]."""
        return np.clip(self.raw(features), 0.0, 100.0)


def read_teacher(path: Path) -> Teacher:
    """Read a libvmaf model file of the six features, such as ``vmaf_v0.6.1.json``.

    Raises
    ------
    TrainError
        If the file is missing or another kind of model.
    """
    try:
        model = read_json(path)["model_dict"]
        order = [FEATURES.index(plain_name(name)) for name in model["feature_names"]]
        header, _, body = str(model["model"]).partition("\nSV\n")
        fields = dict(line.split(maxsplit=1) for line in header.splitlines())
        if (fields["svm_type"], fields["kernel_type"]) != ("nu_svr", "rbf"):
            raise ValueError("it is no nu-SVR with an RBF kernel")
        if sorted(order) != list(range(len(FEATURES))) or model["norm_type"] != "linear_rescale":
            raise ValueError("it does not take the six features, linearly rescaled")
        weights, vectors = _support_vectors(body)
        slopes, intercepts = np.array(model["slopes"]), np.array(model["intercepts"])
    except (KeyError, TypeError, ValueError) as error:
        raise TrainError(f"{path} is not a model file that can teach: {error}") from error
    back = np.argsort(order)
    return Teacher(
        slope=slopes[1:][back],
        intercept=intercepts[1:][back],
        vectors=vectors[:, back],
        weights=weights,
        gamma=float(fields["gamma"]),
        rho=float(fields["rho"]),
        out_slope=float(slopes[0]),
        out_intercept=float(intercepts[0]),
    )


def plain_name(name: str) -> str:
    """Name of a feature as we have it, from that in a model file."""
    return name.removeprefix(_PREFIX).removesuffix(_SUFFIX)


def _support_vectors(body: str) -> tuple[Array, Array]:
    """Parse LIBSVM's ``weight 1:value 2:value ...``; a missing entry is 0."""
    lines = [line.split() for line in body.splitlines() if line.strip()]
    vectors = np.zeros((len(lines), len(FEATURES)))
    for row, line in enumerate(lines):
        for entry in line[1:]:
            column, value = entry.split(":")
            vectors[row, int(column) - 1] = float(value)
    return np.array([float(line[0]) for line in lines]), vectors
