"""A few hundred means that tell one picture from the next, whatever its size, depth and quality."""

import numpy as np
from numpy.typing import NDArray

from vmaf_tiny.luma import Luma

ROWS, COLUMNS = 18, 32
"""Cells of a signature."""

LENGTH = ROWS * COLUMNS

_DEEP = 4  # rows that are looked at per cell, at most
_MIDDLE = 128.0  # keeps squares small

Signature = NDArray[np.float32]
"""Shape (LENGTH,): means of luma in steps of 8 bits, less 128."""


def signature(luma: Luma, bits: int) -> Signature:
    """Return the signature of a picture.

    Cells divide the picture evenly, so that those of a scaled picture are nearly the same. Up to
    four rows of each are averaged, over their whole width.

    Parameters
    ----------
    luma
        Luma plane of shape (height, width), of at least one sample per cell.
    bits
        Bits per sample.
    """
    height, width = luma.shape
    per_cell = max(min(_DEEP, height // ROWS), 1)
    picked = (2 * np.arange(ROWS * per_cell) + 1) * height // (2 * ROWS * per_cell)
    edges = np.arange(COLUMNS + 1) * width // COLUMNS
    sums = np.add.reduceat(luma[picked], edges[:-1], axis=1, dtype=np.uint32)
    cells: Signature = sums.reshape(ROWS, per_cell, COLUMNS).sum(axis=1, dtype=np.float32)
    cells /= (edges[1:] - edges[:-1]) * np.float32(per_cell << (bits - 8))
    cells -= np.float32(_MIDDLE)
    return cells.reshape(LENGTH)
