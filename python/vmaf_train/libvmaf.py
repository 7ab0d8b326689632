# SPDX-License-Identifier: BSD-2-Clause-Patent
"""The oracle: teacher scores and features of libvmaf, through the ffmpeg of imageio-ffmpeg.

Both pictures travel through one pipe, reference above distorted, so nothing touches the disk.
"""

from __future__ import annotations

import json
import subprocess
import tempfile
from contextlib import ExitStack
from types import TracebackType
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from vmaf_train.errors import TrainError
from vmaf_train.features import FULL_FEATURES, LIBVMAF_NAMES

_FULL = "|".join(
    f"name={name}" for name in ("psnr", "psnr_hvs", "float_ssim", "float_ms_ssim", "cambi", "ciede")
)
_FULL_SMALLEST = 216
"""Smallest side that libvmaf's CAMBI takes; its MS-SSIM takes less."""


class Libvmaf:
    """Measures pairs of pictures as they come.

    Parameters
    ----------
    width, height : int
        Of the pictures, even.
    pix_fmt : str
        ``yuv420p`` or ``yuv420p10le``.
    full : bool
        Whether to compute every feature of :data:`vmaf_train.features.FULL_FEATURES` that it knows.

    Raises
    ------
    TrainError
        If there is no ffmpeg with libvmaf, or the pictures are too small.
    """

    def __init__(self, width: int, height: int, pix_fmt: str, full: bool = False) -> None:
        if full and min(width, height) < _FULL_SMALLEST:
            raise TrainError(
                f"full features need pictures of {_FULL_SMALLEST}x{_FULL_SMALLEST} or more, not "
                f"{width}x{height}"
            )
        self._size, self._count, self._full = width * height, 0, full
        graph = (
            f"split[a][b];[a]crop={width}:{height}:0:0[ref];[b]crop={width}:{height}:0:{height}"
            "[dis];[dis][ref]libvmaf=log_fmt=json:log_path=/dev/stdout:n_threads=1"
        )
        # fmt: off
        command = [
            ffmpeg(), "-v", "error", "-threads", "1", "-filter_complex_threads", "1",
            "-f", "rawvideo", "-pix_fmt", pix_fmt, "-video_size", f"{width}x{2 * height}",
            "-i", "pipe:0", "-filter_complex", graph + (f":feature={_FULL}" if full else ""),
            "-f", "null", "-",
        ]
        # fmt: on
        # The log comes at the end and may be larger than a pipe holds.
        self._files = ExitStack()
        self._log = self._files.enter_context(tempfile.TemporaryFile())  # noqa: SIM115
        self._complaints = self._files.enter_context(tempfile.TemporaryFile())  # noqa: SIM115
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=self._log, stderr=self._complaints
        )

    def push(self, reference: npt.NDArray[Any], distorted: npt.NDArray[Any]) -> None:
        """Add a pair, each picture with its three planes one after the other, in one dimension."""
        chroma = self._size + self._size // 4
        stream = self._process.stdin
        assert stream is not None
        self._count += 1
        try:
            for part in (slice(0, self._size), slice(self._size, chroma), slice(chroma, None)):
                stream.write(reference[part].tobytes())
                stream.write(distorted[part].tobytes())
        except BrokenPipeError:
            self._fail()

    def finish(self) -> tuple[dict[str, npt.NDArray[np.float64]], str]:
        """Wait for the rows.

        Returns
        -------
        columns : dict of float64[pairs]
            The features by our names, and ``vmaf``.
        version : str
            Of libvmaf.

        Raises
        ------
        TrainError
            If it fails.
        """
        assert self._process.stdin is not None
        self._process.stdin.close()
        if self._process.wait():
            self._fail()
        self._log.seek(0)
        log = json.load(self._log)
        rows = [frame["metrics"] for frame in log["frames"]]
        if len(rows) != self._count:
            raise TrainError(f"libvmaf gave {len(rows)} rows for {self._count} pictures")
        names = {name: LIBVMAF_NAMES.get(name, name) for name in FULL_FEATURES}
        columns = {
            name: np.array([row[theirs] for row in rows], np.float64)  # infinite: null, so NaN
            for name, theirs in names.items()
            if theirs in rows[0]
        }
        columns["vmaf"] = np.array([row["vmaf"] for row in rows])
        return columns, str(log["version"])

    def _fail(self) -> None:
        code = self._process.wait()
        self._complaints.seek(0)
        said = self._complaints.read().decode(errors="replace").strip().splitlines()
        raise TrainError(f"ffmpeg's libvmaf failed: {said[-1] if said else code}")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait()
        self._files.close()


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
