"""Find the CRF of an encoder that gives a source the score that is asked for."""

import math
import os
import time as clock
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any, Self, Unpack

import numpy as np
from av.container import InputContainer
from av.video.stream import VideoStream
from cattrs import structure
from numpy.typing import NDArray

from vmaf_tiny._core import POOLINGS, Model, pool
from vmaf_tiny.conditions import Models
from vmaf_tiny.encode import Rendition, RenditionResult
from vmaf_tiny.encode.codecs import crf_range
from vmaf_tiny.encode.segment import Segment
from vmaf_tiny.encode.tables import from_dict, to_dict
from vmaf_tiny.errors import InputError, OptionError
from vmaf_tiny.frames import SourceSpec
from vmaf_tiny.result import amount
from vmaf_tiny.search.curve import PROBES, Found, Goal, Probe, find
from vmaf_tiny.search.samples import CHUNK, SAMPLES, Samples, choose_samples
from vmaf_tiny.units import Units, WorkProgress
from vmaf_tiny.units.options import UnitOptions, open_units
from vmaf_tiny.windows import worst_windows

_POOLS = tuple(name for name in POOLINGS if name != "stdev")  # which is no score
_MOST_CRFS = 10000  # to choose from
_LEAST_SAMPLES = 3  # before a confidence interval is believed


@dataclass(frozen=True)
class SearchProgress:
    """How far a search is.

    Attributes
    ----------
    probe
        Number of the probe, counted from 1.
    crf
        What it tries.
    whole
        Whether the whole is encoded.
    work
        How far that is; samples count as one rendition.
    """

    probe: int
    crf: float
    whole: bool
    work: WorkProgress


@dataclass(frozen=True, eq=False)
class SearchResult:
    """What a search came to.

    Attributes
    ----------
    found
        The answer, whether it is one and why, and all probes.
    rendition
        What was encoded, with the CRF of the answer.
    made
        The whole encode at the answer and its scores.
    target, pool, tolerance, min_chunk
        What was asked for.
    whole
        All encodes of the whole, from the lowest CRF up; the answer is one of them.
    crfs
        Lowest, highest and step of those that there were to choose from.
    """

    found: Found
    rendition: Rendition
    made: RenditionResult
    target: float
    pool: str
    tolerance: float
    min_chunk: float | None = None
    whole: tuple[RenditionResult, ...] = ()
    crfs: tuple[float, float, float] = (0.0, 51.0, 1.0)

    @property
    def outcome(self) -> str:
        """``"met"``, ``"best_effort"``, ``"unreachable"`` or ``"non_monotone"``."""
        return self.found.outcome

    @property
    def crf(self) -> float:
        """The answer."""
        return self.found.crf

    @property
    def score(self) -> float:
        """The pooled score of the whole encode at the answer."""
        return self.made.pooled[self.pool]

    @property
    def goal(self) -> Goal:
        """What was looked for, as `search.curve` takes it."""
        return Goal(self.target, self.tolerance, *self.crfs)

    def to_dict(self) -> dict[str, Any]:
        """Return it as what JSON has."""
        found = self.found

        def number(value: float | None) -> float | None:
            return None if value is None or not math.isfinite(value) else value

        probes = [
            {name: number(v) if isinstance(v, float) else v for name, v in vars(probe).items()}
            for probe in found.probes
        ]
        return {
            **to_dict(self.whole or [self.made]),
            "outcome": found.outcome,
            "reason": found.reason,
            "crf": found.crf,
            "rendition": self.rendition.to_dict(),
            "target": self.target,
            "pool": self.pool,
            "tolerance": self.tolerance,
            "min_chunk": self.min_chunk,
            "score": self.score,
            "pooled": self.made.pooled,
            "bitrate": self.made.bitrate,
            "bytes": self.made.bytes,
            "estimate": found.estimate.score if found.estimate else None,
            "gap": number(found.gap),
            "crfs": list(self.crfs),
            "probes": probes,
        }

    @classmethod
    def from_dict(cls, document: Mapping[str, Any]) -> Self:
        """Return what `to_dict` was made from."""
        whole = tuple(from_dict(document))
        probes = tuple(_probe(values) for values in document["probes"])
        found = Found(document["outcome"], document["reason"], amount(document["crf"]), probes)
        crfs = document.get("crfs", (0.0, 51.0, 1.0))  # earlier ones did not tell
        low, high, step = (amount(each) for each in crfs)
        if not any(probe.whole and probe.crf == found.crf for probe in probes):
            raise ValueError(f"no probe encoded the whole at CRF {found.crf:g}")
        made = next((made for made in whole if made.rendition.crf == found.crf), None)
        if made is None:
            raise ValueError(f"the encode at CRF {found.crf:g} is missing")
        if document["pool"] not in made.pooled:
            raise ValueError(f"{document['pool']} is no pooling")
        return cls(
            found,
            Rendition.from_dict(document["rendition"]),
            made,
            amount(document["target"]),
            document["pool"],
            amount(document["tolerance"]),
            None if document["min_chunk"] is None else amount(document["min_chunk"]),
            whole,
            (low, high, step),
        )


def _probe(values: Mapping[str, Any]) -> Probe:
    known = {name: math.nan if value is None else value for name, value in values.items()}
    probe = structure(known, Probe)
    if not (math.isfinite(probe.crf) and math.isfinite(probe.score)):
        raise ValueError(f"{probe} is no probe")
    return probe


@dataclass(frozen=True)
class _Measure:
    """How scores of pictures become the one that is compared with the target."""

    target: float
    pool: str
    min_chunk: float | None
    chunk: float

    def __call__(self, scores: NDArray[np.float64], times: NDArray[np.float64]) -> float:
        """Return the pooled score; less, if the worst chunk falls shorter of what it must have."""
        pooled = pool(scores)[self.pool]
        if self.min_chunk is None:
            return pooled
        if np.isnan(times).any():
            times = np.arange(len(scores)) / 25
        (worst,) = worst_windows(scores, times, seconds=self.chunk)
        return min(pooled, self.target + worst.score - self.min_chunk)


def search(
    source: SourceSpec,
    target: float,
    *,
    rendition: Rendition | None = None,
    pool: str = "mean",
    tolerance: float = 0.3,
    min_chunk: float | None = None,
    chunk: float = CHUNK,
    samples: int = SAMPLES,
    crf: tuple[float, float] | None = None,
    first: float | None = None,
    step: float = 1.0,
    probes: int = PROBES,
    model: str | os.PathLike[str] | Model | Models = "vmaf_tiny_v2",
    keep: str | os.PathLike[str] | None = None,
    progress: Callable[[SearchProgress], None] | None = None,
    finished: Callable[[Probe], None] | None = None,
    **options: Unpack[UnitOptions],
) -> SearchResult:
    """Find the highest CRF whose encode has the score that is asked for.

    The first probe encodes the whole source; by its features, samples are chosen for the next
    ones, which tell the score of the whole from how much the samples gain or lose against the
    first CRF, at which they are encoded too. A probe of samples ends as soon as the confidence
    interval of its estimate has left the target. The answer is encoded as a whole. Of a source that
    is not much longer than its samples, of one that is no file, has no time stamps or is
    deinterlaced, the whole is encoded each time.

    Each sample is a unit of its own, encoded as a clip and stored for itself: what a probe that
    ended early has not encoded is missing from the store, not wrong in it, and a search for another
    target encodes what it needs of that. Samples are judged in the order in which they were chosen,
    whoever encodes them, so a search comes to the same whether it was killed in between or has many
    workers.

    Parameters
    ----------
    source
        As for `encode_and_score`, and such that it can be read again.
    target
        Score, 0 to 100.
    rendition
        What to encode, without a quality; None: libx264 as it is.
    pool
        Which pooling the target is meant for: ``"mean"``, ``"harmonic_mean"``, ``"p5"``…
    tolerance
        Points that are good enough below the target, and near enough above.
    min_chunk
        Score that the worst chunk must have as well; None: any.
    chunk
        Seconds of a chunk, and of a sample.
    samples
        Number of samples; 0: encode the whole each time.
    crf
        Lowest and highest to choose from; None: those that are sensible for the encoder.
    first
        To begin with; None: in the middle.
    step
        Between CRFs.
    probes
        Encodes at most, 2 or more.
    model
        As for `encode_and_score`.
    keep
        Folder to keep the encode of the answer in.
    progress
        Called now and then.
    finished
        Called with each probe as soon as it is done.
    **options
        See `vmaf_tiny.units.options.UnitOptions`: how encodes are scored, in which processes or on
        which cluster, and where results are kept.

    Returns
    -------
    result
        Look at its ``outcome``.

    Raises
    ------
    OptionError
        An option has a wrong value, or the encoder has no CRF.
    InputError
        The source cannot be read, or not again.
    """
    rendition = rendition or Rendition("libx264")
    goal = _goal(rendition, target, tolerance, crf, step, probes)
    if pool not in _POOLS:
        raise OptionError(f"unknown pooling {pool!r}: choose one of {', '.join(_POOLS)}")
    if first is not None and not math.isfinite(first):
        raise OptionError(f"a first CRF of {first}: give a number")
    if not chunk > 0 or samples < 0:
        raise OptionError("samples: give 0 or more, of more than 0 seconds")
    if isinstance(source, Iterator | InputContainer | VideoStream):
        raise InputError("the source is read for each probe: give a file, list or array")
    with open_units(source, model, options) as units:
        measure = _Measure(target, pool, min_chunk, chunk)
        prober = _Prober(units, rendition, measure, goal, samples, progress, finished)
        found = find(prober, goal, first if first is not None else _middle(rendition, goal))
        made = prober.whole[found.crf]
        if keep is not None:
            made = prober.whole[found.crf] = prober.encode_whole(found.crf, keep=keep)
        whole = tuple(prober.whole[each] for each in sorted(prober.whole))
    answer = replace(rendition, crf=found.crf)
    crfs = goal.low, goal.high, goal.step
    return SearchResult(found, answer, made, target, pool, tolerance, min_chunk, whole, crfs)


def _goal(
    rendition: Rendition,
    target: float,
    tolerance: float,
    crf: tuple[float, float] | None,
    step: float,
    probes: int,
) -> Goal:
    if any(q is not None for q in (rendition.crf, rendition.qp, rendition.bitrate)):
        raise OptionError(f"{rendition.label} has a quality, which is what is looked for")
    usual = crf_range(rendition.encoder)
    if crf is None:
        if usual is None:
            raise OptionError(f"{rendition.encoder} has no CRF to look for: choose another encoder")
        # Below a tenth, encodes are as large as lossless ones.
        crf = max(usual[0], round(usual[1] / 10)), usual[1]
    low, high = crf
    if not 0 < target <= 100:
        raise OptionError(f"a target of {target:g}: give more than 0, up to 100")
    if not tolerance >= 0:
        raise OptionError(f"a tolerance of {tolerance:g}: give 0 or more points")
    if not step > 0:
        raise OptionError(f"a step of {step:g} between CRFs: give more than 0")
    if not low < high:
        raise OptionError(f"CRF {low:g} to {high:g}: give the lower one first, such as 18:40")
    if (high - low) / step > _MOST_CRFS:
        raise OptionError(f"{(high - low) / step:.0f} CRFs to choose from: give a larger step")
    if probes < 2:
        raise OptionError(f"{probes} probes: give 2 or more")
    return Goal(target, tolerance, float(low), float(high), step, probes)


def _middle(rendition: Rendition, goal: Goal) -> float:
    """Return the CRF to begin with: half of what the encoder has, as is usual."""
    usual = crf_range(rendition.encoder)
    return min(max(round((usual[1] if usual else goal.high) / 2), goal.low), goal.high)


class _Prober:
    """Encodes the whole or samples at a CRF, and tells the score of the whole."""

    def __init__(
        self,
        units: Units,
        rendition: Rendition,
        measure: _Measure,
        goal: Goal,
        samples: int,
        progress: Callable[[SearchProgress], None] | None,
        finished: Callable[[Probe], None] | None,
    ) -> None:
        self._units, self._rendition = units, rendition
        self._measure, self._goal = measure, goal
        self._count = samples
        self._progress, self._finished = progress, finished
        self._samples: Samples | None = None
        self._segments: list[Segment] = []
        self._base: list[RenditionResult] = []
        self._number = 0
        self.whole: dict[float, RenditionResult] = {}

    def __call__(self, crf: float, *, whole: bool) -> Probe:
        self._number += 1
        begun = clock.monotonic()
        if whole or self._samples is None:
            made = self.encode_whole(crf)
            first = not self.whole
            self.whole[crf] = made
            if first and self._count:
                self._choose(made)
            score = self._measure(made.result.scores, made.result.times)
            probe = Probe(crf, score, score, score, True, made.bitrate)
        else:
            probe = self._sampled(crf, self._samples)
        probe = replace(probe, seconds=clock.monotonic() - begun)
        if self._finished:
            self._finished(probe)
        return probe

    def encode_whole(
        self, crf: float, keep: str | os.PathLike[str] | None = None
    ) -> RenditionResult:
        """Encode and score the whole source."""
        rendition = replace(self._rendition, crf=crf)
        (made,) = self._units.make([rendition], keep=keep, progress=self._told(crf, True))
        return made

    def _told(self, crf: float, whole: bool) -> Callable[[WorkProgress], None] | None:
        tell, number = self._progress, self._number
        return (lambda p: tell(SearchProgress(number, crf, whole, p))) if tell else None

    def _choose(self, made: RenditionResult) -> None:
        """Choose samples by the first encode, and encode them alike, to compare others with."""
        samples = choose_samples(made, seconds=self._measure.chunk, count=self._count)
        if samples is None or not self._units.can_cut:
            return
        crf = made.rendition.crf
        assert crf is not None
        # The whole has just been read: what cannot be read of it in parts is searched whole.
        with suppress(InputError):
            self._segments = self._units.cut_out(samples.stretches)
            self._base = self._encode_samples(crf)
            self._samples = samples

    def _encode_samples(
        self, crf: float, enough: Callable[[Sequence[RenditionResult]], bool] | None = None
    ) -> list[RenditionResult]:
        return self._units.parts(
            replace(self._rendition, crf=crf),
            self._segments,
            enough=enough,
            progress=self._told(crf, False),
        )

    def _sampled(self, crf: float, samples: Samples) -> Probe:
        """Estimate the score of the whole from samples, as many as it takes."""

        def out_of_reach(parts: Sequence[RenditionResult]) -> bool:
            """Return whether the interval has left the target, above or below."""
            if len(parts) < _LEAST_SAMPLES:
                return False
            _, low, high = self._interval(samples, parts)
            return low > self._goal.target + self._goal.tolerance or high < self._goal.enough

        parts = self._encode_samples(crf, out_of_reach)
        score, low, high = self._interval(samples, parts)
        first = next(iter(self.whole.values()))
        before = sum(base.bytes for base in self._base[: len(parts)])
        bitrate = first.bitrate * sum(part.bytes for part in parts) / before
        stopped = len(parts) < len(samples.chosen)
        return Probe(crf, score, low, high, False, bitrate, stopped=stopped)

    def _interval(
        self, samples: Samples, parts: Sequence[RenditionResult]
    ) -> tuple[float, float, float]:
        """Return the estimate and its 95 % confidence interval, from the samples that are done.

        Samples are compared with themselves at the first CRF, as a part that is encoded on its own
        scores otherwise than in the whole.
        """
        shifts = [
            samples.mean_score(n, part) - samples.mean_score(n, self._base[n])
            for n, part in enumerate(parts)
        ]
        margin = min(samples.margin(shifts), 100.0)
        estimate, low, high = (
            self._measure(samples.predict([shift + change for shift in shifts]), samples.times)
            for change in (0.0, -margin, margin)
        )
        return estimate, low, high
