"""vmaf-tiny search: the CRF for a score."""

import sys
from typing import Any

from rich.console import Group
from rich.markup import escape
from rich.table import Table

from vmaf_tiny.cli.edits import SourceEditOptions
from vmaf_tiny.cli.encoding import EncoderOptions, LoopOptions, SearchOptions
from vmaf_tiny.cli.loops import loop_shown
from vmaf_tiny.cli.options import ModelOptions, RawOptions
from vmaf_tiny.cli.show import coloured, show
from vmaf_tiny.encode.tables import results_format, write_document, write_results
from vmaf_tiny.files import check_writable
from vmaf_tiny.search import Probe, SearchResult, search

UNMET = 3
"""Exit status of a search that did not find what was asked for."""


def run(
    source: str,
    options: SearchOptions,
    encoder: EncoderOptions,
    work: LoopOptions,
    edit: SourceEditOptions,
    raw: RawOptions,
    model: ModelOptions,
) -> int:
    """Search and show what was found; `UNMET` if that is not what was asked for."""
    arguments = {**options.arguments(), **work.arguments(), **edit.arguments()}
    arguments |= raw.arguments()
    if options.output and options.output != "-":
        results_format(options.output)
        check_writable(options.output, [source])
    with model.models() as opened, loop_shown(work) as reports:
        result = search(
            source,
            rendition=encoder.rendition(),
            model=opened,
            preflight=reports.preflight,
            progress=reports.search,
            finished=reports.probe,
            **arguments,
        )
    for warning in result.made.result.warnings:
        print("vmaf-tiny: warning:", warning, file=sys.stderr)
    if options.output == "-" or (options.output and results_format(options.output) == "json"):
        write_document(options.output, result.to_dict())
    elif options.output:
        write_results(options.output, result.whole)
    if options.output != "-":
        show(f"{result.crf:g}" if work.quiet else view(result))
    return 0 if result.outcome == "met" else UNMET


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
