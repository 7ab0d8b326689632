"""Parts of a source that stand for all of it, chosen by what a first encode of all of it showed."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vmaf_tiny._core import FEATURES
from vmaf_tiny.encode import RenditionResult

CHUNK = 2.0
"""Seconds of a sample."""

SAMPLES = 6
"""Parts of a source that are alike, each with a sample."""

LEAD = 0.5
"""What is encoded before a sample, as a share of it, for the encoder to settle."""


@dataclass(frozen=True)
class Sample:
    """A stretch of a source and what it stands for.

    Attributes
    ----------
    start, end
        Seconds in the source.
    rows
        Its pictures among those that were scored.
    weight
        Pictures that it stands for.
    """

    start: float
    end: float
    rows: range
    weight: int


@dataclass(frozen=True, eq=False)
class Samples:
    """Samples of a source, and which one each picture is like.

    Attributes
    ----------
    chosen
        In the order in which they are encoded: those that stand for most first.
    like
        ``int64`` array of shape (n,): number in `chosen` of the sample that each scored picture is
        like.
    base
        ``float64`` array of shape (n,): scores of all pictures in the first encode.
    times
        Seconds of all pictures.
    """

    chosen: tuple[Sample, ...]
    like: NDArray[np.int64]
    base: NDArray[np.float64]
    times: NDArray[np.float64]

    @property
    def stretches(self) -> list[tuple[float, float]]:
        """Seconds to encode for each sample: it, and what leads to it."""
        begin = float(self.times[0])
        return [
            (max(sample.start - LEAD * (sample.end - sample.start), begin), sample.end)
            for sample in self.chosen
        ]

    def mean_score(self, number: int, made: RenditionResult) -> float:
        """Return the mean score of a sample in an encode of its stretch, without what leads to it.

        Parameters
        ----------
        number
            Of the sample.
        made
            The encode, with times of the source.
        """
        times, sample = made.result.times, self.chosen[number]
        first, last = self.times[sample.rows.start], self.times[sample.rows.stop - 1]
        mine = (times > first - 1e-4) & (times < last + 1e-4)
        return float(made.result.scores[mine].mean())

    def predict(self, shifts: Sequence[float]) -> NDArray[np.float64]:
        """Return scores of all pictures, from how each sample's mean differs from the first encode.

        Parameters
        ----------
        shifts
            For the first samples; pictures like others get the weighted mean of these.
        """
        mean = self.mean(shifts)
        each = np.array([*shifts, *[mean] * (len(self.chosen) - len(shifts))])
        scores: NDArray[np.float64] = np.clip(self.base + each[self.like], 0, 100)
        return scores

    def mean(self, shifts: Sequence[float]) -> float:
        """Return the mean shift, by what samples stand for."""
        weights = [sample.weight for sample in self.chosen[: len(shifts)]]
        return float(np.average(shifts, weights=weights))

    def margin(self, shifts: Sequence[float]) -> float:
        """Return half the 95 % confidence interval of the mean shift; infinite for one sample.

        Student's t, as if samples had been drawn at random: choosing them by content makes the
        estimate better than that.
        """
        from scipy.stats import t

        count = len(shifts)
        if count < 2:
            return math.inf
        weights = np.array([sample.weight for sample in self.chosen[:count]])
        spread = np.average((np.array(shifts) - self.mean(shifts)) ** 2, weights=weights)
        deviation = math.sqrt(spread * count / (count - 1))
        return float(t.ppf(0.975, count - 1)) * deviation / math.sqrt(count)


def choose_samples(
    made: RenditionResult, *, seconds: float = CHUNK, count: int = SAMPLES
) -> Samples | None:
    """Choose samples by motion, size and score of the pictures in an encode of the whole.

    The source is cut into stretches; those that are alike (k-means) are one part, and the stretch
    in the middle of a part is its sample.

    Parameters
    ----------
    made
        An encode of the whole.
    seconds
        Length of a sample.
    count
        Samples at most.

    Returns
    -------
    samples
        None if samples would be more than half of the source or of three pictures at most, or
        its times are not known.
    """
    from scipy.cluster.vq import kmeans2

    result = made.result
    times = result.times
    if np.isnan(times).any() or made.duration < 2 * count * seconds:
        return None
    if made.duration > len(times) * seconds:  # no sample would have a picture
        return None
    number = np.minimum(
        (times - times[0]) // seconds, (times[-1] - times[0] + 1e-9) // seconds - 1
    ).astype(int)
    stretches = np.split(np.arange(len(times)), np.flatnonzero(np.diff(number)) + 1)
    stretches = [rows for rows in stretches if len(rows) > 3]
    if not stretches:
        return None
    motion = result.features[:, FEATURES.index("motion2")]
    traits = np.array(
        [
            [motion[rows].mean(), np.log1p(made.sizes[rows].mean()), result.scores[rows].mean()]
            for rows in stretches
        ]
    )
    traits = (traits - traits.mean(0)) / np.maximum(traits.std(0), 1e-9)
    centres, labels = kmeans2(traits, min(count, len(traits)), minit="++", seed=1)
    parts = []
    for part in np.unique(labels):
        members = np.flatnonzero(labels == part)
        nearest = members[np.argmin(((traits[members] - centres[part]) ** 2).sum(1))]
        parts.append((sum(len(stretches[m]) for m in members), int(nearest), members))
    parts.sort(key=lambda part: -part[0])
    like = np.zeros(len(times), np.int64)
    chosen = []
    step = made.duration / max(made.pictures, 1)
    for place, (weight, nearest, members) in enumerate(parts):
        rows = stretches[nearest]
        start, end = float(times[rows[0]]), float(times[rows[-1]]) + step
        chosen.append(Sample(start, end, range(int(rows[0]), int(rows[-1]) + 1), weight))
        for member in members:
            like[stretches[member]] = place
    return Samples(tuple(chosen), like, result.scores, times)
