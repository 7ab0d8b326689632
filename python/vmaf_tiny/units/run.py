"""Do units of work on a source: those that are stored are not done again."""

import math
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Self

from vmaf_tiny.encode.codecs import encoder_threads
from vmaf_tiny.encode.engine import MOST, kept_files
from vmaf_tiny.encode.lane import Lane
from vmaf_tiny.encode.rendition import Rendition
from vmaf_tiny.encode.result import RenditionResult
from vmaf_tiny.encode.segment import Segment
from vmaf_tiny.encode.segments import cut_out, split
from vmaf_tiny.encode.source import NO_SEAMS, open_feed
from vmaf_tiny.errors import OptionError
from vmaf_tiny.frames import SourceSpec, VideoInfo
from vmaf_tiny.processors import processors
from vmaf_tiny.units.jobs import Scoring
from vmaf_tiny.units.plan import Plan
from vmaf_tiny.units.progress import Tracker, WorkProgress
from vmaf_tiny.units.runners import Here, OnDask, Processes, Runner
from vmaf_tiny.units.store import Store

_HELD = 120  # pictures that an encoder holds, roughly
_USUAL = 8  # renditions at once, where few processors do them all


@dataclass(frozen=True)
class Work:
    """Where work is done, in which portions, and where its results are kept.

    Attributes
    ----------
    store
        File to keep results in; None: they are not kept.
    workers
        Processes that work at once; 0: this one works.
    dask
        Address of a Dask scheduler, or ``"local"``; None: no Dask.
    upload
        Send the source to Dask's workers, rather than have them read it at the same path.
    segment
        Split the source at key frames into segments of at least so many seconds, which are
        encoded apart, see `vmaf_tiny.encode.segments`; None: it is encoded whole.
    at_once
        Renditions of one pass, 1 to `MOST`: they share one decode of the source, and each needs
        memory; 0: as many as fit, at most 8, or more where they alone keep all processors busy.

    Raises
    ------
    OptionError
        A number is out of range.
    """

    store: str | os.PathLike[str] | None = None
    workers: int = 0
    dask: str | None = None
    upload: bool = False
    segment: float | None = None
    at_once: int = 0

    def __post_init__(self) -> None:
        if self.workers < 0 or not 0 <= self.at_once <= MOST:
            raise OptionError(
                f"{self.workers} workers, {self.at_once} at once: give 0 or more, up to {MOST}"
            )
        if self.segment is not None and not 0 < self.segment < math.inf:
            raise OptionError(f"segments of {self.segment} seconds: give more than 0, or none")

    def threads(self) -> int:
        """Return threads for the features of one worker; 0: one per processor."""
        count = self.workers or (2 if self.dask else 0)
        return max(1, processors() // count) if count else 0

    def runner(self) -> Runner:
        """Return what runs jobs."""
        if self.dask:
            return OnDask(self.dask, upload=self.upload, workers=self.workers)
        return Processes(self.workers) if self.workers else Here()


class Units:
    """Does units of work on one source; to be closed.

    Parameters
    ----------
    source
        Path of a file; or pictures as `encode_and_score` takes them, for work in this process
        without a store.
    scoring
        How encodes are scored.
    work
        Where it is done and where results are kept.

    Raises
    ------
    OptionError
        A value is out of range, what is asked for is not installed, or wants a source with a name.
    InputError
        The source cannot be read.
    """

    def __init__(self, source: SourceSpec, scoring: Scoring, work: Work) -> None:
        self._source, self._scoring, self._work = source, scoring, work
        self._path = os.fspath(source) if isinstance(source, str | os.PathLike) else ""
        if not self._path and replace(work, at_once=0) != Work():
            raise OptionError("a store, workers, Dask and segments want a file: give its path")
        if work.segment and scoring.seen.edit.deinterlace:
            raise OptionError(NO_SEAMS)
        self._runner = work.runner()
        self._store: Store | None = None
        self._sha256 = ""
        self._segments: Sequence[Segment] = ()

    def look(self, renditions: Sequence[Rendition] = ()) -> VideoInfo:
        """Return what the source is like once it is edited; try the encoders of renditions.

        Raises
        ------
        OptionError
            An encoder refuses, in its own words.
        InputError
            The source cannot be read, or must not be compared with what is to be made of it.
        """
        scoring = self._scoring
        for rendition in renditions:
            scoring.model_of(rendition)
        allowed = frozenset(scoring.allow)
        with open_feed(self._source, raw=scoring.raw, edit=scoring.seen, allow=allowed) as feed:
            for rendition in renditions:
                Lane(rendition, feed, allowed, None, scoring.scale).close()
            return feed.info

    @property
    def can_cut(self) -> bool:
        """Whether stretches of the source can be encoded: it is a file, and not deinterlaced."""
        return bool(self._path) and not self._scoring.seen.edit.deinterlace

    def cut_out(self, stretches: Sequence[tuple[float, float]]) -> list[Segment]:
        """Return segments for `parts`, see `vmaf_tiny.encode.segments.cut_out`."""
        return cut_out(self._path, stretches, self._scoring.raw)

    def _open(self) -> Store:
        """Open the store and read the source through, once."""
        if self._store is None:
            work = self._work
            self._store = Store(work.store)
            # What is no file, such as an address, can be read but has no sum to be known by.
            if work.store is not None or work.dask or Path(self._path).is_file():
                self._sha256 = self._store.digest(self._path)
            whole = split(self._path, work.segment, self._scoring.raw) if work.segment else []
            self._segments = whole if len(whole) > 1 else ()
        return self._store

    def make(
        self,
        renditions: Sequence[Rendition],
        *,
        keep: str | os.PathLike[str] | None = None,
        progress: Callable[[WorkProgress], None] | None = None,
        finished: Callable[[RenditionResult], None] | None = None,
    ) -> list[RenditionResult]:
        """Encode and score the whole source in many ways.

        Parameters
        ----------
        renditions
            What to make. All encoders are tried before work starts.
        keep
            Folder to keep the encodes in; None: they are not kept.
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
            Nothing or something twice is to be made, or an encoder refuses what it is told.
        InputError
            The source must not be compared with what is to be made of it.
        """
        if not renditions:
            raise OptionError("nothing to encode: give at least one rendition")
        if len(set(renditions)) < len(renditions):
            twice = next(each for each in renditions if renditions.count(each) > 1)
            raise OptionError(f"{twice.label} is asked for twice: leave one out")
        info = self.look(renditions)
        files = kept_files(keep, info.name, renditions)
        plan = self._plan(renditions, files, self._segments_of_whole())
        jobs = plan.jobs(self._at_once(info, len(plan.missing_renditions())))
        tracker = Tracker(plan, jobs, info.frame_count, progress, finished)
        tracker.begin()
        if jobs:
            self._runner(jobs, tracker.done, tracker.report)
        return tracker.results()

    def parts(
        self,
        rendition: Rendition,
        segments: Sequence[Segment],
        *,
        enough: Callable[[Sequence[RenditionResult]], bool] | None = None,
        progress: Callable[[WorkProgress], None] | None = None,
    ) -> list[RenditionResult]:
        """Encode and score segments of the source, each on its own, which need not adjoin.

        Parameters
        ----------
        rendition
            How.
        segments
            Which, those first that are wanted first.
        enough
            Told the results of the first segments, once for every number of them that is there;
            True: no more are wanted. So where it ends does not depend on who works.
        progress
            Called now and then.

        Returns
        -------
        results
            Of all segments, or of the first ones that were enough.
        """
        plan = self._plan([rendition], [None], segments)
        jobs = plan.jobs(1)
        pictures = sum(segment.pictures for segment in segments)
        tracker = Tracker(plan, jobs, pictures, progress, joins=False)
        found: list[RenditionResult] = []

        def look() -> bool:
            while len(found) < len(segments):
                made = plan.part_of(0, len(found))
                if made is None:
                    return False
                found.append(made)
                if enough and enough(found):
                    return True
            return True

        def done(number: int, values: list[bytes]) -> bool:
            tracker.done(number, values)
            return look()

        tracker.begin()
        if not look():
            self._runner(jobs, done, tracker.report)
        tracker.end()
        return found

    def _plan(
        self,
        renditions: Sequence[Rendition],
        files: Sequence[Path | None],
        segments: Sequence[Segment],
    ) -> Plan:
        store = self._open()
        return Plan(self._source, self._sha256, renditions, self._scoring, store, files, segments)

    def _segments_of_whole(self) -> Sequence[Segment]:
        self._open()
        return self._segments

    def _at_once(self, info: VideoInfo, missing: int) -> int:
        """Return how many renditions share a pass."""
        workers = self._work.workers
        size = self._work.at_once or _fitting(info.width, info.height, max(workers, 1))
        if workers or self._work.dask:  # so that every worker has something to do
            size = min(size, max(1, -(-missing // max(workers, 1))))
        return size

    def close(self) -> None:
        """End what works and close the store; safe to call twice."""
        self._runner.close()
        if self._store is not None:
            self._store.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()


def _fitting(width: int, height: int, workers: int) -> int:
    """Return how many renditions at once leave half of the free memory alone.

    Each keeps the threads of its encoder busy at most, and about two more that decode and score.
    """
    most = max(_USUAL, processors() // workers // (encoder_threads(width, height) + 2))
    try:
        free = os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (ValueError, OSError):  # not on this system
        return 4
    return max(1, min(most, MOST, free // 2 // workers // (2 * _HELD * width * height)))
