# SPDX-License-Identifier: BSD-2-Clause-Patent
"""Feature rows nobody measured, labelled by the teacher.

A small network errs where measured rows are thin: at low scores, at high motion, off the beaten
path of encoders. New rows are drawn between and around the measured ones, and with the motion of
other rows, as motion belongs to the reference alone and goes with any distortion.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from vmaf_train.table import Rows, rows_without_origin
from vmaf_train.teacher import Teacher

Array = npt.NDArray[np.float64]

MOTION_MAX = 60.0
"""Largest motion drawn; scene cuts of real video stay below."""

_JITTER = 0.15  # of a feature's standard deviation over the table


def sample_rows(rows: Rows, teacher: Teacher, count: int, rng: np.random.Generator) -> Rows:
    """Draw `count` rows around measured ones; their source is empty.

    Parameters
    ----------
    rows : Rows
        Measured, of training sources only.
    """
    order = np.argsort(rows.vmaf, kind="stable")
    measured, scores = rows.features[order], rows.vmaf[order]
    first = _anchors(scores, count, rng)
    way = rng.random(count)
    second = np.where(
        way < 0.75, _neighbours(first, len(rows), rng), rng.integers(0, len(rows), count)
    )
    a, b = measured[first], measured[second]
    features = a + rng.uniform(-0.25, 1.25, (count, 1)) * (b - a)
    jitter = rng.normal(0, _JITTER, features.shape) * rng.random((count, 1)) * measured.std(axis=0)
    features += np.where(way < 0.25, 1.0, 0.0)[:, None] * jitter
    features[:, -1] = _motion(measured[:, -1], features[:, -1], rng)
    np.clip(features, 0.0, None, out=features)
    return rows_without_origin(features, teacher(features))


def _anchors(scores: Array, count: int, rng: np.random.Generator) -> npt.NDArray[np.int64]:
    """Positions in the sorted scores: half even over the rows, half even over 0..100."""
    by_score = _neighbours(np.searchsorted(scores, rng.uniform(0, 100, count)), len(scores), rng)
    return np.where(rng.random(count) < 0.5, by_score, rng.integers(0, len(scores), count))


def _neighbours(
    position: npt.NDArray[np.int64], size: int, rng: np.random.Generator
) -> npt.NDArray[np.int64]:
    """Positions up to a fiftieth of the table away."""
    reach = max(2, size // 50)
    moved: npt.NDArray[np.int64] = position + rng.integers(-reach, reach + 1, len(position))
    return moved.clip(0, size - 1)


def _motion(measured: Array, mixed: Array, rng: np.random.Generator) -> Array:
    """Keep half, give a third another row's motion, draw the rest up to the maximum."""
    count = len(mixed)
    way = rng.random(count)
    foreign = rng.choice(measured, count)
    drawn = MOTION_MAX * rng.random(count) ** 2
    return np.where(way < 0.5, mixed, np.where(way < 5 / 6, foreign, drawn))
