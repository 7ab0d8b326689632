"""Finds black bars in a few pictures of a video, and none in dark scenes."""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from vmaf_tiny.edit import Box
from vmaf_tiny.luma import Luma

FEWEST = 3
"""Pictures that can tell, at least, to say anything."""

_BLACK = 24.0  # steps of 8 bits: limited range's black, and noise of encoders
_LIGHT = 48.0  # a picture that has so much somewhere can tell
_EDGE = 10.0  # by which the picture is lighter than the bar, right at its edge
_SOFT = 3  # rows or columns over which an edge may spread
_SHARE = 0.6  # of the pictures that can tell must agree
_LEAST = 0.02  # of the height or width: what is narrower is no bar
_LOOKED_AT = 256  # samples per row or column
_MOST = 0.95  # of the samples of a row must be black: a logo may be in the bar


def picture_area(lumas: Sequence[Luma], bits: int) -> Box | None:
    """Return the part of pictures without black bars, or None if that cannot be told.

    A bar is what is black in every picture and ends at the same sharp edge in most; the edge of a
    dark scene is soft, or lies elsewhere in each picture.

    Parameters
    ----------
    lumas
        Luma planes of one size, from all over a video.
    bits
        Bits per sample.
    """
    rows = [_level(luma, 0, bits) for luma in lumas]
    telling = [n for n, level in enumerate(rows) if level.max(initial=0) >= _LIGHT]
    if len(telling) < FEWEST:
        return None
    height, width = lumas[0].shape
    top, bottom = _bars([rows[n] for n in telling])
    inside = [lumas[n][top : height - bottom] for n in telling]
    left, right = _bars([_level(luma, 1, bits) for luma in inside])
    return Box(width - left - right, height - top - bottom, left, top)


def lit_edges(luma: Luma, bits: int) -> NDArray[np.bool_] | None:
    """Return at which edges of a picture there can be no bar, as it is light there.

    Parameters
    ----------
    luma, bits
        As for `picture_area`.

    Returns
    -------
    edges
        Top, bottom, left and right; None: the picture is so dark that it cannot tell.
    """
    rows, columns = _level(luma, 0, bits), _level(luma, 1, bits)
    if rows.max(initial=0) < _LIGHT:
        return None
    lines = rows, rows[::-1], columns, columns[::-1]
    return np.array([(line[: _narrowest(len(line))] > _BLACK).any() for line in lines])


def _narrowest(length: int) -> int:
    """Return how wide a bar is at least."""
    return max(math.ceil(_LEAST * length), 4)


def _level(luma: Luma, axis: int, bits: int) -> NDArray[np.float64]:
    """Return how light each row (0) or column (1) is where it is lightest, but for a logo."""
    lines = luma if axis == 0 else luma.T
    step = max(lines.shape[1] // _LOOKED_AT, 1)
    # As np.quantile has it, which sorts far more than what lies around one quantile.
    looked_at = lines[:, step // 2 :: step].astype(np.uint16, order="C")
    at = _MOST * (looked_at.shape[1] - 1)
    low = int(at)
    looked_at.partition(low, axis=1)
    below = looked_at[:, low].astype(np.float64)
    above = looked_at[:, low + 1 :].min(axis=1, initial=np.iinfo(np.uint16).max)
    return np.asarray(below + (above - below) * (at - low)) / (1 << (bits - 8))


def _bars(levels: Sequence[NDArray[np.float64]]) -> tuple[int, int]:
    """Return how wide the bars before and after are, 0 where there is none."""
    return _bar(levels), _bar([level[::-1] for level in levels])


def _bar(levels: Sequence[NDArray[np.float64]]) -> int:
    light = [level > _BLACK for level in levels]
    widths = [int(rows.argmax()) for rows in light if rows.any()]
    bar = min(widths, default=0)
    if bar < _narrowest(len(levels[0])):
        return 0
    agree = [
        level[bar : bar + _SOFT].max(initial=0) - level[:bar].max(initial=0) >= _EDGE
        for level in levels
    ]
    return bar if sum(agree) >= _SHARE * len(levels) else 0
