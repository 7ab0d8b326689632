"""vmaf-tiny search: the CRF for a score."""

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from rich.console import Group
from rich.markup import escape
from rich.table import Table

from vmaf_tiny.cli.bench import steps_shown
from vmaf_tiny.cli.edits import SourceEditOptions
from vmaf_tiny.cli.encoding import EncoderOptions, SearchOptions
from vmaf_tiny.cli.options import ModelOptions, RawOptions
from vmaf_tiny.cli.show import coloured, show
from vmaf_tiny.encode.tables import results_format, write_document, write_results
from vmaf_tiny.files import check_writable
from vmaf_tiny.search import Probe, SearchProgress, SearchResult, search

UNMET = 3
"""Exit status of a search that did not find what was asked for."""


def run(
    source: str,
    options: SearchOptions,
    encoder: EncoderOptions,
    edit: SourceEditOptions,
    raw: RawOptions,
    model: ModelOptions,
) -> int:
    """Search and show what was found; `UNMET` if that is not what was asked for."""
    arguments = {**options.arguments(), **encoder.work(), **edit.arguments()}
    arguments |= raw.arguments()
    if options.output and options.output != "-":
        results_format(options.output)
        check_writable(options.output, [source])
    with model.models() as opened, _shown(options) as progress:
        result = search(
            source, rendition=encoder.rendition(), model=opened, progress=progress, **arguments
        )
    for warning in result.made.result.warnings:
        print("vmaf-tiny: warning:", warning, file=sys.stderr)
    if options.output == "-" or (options.output and results_format(options.output) == "json"):
        write_document(options.output, result.to_dict())
    elif options.output:
        write_results(options.output, result.whole)
    if options.output != "-":
        show(f"{result.crf:g}" if options.quiet else view(result))
    return 0 if result.outcome == "met" else UNMET


@contextmanager
def _shown(options: SearchOptions) -> Iterator[Callable[[SearchProgress], None] | None]:
    if options.progress == "json":
        yield lambda p: print(json.dumps(_event(p), allow_nan=False), file=sys.stderr, flush=True)
    elif options.quiet:
        yield None
    else:
        with steps_shown() as step:
            yield lambda p: step(_text(p))


def _event(p: SearchProgress) -> dict[str, Any]:
    done = {name: getattr(p.encode, name) for name in ("done", "total", "fps", "eta")}
    return {"event": "probe", "probe": p.probe, "crf": p.crf, "whole": p.whole, **done}


def _text(p: SearchProgress) -> str:
    of = f" of {p.encode.total}" if p.encode.total and p.whole else ""
    what = "the whole" if p.whole else "samples"
    return (
        f"probe {p.probe}, CRF {p.crf:g}, {what}: {p.encode.done}{of} pictures,"
        f" {p.encode.fps:.1f} fps"
    )


def view(result: SearchResult) -> Group:
    """Return the answer, how it was found, and how far samples were off."""
    colour = "green" if result.outcome == "met" else "yellow"
    line = (
        f"[bold]CRF {result.crf:g}[/]  {result.pool.replace('_', ' ')} {coloured(result.score)}"
        f"  {result.made.bitrate / 1000:.1f} kbit/s  [{colour}]{result.outcome}[/]"
    )
    lines: list[Any] = [line, escape(result.found.reason), "", _probes(result.found.probes)]
    gap = result.found.gap
    if gap is not None:
        lines += ["", f"The whole scores {gap:+.3f} against what samples had said."]
    return Group(*lines)


def _probes(probes: tuple[Probe, ...]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="dim")
    for name in ("CRF", "score", "95 %", "kbit/s", "seconds"):
        table.add_column(name, justify="right")
    table.add_column("")
    for probe in probes:
        within = "" if probe.whole else f"{probe.low:.2f} to {probe.high:.2f}"
        what = "whole" if probe.whole else "samples, ended early" if probe.stopped else "samples"
        table.add_row(
            f"{probe.crf:g}",
            f"{probe.score:.3f}",
            within,
            f"{probe.bitrate / 1000:.1f}",
            f"{probe.seconds:.1f}",
            what,
        )
    return table
