"""A clip that costs what filmed ones do to encode, decode and score: moving, covered, noisy."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, TypeAlias

import av
import numpy as np
from numpy.typing import NDArray

Plane: TypeAlias = NDArray[np.float32]

_THINGS = 9
_MARGIN = 128  # samples that the camera moves at most, to every side
_NOISE = 0.6  # of the sensor, standard deviation


@dataclass(frozen=True)
class _Thing:
    """An ellipse with a texture and a colour of its own, in front of what is behind it.

    Attributes
    ----------
    luma, cover
        Texture, and how much of what is behind it is hidden, 0 to 1; of the same shape.
    colors
        Cb and Cr.
    middle, swing
        Where it is on average, and how far it goes from there; rows and columns.
    pace, phase
        Radians per picture and at the first, by rows and by columns.
    """

    luma: Plane
    cover: Plane
    colors: tuple[float, float]
    middle: NDArray[np.float64]
    swing: NDArray[np.float64]
    pace: NDArray[np.float64]
    phase: NDArray[np.float64]

    def corner(self, number: int) -> tuple[float, float]:
        """Return row and column of its upper left corner in a picture."""
        row, column = self.middle + self.swing * np.sin(self.pace * number + self.phase)
        return float(row), float(column)


def scene(pictures: int, height: int, width: int, seed: int = 0) -> Iterator[av.VideoFrame]:
    """Make a scene: a camera that sways over a background, things that move in front, noise.

    Motion is of fractions of samples and differs from place to place, so that it has to be
    searched for and leaves something to be coded, as in filmed video.

    Parameters
    ----------
    pictures, height, width
        Even sizes.
    seed
        Another one is another scene.

    Yields
    ------
    frame
        Of pixel format yuv420p.
    """
    rng = np.random.default_rng(seed)
    big = height + 2 * _MARGIN, width + 2 * _MARGIN
    behind = 118 + 34 * _texture(rng, *big, 1.5)
    colors = [128 + 9 * _texture(rng, big[0] // 2, big[1] // 2, 1.8) for _ in range(2)]
    things = [_thing(rng, height, width) for _ in range(_THINGS)]
    noise = (_NOISE * rng.standard_normal((height + 64, width + 64))).astype(np.float32)
    for n in range(pictures):
        row = _MARGIN * (1 + 0.8 * np.sin(0.021 * n))
        column = _MARGIN * (1 + 0.9 * np.sin(0.034 * n - 1))
        luma = _moved(behind, row, column, height, width)
        chroma = [_moved(c, row / 2, column / 2, height // 2, width // 2) for c in colors]
        for thing in things:
            top, left = thing.corner(n)
            _put(luma, thing.luma, thing.cover, top, left)
            cover = thing.cover[::2, ::2]
            for plane, color in zip(chroma, thing.colors, strict=True):
                _put(plane, np.full_like(cover, color), cover, top / 2, left / 2)
        y, x = rng.integers(0, 64, 2)
        luma += noise[y : y + height, x : x + width]
        yield _frame(luma, chroma)


def _texture(rng: np.random.Generator, height: int, width: int, slope: float) -> Plane:
    """Return a texture whose amplitude falls with the frequency; mean 0, deviation 1."""
    frequency = np.hypot(np.fft.fftfreq(height)[:, None], np.fft.rfftfreq(width)[None, :])
    # No wave is longer than 1/8 of a picture's height, else contrast is all in shading.
    amplitude = np.maximum(frequency, 8 / height) ** -slope
    amplitude[0, 0] = 0
    spectrum = np.fft.rfft2(rng.standard_normal((height, width))) * amplitude
    made = np.fft.irfft2(spectrum, (height, width))
    return np.asarray(made / made.std(), np.float32)


def _thing(rng: np.random.Generator, height: int, width: int) -> _Thing:
    rows, columns = (2 * int(rng.uniform(0.1, 0.2) * height) for _ in range(2))
    y, x = np.mgrid[-1 : 1 : rows * 1j, -1 : 1 : columns * 1j]
    edge = (1 - np.hypot(y, x)) * min(rows, columns) / 3  # about three samples wide
    light, red, blue = rng.uniform(-1, 1, 3)
    return _Thing(
        120 + 50 * light + 26 * _texture(rng, rows, columns, rng.uniform(1.2, 1.8)),
        np.clip(edge, 0, 1).astype(np.float32),
        (128 + 25 * blue, 128 + 25 * red),
        np.array([rng.uniform(0, height - rows), rng.uniform(0, width - columns)]),
        np.array([0.1 * height, 0.2 * width]) * rng.uniform(0.3, 1, 2),
        rng.uniform(0.01, 0.06, 2),
        rng.uniform(0, 2 * np.pi, 2),
    )


def _moved(plane: Plane, row: float, column: float, height: int, width: int) -> Plane:
    """Return a window of a plane, between its samples by linear interpolation."""
    y, x = int(row), int(column)
    down, right = np.float32(row - y), np.float32(column - x)
    part = plane[y : y + height + 1, x : x + width + 1]
    lines = part[:-1] + down * (part[1:] - part[:-1])
    return lines[:, :-1] + right * (lines[:, 1:] - lines[:, :-1])


def _put(target: Plane, plane: Plane, cover: Plane, top: float, left: float) -> None:
    """Put a plane in front of another, where it covers it and where it is within it."""
    y, x = int(np.floor(top)), int(np.floor(left))
    height, width = plane.shape[0] - 1, plane.shape[1] - 1
    shift = 1 - (top - y), 1 - (left - x)
    rows = slice(max(0, -y), min(height, target.shape[0] - y))
    columns = slice(max(0, -x), min(width, target.shape[1] - x))
    if rows.start >= rows.stop or columns.start >= columns.stop:
        return
    front, hidden = (
        _moved(each, *shift, height - 1, width - 1)[rows, columns]
        for each in (np.pad(plane, ((0, 1), (0, 1)), "edge"), np.pad(cover, ((0, 1), (0, 1))))
    )
    here = target[y + rows.start :, x + columns.start :][: front.shape[0], : front.shape[1]]
    here += hidden[: here.shape[0], : here.shape[1]] * (front - here)


def _frame(luma: Plane, chroma: list[Plane]) -> av.VideoFrame:
    height, width = luma.shape
    samples: NDArray[Any] = np.empty((height * 3 // 2, width), np.uint8)
    flat = np.concatenate([luma.ravel(), *(plane.ravel() for plane in chroma)])
    samples.ravel()[:] = np.clip(np.rint(flat), 16, 235)
    return av.VideoFrame.from_ndarray(samples, format="yuv420p")
