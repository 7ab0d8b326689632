"""Notice when the distorted video shows pictures earlier or later than the reference does."""

from collections import deque
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vmaf_tiny.luma import Luma

_REACH = 5  # pictures, either way
_STRETCH = 16  # pictures that are judged together
_SHORTEST = 8  # at the end
_MARGIN = 0.5  # steps of 8-bit luma that a shift must gain per sample, besides halving the error
_ROWS, _COLUMNS = 36, 64


@dataclass(frozen=True)
class Shift:
    """A stretch of pairs that would fit better if the distorted video were shifted.

    Attributes
    ----------
    first
        Number of its first pair.
    pictures
        By how many pictures the distorted is ahead of the reference; negative: behind.
    """

    first: int
    pictures: int


class SyncWatch:
    """Compares a few samples of each distorted picture with those of the references around it.

    In a stretch of pictures that moves, a rightly paired picture is nearest to its own reference,
    however bad the encode. Memory does not grow with the video, but for the shifts that are found.

    Parameters
    ----------
    bits
        Bits per sample.
    """

    def __init__(self, bits: int) -> None:
        self._scale = np.float32(0.5 ** (bits - 8))
        self._references: deque[NDArray[np.float32]] = deque(maxlen=2 * _REACH + 1)
        self._distorted: deque[NDArray[np.float32]] = deque(maxlen=_REACH + 1)
        self._errors = np.zeros(2 * _REACH + 1)
        self._pairs = 0
        self._judged = 0
        self._in_stretch = 0
        self.stretches = 0
        """Stretches that have been judged."""
        self.shifts: list[Shift] = []
        """Stretches that fit better shifted."""

    def add(self, reference: Luma, distorted: Luma) -> None:
        """Look at the next pair of luma planes of one size."""
        self._references.append(self._samples(reference))
        self._distorted.append(self._samples(distorted))
        self._pairs += 1
        if len(self._references) <= 2 * _REACH:
            return
        around = np.stack(self._references)
        self._errors += np.abs(around - self._distorted[0]).mean(axis=1)
        self._in_stretch += 1
        if self._in_stretch == _STRETCH:
            self._judge()

    def finish(self) -> list[str]:
        """Return what the user must know."""
        if self._in_stretch >= _SHORTEST:
            self._judge()
        if not self.shifts:
            return []
        first = self.shifts[0]
        count = abs(first.pictures)
        pictures = "picture" if count == 1 else "pictures"
        where = "ahead of" if first.pictures > 0 else "behind"
        return [
            f"from about pair {first.first} on, the distorted video looks {count} {pictures}"
            f" {where} the reference (so do {len(self.shifts)} of {self.stretches} stretches):"
            " check that both start with the same picture and that none is missing"
        ]

    def _samples(self, luma: Luma) -> NDArray[np.float32]:
        height, width = luma.shape
        rows, columns = max(height // _ROWS, 1), max(width // _COLUMNS, 1)
        picked = luma[rows // 2 :: rows, columns // 2 :: columns]
        return picked.astype(np.float32).ravel() * self._scale

    def _judge(self) -> None:
        best = int(self._errors.argmin())
        own, other = self._errors[_REACH], self._errors[best]
        if other < own / 2 and own - other > _MARGIN * self._in_stretch:
            first = self._pairs - _REACH - self._in_stretch
            self.shifts.append(Shift(first, best - _REACH))
        self.stretches += 1
        self._errors[:] = 0
        self._in_stretch = 0
