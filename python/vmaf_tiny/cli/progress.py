"""Progress on standard error: a bar for a terminal, a line now and then for a log."""

import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from vmaf_tiny.checks import Check
from vmaf_tiny.cli.lines import say
from vmaf_tiny.score import Progress

if TYPE_CHECKING:
    from rich.console import Console

LINE_EVERY = 10.0
"""Seconds between lines where there is no terminal."""

Report = Callable[[Progress], None]


class Shown:
    """Shows progress when called, and on a terminal also what videos are like."""

    def __init__(self, report: Report, console: "Console | None" = None) -> None:
        self._report = report
        self._console = console

    def __call__(self, progress: Progress) -> None:
        """Show how far the work is."""
        self._report(progress)

    def show_checks(self, checks: Sequence[Check]) -> None:
        """Show a table of the preflight, on a terminal."""
        if self._console:
            from vmaf_tiny.cli.preflight import table

            self._console.print(table(checks), "")


@contextmanager
def progress_shown() -> Iterator[Shown]:
    """Give what shows progress until the end of the block."""
    if not sys.stderr.isatty():
        yield Shown(_lines())
        return
    # Here, as a log or --quiet does without, and it takes a tenth of a second.
    from rich.console import Console
    from rich.progress import BarColumn, TextColumn
    from rich.progress import Progress as Bar

    columns = (BarColumn(), TextColumn("{task.description}"))
    with Bar(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("opening", total=None)
        yield Shown(
            lambda p: bar.update(task, completed=p.done, total=p.total, description=_text(p)),
            bar.console,
        )


def _lines() -> Report:
    due = time.monotonic() + LINE_EVERY

    def report(progress: Progress) -> None:
        nonlocal due
        if time.monotonic() >= due:
            due = time.monotonic() + LINE_EVERY
            say(_text(progress))

    return report


def _text(progress: Progress) -> str:
    total = f" of {progress.total}" if progress.total else ""
    left = f", {clock(progress.eta, 0)} left" if progress.eta is not None else ""
    stage = "" if progress.stage == "scoring" else f"{progress.stage}: "
    return f"{stage}{progress.done}{total} pictures, {progress.fps:.1f} fps{left}"


def clock(seconds: float, decimals: int = 3) -> str:
    """Return seconds as h:mm:ss with decimals, such as ``"0:01:02.500"``."""
    minutes, rest = divmod(round(seconds, decimals), 60)
    width = 3 + decimals if decimals else 2
    return f"{int(minutes // 60)}:{int(minutes % 60):02}:{rest:0{width}.{decimals}f}"
