"""The encodes that are worth their bits: the convex hull of rate and quality."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike


def upper_hull(rates: ArrayLike, scores: ArrayLike) -> Sequence[int]:
    """Return the points of the convex hull above which no encode lies.

    It begins at the lowest rate and ends at the highest score; between neighbours, each further
    bit brings less than the one before.

    Parameters
    ----------
    rates, scores
        Of shape (n,), finite.

    Returns
    -------
    chosen
        Indices in order of increasing rate and score.

    Examples
    --------
    >>> upper_hull([1, 2, 3, 4, 5], [50, 80, 78, 92, 91])
    [0, 1, 3]
    """
    x, y = np.asarray(rates, float), np.asarray(scores, float)
    hull: list[int] = []
    for point in np.lexsort((-y, x)).tolist():  # by rate, the best of equals first
        if hull and y[point] <= y[hull[-1]]:
            continue
        while len(hull) > 1 and _below(x, y, hull[-2], hull[-1], point):
            hull.pop()
        hull.append(point)
    return hull


def _below(x: ArrayLike, y: ArrayLike, a: int, b: int, c: int) -> bool:
    """Return whether b lies on or below the line from a to c."""
    x, y = np.asarray(x), np.asarray(y)
    return bool((y[b] - y[a]) * (x[c] - x[a]) <= (y[c] - y[a]) * (x[b] - x[a]))
