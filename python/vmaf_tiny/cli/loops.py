"""Progress of sweeps, ladders and searches: bars for people, events for machines.

With ``--progress json``, standard error has a JSON object a line, as `events.schema.json` beside
this file describes; lines that are none are warnings and errors, for people. Events are

``progress``
    Now and then, and at the end of all: how far every rendition is, and all together; `probe` says
    what a search is trying.
``rendition``
    A rendition of a sweep or ladder is whole, or was found in the store: its row of a table.
``probe``
    A probe of a search is done.
"""

import json
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

from vmaf_tiny.cli.encoding import LoopOptions
from vmaf_tiny.cli.interrupts import told_how_to_go_on
from vmaf_tiny.cli.lines import say, warn
from vmaf_tiny.cli.progress import LINE_EVERY, clock
from vmaf_tiny.cli.show import plain

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

    from vmaf_tiny.checks import Check
    from vmaf_tiny.encode import RenditionResult
    from vmaf_tiny.search import Probe, SearchProgress
    from vmaf_tiny.units import RenditionState, WorkProgress

EVENTS = 1
"""Version of the events: raised when a reader of the one before would read them wrongly."""

Preflight: TypeAlias = Callable[[Sequence["Check"]], None]

_WIDE = 85  # columns of what is beside a bar

_EVENT_EVERY = 1.0  # seconds between events of progress


@dataclass(frozen=True)
class Trial:
    """What a search is trying.

    Attributes
    ----------
    number
        Of the probe, counted from 1.
    crf, whole
        At which, and whether the whole is encoded.
    """

    number: int
    crf: float
    whole: bool


class Shown(Protocol):
    """Shows how far work is."""

    @property
    def preflight(self) -> Preflight | None:
        """What shows what the source is like; None: that is not shown, nor waited for."""

    def work(self, progress: "WorkProgress", trial: Trial | None) -> None:
        """Show how far renditions are, of a search those of a probe."""

    def rendition(self, made: "RenditionResult") -> None:
        """Show that a rendition is whole."""

    def probe(self, number: int, probe: "Probe") -> None:
        """Show that a probe is done."""


class Reports:
    """What functions that encode and score are to call: shows it."""

    def __init__(self, shown: Shown) -> None:
        self._shown = shown
        self._probes = 0

    @property
    def preflight(self) -> Preflight | None:
        """What is to be told what the source is like; None: nothing."""
        return self._shown.preflight

    def work(self, progress: "WorkProgress") -> None:
        """Take how far a sweep or ladder is."""
        self._shown.work(progress, None)

    def search(self, progress: "SearchProgress") -> None:
        """Take how far a search is."""
        trial = Trial(progress.probe, progress.crf, progress.whole)
        self._shown.work(progress.work, trial)

    def rendition(self, made: "RenditionResult") -> None:
        """Take a rendition that is whole."""
        self._shown.rendition(made)

    def probe(self, probe: "Probe") -> None:
        """Take a probe that is done."""
        self._probes += 1
        self._shown.probe(self._probes, probe)


@contextmanager
def loop_shown(options: LoopOptions) -> Iterator[Reports]:
    """Give what shows progress as the options ask for, until the end of the block.

    If the command is interrupted there, it says how to go on.
    """
    place = options.place
    words = f"what is finished is in {place}; the same command goes on from there" if place else ""
    with told_how_to_go_on(words), _shown(options) as shown:
        yield Reports(shown)


@contextmanager
def _shown(options: LoopOptions) -> Iterator[Shown]:
    if options.progress == "json":
        yield _Events()
    elif options.progress == "none" or options.quiet:
        yield _Nothing()
    elif not sys.stderr.isatty():
        yield _Lines()
    else:
        # Here, as a log does without, and it takes a tenth of a second.
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TextColumn

        console = Console(stderr=True)
        bar = BarColumn(min(40, max(6, console.width - _WIDE)))
        columns = TextColumn("{task.fields[label]}"), bar, TextColumn("{task.description}")
        with Progress(*columns, console=console, transient=True) as bars:
            yield _Bars(bars)


def show_warnings(results: Sequence["RenditionResult"]) -> None:
    """Print what the user must know of results, once each; whose it is, unless it is of all."""
    whose: dict[str, list[str]] = {}
    for made in results:
        for text in dict.fromkeys(made.result.warnings):
            whose.setdefault(text, []).append(made.rendition.label)
    for text, labels in whose.items():
        more = f" and {len(labels) - 1} more" if len(labels) > 1 else ""
        of = "" if len(labels) == len(results) else f"{labels[0]}{more}: "
        warn(f"{of}{text}")


class _Nothing:
    @property
    def preflight(self) -> Preflight | None:
        return None

    def work(self, progress: "WorkProgress", trial: Trial | None) -> None:
        pass

    def rendition(self, made: "RenditionResult") -> None:
        pass

    def probe(self, number: int, probe: "Probe") -> None:
        pass


class _Lines(_Nothing):
    """A line now and then."""

    def __init__(self) -> None:
        self._due = time.monotonic() + LINE_EVERY

    def work(self, progress: "WorkProgress", trial: Trial | None) -> None:
        if time.monotonic() >= self._due:
            self._due = time.monotonic() + LINE_EVERY
            what = f"{_name(trial)}: " if trial else ""
            say(f"{what}{_all(progress)}")


class _Events(_Nothing):
    """A JSON object a line."""

    def __init__(self) -> None:
        self._due = 0.0

    def work(self, progress: "WorkProgress", trial: Trial | None) -> None:
        whole = all(each.state in ("done", "stored") for each in progress.renditions)
        if time.monotonic() < self._due and not whole:
            return
        self._due = time.monotonic() + _EVENT_EVERY
        renditions = [
            {**asdict(each), "rendition": each.rendition.label} for each in progress.renditions
        ]
        about = {**asdict(progress), "renditions": renditions}
        self._write("progress", {"probe": asdict(trial) if trial else None, **about})

    def rendition(self, made: "RenditionResult") -> None:
        from vmaf_tiny.encode.tables import summary

        self._write("rendition", summary(made))

    def probe(self, number: int, probe: "Probe") -> None:
        self._write("probe", {"number": number, **asdict(probe)})

    def _write(self, event: str, values: dict[str, Any]) -> None:
        document = {"event": event, "version": EVENTS, **values}
        print(json.dumps(document, allow_nan=False), file=sys.stderr, flush=True)


class _Bars(_Nothing):
    """A bar for every rendition or probe, and one for all of several renditions."""

    def __init__(self, bars: "Progress") -> None:
        self._bars = bars
        self._tasks: dict[tuple[Trial | None, str], TaskID] = {}

    @property
    def preflight(self) -> Preflight | None:
        return self._checks

    def _checks(self, found: Sequence["Check"]) -> None:
        from vmaf_tiny.cli.preflight import table

        self._bars.console.print(table(found, "source"), "")

    def work(self, progress: "WorkProgress", trial: Trial | None) -> None:
        for each in progress.renditions:
            label = _name(trial) if trial else each.rendition.label
            self._update(trial, label, each.done, each.total, _one(each))
        if len(progress.renditions) > 1:
            self._update(trial, "[bold]all", progress.done, progress.total, _together(progress))

    def _update(
        self, trial: Trial | None, label: str, done: int, total: int | None, text: str
    ) -> None:
        key = trial, label
        if key not in self._tasks:
            shown = label if label.startswith("[bold]") else plain(label)
            self._tasks[key] = self._bars.add_task("", total=None, label=shown)
        self._bars.update(self._tasks[key], completed=done, total=total, description=text)


def _name(trial: Trial) -> str:
    what = "whole" if trial.whole else "samples"
    return f"probe {trial.number}, CRF {trial.crf:g}, {what}"


def _one(each: "RenditionState") -> str:
    score = "" if each.score is None else f", VMAF {each.score:.2f}"
    if each.state != "running":
        return f"{each.state}{score}"
    return f"{_counted(each.done, each.total, each.fps, each.eta)}{score}"


def _all(progress: "WorkProgress") -> str:
    counted = _counted(progress.done, progress.total, progress.fps, progress.eta)
    if len(progress.renditions) == 1:
        return counted
    return f"{_whole(progress)}, {counted}"


def _together(progress: "WorkProgress") -> str:
    """Return how far all are, where each tells of its pictures."""
    left = f", {clock(progress.eta, 0)} left" if progress.eta is not None else ""
    return f"{_whole(progress)}, {progress.fps:.1f} fps{left}"


def _whole(progress: "WorkProgress") -> str:
    done = sum(each.state in ("done", "stored") for each in progress.renditions)
    return f"{done} of {len(progress.renditions)} renditions"


def _counted(done: int, total: int | None, fps: float, eta: float | None) -> str:
    of = f" of {total}" if total else ""
    left = f", {clock(eta, 0)} left" if eta is not None else ""
    return f"{done}{of} pictures, {fps:.1f} fps{left}"
