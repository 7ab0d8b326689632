# SPDX-License-Identifier: BSD-2-Clause-Patent
"""The oracle: teacher scores and features of libvmaf, through the ffmpeg of imageio-ffmpeg.

Both pictures travel through one pipe, reference above distorted, so nothing touches the disk.
"""

from __future__ import annotations

import dataclasses
import json
import subprocess
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from vmaf_train.errors import TrainError
from vmaf_train.features import FEATURES

Plane = npt.NDArray[np.uint8] | npt.NDArray[np.uint16]


_PIX_FMT = {False: "yuv420p", True: "yuv420p10le"}


@dataclasses.dataclass(frozen=True)
class Measured:
    """What libvmaf says of a pair of sequences.

    Parameters
    ----------
    features : ndarray of float64, [frames, 6]
        In the order of :data:`vmaf_train.features.FEATURES`, six decimals.
    vmaf : ndarray of float64, [frames]
        Score of ``vmaf_v0.6.1``, 0 to 100, six decimals.
    version : str
        Of libvmaf.
    """

    features: npt.NDArray[np.float64]
    vmaf: npt.NDArray[np.float64]
    version: str


def measure(reference: Sequence[Plane], distorted: Sequence[Plane]) -> Measured:
    """Features and score of every picture.

    Parameters
    ----------
    reference, distorted : sequence of uint8[height, width]
        Luma planes, as many of each; even sides of at least 34. Of 10 bits: uint16.

    Raises
    ------
    TrainError
        If there is no ffmpeg with libvmaf, or it fails.
    """
    height, width = reference[0].shape
    # Pure luma would be converted from full to limited range on its way into libvmaf.
    deep = reference[0].dtype == np.uint16
    grey = np.full((height, width), 512 if deep else 128, reference[0].dtype).tobytes()
    stream = b"".join(
        r.tobytes() + d.tobytes() + grey for r, d in zip(reference, distorted, strict=True)
    )
    graph = (
        f"split[a][b];[a]crop={width}:{height}:0:0[ref];[b]crop={width}:{height}:0:{height}[dis];"
        "[dis][ref]libvmaf=log_fmt=json:log_path=/dev/stdout:n_threads=1"
    )
    # fmt: off
    command = [
        ffmpeg(), "-v", "error", "-threads", "1", "-filter_complex_threads", "1",
        "-f", "rawvideo", "-pix_fmt", _PIX_FMT[deep], "-video_size", f"{width}x{2 * height}",
        "-i", "pipe:0", "-filter_complex", graph, "-f", "null", "-",
    ]
    # fmt: on
    done = subprocess.run(command, input=stream, capture_output=True, check=False)
    if done.returncode:
        said = done.stderr.decode(errors="replace").strip().splitlines()
        raise TrainError(f"ffmpeg's libvmaf failed: {said[-1] if said else done.returncode}")
    log = json.loads(done.stdout)
    rows = [frame["metrics"] for frame in log["frames"]]
    if len(rows) != len(reference):
        raise TrainError(f"libvmaf gave {len(rows)} rows for {len(reference)} pictures")
    return Measured(
        features=np.array([[row[f"integer_{name}"] for name in FEATURES] for row in rows]),
        vmaf=np.array([row["vmaf"] for row in rows]),
        version=str(log["version"]),
    )


def ffmpeg() -> str:
    """Path of an ffmpeg that has libvmaf.

    Raises
    ------
    TrainError
        If imageio-ffmpeg is not installed.
    """
    try:
        import imageio_ffmpeg  # type: ignore[import-untyped, unused-ignore]
    except ImportError as error:
        raise TrainError(
            "imageio-ffmpeg is missing; run: pip install 'vmaf-tiny[train]'"
        ) from error
    return str(imageio_ffmpeg.get_ffmpeg_exe())
