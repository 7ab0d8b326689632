"""The charts of searches, and those that compare ladders."""

from collections.abc import Sequence
from itertools import cycle
from typing import Any

import numpy as np
from bokeh.models import BasicTicker, ColumnDataSource
from bokeh.models.annotations import BoxAnnotation, Span
from bokeh.plotting import figure

from vmaf_tiny.ladder import Ladder
from vmaf_tiny.report.charts import (
    HUES,
    figures,
    hover,
    hue_colour,
    mark,
    place_legend,
    rate_figures,
)
from vmaf_tiny.search import Probe, SearchResult
from vmaf_tiny.search.curve import bracket, fitted

_GOOD, _PROBE = "#2da44e", hue_colour(HUES[0])
_CURVE_POINTS = 200
_ROOM = 5.0  # points beyond all scores within which ends of intervals are seen


def crf_charts(search: SearchResult) -> list[figure]:
    """Return score against CRF, to be seen and to be printed.

    The target with its tolerance, the bracket between the highest CRF that is good enough and the
    lowest that is not, the curve that was fitted, all probes (of samples with their confidence
    interval), and the answer.
    """
    probes = search.found.probes
    tried = [probe.crf for probe in probes]
    margin = max(1.0, 0.08 * (max(tried) - min(tried)))
    low, high = min(tried) - margin, max(tried) + margin
    bounds = [search.target - search.tolerance, search.target + search.tolerance]
    seen = [*bounds, *(probe.score for probe in probes)]
    bottom, top = min(seen) - _ROOM, max(seen) + _ROOM
    seen += [end for probe in probes for end in (probe.low, probe.high) if bottom < end < top]
    room = max(0.08 * (max(seen) - min(seen)), 0.5)
    charts = figures("CRF", seen, x_range=(low, high), upward=pooled_name(search.pool),
                     y_range=(min(seen) - room, max(seen) + room), height=420)  # fmt: skip
    goal, line = search.goal, np.linspace(low, high, _CURVE_POINTS)
    curve = list(map(fitted(probes, goal), line))
    drawn = []
    for chart in charts:
        _target(chart, search)
        _bracket(chart, search)
        chart.line(line, curve, color=_PROBE, line_width=1.6, line_dash="dashed", line_alpha=0.8,
                   legend_label="fitted curve")  # fmt: skip
        drawn += _probes(chart, probes)
        chart.legend.location = "bottom_left"
        chart.legend.background_fill_alpha = 0.0
        chart.legend.border_line_alpha = 0.0
        chart.xaxis.ticker = BasicTicker(min_interval=goal.step)
    answer = search.found.verified
    mark(charts, [answer.crf], [answer.score], [f"CRF {answer.crf:g}"], legend="answer",
         rising=False)  # fmt: skip
    rows = (("CRF", "@crf"), ("score", "@score{0.00}"), ("kbit/s", "@kbps{0,0.0}"))
    hover(charts[0], drawn[: len(drawn) // 2], *rows)
    return charts


def pooled_name(pool: str) -> str:
    """Return what a pooled score is called."""
    return "VMAF" if pool == "mean" else f"VMAF, {pool.replace('_', ' ')}"


def _target(chart: figure, search: SearchResult) -> None:
    chart.add_layout(
        BoxAnnotation(
            bottom=search.target - search.tolerance, top=search.target + search.tolerance,
            fill_color=_GOOD, fill_alpha=0.18, line_alpha=0.0,
        )
    )  # fmt: skip
    chart.add_layout(
        Span(location=search.target, dimension="width", line_color=_GOOD, line_dash="dotted",
             line_width=1.5)
    )  # fmt: skip


def _bracket(chart: figure, search: SearchResult) -> None:
    good, bad = bracket(search.found.probes, search.goal)
    bounds: dict[str, Any] = {
        side: crf for side, crf in (("left", good), ("right", bad)) if crf is not None
    }
    chart.add_layout(BoxAnnotation(**bounds, fill_color="#808890", fill_alpha=0.16, line_alpha=0.0))


def _probes(chart: figure, probes: Sequence[Probe]) -> list[Any]:
    """Draw probes: dots where the whole was encoded, else circles with their interval."""
    drawn = []
    for whole, name in ((True, "whole encode"), (False, "estimate from samples, 95 %")):
        some = [(n + 1, probe) for n, probe in enumerate(probes) if probe.whole == whole]
        if not some:
            continue
        source = ColumnDataSource(
            {
                "name": [f"probe {n}, {'whole' if whole else 'samples'}" for n, _ in some],
                "crf": [probe.crf for _, probe in some],
                "score": [probe.score for _, probe in some],
                "low": [probe.low for _, probe in some],
                "high": [probe.high for _, probe in some],
                "kbps": [probe.bitrate / 1000 for _, probe in some],
            }
        )
        if not whole:
            chart.segment("crf", "low", "crf", "high", source=source, color=_PROBE, line_width=2,
                          line_alpha=0.6, legend_label=name)  # fmt: skip
        drawn.append(
            chart.scatter(
                "crf", "score", source=source, size=10, line_color=_PROBE, line_width=2,
                fill_color=_PROBE, fill_alpha=1.0 if whole else 0.0, legend_label=name,
            )
        )  # fmt: skip
    return drawn


def hull_charts(ladders: Sequence[tuple[str, Ladder]]) -> list[figure]:
    """Return the hulls of named ladders, to be seen and to be printed; rungs are squares."""
    chosen = [[ladder.points[n] for n in ladder.hull] for _, ladder in ladders]
    every = [made for hull in chosen for made in hull]
    charts = rate_figures([made.bitrate / 1000 for made in every], [made.score for made in every])
    drawn = []
    for (name, ladder), hull, hue in zip(ladders, chosen, cycle(HUES), strict=False):
        rungs = {rung.point for rung in ladder.rungs}
        source = ColumnDataSource(
            {
                "name": [f"{name}, {made.rendition.label}" for made in hull],
                "kbps": [made.bitrate / 1000 for made in hull],
                "vmaf": [made.score for made in hull],
                "size": [11 if n in rungs else 5 for n in ladder.hull],
            }
        )
        for chart in charts:
            chart.line("kbps", "vmaf", source=source, color=hue_colour(hue), line_width=2)
            drawn.append(
                chart.scatter("kbps", "vmaf", source=source, size="size", marker="square",
                              color=hue_colour(hue), legend_label=name)
            )  # fmt: skip
    hover(charts[0], drawn[::2], ("kbit/s", "@kbps{0,0.0}"), ("VMAF", "@vmaf{0.00}"))
    place_legend(charts)
    return charts
