"""Finds which picture of the reference each distorted picture shows, by what they show.

A dynamic alignment within a band: pictures come in pairs as they are paired by time or by number,
and the lag of a pair is how many pictures later in the reference its distorted picture fits.
Lags are searched around the last one that was sure, so that they may wander far.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vmaf_tiny.alignment import ELSEWHERE, Alignment, Matches, Tally
from vmaf_tiny.signature import LENGTH, Signature

BAND = 256
"""Pictures around the last sure lag within which the next is looked for, either way."""

REACH = 4096
"""Lags that are followed, either way."""

_BLOCK = 16  # pairs that are looked at together
_PENDING = 16  # blocks that are undecided, at most
_CHUNK = 28  # small enough for one thread of BLAS, whose others would wait for the scorer's
_FLOOR = 0.15  # squared steps of 8-bit luma: errors below this tell nothing
_CAP = 3.0  # what a pair can say against a lag, as a logarithm of a ratio of errors
_OUTSIDE = 2.0  # the same where there is no picture
_JUMP, _STRETCH = 8.0, 0.01  # price of another lag, and of each picture that it is away
_DOUBT = 3.0  # what a block may say against the lag before this is looked into
_REPEAT = 0.1  # of the movement around it: a picture that moves less repeats the last
_LEAST = 4  # telling pairs that a lag is believed for
_BAD = 8.0  # times the usual error: no right pair
_BETTER, _DIP = 2.0, 1.25  # by which errors of a lag beat the last one's, and those around it
_STEP, _SLOPE = 1.2, 0.1  # prices of `_JUMP` and `_STRETCH` for lags that change every few pairs
_SURE = 8  # pairs that a fine path sets right, for it to be believed
_MOSTLY = 0.8  # share of these that fit better
_SHARP = 1.5  # times the error of what they find, those around it
_OFTEN = 4  # changes of a lag, for them to be a pattern
_BACKWARDS = 0.05  # share of pictures that may come before the last one
_UNDECIDED = 6  # blocks that wait for it, at most

_Table = NDArray[np.float32]
_Numbers = NDArray[np.int64]


class Shelf:
    """Signatures of one video, of which the old ones are forgotten."""

    def __init__(self) -> None:
        self._rows = np.empty((1024, LENGTH), np.float32)
        self._steps = np.empty(1024, np.float32)
        self._first = 0  # number of the picture in the first row
        self._kept = 0
        self.count = 0
        """Pictures so far."""

    def add(self, cells: Signature) -> None:
        """Take the next picture's."""
        row = self.count - self._first
        if row == len(self._rows):
            row = self._make_room()
        self._rows[row] = cells
        self._steps[row] = np.square(cells - self._rows[row - 1]).mean() if row else 0
        self.count += 1

    def keep(self, first: int) -> None:
        """Forget what comes before a picture, and never go back."""
        self._kept = max(self._kept, min(first, self.count))

    def _make_room(self) -> int:
        """Move what is kept, and the one before, to the front, of a larger array if need be."""
        begin = max(self._kept - 1, self._first)
        left = self.count - begin
        old, steps = self._rows, self._steps
        if left > len(old) // 2:
            self._rows = np.empty((2 * len(old), LENGTH), np.float32)
            self._steps = np.empty(2 * len(old), np.float32)
        self._rows[:left] = old[begin - self._first : self.count - self._first].copy()
        self._steps[:left] = steps[begin - self._first : self.count - self._first].copy()
        self._first = begin
        return left

    def rows(self, numbers: _Numbers) -> _Table:
        """Return the signatures of pictures that are kept."""
        return self._rows[numbers - self._first]

    def steps(self, numbers: _Numbers) -> _Table:
        """Return by how much pictures differ from the ones before, squared."""
        return self._steps[np.clip(numbers, self._first, self.count - 1) - self._first]

    def window(self, first: int, last: int) -> tuple[int, _Table]:
        """Return pictures from `first` to before `last`, as far as they are, and the first."""
        first = max(first, self._first, self._kept)
        last = max(min(last, self.count), first)
        return first, self._rows[first - self._first : last - self._first]


@dataclass
class _Block:
    """Pairs, and how well their distorted pictures fit around the lag that was sure before.

    Attributes
    ----------
    reference, distorted
        Numbers of the pictures of each pair.
    before
        Number of the distorted picture of the pair before.
    errors
        Shape (pairs, 2 * BAND + 1): mean square differences by lag; infinite outside the video.
    costs
        The same as what they say against each lag: 0 for the best, up to `_CAP`.
    held
        Whether a distorted picture repeats the one before while the reference moves.
    """

    reference: _Numbers
    distorted: _Numbers
    before: int
    errors: _Table
    costs: _Table
    held: NDArray[np.bool_]

    @property
    def doubtful(self) -> bool:
        """Whether another lag fits better than the one that was sure, for all or for some."""
        sums = self.costs.sum(axis=0)
        elsewhere = self.costs[:, BAND] >= ELSEWHERE
        return bool(sums[BAND] - sums.min() > _DOUBT or elsewhere.any())


class Aligner:
    """Follows the lag of pairs as they come.

    What it holds does not grow with the videos, but for the runs and, if asked for, the matches.

    Parameters
    ----------
    matches
        Collect which pictures fit each other.

    Attributes
    ----------
    reference, distorted : Shelf
        What the signature of every picture of each video is added to, before its pair comes.
    """

    def __init__(self, *, matches: bool = False) -> None:
        self.reference = Shelf()
        self.distorted = Shelf()
        self._claims: list[tuple[int, int]] = []
        self._pending: list[_Block] = []
        self._centre = 0
        self._usual: float | None = None  # error of a right pair
        self._undecided = False
        self._pattern = False  # whether lags have changed every few pairs
        self._last = -1  # distorted picture of the last pair that was looked at
        self._tally = Tally()
        self._matches = Matches() if matches else None

    def add(self, reference: Signature, distorted: Signature) -> None:
        """Take the signatures of the next pair, where every picture is in one."""
        self.reference.add(reference)
        self.distorted.add(distorted)
        self.pair(self.reference.count - 1, self.distorted.count - 1)

    def pair(self, reference: int, distorted: int) -> None:
        """Take the numbers of the next two pictures that are paired."""
        self._claims.append((reference, distorted))
        self.catch_up()

    def catch_up(self) -> None:
        """Look at what can be looked at, as far as pictures of the reference are there."""
        while len(self._claims) >= _BLOCK:
            last = self._claims[_BLOCK - 1][0] + self._centre + BAND
            if last >= self.reference.count:
                return
            self._look()

    def finish(self) -> Alignment:
        """Look at the rest, and say what was found."""
        while self._claims and self._claims[0][0] + self._centre < self.reference.count:
            self._look()
        if self._pending:
            self._settle(self._path(), len(self._pending))
        return self._tally.alignment()

    @property
    def lag(self) -> int:
        """The lag that was sure last."""
        return self._centre

    @property
    def matches(self) -> _Numbers:
        """Numbers of pictures that fit each other, shape (n, 2), reference first, both rising."""
        assert self._matches is not None
        return self._matches.pairs()

    def _look(self) -> None:
        """Measure the next block, and settle what is clear by now."""
        reference, distorted = np.array(self._claims[:_BLOCK], np.int64).T
        del self._claims[:_BLOCK]
        self._pending.append(self._block(reference, distorted, self._last))
        self._last = int(distorted[-1])
        if len(self._pending) == 1:
            return
        lags = self._path()
        last = int(lags[-1])
        far = abs(last) > BAND // 4
        if self._undecided and len(self._pending) <= _UNDECIDED and not far:
            return
        if not lags.any():
            self._settle(lags, len(self._pending) - 1)
        elif far or (lags[-_BLOCK:] == last).all() or len(self._pending) > _PENDING:
            self._settle(lags, len(self._pending) - 1)
            self._centre = min(max(self._centre + last, -REACH), REACH)
            self._pending = [
                self._block(each.reference, each.distorted, each.before) for each in self._pending
            ]

    def _block(self, reference: _Numbers, distorted: _Numbers, before: int) -> _Block:
        wanted = reference + self._centre
        errors = self._errors(wanted, distorted)
        held = self._repeats(wanted, distorted, before, errors[:, BAND])
        return _Block(reference, distorted, before, errors, self._costs(errors, held), held)

    def _errors(self, wanted: _Numbers, distorted: _Numbers) -> _Table:
        table = np.full((len(wanted), 2 * BAND + 1), np.inf, np.float32)
        first, window = self.reference.window(int(wanted[0]) - BAND, int(wanted[-1]) + BAND + 1)
        if not len(window):
            return table
        rows = self.distorted.rows(distorted)
        whole = len(window) // _CHUNK * _CHUNK
        pieces = window[:whole].reshape(-1, _CHUNK, LENGTH) @ rows.T
        dots = np.concatenate([pieces.reshape(whole, len(rows)), window[whole:] @ rows.T])
        squares = np.square(window).sum(axis=1)[:, None] + np.square(rows).sum(axis=1) - 2 * dots
        at = wanted[:, None] + np.arange(-BAND, BAND + 1) - first
        there = (at >= 0) & (at < len(window))
        found = np.take_along_axis(squares.T, np.clip(at, 0, len(window) - 1), 1)
        table[there] = np.maximum(found[there], 0) / LENGTH
        return table

    def _costs(self, errors: _Table, held: NDArray[np.bool_]) -> _Table:
        best = errors.min(axis=1, keepdims=True)
        if self._usual is not None:
            best = np.minimum(best, _BAD * self._usual)
        outside = np.isinf(errors)
        ratios = (np.where(outside, 0, errors) + _FLOOR) / (np.where(best > 1e9, 0, best) + _FLOOR)
        costs = np.clip(np.log(ratios), 0, _CAP)
        costs[outside] = _OUTSIDE
        costs[held] = 0
        return costs

    def _repeats(
        self, wanted: _Numbers, distorted: _Numbers, before: int, errors: _Table
    ) -> NDArray[np.bool_]:
        """Return which distorted pictures repeat the one before while the reference moves."""
        moves = self.reference.steps(wanted)
        usual = float(np.median(moves))
        held: NDArray[np.bool_] = self.distorted.steps(distorted) < _REPEAT * usual
        held &= (distorted > 0) & (usual > _FLOOR)
        # Where the one before is in no pair, this is the only one of its kind.
        held &= np.diff(distorted, prepend=before) == 1
        # Noise that an encoder takes away is no movement: errors stay what they were.
        right = errors.min() if self._usual is None else self._usual
        held &= errors > 2 * right + _FLOOR
        # A source may repeat pictures itself.
        return held if 2 * (moves < _REPEAT * usual).sum() < held.sum() else held & False

    def _path(self) -> _Numbers:
        """Return the lag of each pending pair, from the one that was sure."""
        count = sum(len(block.reference) for block in self._pending)
        self._undecided = False
        if not any(block.doubtful for block in self._pending):
            return np.zeros(count, np.int64)
        costs = np.concatenate([block.costs for block in self._pending])
        lags = cheapest(costs) - BAND
        errors = np.concatenate([block.errors for block in self._pending])
        telling = ~np.concatenate([block.held for block in self._pending])
        last = 0
        for run in np.split(np.arange(count), np.flatnonzero(np.diff(lags)) + 1):
            if not _believable(errors[run][telling[run]], last, int(lags[run[0]])):
                lags[run] = last
            last = int(lags[run[0]])
        return self._finer(lags, costs, errors, telling)

    def _finer(
        self, lags: _Numbers, costs: _Table, errors: _Table, telling: NDArray[np.bool_]
    ) -> _Numbers:
        """Return lags that change every few pairs, as after a conversion of the frame rate.

        A change costs little here, so what was found counts only if it sets many pairs right, and
        by much. Where it would be so few yet, it is undecided; once it was believed, it goes on.
        """
        rows = np.arange(len(lags))
        if not (costs[rows, lags + BAND] >= ELSEWHERE)[telling].any():
            self._pattern = False
            return lags
        fine = cheapest(costs, _STEP, _SLOPE) - BAND
        shown = np.concatenate([block.reference for block in self._pending]) + fine
        backwards = np.count_nonzero(np.diff(shown) < 0)
        if backwards > _BACKWARDS * (len(shown) - 1):  # of noise, anything fits somewhere
            return lags
        changed = np.flatnonzero((fine != lags) & telling)
        before, here, around = _compared(errors[changed], lags[changed], fine[changed])
        if not len(here):
            return lags
        better = before.mean() >= _BETTER * here.mean() and (before > here).mean() >= _MOSTLY
        if not (better and around.mean() >= _SHARP * here.mean()):
            return lags
        often = np.count_nonzero(np.diff(fine)) >= _OFTEN
        self._pattern = self._pattern or bool(len(here) >= _SURE and often)
        self._undecided = not self._pattern
        return fine if self._pattern else lags

    def _settle(self, lags: _Numbers, count: int) -> None:
        """Take the lags of the first blocks as found."""
        for block in self._pending[:count]:
            found, lags = np.split(lags, [len(block.reference)])
            errors = np.take_along_axis(block.errors, found[:, None] + BAND, 1)[:, 0]
            fits = block.reference + self._centre + found
            right = errors[np.isfinite(errors) & ~block.held]
            if len(right):
                usual = float(np.median(right))
                self._usual = usual if self._usual is None else 0.9 * self._usual + 0.1 * usual
            inside = np.isfinite(block.errors)
            self._tally.add(block.costs, inside, block.held, found, self._centre)
            self._tally.strays += _strays(block.errors[~block.held], found[~block.held])
            there = np.isfinite(errors)
            self._tally.compare(
                self.reference.rows(fits[there]), self.distorted.rows(block.distorted[there])
            )
            if self._matches:
                self._matches.add(fits, block.distorted, errors, block.held)
        self._pending = self._pending[count:]
        if self._pending:
            oldest = self._pending[0]
            self.reference.keep(int(oldest.reference[0]) + self._centre - 2 * BAND - _BLOCK)
            self.distorted.keep(int(oldest.distorted[0]))


def _compared(errors: _Table, lags: _Numbers, others: _Numbers) -> tuple[_Table, _Table, _Table]:
    """Return errors at one lag and at another, and around the latter, where there are both.

    Around it is what two pictures before or behind it are off by, on the better side.
    """
    rows = np.arange(len(lags))
    columns = np.clip(BAND + others + np.arange(-2, 3)[:, None], 0, 2 * BAND)
    near = errors[rows, columns] + _FLOOR
    around = np.minimum(near[:2].max(axis=0), near[3:].max(axis=0))
    before, here = errors[rows, BAND + lags] + _FLOOR, near[2]
    there = np.isfinite(before) & np.isfinite(here)
    return before[there], here[there], around[there]


def _strays(errors: _Table, lags: _Numbers) -> int:
    """Return how many pictures fit another one much better than the one at their lag."""
    if not len(lags):
        return 0
    before, here, around = _compared(errors, lags, errors.argmin(axis=1) - BAND)
    return int(((before >= _BETTER * here) & (around >= _SHARP * here)).sum())


def cheapest(costs: _Table, price: float = _JUMP, stretch: float = _STRETCH) -> _Numbers:
    """Return the column of each row on the cheapest path, which begins in the middle one.

    Parameters
    ----------
    costs
        Shape (rows, columns).
    price, stretch
        Of another column, and of each that it is away.
    """
    rows, columns = costs.shape
    numbers = np.arange(columns)
    slope = stretch * numbers
    total = np.full(columns, 1e9)
    total[columns // 2] = 0
    came = np.empty((rows, columns), np.int32)
    for row in range(rows):
        right = total - slope  # from lower columns, at best
        from_left = _last_least(right)
        left = (total + slope)[::-1]  # from higher ones
        from_right = columns - 1 - _last_least(left)[::-1]
        by_left, by_right = right[from_left] + slope, total[from_right] + slope[from_right] - slope
        source = np.where(by_left <= by_right, from_left, from_right)
        jump = price + np.minimum(by_left, by_right)
        stay = total <= jump
        came[row] = np.where(stay, numbers, source)
        total = np.where(stay, total, jump) + costs[row]
    path = np.empty(rows, np.int64)
    at = int(total.argmin())
    for row in range(rows - 1, -1, -1):
        path[row] = at
        at = int(came[row, at])
    return path


def _last_least(values: NDArray[np.float64]) -> _Numbers:
    """Return for each element where the least so far is."""
    least = np.minimum.accumulate(values)
    return np.maximum.accumulate(np.where(values == least, np.arange(len(values)), 0))


def _believable(errors: _Table, last: int, lag: int) -> bool:
    """Return whether errors are so much better at a lag than at the last, and than next to it."""
    if lag == last:
        return True
    columns = [BAND + last, BAND + lag, BAND + lag - 2, BAND + lag + 2]
    some = errors[:, np.clip(columns, 0, 2 * BAND)]
    some = some[np.isfinite(some[:, :2]).all(axis=1)]
    if len(some) < _LEAST:
        return False
    before, here, *around = some.mean(axis=0) + _FLOOR
    return bool(before >= _BETTER * here and min(around) >= _DIP * here)
