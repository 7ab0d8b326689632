"""A few hundred means that tell one picture from the next, whatever its size, depth and quality."""

import functools
from dataclasses import dataclass

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
    cut = _cut(*luma.shape)
    # The rows of each cell on top of each other first, which is quick in as few bits as hold them.
    first, *others = (luma[rows] for rows in cut.rows)
    piled = first.astype(np.uint16 if bits + len(others).bit_length() <= 16 else np.uint32)
    for rows in others:
        piled += rows
    sums = np.add.reduceat(piled, cut.edges, axis=1, dtype=np.uint32)
    cells: Signature = sums.astype(np.float32)
    cells /= cut.widths * np.float32(len(cut.rows) << (bits - 8))
    cells -= np.float32(_MIDDLE)
    return cells.reshape(LENGTH)


@dataclass(frozen=True)
class _Cut:
    """How a size of pictures is divided.

    Attributes
    ----------
    rows
        Numbers of the rows that are looked at, shape (per cell, ROWS).
    edges, widths
        First column and number of columns of cells, shape (COLUMNS,).
    """

    rows: NDArray[np.int64]
    edges: NDArray[np.int64]
    widths: NDArray[np.int64]


@functools.lru_cache(16)
def _cut(height: int, width: int) -> _Cut:
    per_cell = max(min(_DEEP, height // ROWS), 1)
    rows = (2 * np.arange(ROWS * per_cell) + 1) * height // (2 * ROWS * per_cell)
    edges = np.arange(COLUMNS + 1) * width // COLUMNS
    # In C order, so that rows are taken one cell's after the other's.
    return _Cut(rows.reshape(ROWS, per_cell).T.copy(), edges[:-1].copy(), np.diff(edges))
