"""vmaf-tiny sweep: many renditions of a source as a table, and their curves compared."""

from collections.abc import Sequence
from dataclasses import asdict

from rich.console import Group, RenderableType
from rich.table import Table

from vmaf_tiny.cli.edits import SourceEditOptions
from vmaf_tiny.cli.encoding import BatchOptions, check_results, encoder_options
from vmaf_tiny.cli.loops import loop_shown, show_warnings
from vmaf_tiny.cli.options import LoopModelOptions, RawOptions, SweepOptions
from vmaf_tiny.cli.progress import clock
from vmaf_tiny.cli.show import coloured, fitted, plain, show
from vmaf_tiny.encode import Rendition, RenditionResult, write_results
from vmaf_tiny.encode.tables import to_dict, write_document
from vmaf_tiny.errors import OptionError
from vmaf_tiny.sweep import BdRate, bd_rates, grid, sweep
from vmaf_tiny.sweep.curves import has_library
from vmaf_tiny.sweep.grid import bits_per_second, numbers, size_of


def run(
    source: str,
    options: SweepOptions,
    work: BatchOptions,
    edit: SourceEditOptions,
    raw: RawOptions,
    model: LoopModelOptions,
    output: Sequence[str],
) -> int:
    """Sweep and show."""
    renditions = renditions_of(options)
    for path in output:
        check_results(path, source)
    arguments = {**work.arguments(), **edit.arguments(), **raw.arguments()}
    with model.models() as opened, loop_shown(work) as reports:
        results = sweep(
            source,
            renditions,
            opened,
            preflight=reports.preflight,
            progress=reports.work,
            finished=reports.rendition,
            **arguments,
        )
    show_warnings(results)
    rates = bd_rates(results) if has_library() else []
    notes = {"bd_rates": [asdict(rate) for rate in rates]} if rates else None
    for path in output:
        if path == "-":
            write_document(path, to_dict(results, notes))
        else:
            write_results(path, results, notes=notes)
    if "-" in output:
        return 0
    if work.quiet:
        for made in results:
            print(f"{made.score:.6f}")
        return 0
    show(view(results, rates))
    if len({made.rendition.curve for made in results}) > 1 and not has_library():
        show("\nfor BD-rates between the curves: pip install 'vmaf-tiny\\[bdrate]'")
    if work.place is not None:
        show(f"\n[dim]results are kept in {plain(str(work.place))}[/]")
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
    extra = encoder_options(options.option)
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


def _whole(value: float) -> int:
    if value != int(value):
        raise OptionError(f"qp {value:g}: give whole numbers")
    return int(value)


# ---------------------------------------------------------------------------------------- shown


def view(results: Sequence[RenditionResult], rates: Sequence[BdRate]) -> RenderableType:
    """Return a table of renditions, and one of BD-rates if there are any."""
    return Group(_table(results), "", _rates(rates)) if rates else _table(results)


def _table(results: Sequence[RenditionResult]) -> Table:
    worst = [made.worst_window() for made in results]
    columns = {
        "rendition": [plain(made.rendition.label) for made in results],
        "kbit/s": [f"{made.bitrate / 1000:.1f}" for made in results],
        "VMAF": [coloured(made.score) for made in results],
        **{
            name.partition("_")[0]: [f"{made.pooled[name]:.3f}" for made in results]
            for name in ("harmonic_mean", "p5", "min")
        },
        "worst second": [f"{window.score:.3f}" for window in worst],
        "at": [clock(window.start, 2) for window in worst],
        "encode fps": [f"{made.encode_fps:.1f}" for made in results],
    }
    return fitted(columns, ("harmonic", "encode fps", "min", "at", "worst second"))


def _rates(rates: Sequence[BdRate]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="dim")
    table.add_column(f"against {plain(rates[0].anchor)}", no_wrap=True)
    for name in ("BD-rate", "BD-VMAF"):
        table.add_column(name, justify="right")
    table.add_column("")
    for rate in rates:
        table.add_row(
            plain(rate.test),
            "" if rate.rate is None else f"{rate.rate:+.2f} %",
            "" if rate.score is None else f"{rate.score:+.3f}",
            plain(rate.reason),
        )
    return table
