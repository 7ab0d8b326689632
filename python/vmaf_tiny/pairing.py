"""Which picture of the distorted video is compared with which one of the reference."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from vmaf_tiny.errors import InputError, OptionError
from vmaf_tiny.frames import Picture, VideoInfo

Kind: TypeAlias = Literal["time", "index", "content"]

PAIRINGS = ("auto", "time", "index")
"""By the rule of `choose`; by time stamp, starts aligned; first with first, second with second."""

_SAME_RATE = 0.0005  # half of what is between 24 and 24000/1001
_ROUNDING = 0.005  # containers round and average


@dataclass(frozen=True)
class SideReport:
    """What became of the pictures of one video.

    Attributes
    ----------
    name
        Of the video, with its role.
    total
        Its pictures; an estimate unless `read_out`.
    read_out
        Whether it was read to its end, which is not done for what goes on after the other's end.
    skipped
        Pictures without a partner before the end of the other video.
    left
        Pictures after the end of the other video.
    """

    name: str
    total: int
    read_out: bool
    skipped: int
    left: int

    @property
    def unpaired(self) -> int:
        """Pictures without a partner."""
        return self.skipped + self.left


@dataclass(frozen=True)
class PairingReport:
    """How pictures were paired.

    Attributes
    ----------
    kind
        ``"time"``, ``"index"`` or ``"content"``.
    pairs
        Number of pairs.
    reference, distorted
        What became of the pictures of each side.
    offset
        Seconds by which the distorted starts later than the reference, which was taken out; 0 if
        not paired by time.
    gap
        Largest difference in time within a pair, in seconds, after that.
    loose
        Pairs with a difference of more than a quarter of the time between pictures.
    """

    kind: Kind
    pairs: int
    reference: SideReport
    distorted: SideReport
    offset: float = 0.0
    gap: float = 0.0
    loose: int = 0

    def __str__(self) -> str:
        """Return a line for reports."""
        sides = (self.reference, self.distorted)
        counts = [f"{'' if side.read_out else 'about '}{side.total}" for side in sides]
        text = f"by {self.kind}: {self.pairs} pairs of {counts[0]} and {counts[1]} pictures"
        return f"{text}, start offset {self.offset:+.3f} s taken out" if self.offset else text


def choose(asked: str, reference: VideoInfo, distorted: VideoInfo) -> tuple[Kind, list[str]]:
    """Choose how to pair.

    Automatically, containers are paired by time, unless they have as many pictures at different
    rates, as when a film was sped up. Where one rate is all that is known of a video, as of y4m,
    time counts only if the rates agree or one is a multiple of the other; two such videos of one
    rate are paired by index, as are videos of which no times are known.

    Parameters
    ----------
    asked
        One of `PAIRINGS`.

    Returns
    -------
    kind, warnings
        ``"time"`` or ``"index"``, and what the user should know of it.

    Raises
    ------
    OptionError
        `asked` is unknown or cannot be done.
    """
    if asked not in PAIRINGS:
        raise OptionError(f"unknown pairing {asked!r}: choose one of {', '.join(PAIRINGS)}")
    untimed = [side for side in (reference, distorted) if side.timestamps == "none"]
    if asked == "time" and untimed:
        raise OptionError(f"{untimed[0].label} has no time stamps: pair by index")
    if asked != "auto":
        return ("time" if asked == "time" else "index"), []
    if untimed:
        return "index", []
    if not reference.rate or not distorted.rate:
        return "time", []
    rates = float(reference.rate), float(distorted.rate)
    slow, fast = sorted(rates)
    differ = f"frame rates differ ({rates[0]:.6g} and {rates[1]:.6g})"
    counts = reference.frame_count, distorted.frame_count
    if fast / slow - 1 > _SAME_RATE and counts[0] == counts[1] is not None:
        return "index", [f"{differ}, numbers of pictures do not: paired by index, as if retimed"]
    constant = [side for side in (reference, distorted) if side.timestamps == "constant"]
    multiple = round(fast / slow)
    if constant and abs(fast / slow / multiple - 1) > _ROUNDING:
        return "index", [f"{differ}, {constant[0].label} has no time stamps: paired by index"]
    return ("index" if multiple == 1 and len(constant) == 2 else "time"), []


class Pairing:
    """Pairs pictures as they come, reading at most one picture ahead.

    Parameters
    ----------
    kind
        ``"time"``: pictures whose times, counted from the first picture, are nearest to each
        other and no further apart than half the time between pictures, each at most once; so the
        rounding of Matroska, other starts, gaps, repeated and dropped pictures and multiples of a
        rate are fine. ``"index"``: in order. ``"content"``: as `matches` says.
    reference, distorted
        What is known of the videos.
    matches
        Numbers of pictures that fit each other by what they show, shape (n, 2), reference first,
        both rising.
    """

    def __init__(
        self,
        kind: Kind,
        reference: VideoInfo,
        distorted: VideoInfo,
        matches: NDArray[np.int64] | None = None,
    ) -> None:
        self.kind = kind
        self._matches = matches
        self._reference = _Side(reference)
        self._distorted = _Side(distorted)
        self._pairs = 0
        self._gap = 0.0
        self._loose = 0

    def pairs(
        self, reference: Iterator[Picture], distorted: Iterator[Picture]
    ) -> Iterator[tuple[Picture, Picture]]:
        """Give pairs in order, once; ends when either video does.

        Raises
        ------
        InputError
            Times are to be compared, but one is missing or not later than the one before.
        """
        self._reference.pictures = reference
        self._distorted.pictures = distorted
        ways = {"time": self._by_time, "index": self._by_index, "content": self._by_content}
        for pair in ways[self.kind]():
            self._pairs += 1
            yield pair

    def _by_index(self) -> Iterator[tuple[Picture, Picture]]:
        while True:
            # Both are read before one is looked at, so that a surplus on either side shows.
            ref, dis = self._reference.read(), self._distorted.read()
            if ref is None or dis is None:
                return
            yield ref, dis

    def _by_content(self) -> Iterator[tuple[Picture, Picture]]:
        for numbers in [] if self._matches is None else self._matches:
            ref = self._reference.find(int(numbers[0]))
            dis = self._distorted.find(int(numbers[1]))
            if ref is None or dis is None:
                return
            yield ref, dis
        self._reference.read()  # to see whether there is more
        self._distorted.read()

    def _by_time(self) -> Iterator[tuple[Picture, Picture]]:
        ref, dis = self._reference, self._distorted
        ref.begin()
        dis.begin()
        while ref.now and dis.now:
            gap = abs(ref.time - dis.time)
            interval = min(ref.interval, dis.interval)
            if abs(ref.next_time - dis.time) < gap:
                ref.skip()
            elif abs(ref.time - dis.next_time) < gap:
                dis.skip()
            elif gap > interval / 2:
                (ref if ref.time < dis.time else dis).skip()
            else:
                self._gap = max(self._gap, gap)
                self._loose += gap > interval / 4
                yield ref.now, dis.now
                ref.step()
                dis.step()

    @property
    def report(self) -> PairingReport:
        """What has been done so far."""
        ref, dis = self._reference, self._distorted
        return PairingReport(
            self.kind,
            self._pairs,
            ref.report(self._pairs),
            dis.report(self._pairs),
            dis.start - ref.start,
            self._gap,
            self._loose,
        )


class _Side:
    """The pictures of one video, counted; `begin`, `step` and `skip` look one picture ahead."""

    def __init__(self, info: VideoInfo) -> None:
        self.pictures: Iterator[Picture] = iter(())
        self.start = 0.0
        self.now: Picture | None = None
        self.time = float("-inf")
        self.next_time = float("inf")
        self.interval = float("inf")  # to the nearer neighbour
        self._next: Picture | None = None
        self._info = info
        self._count = 0
        self._skipped = 0
        self._ended = False

    def read(self) -> Picture | None:
        picture = next(self.pictures, None)
        self._count += picture is not None
        self._ended = picture is None
        return picture

    def find(self, index: int) -> Picture | None:
        """Read until a picture and skip those before."""
        while (picture := self.read()) and picture.index < index:
            self._skipped += 1
        return picture

    def begin(self) -> None:
        self._next = self.read()
        self.start = self._time(self._next) if self._next else 0.0
        self.next_time = 0.0
        self.step()

    def step(self) -> None:
        before, self.now, self.time = self.time, self._next, self.next_time
        self._next = self.read() if self.now else None
        self.next_time = self._time(self._next) - self.start if self._next else float("inf")
        if self._next and self.next_time <= self.time:
            raise InputError(
                f"{self._info.label} has time stamps that do not increase at picture"
                f" {self._next.index}: pair by index"
            )
        self.interval = min(self.time - before, self.next_time - self.time)

    def skip(self) -> None:
        self._skipped += 1
        self.step()

    def _time(self, picture: Picture) -> float:
        if picture.time is None:
            raise InputError(
                f"{self._info.label} has no time stamp at picture {picture.index}: pair by index"
            )
        return picture.time

    def report(self, pairs: int) -> SideReport:
        known = 0 if self._ended else self._info.frame_count or 0
        total = max(self._count, known)
        left = total - pairs - self._skipped
        return SideReport(self._info.label, total, self._ended, self._skipped, left)


def judge(report: PairingReport) -> list[str]:
    """Say what the user must know of a finished pairing.

    Raises
    ------
    InputError
        Nothing or almost nothing could be paired.
    """
    sides = report.reference, report.distorted
    shorter = min(report.pairs + side.skipped for side in sides)
    if report.pairs < max(0 if report.kind == "content" else shorter / 2, 1):
        raise InputError(
            f"only {report.pairs} of {shorter} pictures are shown at the same time in"
            f" {sides[0].name} and {sides[1].name}: check that both are the same video, or pair"
            " by index"
        )
    warnings = [_unpaired(side) for side in sides if side.unpaired]
    if report.offset and warnings:  # pictures may be missing at the start
        more = "later" if report.offset > 0 else "earlier"
        warnings.append(
            f"{sides[1].name} starts {abs(report.offset):.3f} s {more} than {sides[0].name};"
            " starts were aligned"
        )
    if report.loose:
        warnings.append(
            f"{report.loose} of {report.pairs} pairs are more than a quarter of a picture apart in"
            f" time, up to {1000 * report.gap:.1f} ms"
        )
    return warnings


def _unpaired(side: SideReport) -> str:
    about = "about " if side.left and not side.read_out else ""
    many = f"{about}{side.unpaired} of {side.total} pictures of {side.name}"
    if not side.skipped:
        return f"{many} come after the end of the other video and were not scored"
    late = f", {about}{side.left} of them after the end of the other video" if side.left else ""
    return f"{many} have no partner and were not scored{late}"
