# SPDX-License-Identifier: BSD-2-Clause-Patent
"""Feature rows nobody measured, labelled by the teacher.

A small network errs where measured rows are thin. New rows are drawn near the measured ones: on
the line between two rows of similar score, and with the motion of another row, as motion belongs
to the reference alone and goes with any distortion.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from vmaf_train.table import Rows
from vmaf_train.teacher import Teacher

Array = npt.NDArray[np.float64]

MOTION_MAX = 60.0
"""Largest motion drawn; scene cuts of real video stay below."""


def sample_rows(rows: Rows, teacher: Teacher, count: int, rng: np.random.Generator) -> Rows:
    """Draw `count` rows around measured ones; their source is empty.

    Parameters
    ----------
    rows : Rows
        Measured, of training sources only.
    """
    order = np.argsort(rows.vmaf, kind="stable")
    position = rng.integers(0, len(rows), count)
    # Neighbours in score, up to a fiftieth of the table apart.
    reach = max(2, len(rows) // 50)
    other = np.clip(position + rng.integers(-reach, reach + 1, count), 0, len(rows) - 1)
    a, b = rows.features[order[position]], rows.features[order[other]]
    features = a + rng.uniform(-0.15, 1.15, (count, 1)) * (b - a)
    features[:, -1] = _motion(rows.features[:, -1], features[:, -1], rng)
    np.clip(features, 0.0, None, out=features)
    return Rows(features, teacher(features), np.full(count, "", dtype=str))


def _motion(measured: Array, mixed: Array, rng: np.random.Generator) -> Array:
    """Keep half, give a third another row's motion, draw the rest evenly up to the maximum."""
    count = len(mixed)
    way = rng.random(count)
    foreign = rng.choice(measured, count)
    even = MOTION_MAX * rng.random(count) ** 2
    return np.where(way < 0.5, mixed, np.where(way < 5 / 6, foreign, even))
