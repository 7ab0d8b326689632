"""The charts of a report, drawn by Bokeh in the browser."""

import colorsys
import math
from collections.abc import Collection, Mapping, Sequence
from itertools import cycle, pairwise
from typing import Any

import numpy as np
from bokeh.models import BasicTickFormatter, ColumnDataSource, FixedTicker, HoverTool, Range1d
from bokeh.plotting import figure
from numpy.typing import NDArray

from vmaf_tiny.hull import upper_hull
from vmaf_tiny.table import Scored
from vmaf_tiny.windows import Window

HUES = (0.59, 0.06, 0.42, 0.78, 0.96, 0.14, 0.50, 0.87)  # neighbours far apart
"""Of colours, 0 to 1."""

_LIGHTNESS = (0.42, 0.68)
_MARKERS = ("circle", "square", "triangle", "diamond", "inverted_triangle", "hex", "star", "plus")
_TOOLS = "pan,box_zoom,wheel_zoom,reset,save"
_POINTS = 1500  # of a line over time; more than a screen shows
_BANDS = 3  # encodes whose worst windows are shaded as well; more would be a muddle
_ALL_WINDOWS = 6  # encodes whose worst windows are all marked; of more, the worst one of each
_FEWEST_TICKS = 4  # between the lowest and the highest bitrate, if there are so many at all
_DIGITS = (
    (1,),
    (1, 3),
    (1, 2, 5),
    (1, 1.5, 2, 3, 5, 7),
    tuple(n / 4 for n in range(4, 40)),
    tuple(n / 10 for n in range(10, 100)),
    tuple(n / 100 for n in range(100, 1000)),
)
"""First digits of ticks, the ever finer."""

_TOP, _ABOVE = 102, 109  # where charts end, without and with texts above the highest score
_PAPER, _PAPER_HEIGHT = 690, 330  # pixels, that fit on a sheet


def colours(encodes: Sequence[Scored]) -> list[str]:
    """Return a colour for each encode: a hue for a curve, the lighter the lower its score."""
    chosen = [""] * len(encodes)
    for members, hue in zip(curves(encodes).values(), cycle(HUES), strict=False):
        for place, number in enumerate(sorted(members, key=lambda n: -encodes[n].result.score)):
            share = place / max(len(members) - 1, 1)
            chosen[number] = hue_colour(hue, share)
    return chosen


def hue_colour(hue: float, share: float = 0.3) -> str:
    """Return a colour of a hue, from dark (0) to light (1); all are seen on white and on black."""
    light = _LIGHTNESS[0] + share * (_LIGHTNESS[1] - _LIGHTNESS[0])
    parts = (round(255 * part) for part in colorsys.hls_to_rgb(hue, light, 0.72))
    return "#" + "".join(f"{part:02x}" for part in parts)


def curves(encodes: Sequence[Scored]) -> Mapping[str, list[int]]:
    """Return the numbers of the encodes of each curve."""
    found: dict[str, list[int]] = {}
    for number, one in enumerate(encodes):
        found.setdefault(one.series or one.name, []).append(number)
    return found


def rate_charts(
    encodes: Sequence[Scored], colour: Sequence[str], rungs: Mapping[int, str] | None = None
) -> list[figure]:
    """Return score against bitrate, to be seen and to be printed.

    A line for each curve, and the hull of all; nothing if bitrates are not known of at least two
    encodes.

    Parameters
    ----------
    encodes, colour
        All, and the colour of each.
    rungs
        What is written beside encodes that are marked, by their numbers.
    """
    known = [number for number, one in enumerate(encodes) if one.bitrate]
    if len(known) < 2:
        return []
    kbps = {number: (encodes[number].bitrate or 0) / 1000 for number in known}
    top = _ABOVE if rungs else _TOP
    charts = rate_figures(list(kbps.values()), [encodes[n].result.score for n in known], top)
    _hull(charts, encodes, kbps)
    drawn = []
    for (name, members), marker in zip(curves(encodes).items(), cycle(_MARKERS), strict=False):
        points = sorted((n for n in members if n in kbps), key=lambda n: kbps[n])
        if not points:
            continue
        source = ColumnDataSource(_points(encodes, points, kbps, colour))
        main = colour[max(points, key=lambda n: encodes[n].result.score)]
        for chart in charts:
            chart.line("kbps", "vmaf", source=source, color=main, line_width=2)
            drawn.append(
                chart.scatter(
                    "kbps", "vmaf", source=source, size=10, marker=marker, legend_label=name,
                    fill_color="colour", line_color=main, line_width=1.5,
                )
            )  # fmt: skip
    rows = (("VMAF", "@vmaf{0.00}"), ("5 % below", "@p5{0.00}"), ("lowest", "@min{0.00}"))
    hover(charts[0], drawn[::2], ("kbit/s", "@kbps{0,0.0}"), *rows)
    if rungs:
        x, y = [kbps[n] for n in rungs], [encodes[n].result.score for n in rungs]
        mark(charts, x, y, list(rungs.values()), legend="suggested rung")
    place_legend(charts)
    return charts


def rate_figures(kbps: Sequence[float], scores: Sequence[float], top: float = _TOP) -> list[figure]:
    """Return empty charts of score against bitrate, to be seen and to be printed."""
    low, high = min(kbps), max(kbps)
    margin = 0.88 * (low / high) ** 0.08
    charts = figures("bitrate in kbit/s", scores, x_range=(margin * low, 1.14 * high),
                     y_range=(_lowest(scores), top), x_axis_type="log", height=420)  # fmt: skip
    for chart in charts:
        chart.xaxis.ticker = FixedTicker(ticks=_ticks(low, high))
        # A logarithmic axis would write 200 and 500 as the powers of ten next to them.
        chart.xaxis.formatter = BasicTickFormatter(use_scientific=False)
    return charts


def mark(
    charts: Sequence[figure],
    x: Sequence[float],
    y: Sequence[float],
    texts: Sequence[str],
    *,
    legend: str,
    rising: bool = True,
) -> None:
    """Put rings around points, with a text above each, beside a curve that rises or falls.

    The page gives what is tagged so the colour of its text.
    """
    for chart in charts:
        ring = chart.scatter(
            x, y, size=19, marker="circle", fill_alpha=0.0, line_color="#1b1f24", line_width=2,
            legend_label=legend,
        )  # fmt: skip
        ring.glyph.tags = ["ink"]
        text = chart.text(
            x, y, text=list(texts), x_offset=-12 if rising else 12, y_offset=-8,
            text_align="right" if rising else "left", text_font_size="12px", text_color="#1b1f24",
        )  # fmt: skip
        text.glyph.tags = ["ink"]


def place_legend(charts: Sequence[figure]) -> None:
    """Put the legends of charts whose curves rise where there is room."""
    for chart in charts:
        chart.legend.location = "bottom_right"
        chart.legend.background_fill_alpha = 0.0
        chart.legend.border_line_alpha = 0.0


def _hull(charts: Sequence[figure], encodes: Sequence[Scored], kbps: Mapping[int, float]) -> None:
    numbers = list(kbps)
    chosen = upper_hull([kbps[n] for n in numbers], [encodes[n].result.score for n in numbers])
    x = [kbps[numbers[i]] for i in chosen]
    y = [encodes[numbers[i]].result.score for i in chosen]
    for chart in charts:
        chart.line(x, y, line_width=9, line_alpha=0.3, color="gray", legend_label="convex hull")


def _points(
    encodes: Sequence[Scored],
    numbers: Sequence[int],
    kbps: Mapping[int, float],
    colour: Sequence[str],
) -> dict[str, list[Any]]:
    pooled = [encodes[number].result.pooled["vmaf"] for number in numbers]
    return {
        "name": [encodes[number].name for number in numbers],
        "kbps": [kbps[number] for number in numbers],
        "colour": [colour[number] for number in numbers],
        "vmaf": [one["mean"] for one in pooled],
        "p5": [one["p5"] for one in pooled],
        "min": [one["min"] for one in pooled],
    }


def time_charts(
    encodes: Sequence[Scored],
    times: Sequence[NDArray[np.float64]],
    windows: Sequence[Sequence[Window]],
    colour: Sequence[str],
    unit: str,
    leading: Collection[int],
) -> list[figure]:
    """Return scores over time, to be seen and to be printed.

    A line for each encode, a bar where it is worst. What belongs to encode number n is tagged with
    ``line-n``, for the page to show and hide; at first, what leads is seen.
    """
    lowest = [one.result.pooled["vmaf"]["min"] for one in encodes]
    span = min(t[0] for t in times), max(t[-1] for t in times)
    charts = figures(unit, lowest, x_range=span, height=380)
    drawn = []
    for number, (one, time, bad) in enumerate(zip(encodes, times, windows, strict=True)):
        x, y = thinned(time, one.result.scores)
        bad = bad if len(leading) <= _ALL_WINDOWS else bad[:1]
        line = ColumnDataSource({"x": x, "y": y, "name": [one.name] * len(x)})
        bars = ColumnDataSource(
            {
                "left": [w.start for w in bad],
                "right": [w.end for w in bad],
                "top": [w.score for w in bad],
            }
        )
        for chart in charts:
            drawn.append(chart.line("x", "y", source=line, line_width=1.4, color=colour[number]))
            parts: list[Any] = [drawn[-1], _bar(chart, bars, colour[number])]
            if len(leading) <= _BANDS:
                parts.append(_band(chart, bars, colour[number]))
            for part in parts:
                part.tags = [f"line-{number}"]
                part.visible = number in leading
    hover(charts[0], drawn[::2], ("at", "@x{0,0.00}"), ("VMAF", "@y{0.00}"))
    return charts


def _bar(chart: figure, source: ColumnDataSource, colour: str) -> Any:
    return chart.segment(
        "left", "top", "right", "top", source=source, color=colour, line_width=6, line_alpha=0.6
    )


def _band(chart: figure, source: ColumnDataSource, colour: str) -> Any:
    return chart.quad(
        "left", "right", "top", 0, source=source, color=colour, fill_alpha=0.14, line_alpha=0
    )


def thinned(
    x: NDArray[np.float64], y: NDArray[np.float64], points: int = _POINTS
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Leave out points of a line that would not be seen.

    Of each of equally many neighbours, the lowest and the highest stay, so that no dip is lost.
    """
    if len(x) <= points:
        return x, y
    ends = np.linspace(0, len(x), points // 2 + 1).astype(int)
    kept = {
        int(begin + pick(y[begin:end]))
        for begin, end in pairwise(ends)
        for pick in (np.argmin, np.argmax)
    }
    chosen = np.array(sorted({0, len(x) - 1, *kept}))
    return x[chosen], y[chosen]


def figures(
    along: str,
    scores: Sequence[float],
    *,
    x_range: tuple[float, float],
    upward: str = "VMAF",
    y_range: tuple[float, float] | None = None,
    **more: Any,
) -> list[figure]:
    """Return an empty chart for the screen, which follows the window, and one for paper.

    Parameters
    ----------
    along, upward
        What the axes are.
    scores
        That must be seen, if there is no `y_range`.
    x_range, y_range
        What is seen.
    **more
        As Bokeh's ``figure`` takes it.
    """
    charts = []
    for width in (None, _PAPER):
        x_span, y_span = Range1d(), Range1d()
        x_span.start, x_span.end = x_range
        y_span.start, y_span.end = y_range or (_lowest(scores), _TOP)
        chart = figure(
            x_axis_label=along, y_axis_label=upward, output_backend="svg", active_drag=None,
            active_scroll=None, x_range=x_span, y_range=y_span,
            tools=_TOOLS if width is None else "",
            toolbar_location="above" if width is None else None,
            sizing_mode="stretch_width" if width is None else None, **more,
        )  # fmt: skip
        if width is not None:
            chart.width, chart.height = width, _PAPER_HEIGHT
            chart.tags = ["paper"]
        chart.toolbar.logo = None
        chart.min_border_right = 12
        chart.outline_line_color = None
        chart.grid.grid_line_color = "#d9dee5"
        chart.axis.axis_label_text_font_style = "normal"
        chart.axis.minor_tick_line_color = None
        charts.append(chart)
    return charts


def _lowest(scores: Sequence[float]) -> float:
    """Return where a chart begins that shows these scores."""
    return max(10 * math.floor((min(scores) - 3) / 10), 0)


def hover(chart: figure, drawn: Sequence[Any], *rows: tuple[str, str]) -> None:
    """Tell of what is drawn, by columns of its source, where the pointer is."""
    chart.add_tools(HoverTool(renderers=list(drawn), tooltips=[("", "@name"), *rows]))


def _ticks(low: float, high: float) -> list[float]:
    """Return round numbers that cover a range, evenly as its logarithm goes.

    They are few enough for the width of a phone.
    """
    powers = range(math.floor(math.log10(low)) - 1, math.ceil(math.log10(high)) + 1)
    for digits in _DIGITS:
        ticks = [digit * 10.0**power for power in powers for digit in digits]
        if sum(low <= tick <= high for tick in ticks) >= _FEWEST_TICKS:
            break
    return ticks
