# SPDX-License-Identifier: BSD-2-Clause-Patent
"""How well scores agree, on the scale of 0 to 100."""

from __future__ import annotations

import dataclasses

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]


@dataclasses.dataclass(frozen=True)
class Agreement:
    """Scores of a model against the teacher's.

    Parameters
    ----------
    n : int
        Pairs.
    plcc, srocc : float
        Pearson's and Spearman's correlation; 0 where a side is constant.
    rmse : float
        Root of the mean squared difference.
    p99, worst : float
        99th percentile and maximum of the absolute difference.
    """

    n: int
    plcc: float
    srocc: float
    rmse: float
    p99: float
    worst: float

    def __str__(self) -> str:
        return (
            f"n={self.n} PLCC={self.plcc:.6f} SROCC={self.srocc:.6f} RMSE={self.rmse:.4f} "
            f"p99={self.p99:.3f} max={self.worst:.3f}"
        )


def agreement(predicted: npt.ArrayLike, truth: npt.ArrayLike) -> Agreement:
    """Compare scores[n], n at least 1."""
    p, t = np.asarray(predicted, np.float64), np.asarray(truth, np.float64)
    error = np.abs(p - t)
    return Agreement(
        n=len(t),
        plcc=correlation(p, t),
        srocc=correlation(ranks(p), ranks(t)),
        rmse=float(np.sqrt(np.mean(error**2))),
        p99=float(np.percentile(error, 99)),
        worst=float(error.max()),
    )


def correlation(a: Array, b: Array) -> float:
    """Pearson's correlation; 0 where a side is constant."""
    a, b = a - a.mean(), b - b.mean()
    norm = float(np.sqrt((a @ a) * (b @ b)))
    return float(a @ b) / norm if norm > 0 else 0.0


def ranks(values: Array) -> Array:
    """Rank of every value from 1; equal values share the mean of their ranks."""
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    return (last - (counts - 1) / 2)[inverse]
