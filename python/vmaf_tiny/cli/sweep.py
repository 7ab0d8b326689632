"""vmaf-tiny sweep: many renditions of a source as a table, and their curves compared."""

import json
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import asdict
from typing import Any

from rich.console import Console, Group, RenderableType
from rich.markup import escape
from rich.table import Table

from vmaf_tiny.cli.edits import SourceEditOptions
from vmaf_tiny.cli.options import LoopModelOptions, RawOptions, SweepOptions
from vmaf_tiny.cli.progress import LINE_EVERY, clock
from vmaf_tiny.cli.show import coloured, show
from vmaf_tiny.encode import Rendition, RenditionResult, write_results
from vmaf_tiny.encode.tables import results_format, summary
from vmaf_tiny.errors import OptionError
from vmaf_tiny.files import check_writable
from vmaf_tiny.sweep import BdRate, WorkProgress, bd_rates, default_store, grid, sweep
from vmaf_tiny.sweep.curves import has_library
from vmaf_tiny.sweep.grid import bits_per_second, numbers, size_of

_JSON_EVERY = 1.0  # seconds between events of progress


def run(
    source: str,
    options: SweepOptions,
    edit: SourceEditOptions,
    raw: RawOptions,
    model: LoopModelOptions,
    output: str | None,
    progress: str,
    quiet: bool,
) -> int:
    """Sweep and show."""
    renditions = renditions_of(options)
    if output:
        results_format(output)
        check_writable(output, [source])
    store = None if options.no_store else options.store or default_store()
    arguments = {**raw.arguments(), **edit.arguments()}
    with _shown("none" if quiet and progress == "auto" else progress) as (report, finished):
        results = sweep(
            source,
            renditions,
            **model.scoring(),
            **arguments,
            mode=options.mode,
            allow=options.allowed(),
            threads=options.threads,
            keep=options.keep,
            segment=options.segment,
            store=store,
            workers=options.workers,
            dask=options.dask,
            upload=options.upload,
            at_once=options.at_once,
            progress=report,
            finished=finished,
        )
    for warning in dict.fromkeys(text for made in results for text in made.result.warnings):
        print("vmaf-tiny: warning:", warning, file=sys.stderr)
    rates = bd_rates(results) if has_library() else []
    if output:
        notes = {"bd_rates": [asdict(rate) for rate in rates]} if rates else None
        write_results(output, results, notes=notes)
    if quiet:
        for made in results:
            print(f"{made.score:.6f}")
        return 0
    show(view(results, rates))
    if len({made.rendition.curve for made in results}) > 1 and not has_library():
        show("\nfor BD-rates between the curves: pip install 'vmaf-tiny\\[bdrate]'")
    if store is not None:
        show(f"\n[dim]results are kept in {escape(str(store))}[/]")
    return 0


def renditions_of(options: SweepOptions) -> list[Rendition]:
    """Return what the options ask for, encoder by encoder.

    Raises
    ------
    OptionError
        A value cannot be understood.
    """
    encoders = _listed(options.encoder)
    names = set(encoders)
    extra = dict(_pair(text) for text in options.option)
    found: list[Rendition] = []
    for encoder in encoders:
        mine = [_for(encoder, names, texts) for texts in (options.crf, options.qp, options.bitrate)]
        presets = _for(encoder, names, options.preset)
        found += grid(
            [encoder],
            crf=[value for text in mine[0] for value in numbers(text)],
            qp=[_whole(value) for text in mine[1] for value in numbers(text)],
            bitrate=[value for text in mine[2] for value in bits_per_second(text)],
            presets=_listed(presets) or [None],
            sizes=[size_of(text) for text in _listed(options.size)] or [None],
            pix_fmts=_listed(options.pix_fmt) or [None],
            options=extra,
        )
    return found


def _listed(texts: Sequence[str]) -> list[str]:
    return [part.strip() for text in texts for part in text.split(",") if part.strip()]


def _for(encoder: str, encoders: set[str], texts: Sequence[str]) -> list[str]:
    """Return the values meant for an encoder: its own, else those for all."""
    own: list[str] = []
    common: list[str] = []
    for text in texts:
        name, equals, value = text.partition("=")
        if equals and name not in encoders:
            raise OptionError(f"{text!r} is for {name}, which is not among the encoders")
        if not equals:
            common.append(text)
        elif name == encoder:
            own.append(value)
    return own or common


def _pair(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals or not name:
        raise OptionError(f"{text!r} is no option of an encoder: write name=value")
    return name, value


def _whole(value: float) -> int:
    if value != int(value):
        raise OptionError(f"qp {value:g}: give whole numbers")
    return int(value)


# ---------------------------------------------------------------------------------------- shown


def view(results: Sequence[RenditionResult], rates: Sequence[BdRate]) -> RenderableType:
    """Return a table of renditions, and one of BD-rates if there are any."""
    return Group(_table(results), "", _rates(rates)) if rates else _table(results)


def _table(results: Sequence[RenditionResult]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="dim")
    table.add_column("rendition", no_wrap=True)
    for name in ("kbit/s", "VMAF", "harmonic", "p5", "min", "worst second", "at", "encode fps"):
        table.add_column(name, justify="right")
    for made in results:
        pooled, worst = made.pooled, made.worst_window()
        table.add_row(
            escape(made.rendition.label),
            f"{made.bitrate / 1000:.1f}",
            coloured(made.score),
            *(f"{pooled[name]:.3f}" for name in ("harmonic_mean", "p5", "min")),
            f"{worst.score:.3f}",
            clock(worst.start, 2),
            f"{made.encode_fps:.1f}",
        )
    return table


def _rates(rates: Sequence[BdRate]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="dim")
    table.add_column(f"against {escape(rates[0].anchor)}", no_wrap=True)
    for name in ("BD-rate", "BD-VMAF"):
        table.add_column(name, justify="right")
    table.add_column("")
    for rate in rates:
        table.add_row(
            escape(rate.test),
            "" if rate.rate is None else f"{rate.rate:+.2f} %",
            "" if rate.score is None else f"{rate.score:+.3f}",
            escape(rate.reason),
        )
    return table


# ------------------------------------------------------------------------------------- progress

_Reports = tuple[Callable[[WorkProgress], None] | None, Callable[[RenditionResult], None] | None]


def _shown(kind: str) -> Any:
    if kind == "json":
        return nullcontext(_events())
    if kind == "none":
        return nullcontext((None, None))
    return _bars() if sys.stderr.isatty() else nullcontext((_lines(), None))


def _lines() -> Callable[[WorkProgress], None]:
    due = time.monotonic() + LINE_EVERY

    def report(progress: WorkProgress) -> None:
        nonlocal due
        if time.monotonic() >= due:
            due = time.monotonic() + LINE_EVERY
            print("vmaf-tiny:", _text(progress), file=sys.stderr)

    return report


def _text(progress: WorkProgress) -> str:
    done = sum(each.state in ("done", "stored") for each in progress.renditions)
    total = f" of {progress.total}" if progress.total else ""
    left = f", {clock(progress.eta, 0)} left" if progress.eta is not None else ""
    return (
        f"{done} of {len(progress.renditions)} renditions, {progress.done}{total} pictures,"
        f" {progress.fps:.1f} fps{left}"
    )


@contextmanager
def _bars() -> Iterator[_Reports]:
    from rich.progress import BarColumn, Progress, TextColumn

    columns = (TextColumn("{task.fields[label]}"), BarColumn(), TextColumn("{task.description}"))
    with Progress(*columns, console=Console(stderr=True), transient=True) as bars:
        tasks: list[Any] = []

        def report(progress: WorkProgress) -> None:
            if not tasks:
                for each in progress.renditions:
                    tasks.append(bars.add_task("", total=None, label=escape(each.rendition.label)))
                tasks.append(bars.add_task("", total=None, label="[bold]all"))
            for task, each in zip(tasks, progress.renditions, strict=False):
                score = "" if each.score is None else f" VMAF {each.score:.2f}"
                speed = f"{each.encode_fps:.1f} fps" if each.state == "running" else each.state
                bars.update(
                    task, completed=each.done, total=each.total, description=f"{speed}{score}"
                )
            bars.update(
                tasks[-1],
                completed=progress.done,
                total=progress.total,
                description=_text(progress),
            )

        yield report, None


def _events() -> _Reports:
    """Return what writes events to standard error, a JSON object a line."""
    due = 0.0

    def write(event: dict[str, Any]) -> None:
        print(json.dumps(event, allow_nan=False), file=sys.stderr, flush=True)

    def report(progress: WorkProgress) -> None:
        nonlocal due
        whole = all(each.state in ("done", "stored") for each in progress.renditions)
        if time.monotonic() < due and not whole:
            return
        due = time.monotonic() + _JSON_EVERY
        renditions = [
            {**asdict(each), "rendition": each.rendition.label} for each in progress.renditions
        ]
        write({"event": "progress", **asdict(progress), "renditions": renditions})

    def finished(made: RenditionResult) -> None:
        write({"event": "rendition", **summary(made)})

    return report, finished
