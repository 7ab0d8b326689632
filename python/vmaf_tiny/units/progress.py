"""How far work is: each rendition, and all of them together."""

import threading
import time as clock
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from vmaf_tiny.encode.engine import EncodeProgress
from vmaf_tiny.encode.rendition import Rendition
from vmaf_tiny.encode.result import RenditionResult
from vmaf_tiny.units.jobs import Job
from vmaf_tiny.units.plan import Plan


@dataclass(frozen=True, slots=True)
class RenditionState:
    """How far a rendition is.

    Attributes
    ----------
    rendition
        Which.
    state
        ``"waiting"``, ``"running"``, ``"done"`` or ``"stored"``: it was computed before.
    done, total
        Pictures scored, and an estimate of all; None: unknown.
    fps
        Pictures scored per second since it began to run; 0 before.
    eta
        Seconds to go, estimated, once it runs; None: unknown.
    encode_fps
        Pictures encoded per second that the encoder was at work; 0 before it was.
    score
        Mean so far; None before the first.
    bytes
        Encoded so far.
    """

    rendition: Rendition
    state: str
    done: int
    total: int | None
    fps: float
    eta: float | None
    encode_fps: float
    score: float | None
    bytes: int


@dataclass(frozen=True, slots=True)
class WorkProgress:
    """How far work on a source is.

    Attributes
    ----------
    renditions
        Each of them.
    done, total
        Pictures scored, of all renditions together, and an estimate of all; None: unknown.
    fps
        Pictures scored per second since it began, of all renditions together.
    eta
        Seconds to go, estimated; None: unknown.
    """

    renditions: tuple[RenditionState, ...]
    done: int
    total: int | None
    fps: float
    eta: float | None


class Tracker:
    """What has been done of a plan so far: stores it, joins it, tells of it.

    Parameters
    ----------
    plan
        What there is to do.
    jobs
        What is missing of it.
    pictures
        Of a rendition, estimated; None: unknown.
    progress
        Called now and then.
    finished
        Called with each result as soon as it is whole.
    joins
        Whether segments are joined to the result of a rendition; else they stay apart.
    """

    def __init__(
        self,
        plan: Plan,
        jobs: Sequence[Job],
        pictures: int | None,
        progress: Callable[[WorkProgress], None] | None = None,
        finished: Callable[[RenditionResult], None] | None = None,
        joins: bool = True,
    ) -> None:
        self._plan, self._jobs, self._pictures = plan, jobs, pictures
        self._progress, self._finished, self._joins = progress, finished, joins
        self._owner = {
            plan.key(r, s): r
            for r in range(len(plan.renditions))
            for s in range(len(plan.segments))
        }
        self._results: dict[int, RenditionResult] = {}
        self._stored: set[int] = set()
        self._running: dict[int, EncodeProgress] = {}
        self._lock = threading.RLock()
        self._ended = False
        self._begun = clock.monotonic()
        self._first: dict[int, float] = {}  # when a rendition was first seen to run
        self._new: dict[int, int] = {}  # pictures of a rendition's jobs that are done

    def begin(self) -> None:
        """Look for what is there already."""
        for r in range(len(self._plan.renditions)):
            self._complete(r)
        self._stored = set(self._results)
        self._tell()

    def done(self, number: int, values: list[bytes]) -> bool:
        """Store what a job gave; return False, as all that is planned is wanted."""
        job, plan = self._jobs[number], self._plan
        with self._lock:
            plan.add(job.keys, values)
            self._running.pop(number, None)
            for key in job.keys:
                r = self._owner[key]
                self._new[r] = self._new.get(r, 0) + plan.values[key]["result"]["pictures"]
                self._complete(r)
            self._tell()
        return False

    def _complete(self, r: int) -> None:
        result = self._plan.result(r) if self._joins and r not in self._results else None
        if result is not None:
            self._results[r] = result
            if self._finished:
                self._finished(result)

    def report(self, number: int, progress: EncodeProgress) -> None:
        """Take note of how far a job is."""
        with self._lock:
            self._running[number] = progress
            now = clock.monotonic()
            for key in self._jobs[number].keys:
                self._first.setdefault(self._owner[key], now)
            self._tell()

    def _tell(self) -> None:
        if self._progress is None:
            return
        states = tuple(self._state(r) for r in range(len(self._plan.renditions)))
        done = sum(state.done for state in states)
        totals = [state.total for state in states]
        total = None if None in totals else sum(filter(None, totals))
        here = sum(r.scored for p in self._running.values() for r in p.renditions)
        fps = (sum(self._new.values()) + here) / max(clock.monotonic() - self._begun, 1e-9)
        left = None if total is None or not fps else max(total - done, 0) / fps
        if all(state.state in ("done", "stored") for state in states):
            left = 0.0
        self._progress(WorkProgress(states, done, total, fps, left))

    def _state(self, r: int) -> RenditionState:
        plan, rendition = self._plan, self._plan.renditions[r]
        made = self._results.get(r)
        now = clock.monotonic()
        seconds = now - self._first.get(r, now)
        if made is not None:
            state, count = "stored" if r in self._stored else "done", made.pictures
            fps = self._new.get(r, 0) / seconds if seconds else 0.0
            return RenditionState(
                rendition, state, count, count, fps, 0.0, made.encode_fps, made.score, made.bytes
            )
        values = [plan.values[key]["result"] for key in plan.keys(r) if key in plan.values]
        running = [
            each
            for number, progress in self._running.items()
            for each in progress.renditions
            if each.rendition == rendition and plan.renditions[r] in self._jobs[number].renditions
        ]
        counts = [len(value["frames"]["vmaf"]) for value in values]
        counts += [each.scored for each in running]
        scores = [value["score"] for value in values]
        scores += [each.score if each.scored else 0.0 for each in running]
        done = sum(counts)
        mean = sum(s * n for s, n in zip(scores, counts, strict=True)) / done if done else None
        size = sum(value["bytes"] for value in values) + sum(each.bytes for each in running)
        speed = max((each.encode_fps for each in running), default=0.0)
        new = self._new.get(r, 0) + sum(each.scored for each in running)
        fps = new / seconds if seconds else 0.0
        total = self._pictures
        left = max(total - done, 0) / fps if total is not None and fps else None
        state = "running" if running else "done" if self._ended else "waiting"
        return RenditionState(rendition, state, done, total, fps, left, speed, mean, size)

    def end(self) -> None:
        """Take note that no more is wanted."""
        with self._lock:
            self._running.clear()
            self._ended = True
            self._tell()

    def results(self) -> list[RenditionResult]:
        """Return all results, in the order of the renditions."""
        self._tell()
        return [self._results[r] for r in range(len(self._plan.renditions))]
