"""What was found of how two videos are aligned, counted and put in words."""

from array import array
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

Verdict: TypeAlias = Literal["aligned", "shifted", "drifting", "uneven", "unlike", "unknown"]

ELSEWHERE = 0.7
"""What a pair says against its lag if another one fits twice as well."""

SHOWN = 20
"""Runs that are kept."""

_TELLING = 0.7  # what a pair must say against some lag to count
_ENOUGH = 8  # pairs for a verdict
_UNLIKE = 0.3  # correlation
_FREEZE = 12  # held in a row: no encoder that saves bits
_STUTTER = 0.25  # share of held pictures: no such either
_NOTHING = 0.1  # said by a pair on average
_FLAT = 1.0  # variance of a picture that looks like any other
_REGULAR = 0.25  # standard deviation of what is between changes, to its mean, of a drift
_MANY = 4  # changes of a drift
_BACK_AND_FORTH = 8  # changes of a lag that comes back
_CONFIDENT, _FEW = 0.6, 0.1  # confidence and share of pairs: below both, a fault is doubted
_STRAY = 0.1  # share of pairs that fit elsewhere

_Numbers = NDArray[np.int64]


@dataclass(frozen=True)
class Run:
    """Pairs with one lag.

    Attributes
    ----------
    pair
        Number of the first.
    lag
        How many pictures later in the reference the distorted pictures fit: above 0, the
        distorted video is ahead; below, it is behind.
    """

    pair: int
    lag: int


@dataclass(frozen=True)
class Alignment:
    """How the pictures of two videos belong together, by what they show.

    Attributes
    ----------
    verdict
        ``"aligned"``; ``"shifted"``: by one lag; ``"drifting"``: the lag changes steadily;
        ``"uneven"``: it changes now and then; ``"unlike"``: pictures hardly look alike at any lag;
        ``"unknown"``: nothing tells one lag from another, as where nothing moves.
    confidence
        0: another alignment fits as well, as in video that repeats itself; 1: none comes near.
    offset
        Lag at the start in pictures of the reference: above 0, the distorted video begins so many
        pictures into the reference.
    missing
        Pictures that the distorted video leaves out, so that all that follow come earlier.
    repeated
        Pictures that it has too many, so that all that follow come later.
    held
        Pictures that repeat the one before while the reference moves on, and the next one is in
        its place again: a fault of the picture, not of the pairing.
    longest
        Most of these in a row.
    drift
        Pictures that are lost per picture of the reference; below 0, that are gained per picture
        of the distorted video; 0 unless drifting.
    likeness
        Mean correlation of what pairs show, at what they were found to be; None if all is flat.
    pairs
        Pairs that were looked at.
    changes
        How often the lag changes.
    runs
        The first 20 runs of one lag.
    off
        Pairs whose pictures belong to other ones.
    strays
        Pictures that fit others of the reference much better than those that they were found to
        belong to, in no order that could be followed.
    """

    verdict: Verdict
    confidence: float
    offset: int
    missing: int
    repeated: int
    held: int
    longest: int
    drift: float
    likeness: float | None
    pairs: int
    changes: int
    runs: tuple[Run, ...]
    off: int = 0
    strays: int = 0

    @property
    def right(self) -> bool:
        """Whether nothing speaks against the pairs as they are."""
        return self.verdict in ("aligned", "unknown")

    def __str__(self) -> str:
        """Return a line for reports."""
        if self.verdict == "unknown":
            return "unknown: nothing moves that would tell"
        text = self.verdict if self.right else f"{self.verdict}: {self.fault()}"
        held = f", {self.held} pictures held" if self.held else ""
        return f"{text} (confidence {self.confidence:.2f}{held})"

    @property
    def _returns(self) -> bool:
        """Whether the lag changes all the time and always comes back."""
        away = abs(self.missing - self.repeated)
        return not self.drift and self.changes >= _BACK_AND_FORTH and 4 * away <= self.changes

    @property
    def _unsure(self) -> bool:
        """Whether so few pairs seem wrong, of video so still, that an encoder may have made it so.

        At a low quality it repeats a picture that hardly changes, and is behind for a while.
        """
        return self.confidence < _CONFIDENT and self.off < _FEW * self.pairs

    def fault(self) -> str:
        """Say what is wrong."""
        if self.verdict == "unlike" and self.likeness is not None:
            return f"the videos hardly look alike (correlation {self.likeness:.2f})"
        if self._returns:
            return (
                f"{self.off} of {self.pairs} pairs are off by a picture, back and forth, as after"
                " a conversion of the frame rate"
            )
        parts = []
        if self.offset:
            parts.append(f"the distorted video is {_lag(self.offset)} the reference")
            if self.changes:
                parts[-1] += " at the start"
        if self.drift:
            what = "loses" if self.drift > 0 else "repeats"
            parts.append(f"it {what} 1 picture in every {1 / abs(self.drift):.4g}")
        elif self.changes:
            where = next((run.pair for run in self.runs[1:]), 0)
            counts = [
                f"{count} {what}"
                for count, what in ((self.missing, "missing"), (self.repeated, "too many"))
                if count
            ]
            parts.append(
                f"it has {' and '.join(counts)} of the reference's pictures, from about pair"
                f" {where} on"
            )
        return "; ".join(parts)

    def warnings(self, advice: str = "--align fix pairs them by what they show") -> list[str]:
        """Say what the user must know, and what to do about pairs that are not right."""
        found = []
        if self.verdict == "unlike":
            found.append(f"{self.fault()}: check that both are the same video")
        elif not self.right and not self._unsure:
            found.append(
                f"pictures are not compared with their own: {self.fault()} (confidence"
                f" {self.confidence:.2f}): {advice}"
            )
        if self.verdict != "unknown" and self.strays > _STRAY * self.pairs:
            found.append(
                f"{self.strays} of {self.pairs} pictures look more like other ones of the"
                " reference than like their own, in no order that can be followed: see whether"
                " frame rates were converted on the way"
            )
        if self.longest >= _FREEZE or self.held > self.pairs * _STUTTER:
            found.append(
                f"{self.held} distorted pictures repeat the one before while the reference moves,"
                f" up to {self.longest} in a row"
            )
        return found


def _lag(lag: int) -> str:
    count = abs(lag)
    return f"{count} picture{'s' * (count > 1)} {'ahead of' if lag > 0 else 'behind'}"


class Tally:
    """Counts what is found, pair by pair."""

    def __init__(self) -> None:
        self._starts = array("q")
        self._lags = array("q")
        self._pairs = 0
        self._held = self._longest = self._in_row = 0
        self._telling = self._off = 0
        self.strays = 0
        """Pictures that fit others much better than those that they were found to belong to."""
        self._against = np.zeros(0)
        self._counts = np.zeros(0)
        self._likeness = 0.0
        self._compared = 0

    def add(
        self,
        costs: NDArray[np.float32],
        inside: NDArray[np.bool_],
        held: NDArray[np.bool_],
        lags: _Numbers,
        centre: int,
    ) -> None:
        """Add pairs.

        Parameters
        ----------
        costs
            What each says against lags around the centre, shape (pairs, lags).
        inside
            Where there is a picture of the reference, of the same shape.
        held
            Which repeat the picture before, shape (pairs,).
        lags
            What was found, from the centre.
        centre
            The lag in the middle.
        """
        changes = np.flatnonzero(np.diff(lags)) + 1
        if len(self._lags) < 2 and len(changes):  # so that it is seen what the first run fits
            for rows in (slice(changes[0]), slice(changes[0], None)):
                self.add(costs[rows], inside[rows], held[rows], lags[rows], centre)
            return
        columns = costs.shape[1]
        if not len(self._against):
            self._against, self._counts = np.zeros(columns), np.zeros(columns)
        at = lags[:, None] + np.arange(columns)
        clipped = np.clip(at, 0, columns - 1)
        there = (at == clipped) & np.take_along_axis(inside, clipped, 1)
        around = np.where(there, np.take_along_axis(costs, clipped, 1), 0)
        middle = columns // 2
        telling = ~held & (around.max(axis=1) - around[:, middle] >= _TELLING)
        self._off += int((lags + centre != 0).sum())
        self._note_runs(lags + centre)
        self._against += around[telling].sum(axis=0)
        self._counts += there[telling].sum(axis=0)
        self._telling += int(telling.sum())
        self._held += int(held.sum())
        for one in held.tolist():
            self._in_row = self._in_row + 1 if one else 0
            self._longest = max(self._longest, self._in_row)
        self._pairs += len(lags)

    def _note_runs(self, lags: _Numbers) -> None:
        first = int(lags[0])
        if len(self._lags) == 1 and first != self._lags[0] and self._fitted(first - self._lags[0]):
            self._lags[0] = first
        for row in (0, *(np.flatnonzero(np.diff(lags)) + 1).tolist()):
            if not self._lags or self._lags[-1] != lags[row]:
                self._starts.append(self._pairs + row)
                self._lags.append(int(lags[row]))

    def _fitted(self, lag: int) -> bool:
        """Return whether all before would fit as well if it were further on."""
        column = len(self._against) // 2 + lag
        if not 0 <= column < len(self._against):
            return False
        return bool(self._against[column] <= _NOTHING * self._counts[column])

    def compare(self, reference: NDArray[np.float32], distorted: NDArray[np.float32]) -> None:
        """Add signatures of pictures that are found to belong together, shape (n, cells)."""
        one = reference - reference.mean(axis=1, keepdims=True)
        other = distorted - distorted.mean(axis=1, keepdims=True)
        power, other_power = np.square(one).mean(axis=1), np.square(other).mean(axis=1)
        shaped = (power > _FLAT) & (other_power > _FLAT)
        both = (one * other).mean(axis=1)[shaped]
        self._likeness += float((both / np.sqrt(power * other_power)[shaped]).sum())
        self._compared += int(shaped.sum())

    def alignment(self) -> Alignment:
        """Return what was found."""
        lags, starts = np.array(self._lags, np.int64), np.array(self._starts, np.int64)
        if len(lags) > 1 and lags[0] == 0 and starts[1] <= -lags[1]:
            # What comes before has no partner.
            lags, starts = lags[1:], np.array([0, *starts[2:]])
        jumps = np.diff(lags)
        drift = _drift(jumps, starts)
        confidence = self._confidence()
        runs = tuple(
            Run(pair, lag) for pair, lag in zip(starts.tolist(), lags.tolist(), strict=True)
        )
        likeness = self._likeness / self._compared if self._compared else None
        repeated = int(-jumps[jumps < 0].sum())
        verdict: Verdict = "aligned"
        if self._compared >= _ENOUGH and likeness is not None and likeness < _UNLIKE:
            verdict = "unlike"
        elif self._telling < _ENOUGH:
            verdict = "unknown"
        elif drift:
            verdict = "drifting"
        elif len(jumps):
            verdict = "uneven"
        elif len(lags) and lags[0]:
            verdict = "shifted"
        return Alignment(
            verdict,
            round(confidence, 4),
            int(lags[0]) if len(lags) else 0,
            int(jumps[jumps > 0].sum()),
            repeated,
            max(self._held - repeated, 0),
            self._longest if self._held > repeated else 0,
            drift,
            likeness,
            self._pairs,
            len(jumps),
            runs[:SHOWN],
            self._off,
            self.strays,
        )

    def _confidence(self) -> float:
        """Return how far the next best alignment is behind."""
        if self._telling < _ENOUGH:
            return 0.0
        known = self._counts >= self._telling / 2
        means = np.where(known, self._against / np.maximum(self._counts, 1), np.inf)
        middle = len(means) // 2
        others = np.delete(means, middle)
        strayed = min(self.strays / (self.strays + self._telling), 1)
        return float((1 - np.exp(-max(others.min() - means[middle], 0))) * (1 - strayed))


def _drift(jumps: _Numbers, starts: _Numbers) -> float:
    """Return pictures per pair by which a lag that changes steadily does, or 0."""
    if len(jumps) < _MANY or len(np.unique(jumps)) > 1:
        return 0.0
    between = np.diff(starts[1:])
    if between.std() > _REGULAR * between.mean():
        return 0.0
    return float(jumps[0] / (between.mean() + max(jumps[0], 0)))


class Matches:
    """Pictures that fit each other, each at most once, both sides rising."""

    def __init__(self) -> None:
        self._reference = array("q")
        self._distorted = array("q")
        self._errors = array("d")

    def add(
        self,
        reference: _Numbers,
        distorted: _Numbers,
        errors: NDArray[np.float32],
        held: NDArray[np.bool_],
    ) -> None:
        """Add pairs of pictures; an error that is not finite means that there is no partner."""
        for ref, dis, error in zip(
            reference.tolist(),
            distorted.tolist(),
            np.where(held, np.finfo(np.float32).max, errors).tolist(),
            strict=True,
        ):
            if not np.isinf(error) and self._room(ref, error):
                self._reference.append(ref)
                self._distorted.append(dis)
                self._errors.append(error)

    def _room(self, reference: int, error: float) -> bool:
        """Take back what fits worse and is not before a picture of the reference."""
        last = len(self._reference)
        while last and self._reference[last - 1] >= reference:
            last -= 1
        if any(other <= error for other in self._errors[last:]):
            return False
        for numbers in (self._reference, self._distorted, self._errors):
            del numbers[last:]
        return True

    def pairs(self) -> _Numbers:
        """Return the pairs, shape (n, 2)."""
        return np.stack([np.array(self._reference), np.array(self._distorted)], axis=1)
