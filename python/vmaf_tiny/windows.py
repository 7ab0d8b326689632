"""Stretches of a video where it scores worst."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vmaf_tiny.errors import OptionError

WINDOW = 1.0
"""Seconds of the window of which the worst is looked for."""


@dataclass(frozen=True)
class Window:
    """A stretch of a video.

    Attributes
    ----------
    start, end
        Seconds in the source, from the first picture of it to the end of its last one.
    score
        Mean of the scores in it.
    first, last
        Its first and last picture, counted from 0 as the scores are.
    """

    start: float
    end: float
    score: float
    first: int
    last: int


def worst_windows(
    scores: NDArray[np.float64],
    times: NDArray[np.float64],
    *,
    seconds: float = WINDOW,
    count: int = 1,
    step: float | None = None,
) -> list[Window]:
    """Return the stretches of the lowest mean score, worst first, none over another.

    A video that is shorter than a window is one. Of equals the first is taken.

    Parameters
    ----------
    scores, times
        Of shape (n,), n > 0; seconds that increase.
    seconds
        Length of a window.
    count
        Most windows to return.
    step
        Seconds that the last picture is shown for; None: as long as is usual.

    Raises
    ------
    OptionError
        The length is not above 0.

    Examples
    --------
    >>> import numpy as np
    >>> scores = np.array([90.0, 50, 60, 90, 90, 80])
    >>> [(w.start, w.score) for w in worst_windows(scores, np.arange(6.0), seconds=2, count=2)]
    [(1.0, 55.0), (4.0, 85.0)]
    """
    if not seconds > 0:
        raise OptionError(f"a window of {seconds} seconds: give more than 0")
    if step is None:
        step = float(np.median(np.diff(times))) if len(times) > 1 else seconds
    ends = np.append(times[1:], times[-1] + step)
    # Windows that begin with a picture and end before the video does.
    begin = np.flatnonzero(times + seconds <= ends[-1] + step / 2)
    if not len(begin):
        last = len(scores) - 1
        return [Window(float(times[0]), float(ends[-1]), float(scores.mean()), 0, last)]
    stop = np.searchsorted(times, times[begin] + seconds - step / 2)
    stop = np.maximum(stop, begin + 1)  # a picture that is shown for longer is a window
    sums = np.concatenate([[0.0], np.cumsum(scores)])
    means = (sums[stop] - sums[begin]) / (stop - begin)
    found: list[Window] = []
    free = np.ones(len(begin), bool)
    while len(found) < count and free.any():
        least = int(np.argmin(np.where(free, means, np.inf)))
        first, end = int(begin[least]), int(stop[least])
        mean = float(scores[first:end].mean())
        found.append(Window(float(times[first]), float(ends[end - 1]), mean, first, end - 1))
        free &= (stop <= first) | (begin >= end)
    return found
