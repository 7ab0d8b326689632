"""What a person gets to see."""

import math
import sys
from collections.abc import Mapping, Sequence

from rich.console import Console, Group, RenderableType
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from vmaf_tiny.cli.progress import clock
from vmaf_tiny.errors import one_line
from vmaf_tiny.result import Result

WORST = 5
"""Frames that are listed."""

_WIDE = 1000  # characters, where there is no terminal
_BANDS = ((80.0, "green"), (60.0, "yellow"))


def show(what: RenderableType) -> None:
    """Print to standard output; lines are broken for a terminal only."""
    console = Console(highlight=False, width=None if sys.stdout.isatty() else _WIDE)
    with console.capture() as text:
        console.print(what)
    for line in text.get().splitlines():
        print(line.rstrip())  # tables are padded to their width


def plain(text: str) -> str:
    """Return a text as markup that shows just it, with escapes for what commands a terminal."""
    return escape(one_line(text))


def fitted(columns: Mapping[str, Sequence[str]], spared: Sequence[str] = ()) -> Table:
    """Return a table of numbers that fits the terminal.

    Parameters
    ----------
    columns
        Cells by name of the column, as markup; the first one's are names, which may be broken.
    spared
        Columns that are left out where there is no room, the first ones first.
    """
    console = Console(width=None if sys.stdout.isatty() else _WIDE)
    unlimited = console.options.update(width=_WIDE)
    for count in range(len(spared) + 1):
        table = Table(box=None, pad_edge=False, header_style="dim")
        kept = [name for name in columns if name not in spared[:count]]
        for number, name in enumerate(kept):
            table.add_column(name, justify="right" if number else "left", no_wrap=number > 0)
        for cells in zip(*(columns[name] for name in kept), strict=True):
            table.add_row(*cells)
        if console.measure(table, options=unlimited).maximum <= console.width:
            break
    return table


def view(result: Result) -> RenderableType:
    """Return the score, its distribution, the worst frames and how it came about."""
    return Group(_headline(result), "", _pooled(result), "", _worst(result), "", _origin(result))


def _colour(score: float) -> str:
    return next((colour for least, colour in _BANDS if score >= least), "red")


def coloured(score: float) -> str:
    """Return a score as markup, in the colour of its band."""
    return f"[{_colour(score)}]{score:.3f}[/]"


def _headline(result: Result) -> Text:
    line = Text.assemble(
        ("VMAF ", "bold"), (f"{result.score:.3f}", f"bold {_colour(result.score)}")
    )
    return line.append(f"  mean of {len(result.scores)} frames, {result.fps:.1f} fps")


def _pooled(result: Result) -> Table:
    pooled = result.pooled["vmaf"]
    table = Table(box=None, pad_edge=False, header_style="dim")
    for name in pooled:
        table.add_column(name.replace("_", " "), justify="right")
    table.add_row(*(f"{value:.3f}" for value in pooled.values()))
    return table


def _worst(result: Result) -> Table:
    table = Table(box=None, pad_edge=False, header_style="dim")
    for name in ("worst frames", "time", "score"):
        table.add_column(name, justify="right")
    for index, time, score in result.worst(WORST):
        shown = "unknown" if math.isnan(time) else clock(time)
        table.add_row(str(index), shown, coloured(score))
    return table


def _origin(result: Result) -> Table:
    how, model = result.provenance, result.provenance.model
    trust = "" if model.registered else ", not in the registry"
    teacher = f", learned from {model.teacher}" if model.teacher else ""
    crf = f"CRF {model.crf}" if model.crf else ""
    lines = {
        "reference": how.reference,
        "distorted": how.distorted,
        "paired": str(how.pairing or ""),
        "aligned": how.aligned,
        "converted": "; ".join(how.conversions),
        "model": f"{model.id} ({model.sha256[:12]}{teacher}{trust})",
        "conditioned on": " ".join(filter(None, (model.codec, model.preset, crf))),
        "computed": f"features by vmaf-tiny {how.version} ({how.cpu},"
        f" {how.threads} threads, {how.mode} mode),"
        f" scores by ONNX Runtime {model.ort_version} ({model.provider})",
    }
    table = Table.grid(padding=(0, 2))
    table.add_column(style="dim")
    for name, text in lines.items():
        if text:
            table.add_row(name, plain(text))
    return table
