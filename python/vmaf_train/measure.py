# SPDX-License-Identifier: BSD-2-Clause-Patent
"""Features and teacher's scores of pairs of pictures: the core's and libvmaf's, held together."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Iterable

import av
import numpy as np
import numpy.typing as npt

from vmaf_tiny import Context
from vmaf_train.errors import TrainError
from vmaf_train.features import FEATURES, FULL_FEATURES
from vmaf_train.libvmaf import Libvmaf

Array = npt.NDArray[np.float64]

_APART = 1e-3
"""Above what libvmaf prints otherwise than the core computes: six decimals, and, as seen on x86,
up to 1.3e-4 of adm2 where pictures have little in common, as after a held picture."""


@dataclasses.dataclass(frozen=True)
class Measured:
    """What is known of pairs of pictures.

    Parameters
    ----------
    features : ndarray of float64, [pairs, 6]
        In the order of :data:`vmaf_train.features.FEATURES`, from the core that users run.
    vmaf : ndarray of float64, [pairs]
        libvmaf's score by ``vmaf_v0.6.1``, 0 to 100, six decimals.
    more : dict of float64[pairs]
        Other features by name, from libvmaf.
    version : str
        Of libvmaf.
    """

    features: Array
    vmaf: Array
    more: dict[str, Array]
    version: str


def measure(pairs: Iterable[tuple[av.VideoFrame, av.VideoFrame]], full: bool = False) -> Measured:
    """Measure reference and distorted pictures of one size.

    Parameters
    ----------
    pairs : iterable of (av.VideoFrame, av.VideoFrame)
        ``yuv420p`` or ``yuv420p10le``; taken one after the other, so a whole film may come.
    full : bool
        Whether to add the features beside the six.

    Raises
    ------
    TrainError
        If there are none, they differ in size or format, libvmaf fails, or the core's features are
        not libvmaf's.
    """
    iterator = iter(pairs)
    first = next(iterator, None)
    if first is None:
        raise TrainError("there is no picture to measure")
    picture = first[0]
    bits, size = picture.format.components[0].bits, (picture.width, picture.height)
    rows: list[npt.NDArray[np.float64]] = []
    with (
        Libvmaf(*size, picture.format.name, full) as oracle,
        Context(*size, bits, threads=1) as core,
    ):
        for reference, distorted in itertools.chain([first], iterator):
            for one in (reference, distorted):
                if (one.width, one.height) != size or one.format.name != picture.format.name:
                    raise TrainError(
                        f"a picture is {one.format.name} {one.width}x{one.height}, the first is "
                        f"{picture.format.name} {size[0]}x{size[1]}"
                    )
            samples = [one.to_ndarray().reshape(-1) for one in (reference, distorted)]
            oracle.push(*samples)
            planes = [s[: size[0] * size[1]].reshape(size[1], size[0]) for s in samples]
            core.push(planes[0], [planes[1]])
            rows += _pulled(core)
        core.flush()
        rows += _pulled(core)
        columns, version = oracle.finish()
    features = np.array(rows)
    _check_equal(features, np.stack([columns[name] for name in FEATURES], axis=1))
    more = {name: columns[name] for name in FULL_FEATURES if full and name in columns}
    return Measured(
        features, columns["vmaf"], {k: v for k, v in more.items() if k not in FEATURES}, version
    )


def _pulled(core: Context) -> list[npt.NDArray[np.float64]]:
    rows = []
    while (row := core.pull()) is not None:
        rows.append(row["value"][0])
    return rows


def _check_equal(ours: Array, printed: Array) -> None:
    difference = np.abs(ours - printed)
    if not (difference <= _APART).all():
        raise TrainError(
            f"libvmaf's features differ from the core's by up to {difference.max():.2g};"
            " is imageio-ffmpeg's libvmaf 3.2 or newer?"
        )
