"""vmaf-tiny ladder: encodes of several sizes, their hull, and the rungs that it suggests."""

from pathlib import Path

from rich.console import Group, RenderableType
from rich.table import Table

from vmaf_tiny.cli.edits import SourceEditOptions
from vmaf_tiny.cli.encoding import BatchOptions, EncoderOptions, LadderOptions, check_results
from vmaf_tiny.cli.lines import warn
from vmaf_tiny.cli.loops import loop_shown, show_warnings
from vmaf_tiny.cli.options import LoopModelOptions, RawOptions
from vmaf_tiny.cli.show import coloured, plain, show
from vmaf_tiny.encode.tables import write_document, write_results
from vmaf_tiny.files import write_text
from vmaf_tiny.ladder import Ladder, build_ladder

_LISTS = (".m3u8", ".mpd")


def run(
    source: str,
    options: LadderOptions,
    encoder: EncoderOptions,
    work: BatchOptions,
    edit: SourceEditOptions,
    raw: RawOptions,
    model: LoopModelOptions,
) -> int:
    """Build a ladder, write and show it."""
    for path in options.output:
        check_results(path, source, _LISTS)
    arguments = {**options.arguments(), **work.arguments(), **edit.arguments()}
    arguments |= raw.arguments()
    with model.models() as opened, loop_shown(work) as reports:
        ladder = build_ladder(
            source,
            rendition=encoder.rendition(),
            model=opened,
            preflight=reports.preflight,
            progress=reports.work,
            finished=reports.rendition,
            **arguments,
        )
    show_warnings(ladder.points)
    if ladder.unmet and (work.quiet or "-" in options.output):  # else the table says it
        warn(_unmet(ladder))
    for path in options.output:
        _write(path, ladder)
    if "-" in options.output:
        return 0
    if work.quiet:
        for rung in ladder.rungs:
            print(f"{rung.score:.6f}")
    else:
        show(view(ladder))
        if work.place is not None:
            show(f"\n[dim]results are kept in {plain(str(work.place))}[/]")
    return 0


def _write(path: str, ladder: Ladder) -> None:
    kind = Path(path).suffix.lower()
    if kind == ".m3u8":
        write_text(path, ladder.hls())
    elif kind == ".mpd":
        write_text(path, ladder.dash())
    elif path == "-" or kind == ".json":
        write_document(path, ladder.to_dict())
    else:
        write_results(path, ladder.points)


def view(ladder: Ladder) -> Group:
    """Return all encodes, those on the hull marked, and the rungs."""
    points = _columns(["", "size", "quality"])
    for number, made in enumerate(ladder.points):
        points.add_row(
            "[green]◆[/]" if number in ladder.hull else "",
            f"{made.encoder.width}x{made.encoder.height}",
            plain(made.rendition.quality),
            f"{made.bitrate / 1000:.1f}",
            coloured(made.score),
            f"{made.pooled['p5']:.3f}",
        )
    rungs = _columns(["rung for", "size", "quality"])
    for rung in ladder.rungs:
        rungs.add_row(
            rung.asked,
            f"{rung.width}x{rung.height}",
            plain(ladder.points[rung.point].rendition.quality),
            f"{rung.bitrate / 1000:.1f}",
            coloured(rung.score),
            f"{rung.p5:.3f}",
        )
    told = f"◆ on the convex hull; all compared at {ladder.width}x{ladder.height}"
    shown: list[RenderableType] = [points, f"[dim]{told}[/]", "", rungs]
    if ladder.unmet:
        shown += [f"[yellow]{_unmet(ladder)}[/]"]
    return Group(*shown)


def _unmet(ladder: Ladder) -> str:
    return f"no encode on the hull for {', '.join(ladder.unmet)}"


def _columns(names: list[str]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="dim")
    for name in names:
        table.add_column(name, no_wrap=True)
    for name in ("kbit/s", "VMAF", "p5"):
        table.add_column(name, justify="right")
    return table
