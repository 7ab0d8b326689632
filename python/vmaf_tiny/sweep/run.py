"""Encode and score many renditions of a source: resumable, in as many processes as wanted."""

import contextlib
import os
import threading
import time as clock
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vmaf_tiny.edit import Edit
from vmaf_tiny.encode.engine import MOST, EncodeProgress, kept_files
from vmaf_tiny.encode.lane import Lane
from vmaf_tiny.encode.rendition import Rendition
from vmaf_tiny.encode.result import RenditionResult
from vmaf_tiny.encode.segment import Segment
from vmaf_tiny.encode.segments import join_files, join_results, split
from vmaf_tiny.encode.source import NO_SEAMS, open_feed, survey_source
from vmaf_tiny.errors import OptionError
from vmaf_tiny.frames import RawFormat
from vmaf_tiny.inputs import Scale
from vmaf_tiny.preflight import check_allowances
from vmaf_tiny.sweep.jobs import Job, Scoring, result_of, unit_key
from vmaf_tiny.sweep.runners import Runner, in_processes, on_dask, run_here
from vmaf_tiny.sweep.store import Store, packed, unpacked

_PARTS = ".parts"  # folder in that of the encodes, for those of segments
_HELD = 120  # pictures that an encoder holds, roughly


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
    encode_fps: float
    score: float | None
    bytes: int


@dataclass(frozen=True, slots=True)
class SweepProgress:
    """How far a sweep is.

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


def sweep(
    source: str | os.PathLike[str],
    renditions: Sequence[Rendition],
    model: str = "vmaf_tiny_v2",
    *,
    model_dir: str | None = None,
    device: str = "auto",
    clip: bool = True,
    blind: bool = False,
    mode: str = "exact",
    allow: Collection[str] = (),
    raw: RawFormat | None = None,
    edit: Edit | None = None,
    scale: Scale = "reference",
    threads: int = 0,
    cpu: str = "best",
    keep: str | os.PathLike[str] | None = None,
    segment: float | None = None,
    store: str | os.PathLike[str] | None = None,
    workers: int = 0,
    dask: str | None = None,
    upload: bool = False,
    at_once: int = 0,
    progress: Callable[[SweepProgress], None] | None = None,
    finished: Callable[[RenditionResult], None] | None = None,
) -> list[RenditionResult]:
    """Encode a source in many ways and score every encode.

    What was stored is not computed again: a run that was killed goes on where it was, and several
    runs may share a store.

    Parameters
    ----------
    source
        Path of a file.
    renditions
        What to make, such as from `grid`. All encoders are tried before work starts.
    model, model_dir, device, clip, mode, allow, raw, threads, cpu
        As for `vmaf_tiny.score`.
    blind
        Tell a model that is conditioned on the encoder nothing of it, rather than encoder, preset
        and CRF of each rendition.
    edit, scale
        What is done to the source first, and the size of comparison, as for `encode_and_score`.
    keep
        Folder to keep the encodes in; None: they are not kept.
    segment
        Split the source at key frames into segments of at least so many seconds, which are
        encoded apart, see `vmaf_tiny.encode.segments`; None: it is encoded whole.
    store
        File to keep results in; None: they are not kept.
    workers
        Processes that work at once; 0: this one works.
    dask
        Address of a Dask scheduler, or ``"local"``; None: no Dask.
    upload
        Send the source to Dask's workers, rather than have them read it at the same path.
    at_once
        Renditions of one pass, 1 to `MOST`: they share one decode of the source, and each needs
        memory; 0: as many as fit, at most 8.
    progress
        Called now and then, from one thread at a time.
    finished
        Called with each result as soon as it is whole, in the order in which that happens.

    Returns
    -------
    results
        One for each rendition, in their order.

    Raises
    ------
    OptionError
        An encoder refuses what it is told, or an option has a wrong value.
    InputError
        The source cannot be read, or must not be compared with what is to be made of it.

    Examples
    --------
    >>> from vmaf_tiny.sweep import bd_rates, grid, sweep
    >>> renditions = grid(crf=[20, 26, 32, 38], presets=["veryfast", "medium"])
    >>> results = sweep("source.mkv", renditions, store="results.sqlite")  # doctest: +SKIP
    >>> print(bd_rates(results)[0].rate)  # doctest: +SKIP
    -21.3
    """
    if not renditions:
        raise OptionError("nothing to encode: give at least one rendition")
    if len(set(renditions)) < len(renditions):
        twice = next(each for each in renditions if renditions.count(each) > 1)
        raise OptionError(f"{twice.label} is asked for twice: leave one out")
    if workers < 0 or not 0 <= at_once <= MOST:
        raise OptionError(f"{workers} workers, {at_once} at once: give 0 or more, up to {MOST}")
    path = os.fspath(source)
    scoring = Scoring(
        model,
        model_dir,
        device,
        clip,
        blind,
        mode,
        tuple(sorted(check_allowances(allow))),
        raw,
        scale,
        survey_source(path, raw, edit),
        threads or _threads(workers, dask),
        cpu,
    )
    pixels, total = check(path, renditions, scoring)
    runner = _runner(workers, dask, upload)
    with ExitStack() as stack:
        place = stack.enter_context(Store(store) if store is not None else _scratch())
        plan = _Plan(path, renditions, scoring, place, keep, segment)
        size = at_once or _fitting(pixels, max(workers, 1))
        if workers or dask:  # so that every worker has something to do
            size = min(size, max(1, -(-len(plan.missing_renditions()) // max(workers, 1))))
        jobs = plan.jobs(size)
        state = _State(plan, jobs, total, progress, finished)
        state.begin()
        if jobs:
            runner(jobs, state.done, state.report)
        return state.results()


def check(source: str, renditions: Sequence[Rendition], scoring: Scoring) -> tuple[int, int | None]:
    """Try every encoder and look at the source; return its pixels and number of pictures.

    Raises
    ------
    OptionError
        An encoder refuses, in its own words.
    InputError
        The source cannot be read, or must not be compared with what is to be made of it.
    """
    for rendition in renditions:
        scoring.models().of(rendition.conditions)
    allowed = frozenset(scoring.allow)
    with open_feed(source, raw=scoring.raw, edit=scoring.seen, allow=allowed) as feed:
        for rendition in renditions:
            Lane(rendition, feed, allowed, None, scoring.scale).close()
        return feed.info.width * feed.info.height, feed.info.frame_count


def _threads(workers: int, dask: str | None) -> int:
    """Return threads for the features of one worker."""
    count = workers or (2 if dask else 0)
    return max(1, (os.cpu_count() or 1) // count) if count else 0


def _runner(workers: int, dask: str | None, upload: bool) -> Runner:
    if dask:
        return on_dask(dask, upload=upload, workers=workers)
    return in_processes(workers) if workers else run_here


def _fitting(pixels: int, workers: int) -> int:
    """Return how many renditions at once leave half of the free memory alone."""
    try:
        free = os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (ValueError, OSError):  # not on this system
        return 4
    return max(1, min(8, free // 2 // workers // (2 * _HELD * pixels)))


@contextlib.contextmanager
def _scratch() -> Iterator[Store]:
    """Give a store in memory."""
    with Store(":memory:") as store:
        yield store


class _Plan:
    """What there is to do: units with their keys, what of them is stored, where files go."""

    def __init__(
        self,
        source: str,
        renditions: Sequence[Rendition],
        scoring: Scoring,
        store: Store,
        keep: str | os.PathLike[str] | None,
        seconds: float | None,
    ) -> None:
        self.source, self.renditions, self.scoring, self.store = source, renditions, scoring, store
        self.sha256 = store.digest(source)
        if seconds is not None and seconds <= 0:
            raise OptionError(f"segments of {seconds} seconds: give more than 0")
        if seconds and scoring.seen.edit.deinterlace:
            raise OptionError(NO_SEAMS)
        self.segments: Sequence[Segment | None] = split(source, seconds) if seconds else [None]
        if len(self.segments) == 1:
            self.segments = [None]
        self.files = kept_files(keep, Path(source).name, renditions)
        self._keys: dict[tuple[int, int], str] = {}
        self.abouts: dict[str, dict[str, Any]] = {}
        for r, rendition in enumerate(renditions):
            model = scoring.models().of(rendition.conditions).info
            for s, segment in enumerate(self.segments):
                key, about = unit_key(
                    self.sha256, rendition, scoring, model, segment, kept=keep is not None
                )
                self._keys[r, s] = key
                self.abouts[key] = about
        self.values: dict[str, dict[str, Any]] = {}
        for r in range(len(renditions)):
            self._look_up(r)

    def key(self, r: int, s: int) -> str:
        """Return the key of a rendition's segment."""
        return self._keys[r, s]

    def keys(self, r: int) -> list[str]:
        """Return the keys of all segments of a rendition."""
        return [self._keys[r, s] for s in range(len(self.segments))]

    def part(self, r: int, s: int) -> Path | None:
        """Return where the encode of a segment is kept until it is joined."""
        whole = self.files[r]
        if whole is None or self.segments[s] is None:
            return whole
        return whole.parent / _PARTS / f"{self._keys[r, s]}.nut"

    def _look_up(self, r: int) -> None:
        """Find what is stored of a rendition, and still has its file."""
        whole = self.files[r]
        joined = whole is not None and len(self.segments) > 1 and self._is_joined(r, whole)
        for s, key in enumerate(self.keys(r)):
            value = self.store.get(key)
            if value is None:
                continue
            part = self.part(r, s)
            there = part is None or (part.is_file() and part.stat().st_size == value["file_size"])
            if there or joined:
                self.values[key] = value

    def joined_key(self, r: int) -> str:
        """Return the key of what is known of the joined file."""
        return "joined " + " ".join(self.keys(r))

    def _is_joined(self, r: int, whole: Path) -> bool:
        value = self.store.get(self.joined_key(r))
        return bool(value and whole.is_file() and whole.stat().st_size == value["file_size"])

    def missing_renditions(self) -> list[int]:
        """Return numbers of the renditions that are not stored whole."""
        return [
            r
            for r in range(len(self.renditions))
            if any(key not in self.values for key in self.keys(r))
        ]

    def jobs(self, at_once: int) -> list[Job]:
        """Return what is to be done, segment by segment."""
        jobs = []
        for s, segment in enumerate(self.segments):
            missing = [
                r for r in range(len(self.renditions)) if self._keys[r, s] not in self.values
            ]
            for first in range(0, len(missing), at_once):
                batch = missing[first : first + at_once]
                parts = [self.part(r, s) for r in batch]
                files = tuple(part for part in parts if part is not None)
                for file in files:
                    file.parent.mkdir(parents=True, exist_ok=True)
                jobs.append(
                    Job(
                        self.source,
                        self.sha256,
                        tuple(self.renditions[r] for r in batch),
                        tuple(self._keys[r, s] for r in batch),
                        self.scoring,
                        segment,
                        files,
                    )
                )
        return jobs

    def result(self, r: int) -> RenditionResult | None:
        """Return the result of a rendition once all of it is there."""
        values = [self.values.get(key) for key in self.keys(r)]
        if any(value is None for value in values):
            return None
        whole = self.files[r]
        parts = [result_of(value, self.source, whole) for value in values if value]
        if len(parts) == 1:
            return parts[0]
        if whole is not None and not self._is_joined(r, whole):
            files = [part for s in range(len(parts)) if (part := self.part(r, s))]
            join_files(files, [part.duration for part in parts], whole)
            size = whole.stat().st_size
            about = {"joined": self.keys(r)}
            self.store.add([(self.joined_key(r), about, packed({"file_size": size}))])
            for file in files:
                file.unlink(missing_ok=True)
            with contextlib.suppress(OSError):
                (whole.parent / _PARTS).rmdir()
        return join_results(parts, whole)


class _State:
    """What has been done so far: stores it, joins it, tells of it."""

    def __init__(
        self,
        plan: _Plan,
        jobs: Sequence[Job],
        pictures: int | None,
        progress: Callable[[SweepProgress], None] | None,
        finished: Callable[[RenditionResult], None] | None,
    ) -> None:
        self._plan, self._jobs, self._pictures = plan, jobs, pictures
        self._progress, self._finished = progress, finished
        self._owner = {
            plan.key(r, s): r
            for r in range(len(plan.renditions))
            for s in range(len(plan.segments))
        }
        self._results: dict[int, RenditionResult] = {}
        self._stored: set[int] = set()
        self._running: dict[int, EncodeProgress] = {}
        self._lock = threading.RLock()
        self._begun = clock.monotonic()
        self._new = 0  # pictures of jobs that are done

    def begin(self) -> None:
        """Look for what is there already."""
        for r in range(len(self._plan.renditions)):
            self._complete(r)
        self._stored = set(self._results)
        self._tell()

    def done(self, number: int, values: list[bytes]) -> None:
        """Store what a job gave."""
        job = self._jobs[number]
        plan = self._plan
        with self._lock:
            rows = zip(job.keys, values, strict=True)
            plan.store.add((key, plan.abouts[key], value) for key, value in rows)
            for key, value in zip(job.keys, values, strict=True):
                plan.values[key] = unpacked(value)
                self._new += plan.values[key]["result"]["pictures"]
            self._running.pop(number, None)
            for key in job.keys:
                self._complete(self._owner[key])
            self._tell()

    def _complete(self, r: int) -> None:
        result = self._plan.result(r) if r not in self._results else None
        if result is not None:
            self._results[r] = result
            if self._finished:
                self._finished(result)

    def report(self, number: int, progress: EncodeProgress) -> None:
        """Take note of how far a job is."""
        with self._lock:
            self._running[number] = progress
            self._tell()

    def _tell(self) -> None:
        if self._progress is None:
            return
        states = tuple(self._state(r) for r in range(len(self._plan.renditions)))
        done = sum(state.done for state in states)
        totals = [state.total for state in states]
        total = None if None in totals else sum(filter(None, totals))
        here = sum(r.scored for p in self._running.values() for r in p.renditions)
        fps = (self._new + here) / max(clock.monotonic() - self._begun, 1e-9)
        left = None if total is None or not fps else max(total - done, 0) / fps
        self._progress(SweepProgress(states, done, total, fps, left))

    def _state(self, r: int) -> RenditionState:
        plan, rendition = self._plan, self._plan.renditions[r]
        made = self._results.get(r)
        if made is not None:
            state = "stored" if r in self._stored else "done"
            count = made.pictures
            return RenditionState(
                rendition, state, count, count, made.encode_fps, made.score, made.bytes
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
        state = "running" if running else "waiting"
        return RenditionState(rendition, state, done, self._pictures, speed, mean, size)

    def results(self) -> list[RenditionResult]:
        """Return all results, in the order of the renditions."""
        self._tell()
        return [self._results[r] for r in range(len(self._plan.renditions))]
