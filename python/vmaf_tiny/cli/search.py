"""vmaf-tiny search: the CRF for a score."""

from typing import Any

from rich.console import Group
from rich.table import Table

from vmaf_tiny.cli.edits import SourceEditOptions
from vmaf_tiny.cli.encoding import EncoderOptions, LoopOptions, SearchOptions, check_results
from vmaf_tiny.cli.loops import loop_shown, show_warnings
from vmaf_tiny.cli.options import LoopModelOptions, RawOptions
from vmaf_tiny.cli.show import coloured, plain, show
from vmaf_tiny.encode.tables import results_format, write_document, write_results
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
    model: LoopModelOptions,
) -> int:
    """Search and show what was found; `UNMET` if that is not what was asked for."""
    arguments = {**options.arguments(), **work.arguments(), **edit.arguments()}
    arguments |= raw.arguments()
    for path in options.output:
        check_results(path, source)
    with model.models() as opened, loop_shown(work) as reports:
        result = search(
            source,
            rendition=encoder.rendition(options.size),
            model=opened,
            preflight=reports.preflight,
            progress=reports.search,
            finished=reports.probe,
            **arguments,
        )
    show_warnings([result.made])
    for path in options.output:
        if path == "-" or results_format(path) == "json":
            write_document(path, result.to_dict())
        else:
            write_results(path, result.whole)
    if "-" not in options.output:
        show(f"{result.crf:g}" if work.quiet else view(result))
    if work.place is not None and not work.quiet and "-" not in options.output:
        show(f"\n[dim]results are kept in {plain(str(work.place))}[/]")
    return 0 if result.outcome == "met" else UNMET


def view(result: SearchResult) -> Group:
    """Return the answer, how it was found, and how far samples were off."""
    colour = "green" if result.outcome == "met" else "yellow"
    line = (
        f"[bold]CRF {result.crf:g}[/]  {_pooled(result.pool)} {coloured(result.score)}"
        f"  {result.made.bitrate / 1000:.1f} kbit/s  [{colour}]{result.outcome}[/]"
    )
    lines: list[Any] = [line, plain(result.found.reason), "", _probes(result.found.probes)]
    gap = result.found.gap
    if gap is not None:
        lines += ["", f"The whole scores {gap:+.3f} points against what samples had said."]
    return Group(*lines)


def _pooled(pool: str) -> str:
    return "VMAF" if pool == "mean" else f"VMAF {pool.replace('_', ' ')}"


def _probes(probes: tuple[Probe, ...]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="dim")
    table.add_column("probe")
    for name in ("CRF", "score", "95 % interval", "kbit/s", "seconds spent"):
        table.add_column(name, justify="right")
    for probe in probes:
        what = "whole" if probe.whole else "samples, ended early" if probe.stopped else "samples"
        table.add_row(
            what,
            f"{probe.crf:g}",
            f"{probe.score:.3f}",
            "measured" if probe.whole else f"{probe.low:.2f} to {probe.high:.2f}",
            f"{probe.bitrate / 1000:.1f}",
            f"{probe.seconds:.1f}",
        )
    return table
