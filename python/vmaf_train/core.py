# SPDX-License-Identifier: BSD-2-Clause-Patent
"""Features from the core that users run, in full precision."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from vmaf_tiny import Context
from vmaf_train.errors import TrainError

Plane = npt.NDArray[np.uint8] | npt.NDArray[np.uint16]

_APART = 1e-4
"""Above what libvmaf prints otherwise than the core computes: six decimals, and up to 3e-5 of adm2
where pictures have little in common, as after a held picture."""


def features_of(
    reference: Sequence[Plane], distorted: Sequence[Plane], bits: int
) -> npt.NDArray[np.float64]:
    """Features of every picture, [pictures, 6].

    Parameters
    ----------
    reference, distorted : sequence of uint8[height, width] or uint16[height, width]
        Luma planes, as many of each.
    bits : int
        Of a sample.
    """
    height, width = reference[0].shape
    rows = []
    with Context(width, height, bits, threads=1) as context:
        for r, d in zip(reference, distorted, strict=True):
            context.push(r, [d])
            while (row := context.pull()) is not None:
                rows.append(row["value"][0])
        context.flush()
        while (row := context.pull()) is not None:
            rows.append(row["value"][0])
    return np.array(rows)


def check_equal(ours: npt.NDArray[np.float64], printed: npt.NDArray[np.float64]) -> None:
    """Compare the core's features with the six decimals of each that libvmaf printed.

    Raises
    ------
    TrainError
        If one differs: a table must not hold features of two kinds.
    """
    difference = np.abs(ours - printed)
    if not (difference <= _APART).all():
        raise TrainError(
            f"libvmaf's features differ from the core's by up to {difference.max():.2g};"
            " is imageio-ffmpeg's libvmaf 3.2 or newer?"
        )
