"""Sections of a report: what is told and shown of each group."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vmaf_tiny.errors import VmafTinyError
from vmaf_tiny.hull import upper_hull
from vmaf_tiny.ladder import Ladder, Rung
from vmaf_tiny.report.charts import colours, rate_charts, time_charts
from vmaf_tiny.report.groups import Group
from vmaf_tiny.report.loop_charts import crf_charts, hull_charts, pooled_name
from vmaf_tiny.report.pictures import picture_pairs
from vmaf_tiny.table import Scored
from vmaf_tiny.windows import Window, worst_windows

_NAMED = 3  # encodes that have no pictures; more are counted


@dataclass(frozen=True)
class Row:
    """An encode as the page shows it.

    Attributes
    ----------
    number, one, colour
        The encode.
    pooled, windows
        Its scores as one, and where it is worst.
    on_hull, leading
        Whether it is on the convex hull, and looked at first.
    """

    number: int
    one: Scored
    colour: str
    pooled: Mapping[str, float]
    windows: Sequence[Window]
    on_hull: bool
    leading: bool


@dataclass(frozen=True)
class Section:
    """A group as the page shows it.

    Attributes
    ----------
    group, rows
        What it is of.
    seconds
        Whether times are known; else pictures are counted.
    charts
        By name, each for the screen and for paper.
    pooled
        What the score of a search is called.
    pictures
        Those of the leading encodes, where they are worst.
    notes
        What is missing, and why.
    """

    group: Group
    rows: Sequence[Row]
    seconds: bool
    charts: Mapping[str, Sequence[str]]
    pooled: str = ""
    pictures: Sequence[Any] = ()
    notes: Sequence[str] = ()


@dataclass(frozen=True)
class Comparison:
    """Several ladders side by side; without charts there is nothing to compare.

    Attributes
    ----------
    names
        Of the ladders.
    lines
        What a rung is for, and the rung for it of each ladder, None where there is none.
    charts
        As of `Section`.
    """

    names: Sequence[str] = ()
    lines: Sequence[tuple[str, Sequence[Rung | None]]] = ()
    charts: Mapping[str, Sequence[str]] = field(default_factory=dict)


def comparison_of(groups: Sequence[Group], drawn: list[Any]) -> Comparison:
    """Compare ladders, if there are several; charts are added to `drawn`."""
    ladders = [(group, group.ladder) for group in groups if group.ladder]
    if len(ladders) < 2:
        return Comparison()
    alone = len({group.title for group, _ in ladders}) == len(ladders)
    alike = len({group.of for group, _ in ladders}) == 1
    named: list[tuple[str, Ladder]] = []
    for group, ladder in ladders:
        name = group.title if alone and alike else f"{group.title}, {group.of}"
        taken = sum(other.partition(" (")[0] == name for other, _ in named)
        named.append((f"{name} ({taken + 1})" if taken else name, ladder))
    charts = hull_charts(named)
    drawn += charts
    rungs = [
        {what: rung for rung in ladder.rungs for what in rung.asked.split(", ")}
        for _, ladder in named
    ]
    asked = dict.fromkeys(what for _, ladder in named for what in _asked(ladder))
    return Comparison(
        [name for name, _ in named],
        [(what, [one.get(what) for one in rungs]) for what in sorted(asked, key=_order)],
        {"hulls": [""] * len(charts)},
    )


def _asked(ladder: Ladder) -> list[str]:
    return [*(what for rung in ladder.rungs for what in rung.asked.split(", ")), *ladder.unmet]


def _order(asked: str) -> tuple[bool, float]:
    """Return what sorts the highest score or bitrate first, scores before bitrates."""
    score = asked.startswith("score ")
    number = asked.removeprefix("score ").removesuffix(" kbit/s")
    return not score, -float(number)


def section_of(
    group: Group,
    count: int,
    window: float,
    step: Callable[[str], None],
    drawn: list[Any],
) -> Section:
    """Return all about a group; its charts are added to `drawn`.

    Parameters
    ----------
    group
        What it is.
    count
        How many of the worst windows of each encode are marked and shown.
    window
        Seconds of one.
    step
        Told what is being done.
    """
    members = group.encodes
    colour = colours(members)
    clocks = [_clocked(one) for one in members]
    seconds = all(known for _, known in clocks)
    times = [
        time if seconds else one.result.index.astype(float)
        for one, (time, _) in zip(members, clocks, strict=True)
    ]
    length = window if seconds else float(np.ceil(25 * window))
    windows = [
        worst_windows(one.result.scores, time, seconds=length, count=max(count, 1))
        for one, time in zip(members, times, strict=True)
    ]
    unit = "seconds" if seconds else "picture"
    charts = _rate_or_crf(group, colour)
    charts["time"] = time_charts(members, times, windows, colour, unit, group.leading)
    drawn += [chart for both in charts.values() for chart in both]
    shown, notes = _pictures(members, windows, count, group.leading, step)
    hull = set(group.ladder.hull) if group.ladder else _on_hull(members)
    return Section(
        group=group,
        rows=[
            Row(n, one, colour[n], one.result.pooled["vmaf"], windows[n], n in hull,
                n in group.leading)
            for n, one in enumerate(members)
        ],
        seconds=seconds,
        charts={name: [""] * len(both) for name, both in charts.items() if both},
        pooled=pooled_name(group.search.pool) if group.search else "",
        pictures=shown,
        notes=notes,
    )  # fmt: skip


def _rate_or_crf(group: Group, colour: Sequence[str]) -> dict[str, list[Any]]:
    """Return the chart of all encodes: of a search by CRF, else by bitrate."""
    if group.search:
        return {"crf": crf_charts(group.search)}
    rungs = group.ladder.rungs if group.ladder else ()
    texts = {rung.point: rung.asked.replace("score ", "").replace(" kbit/s", "k") for rung in rungs}
    return {"rate": rate_charts(group.encodes, colour, texts)}


def _pictures(
    members: Sequence[Scored],
    windows: Sequence[Sequence[Window]],
    count: int,
    leading: Collection[int],
    step: Callable[[str], None],
) -> tuple[list[Any], list[str]]:
    """Return the worst picture of each window, and what could not be shown."""
    if not count:
        return [], []
    shown: list[Any] = []
    notes: list[str] = []
    missing: dict[str, list[str]] = {}
    for number in sorted(leading):
        one, bad = members[number], windows[number]
        if reason := _absent(one):
            missing.setdefault(reason, []).append(one.name)
            continue
        scores = one.result.scores
        worst = [w.first + int(np.argmin(scores[w.first : w.last + 1])) for w in bad]
        try:
            shown += picture_pairs(number, one, worst, step)
        except VmafTinyError as error:
            notes.append(f"{one.name} has no pictures here: {error}")
    for why, names in missing.items():
        which = ", ".join(names) if len(names) <= _NAMED else f"{len(names)} encodes"
        notes.append(f"no pictures of {which}: {why}")
    return shown, notes


def _absent(one: Scored) -> str:
    """Return why there are no videos of an encode; empty if there are."""
    if one.quality and not one.distorted:
        return "encodes are gone unless a folder is given to keep them in (--keep)"
    if not (Path(one.reference).is_file() and Path(one.distorted).is_file()):
        return "the videos are not where they were scored"
    return ""


def _clocked(one: Scored) -> tuple[NDArray[np.float64], bool]:
    """Return the times of the pictures and whether they are known."""
    times = one.result.times
    return times, bool(np.isfinite(times).all())


def _on_hull(members: Sequence[Scored]) -> set[int]:
    known = [n for n, one in enumerate(members) if one.bitrate]
    if len(known) < 2:
        return set()
    chosen = upper_hull(
        [members[n].bitrate or 0 for n in known], [members[n].result.score for n in known]
    )
    return {known[index] for index in chosen}
