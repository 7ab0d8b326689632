"""Encode a source in many ways at once and score every encode, in one pass."""

import os
import queue
import threading
import time as clock
from collections.abc import Callable, Collection, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from vmaf_tiny._core import Model
from vmaf_tiny.conditions import Models
from vmaf_tiny.edit import Edit
from vmaf_tiny.encode.feed import Feed, Shot
from vmaf_tiny.encode.join import Joiner, WorkSpec
from vmaf_tiny.encode.lane import Lane
from vmaf_tiny.encode.rendition import Rendition
from vmaf_tiny.encode.result import RenditionResult
from vmaf_tiny.encode.seen import Seen
from vmaf_tiny.encode.segment import Segment
from vmaf_tiny.encode.source import open_feed
from vmaf_tiny.errors import OptionError
from vmaf_tiny.frames import RawFormat, SourceSpec
from vmaf_tiny.inputs import Scale
from vmaf_tiny.preflight import check_allowances
from vmaf_tiny.readahead import ReadAhead
from vmaf_tiny.result import Result

MOST = 64
"""Renditions that one pass can make: VMT_RENDITIONS_MAX of the public header."""

_EVERY = 0.2  # seconds between reports of progress


@dataclass(frozen=True, slots=True)
class RenditionProgress:
    """How far a rendition is.

    Attributes
    ----------
    rendition
        Which.
    encoded, scored
        Pictures given to the encoder, and scored.
    bytes
        Encoded so far.
    encode_fps
        Pictures encoded per second that the encoder was at work.
    score
        Mean so far; NaN before the first.
    """

    rendition: Rendition
    encoded: int
    scored: int
    bytes: int
    encode_fps: float
    score: float


@dataclass(frozen=True, slots=True)
class EncodeProgress:
    """How far a pass is.

    Attributes
    ----------
    done
        Pictures of the source that all renditions have been scored for.
    total
        Estimate of all; None: unknown.
    fps
        Pictures of the source per second so far.
    eta
        Seconds to go, estimated; None: unknown.
    renditions
        Each of them.
    """

    done: int
    total: int | None
    fps: float
    eta: float | None
    renditions: tuple[RenditionProgress, ...]


def encode_and_score(
    source: SourceSpec,
    renditions: Sequence[Rendition],
    model: str | os.PathLike[str] | Model | Models = "vmaf_tiny_v2",
    *,
    model_dir: str | os.PathLike[str] | None = None,
    device: str = "auto",
    threads: int = 0,
    cpu: str = "best",
    mode: str = "exact",
    raw: RawFormat | None = None,
    edit: Edit | Seen | None = None,
    scale: Scale = "reference",
    allow: Collection[str] = (),
    keep: str | os.PathLike[str] | Sequence[Path | None] | None = None,
    segment: Segment | None = None,
    progress: Callable[[EncodeProgress], None] | None = None,
) -> list[RenditionResult]:
    """Encode a source in many ways at once and score every encode against it.

    The source is decoded once. Its pictures go to all encoders; what these write is decoded in
    memory, scaled back to the size of the source and compared with the same picture, to which it
    belongs by time stamp. Memory does not grow with the length, but for the scores; it grows with
    the pictures that encoders look ahead, and with the number of renditions.

    Scores equal those of `score` for the source, edited and scaled alike, and an encode that was
    kept.

    Parameters
    ----------
    source
        As the reference of `score`.
    renditions
        What to make, 1 to `MOST`. Encoders are opened before the source is read on.
    model, model_dir, device, threads, cpu, mode, allow
        As for `score`. A model that is conditioned on the encoder is told encoder, preset and CRF
        of each rendition, unless it is loaded already and has been told.
    raw
        What raw video is like.
    edit
        What is done to the pictures of the source first: encoders get them so. Or the same with
        a look into the source, as it is looked into otherwise.
    scale
        The size of comparison: ``"reference"``, that of the source; ``"distorted"``, that of the
        rendition; or width and height.
    keep
        Folder to keep the encodes in, as Matroska; made if it is missing. Or a file for each. A
        file appears when it is whole.
    segment
        What is encoded of the source, see `segments.split`; None: all.
    progress
        Called now and then, and at the end.

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
    ModelError
        The model cannot be used.

    Examples
    --------
    >>> import numpy as np
    >>> from vmaf_tiny.encode import Rendition, encode_and_score
    >>> pictures = np.random.default_rng(0).integers(0, 256, (3, 64, 64), np.uint8)
    >>> fine, coarse = encode_and_score(pictures, [Rendition(crf=18), Rendition(crf=40)])
    >>> fine.score > coarse.score, fine.bytes > coarse.bytes
    (True, True)
    """
    allowed = check_allowances(allow)
    if not 1 <= len(renditions) <= MOST:
        raise OptionError(f"{len(renditions)} renditions in one pass: give 1 to {MOST}")
    with ExitStack() as stack:
        if isinstance(model, str | os.PathLike):
            model = stack.enter_context(Models(model, model_dir=model_dir, device=device))
        models = [
            model.of(each.conditions) if isinstance(model, Models) else model for each in renditions
        ]
        feed = stack.enter_context(
            open_feed(source, raw=raw, edit=edit, allow=allowed, segment=segment)
        )
        files = kept_files(keep, feed.info.name, renditions)
        lanes: list[Lane] = []
        for rendition, file in zip(renditions, files, strict=True):
            lanes.append(Lane(rendition, feed, allowed, file, scale))
            stack.callback(lanes[-1].close)
        feed.seen.begin()
        path = os.fspath(source) if isinstance(source, str | os.PathLike) else ""
        run = _Pass(path, feed, lanes, models, WorkSpec(threads, cpu, mode), progress)
        stack.callback(run.close)
        return run.run()


def kept_files(
    keep: str | os.PathLike[str] | Sequence[Path | None] | None,
    source: str,
    renditions: Sequence[Rendition],
) -> list[Path | None]:
    """Return where encodes are kept; two that are named alike are numbered."""
    if keep is None:
        return [None] * len(renditions)
    if not isinstance(keep, str | os.PathLike):
        return list(keep)
    folder = Path(keep)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OptionError(
            f"{folder} cannot be a folder for encodes: {error.strerror}: choose another"
        ) from None
    paths: list[Path | None] = []
    for rendition in renditions:
        path = folder / f"{Path(source).stem}.{rendition.stem}.mkv"
        number = 2
        while path in paths:
            path = path.with_name(f"{Path(source).stem}.{rendition.stem}.{number}.mkv")
            number += 1
        paths.append(path)
    return paths


class _Pass:
    """The threads of one pass: one reads, one per rendition encodes and decodes, some score."""

    def __init__(
        self,
        path: str,
        feed: Feed,
        lanes: list[Lane],
        models: list[Model],
        work: WorkSpec,
        progress: Callable[[EncodeProgress], None] | None,
    ) -> None:
        self._path, self._feed, self._lanes = path, feed, lanes
        shapes = sorted({lane.plan.shape for lane in lanes})
        members = [[k for k, ln in enumerate(lanes) if ln.plan.shape == each] for each in shapes]
        self._joiners = [
            Joiner([lanes[k] for k in numbers], numbers, [models[k] for k in numbers], work)
            for numbers in members
        ]
        self._progress = progress
        self._errors: list[BaseException] = []
        self._ended: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        self._begun = clock.monotonic()
        self._last: Shot | None = None

    def run(self) -> list[RenditionResult]:
        for joiner in self._joiners:
            for k, number in enumerate(joiner.numbers):
                self._lanes[number].start(joiner.emitter(k), joiner.ender(k))
        for joiner in self._joiners:
            self._thread(joiner.run)
        reader = self._thread(self._read)
        left = {joiner.run for joiner in self._joiners}
        while left:
            with suppress(queue.Empty):
                left.discard(self._ended.get(timeout=_EVERY))
            self._raise()
            self._report()
        reader.join()
        for lane in self._lanes:  # what was scored last may still be on its way to its file
            lane.wait()
        self._raise()
        results = self._results()
        self._report()
        return results

    def _thread(self, work: Callable[[], None]) -> threading.Thread:
        def guarded() -> None:
            try:
                work()
            except BaseException as error:  # raised by `run`
                self._errors.append(error)
            self._ended.put(work)

        thread = threading.Thread(target=guarded, name="vmaf-tiny-pass", daemon=True)
        thread.start()
        return thread

    def _read(self) -> None:
        with ReadAhead(self._feed.shots()) as shots:
            for shot in shots:
                shot.uses = len(self._lanes)
                for joiner in self._joiners:
                    joiner.add_reference(shot)
                self._last = shot
                if shot.beside:
                    continue
                for lane in self._lanes:
                    if not lane.feed(shot):
                        return
        for lane in self._lanes:
            lane.feed(None)
        for joiner in self._joiners:
            joiner.add_reference(None)

    def _raise(self) -> None:
        """Raise the first error that is a cause rather than a consequence."""
        errors = [*(lane.error for lane in self._lanes if lane.error), *self._errors]
        causes = [error for error in errors if str(error) != "stopped"]
        if causes:
            raise causes[0]
        if errors:
            raise errors[0]

    def _results(self) -> list[RenditionResult]:
        found: dict[int, RenditionResult] = {}
        for joiner in self._joiners:
            for number, (result, stamps) in zip(joiner.numbers, joiner.finish(), strict=True):
                found[number] = self._result(self._lanes[number], result, stamps)
        return [found[number] for number in range(len(self._lanes))]

    def _report(self) -> None:
        if not self._progress:
            return
        total = self._feed.count
        done = min(joiner.scored for joiner in self._joiners)
        fps = done / max(clock.monotonic() - self._begun, 1e-9)
        left = None if total is None or not done else max(total - done, 0) / fps
        each: dict[int, RenditionProgress] = {}
        for joiner in self._joiners:
            for number, mean in zip(joiner.numbers, joiner.means.tolist(), strict=True):
                lane = self._lanes[number]
                tally = lane.tally
                speed = tally.pictures / max(tally.seconds, 1e-9)
                score = mean if joiner.scored else float("nan")
                each[number] = RenditionProgress(
                    lane.rendition, tally.pictures, joiner.scored, tally.bytes, speed, score
                )
        renditions = tuple(each[number] for number in range(len(self._lanes)))
        self._progress(EncodeProgress(done, total, fps, left, renditions))

    def close(self) -> None:
        """Stop and free."""
        for joiner in self._joiners:
            joiner.close()
        for lane in self._lanes:
            lane.stop()

    def _result(self, lane: Lane, result: Result, stamps: NDArray[np.int64]) -> RenditionResult:
        tally = lane.tally
        sizes, keyframes = tally.packets.of(stamps)
        return RenditionResult(
            rendition=lane.rendition,
            source=self._path,
            result=result,
            bytes=tally.bytes,
            duration=self._duration(),
            encode_seconds=tally.seconds,
            pictures=tally.pictures,
            sizes=sizes,
            keyframes=keyframes,
            encoder=lane.described,
            kept=lane.finish(),
            header=tally.header,
        )

    def _duration(self) -> float:
        """Return for how many seconds is shown what was encoded."""
        assert self._last is not None  # else nothing was scored
        units = self._feed.clock
        last = float(self._last.stamp * units.time_base)
        # The picture behind a segment is not shown; any other is for as long as is usual.
        return last if self._last.beside else last + float(1 / units.rate)
