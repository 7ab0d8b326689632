"""Bring the pictures of renditions together with those of the source, by time stamp, and score."""

import threading
from array import array
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from vmaf_tiny._core import Model
from vmaf_tiny.aligner import Aligner
from vmaf_tiny.checks import checks
from vmaf_tiny.encode.feed import Shot
from vmaf_tiny.encode.lane import Lane
from vmaf_tiny.encode.scheduling import scoring_threads
from vmaf_tiny.errors import InputError, VmafTinyError
from vmaf_tiny.luma import Converter, Luma
from vmaf_tiny.pairing import PairingReport, SideReport, judge
from vmaf_tiny.preflight import damage_warnings
from vmaf_tiny.result import Result
from vmaf_tiny.scorer import PictureScore, Scorer
from vmaf_tiny.signature import signature
from vmaf_tiny.survey import Survey

_AHEAD = 4  # pictures that all renditions have given and that wait to be scored


@dataclass(frozen=True)
class WorkSpec:
    """How features are computed: what `Scorer` takes, but 0 threads are as many as are of use."""

    threads: int = 0
    cpu: str = "best"
    mode: str = "exact"


class _Member:
    """A rendition in a joiner: what it has given and what became of it."""

    def __init__(self, lane: Lane, model: Model) -> None:
        self.lane = lane
        self.model = model
        self.given: deque[tuple[int, Luma]] = deque()
        self.ended = False
        self.pairs = 0
        self.extra = 0  # pictures that the source does not have
        self.dropped = 0  # pictures of the source that it does not have
        self.stamps = array("q")
        self.aligner = Aligner()
        self.apart: Scorer | None = None
        self.before = 0  # rows of the shared scorer that count, once it is apart
        self.overlap = 0  # rows of its own scorer that do not

    def take(self, stamp: int) -> Luma | None:
        """Return the picture of this time stamp, once it is known whether there is one."""
        if self.given and self.given[0][0] == stamp:
            return self.given.popleft()[1]
        return None

    def drop_before(self, stamp: int) -> None:
        while self.given and self.given[0][0] < stamp:
            self.given.popleft()
            self.extra += 1


class Joiner:
    """Scores renditions that are compared at one size and depth against the same pictures.

    A picture of the source that a rendition does not show has no partner and is not scored for
    it, as `vmaf_tiny.score` has it; from there on the rendition is scored apart from the others,
    whose reference pictures are no longer its own.

    Parameters
    ----------
    lanes
        The renditions.
    numbers
        Of the renditions among all.
    models, work
        For the scorer, a model for each rendition.
    """

    def __init__(
        self,
        lanes: Sequence[Lane],
        numbers: Sequence[int],
        models: Sequence[Model],
        work: WorkSpec,
    ) -> None:
        self.numbers = numbers
        self._members = [_Member(*pair) for pair in zip(lanes, models, strict=True)]
        self._work = work
        plan = lanes[0].plan
        self._size = plan.width, plan.height, plan.bits
        self._threads = work.threads or scoring_threads(sum(ln.encoder.threads for ln in lanes))
        self._convert = Converter(plan.reference)
        self._references: deque[Shot] = deque()
        self._source_ended = False
        self._change = threading.Condition()
        self._stopped = False
        self._over = False
        self._history: deque[tuple[Luma, list[Luma], float | None]] = deque(maxlen=2)
        self._pushed = 0
        self._lead = self._trail = 0  # rows of pictures beside the segment
        self._stack = ExitStack()
        self._shared = self._scorer(self._members)
        self.scored = 0
        self.means = np.zeros(len(lanes))

    def _scorer(self, members: Sequence[_Member]) -> Scorer:
        width, height, bits = self._size
        scorer = Scorer(
            width,
            height,
            bits,
            renditions=len(members),
            model=[member.model for member in members],
            threads=self._threads,
            cpu=self._work.cpu,
            mode=self._work.mode,
        )
        return self._stack.enter_context(scorer)

    # ------------------------------------------------------------- called by who gives pictures

    def add_reference(self, shot: Shot | None) -> None:
        """Add a picture of the source; None: there are no more."""
        with self._change:
            if shot is None:
                self._source_ended = True
            else:
                self._references.append(shot)
            self._change.notify_all()

    def emitter(self, k: int) -> Callable[[int, Luma], None]:
        """Return what takes the pictures of the k-th rendition, waiting for room."""
        member = self._members[k]

        def emit(stamp: int, luma: Luma) -> None:
            with self._change:
                # Only what could be scored now is waited for: else a rendition that is far ahead
                # would keep the source from one that has yet to give its first picture.
                while not (self._stopped or self._over) and self._ready() >= _AHEAD:
                    self._change.wait()
                if self._stopped:
                    raise VmafTinyError("stopped")
                member.given.append((stamp, luma))
                self._change.notify_all()

        return emit

    def ender(self, k: int) -> Callable[[], None]:
        """Return what says that the k-th rendition has no more pictures."""

        def end() -> None:
            with self._change:
                self._members[k].ended = True
                self._change.notify_all()

        return end

    def _ready(self) -> int:
        return min(len(m.given) if not m.ended else 1 << 30 for m in self._members)

    def stop(self) -> None:
        """Make all who wait here give up."""
        with self._change:
            self._stopped = True
            self._change.notify_all()

    # --------------------------------------------------------------------------------- scoring

    def run(self) -> None:
        """Score until the source ends."""
        while step := self._next():
            self._push(*step)
        with self._change:
            self._over = True  # nobody need wait for room any more
            self._change.notify_all()

    def _next(self) -> tuple[Shot, list[Luma | None]] | None:
        """Wait for the next picture of the source and what each rendition shows then."""
        with self._change:
            while True:
                if self._stopped:
                    raise VmafTinyError("stopped")
                if self._references and self._references[0].beside:
                    return self._references.popleft(), []
                if self._references:
                    stamp = self._references[0].stamp
                    for member in self._members:
                        member.drop_before(stamp)
                    if all(m.given or m.ended for m in self._members):
                        shot = self._references.popleft()
                        shown = [member.take(stamp) for member in self._members]
                        self._change.notify_all()
                        return shot, shown
                elif self._source_ended:
                    return None
                self._change.wait()

    def _push(self, shot: Shot, shown: list[Luma | None]) -> None:
        if shot.beside:
            self._push_beside(shot)
            return
        if all(luma is None for luma in shown):
            for member in self._members:
                member.dropped += 1
            return
        reference = self._convert(shot.frame)
        bits = self._size[2]
        cells = signature(reference, bits)
        for member, luma in zip(self._members, shown, strict=True):
            if luma is None:
                member.dropped += 1
                if member.apart is None and len(self._members) > 1:
                    self._split(member)
                continue
            member.pairs += 1
            member.stamps.append(shot.stamp)
            member.aligner.add(cells, signature(luma, bits))
            if member.apart is not None:
                member.apart.push(reference, luma, time=shot.time)
        # One that has no part in it any more gets something that costs little.
        lumas = [
            reference if luma is None or member.apart else luma
            for member, luma in zip(self._members, shown, strict=True)
        ]
        self._push_shared(shot, reference, lumas)

    def _push_beside(self, shot: Shot) -> None:
        """Add a reference that only the motion of its neighbour in the segment needs."""
        reference = self._convert(shot.frame)
        if self._pushed:
            self._trail = 1
        else:
            self._lead = 1
        for member in self._members:
            if member.apart is not None:
                member.apart.push(reference, reference, time=shot.time)
        self._push_shared(shot, reference, [reference] * len(self._members))

    def _push_shared(self, shot: Shot, reference: Luma, lumas: list[Luma]) -> None:
        self._pushed += 1
        self._history.append((reference, lumas, shot.time))
        self._see(self._shared.push(reference, *lumas, time=shot.time))

    def _split(self, member: _Member) -> None:
        """Give a rendition a scorer of its own, from the last picture on that it was shown.

        The row of that picture needs the next reference, which is now another one than the
        others have; and the reference before it. So two pictures are scored again, and of those
        rows only the second counts.
        """
        member.apart = self._scorer([member])
        member.before = max(self._pushed - 1, 0)
        member.overlap = max(len(self._history) - 1, 0)
        k = self._members.index(member)
        for reference, lumas, time in self._history:
            member.apart.push(reference, lumas[k], time=time)

    def _see(self, ready: Sequence[PictureScore]) -> None:
        for picture in ready:
            if picture.index < self._lead:
                continue
            self.scored += 1
            self.means += (picture.scores - self.means) / self.scored

    # ----------------------------------------------------------------------------------- after

    def finish(self) -> list[tuple[Result, NDArray[np.int64]]]:
        """Return for each rendition its result and the time stamps of its scored pictures.

        Raises
        ------
        InputError
            Nothing or almost nothing of a rendition could be paired.
        """
        if self._pushed <= self._lead + self._trail:
            raise InputError("no picture of the renditions is one of the source: nothing to score")
        shared = self._shared.finish()
        rows = slice(self._lead, self._pushed - self._trail)
        self.scored = rows.stop - rows.start
        self.means = np.array([result.scores[rows].mean() for result in shared])
        return [
            (self._described(member, self._own(member, result)), np.array(member.stamps, np.int64))
            for member, result in zip(self._members, shared, strict=True)
        ]

    def _own(self, member: _Member, shared: Result) -> Result:
        """Return the rows that count, of both scorers if there are two."""
        if member.apart is None:
            if not self._lead and not self._trail:
                return shared
            return joined([(shared, self._lead, len(shared.scores) - self._trail)])
        (own,) = member.apart.finish()
        end = max(member.before, self._lead)
        begin = member.overlap + end - member.before
        return joined([(shared, self._lead, end), (own, begin, len(own.scores) - self._trail)])

    def _described(self, member: _Member, result: Result) -> Result:
        """Add what is known of the videos and how they were paired."""
        lane = member.lane
        source = lane.source
        reference, distorted = source.info, lane.info
        total = member.pairs + member.dropped
        report = PairingReport(
            "time",
            member.pairs,
            SideReport(reference.label, total, True, member.dropped, 0),
            SideReport(distorted.label, member.pairs + member.extra, True, member.extra, 0),
        )
        found = judge(report)
        alignment = member.aligner.finish()
        unaligned = alignment.warnings("look at a kept encode")
        return replace(
            result,
            warnings=(
                *reference.notes,
                *source.warnings,
                *lane.plan.warnings,
                *found,
                *unaligned,
                *damage_warnings(reference, source.damages),
            ),
            provenance=replace(
                result.provenance,
                reference=str(reference),
                distorted=str(distorted),
                pairing=report,
                alignment=alignment,
                conversions=(*source.conversions, *lane.plan.conversions),
                checks=checks((source.stored, distorted), (source.survey, Survey())),
                edits=source.edits,
            ),
        )

    def close(self) -> None:
        """Stop and free."""
        self.stop()
        with suppress(VmafTinyError):
            self._stack.close()


def joined(parts: Sequence[tuple[Result, int, int]]) -> Result:
    """Return one result of parts of several, each given with its first row and its end.

    The rest is the first one's; the rate of scoring is that of all together.
    """
    first = parts[0][0]
    rows = [slice(begin, end) for _, begin, end in parts]
    results = [result for result, _, _ in parts]
    scores = np.concatenate([r.scores[rows] for r, rows in zip(results, rows, strict=True)])
    seconds = sum(len(result.scores) / result.fps for result in results)
    return replace(
        first,
        scores=scores,
        features=np.concatenate([r.features[rows] for r, rows in zip(results, rows, strict=True)]),
        times=np.concatenate([r.times[rows] for r, rows in zip(results, rows, strict=True)]),
        index=np.arange(len(scores)),
        fps=len(scores) / max(seconds, 1e-9),
    )
