# SPDX-License-Identifier: BSD-2-Clause-Patent
"""Reference pictures of a unit: decoded from a clip, filmed off a still, or generated."""

from __future__ import annotations

import itertools
import zlib
from collections.abc import Iterator
from pathlib import Path

import av
import numpy as np
import numpy.typing as npt

from vmaf_train.corpus import Unit
from vmaf_train.errors import TrainError
from vmaf_train.synthetic import GENERATORS

Plane = npt.NDArray[np.uint8] | npt.NDArray[np.uint16]


PIX_FMTS = {8: "yuv420p", 10: "yuv420p10le"}
"""Pixel format of the pictures by their depth."""


def reference_pictures(unit: Unit, data: Path) -> list[av.VideoFrame]:
    """Pictures of a unit, the same at every call.

    Returns
    -------
    list of av.VideoFrame
        ``yuv420p`` or ``yuv420p10le``, limited range, of the unit's size.

    Raises
    ------
    TrainError
        If the file cannot be decoded or is too short.
    """
    rng = np.random.default_rng(zlib.crc32(unit.name.encode()))
    if unit.kind == "synthetic":
        luma = GENERATORS[unit.origin](rng, unit.frames, unit.height, unit.width)
        return [_deepened(picture_of_luma(plane), unit) for plane in luma]
    if unit.kind == "still":
        return [_deepened(picture, unit) for picture in _film_still(unit, data / unit.origin, rng)]
    return _cut_clip(unit, data / unit.origin)


def encoded_pairs(
    unit: Unit, file: str, data: Path
) -> Iterator[tuple[av.VideoFrame, av.VideoFrame]]:
    """Pictures of a unit and those of an encode of it, one pair after the other.

    Raises
    ------
    TrainError
        If a file cannot be decoded, or one has more pictures than the other.
    """
    pairs = itertools.zip_longest(_decoded(unit, data / unit.origin), _decoded(unit, data / file))
    for count, (reference, distorted) in enumerate(pairs):
        if reference is None or distorted is None:
            short = file if distorted is None else unit.origin
            raise TrainError(f"{data / short} ends after {count} pictures, its partner goes on")
        yield reference, distorted


def luma_of(picture: av.VideoFrame) -> Plane:
    """Copy the luma plane of a picture, [height, width]: uint8 of 8 bits, uint16 of more."""
    plane = picture.planes[0]
    dtype = np.dtype(np.uint8 if picture.format.components[0].bits == 8 else np.uint16)
    rows = np.frombuffer(bytes(plane), dtype).reshape(-1, plane.line_size // dtype.itemsize)
    return np.ascontiguousarray(rows[: picture.height, : picture.width])


def _cut_clip(unit: Unit, path: Path) -> list[av.VideoFrame]:
    end = unit.start + unit.step * unit.frames
    pictures = list(itertools.islice(_decoded(unit, path), unit.start, end, unit.step))
    if len(pictures) < unit.frames:
        raise TrainError(f"{path} has too few pictures for {unit.name}; shorten the take")
    return pictures


def _decoded(unit: Unit, path: Path) -> Iterator[av.VideoFrame]:
    """Pictures of a file, of the unit's size and format."""
    options = {}
    if unit.raw:
        options = dict(zip(("video_size", "pixel_format"), unit.raw.split(), strict=True))
    try:
        with av.open(
            str(path), format="rawvideo" if unit.raw else None, options=options
        ) as container:
            container.streams.video[0].thread_type = "NONE"
            for picture in container.decode(video=0):
                yield picture.reformat(
                    unit.width,
                    unit.height,
                    PIX_FMTS[unit.depth],
                    interpolation="BICUBIC",
                    threads=1,  # with more, slices now and then differ from run to run
                )
    except (av.FFmpegError, IndexError) as error:  # no stream of pictures: IndexError
        raise TrainError(f"cannot decode {path}: {error}") from error


def _film_still(unit: Unit, path: Path, rng: np.random.Generator) -> list[av.VideoFrame]:
    try:
        with av.open(str(path)) as container:
            still = next(container.decode(video=0)).reformat(format="yuv444p", threads=1)
    except (av.FFmpegError, IndexError, StopIteration) as error:
        raise TrainError(f"cannot decode {path}: {error}") from error
    planes = still.to_ndarray().astype(np.float32)
    top, left, zoom = _camera(unit, still.height, still.width, rng)
    pictures = []
    for n in range(unit.frames):
        rows = _sampling_matrix(still.height, unit.height, top[n], zoom[n])
        columns = _sampling_matrix(still.width, unit.width, left[n], zoom[n])
        luma, u, v = (np.clip(np.rint(rows @ p @ columns.T), 0, 255) for p in planes)
        u, v = (c.reshape(unit.height // 2, 2, -1, 2).mean((1, 3)) for c in (u, v))
        flat = np.concatenate([luma.ravel(), u.ravel(), v.ravel()]).astype(np.uint8)
        pictures.append(av.VideoFrame.from_ndarray(flat.reshape(-1, unit.width), format="yuv420p"))
    return pictures


def _camera(
    unit: Unit, height: int, width: int, rng: np.random.Generator
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Top, left and zoom of the window per picture; it may lean over the still's border."""
    n = np.arange(unit.frames, dtype=float)
    top, left = (
        np.full_like(n, (height - unit.height) / 2),
        np.full_like(n, (width - unit.width) / 2),
    )
    zoom = np.ones_like(n)
    if unit.move == "pan":
        room = np.array([height - unit.height, width - unit.width]) / unit.frames
        dy, dx = rng.uniform(-1, 1, 2) * np.maximum(room, 0.1)
        top, left = top + dy * (n - n.mean()), left + dx * (n - n.mean())
    elif unit.move == "zoom":
        zoom = 1 / (1 + rng.uniform(0.002, 0.02)) ** n
        top, left = (height - unit.height * zoom) / 2, (width - unit.width * zoom) / 2
    else:
        amount = rng.uniform(0.2, 5)
        top, left = (axis + rng.normal(0, amount, n.size) for axis in (top, left))
    return top, left, zoom


def _sampling_matrix(size: int, out: int, start: float, zoom: float) -> npt.NDArray[np.float32]:
    """Catmull-Rom interpolation at ``start + zoom * i`` as a matrix[out, size]; edges repeat."""
    position = start + zoom * np.arange(out)
    base = np.floor(position).astype(int)
    t = position - base
    weights = (
        ((-0.5 * t + 1.0) * t - 0.5) * t,
        (1.5 * t - 2.5) * t * t + 1.0,
        ((-1.5 * t + 2.0) * t + 0.5) * t,
        (0.5 * t - 0.5) * t * t,
    )
    matrix = np.zeros((out, size), np.float32)
    for tap, weight in enumerate(weights):
        np.add.at(matrix, (np.arange(out), np.clip(base + tap - 1, 0, size - 1)), weight)
    return matrix


def _deepened(picture: av.VideoFrame, unit: Unit) -> av.VideoFrame:
    """Shift the samples up to the unit's depth."""
    return picture if unit.depth == 8 else picture.reformat(format=PIX_FMTS[unit.depth], threads=1)


def picture_of_luma(luma: npt.NDArray[np.uint8]) -> av.VideoFrame:
    """Make a grey ``yuv420p`` picture of a luma plane uint8[height, width] of even sides."""
    height, width = luma.shape
    grey = np.full((height // 2, width), 128, np.uint8)
    return av.VideoFrame.from_ndarray(np.concatenate([luma, grey]), format="yuv420p")
