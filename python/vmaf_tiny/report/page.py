"""A page that holds all of a report: text, charts, pictures, and the script that draws them."""

import os
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vmaf_tiny._core import version
from vmaf_tiny.errors import InputError, OptionError, VmafTinyError
from vmaf_tiny.files import write_text
from vmaf_tiny.probe import weigh
from vmaf_tiny.table import Scored
from vmaf_tiny.windows import WINDOW, Window, worst_windows

WINDOWS = 3
"""Worst windows that are marked, and pictures that are shown, of each encode."""

_LAST_NUMBER = re.compile(r"\d+(?:\.\d+)?(?=\D*$)")


@dataclass(frozen=True)
class _Row:
    """An encode as the page shows it."""

    number: int
    one: Scored
    colour: str
    pooled: Mapping[str, float]
    windows: Sequence[Window]
    on_hull: bool


@dataclass(frozen=True)
class _Section:
    """All encodes of one source."""

    title: str
    rows: Sequence[_Row]
    seconds: bool
    charts: Mapping[str, Sequence[str]]
    pictures: Sequence[Any] = field(default_factory=tuple)
    notes: Sequence[str] = ()


def write_report(
    path: str | os.PathLike[str],
    encodes: Sequence[Scored],
    *,
    title: str = "",
    pictures: int = WINDOWS,
    window: float = WINDOW,
    step: Callable[[str], None] = lambda _: None,
) -> list[str]:
    """Write a page about encodes: curves, scores over time, a table, the worst pictures.

    Parameters
    ----------
    path
        Of the page, ``"-"`` for standard output. It appears whole or not at all.
    encodes
        Of one source or more, as `rescore.read_results` gives them.
    title
        Of the page; empty: names of the sources.
    pictures
        How many of the worst windows are marked and shown by their worst picture, of each encode
        whose videos are still there.
    window
        Seconds of a window.
    step
        Told now and then what is being done.

    Returns
    -------
    notes
        What the page lacks and why.

    Raises
    ------
    InputError
        There are no encodes.
    OptionError
        What makes reports is not installed, or a value is out of range.
    VmafTinyError
        The page cannot be written.
    """
    if not encodes:
        raise InputError("there are no results to report on: give at least one")
    if pictures < 0:
        raise OptionError(f"{pictures} pictures: give 0 or more")
    jinja2, script, parts_of = _tools()
    sources: dict[str, list[Scored]] = {}
    for one in with_series([weighed(one) for one in encodes]):
        sources.setdefault(source_name(one), []).append(one)
    drawn: list[Any] = []
    sections = [
        _section(name, members, pictures, window, step, drawn) for name, members in sources.items()
    ]
    code, boxes = parts_of(drawn) if drawn else ("", [])
    placed = iter(boxes)
    sections = [
        replace(s, charts={name: [next(placed) for _ in group] for name, group in s.charts.items()})
        for s in sections
    ]
    folder = files(__package__ or "vmaf_tiny.report")
    loader = jinja2.FunctionLoader(lambda name: folder.joinpath(name).read_text(encoding="utf-8"))
    page = jinja2.Environment(loader=loader, autoescape=True, trim_blocks=True, lstrip_blocks=True)
    page.filters["clock"] = _clock
    text = page.get_template("page.html").render(
        title=title or ", ".join(sources),
        sections=sections,
        version=version(),
        models=_models(encodes),
        script=script,
        code=code,
    )
    write_text(path, text)
    return [note for section in sections for note in section.notes]


def _tools() -> tuple[Any, str, Any]:
    """Return the template engine, the script that draws charts, and what places them."""
    try:
        import jinja2
        import PIL  # noqa: F401
        from bokeh.embed import components
        from bokeh.resources import Resources
    except ImportError as error:
        raise OptionError(f"reports need {error.name}: pip install 'vmaf-tiny[report]'") from None
    return jinja2, Resources("inline", components=["bokeh"]).render_js(), components


def _section(
    name: str,
    members: Sequence[Scored],
    count: int,
    window: float,
    step: Callable[[str], None],
    drawn: list[Any],
) -> _Section:
    """Return all about one source; its charts are added to `drawn`."""
    from vmaf_tiny.report.charts import colours, rate_charts, time_charts

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
    charts = {
        "Score against bitrate": rate_charts(members, colour),
        "Score over time": time_charts(
            members, times, windows, colour, "seconds" if seconds else "picture"
        ),
    }
    drawn += [chart for group in charts.values() for chart in group]
    shown, notes = _pictures(members, windows, count, step)
    hull = _on_hull(members)
    return _Section(
        title=name,
        rows=[
            _Row(n, one, colour[n], one.result.pooled["vmaf"], windows[n], n in hull)
            for n, one in enumerate(members)
        ],
        seconds=seconds,
        charts={name: [""] * len(group) for name, group in charts.items() if group},
        pictures=shown,
        notes=notes,
    )


def _pictures(
    members: Sequence[Scored],
    windows: Sequence[Sequence[Window]],
    count: int,
    step: Callable[[str], None],
) -> tuple[list[Any], list[str]]:
    """Return the worst picture of each window, and what could not be shown."""
    from vmaf_tiny.report.pictures import picture_pairs

    if not count:
        return [], []
    shown: list[Any] = []
    notes: list[str] = []
    missing: list[str] = []
    for number, (one, bad) in enumerate(zip(members, windows, strict=True)):
        if not (Path(one.reference).is_file() and Path(one.distorted).is_file()):
            missing.append(one.name)
            continue
        scores = one.result.scores
        worst = [w.first + int(np.argmin(scores[w.first : w.last + 1])) for w in bad]
        try:
            shown += picture_pairs(number, one, worst, step)
        except VmafTinyError as error:
            notes.append(f"{one.name} has no pictures here: {error}")
    if missing:
        notes.append(
            f"no pictures of {', '.join(missing)}: the videos are not where they were scored"
        )
    return shown, notes


def _clocked(one: Scored) -> tuple[NDArray[np.float64], bool]:
    """Return the times of the pictures and whether they are known."""
    times = one.result.times
    return times, bool(np.isfinite(times).all())


def _on_hull(members: Sequence[Scored]) -> set[int]:
    from vmaf_tiny.hull import upper_hull

    known = [n for n, one in enumerate(members) if one.bitrate]
    if len(known) < 2:
        return set()
    chosen = upper_hull(
        [members[n].bitrate or 0 for n in known], [members[n].result.score for n in known]
    )
    return {known[index] for index in chosen}


def weighed(one: Scored) -> Scored:
    """Return an encode with what its file tells, where that is not known yet."""
    if one.size is not None or not one.distorted:
        return one
    weight = weigh(one.distorted)
    return replace(one, **vars(weight)) if weight else one


def with_series(encodes: Sequence[Scored]) -> list[Scored]:
    """Return encodes with the names of their curves.

    Those that do not have one and whose names differ in the last number only, such as ``crf20``
    and ``crf26``, are one curve.
    """
    named = [one.series or _LAST_NUMBER.sub("", one.name).strip(" ._-") for one in encodes]
    return [replace(one, series=name or one.name) for one, name in zip(encodes, named, strict=True)]


def source_name(one: Scored) -> str:
    """Return the name of what an encode was compared with."""
    said = one.result.provenance.reference
    return Path(one.reference).name or re.sub(r" \([^()]*\)$", "", said) or "unknown source"


def _models(encodes: Sequence[Scored]) -> list[str]:
    """Return a line about each model and way in which scores came about."""
    lines = []
    for one in encodes:
        how = one.result.provenance
        model = how.model
        teacher = f", learned from {model.teacher}" if model.teacher else ""
        mode = f"{how.mode} features of vmaf-tiny {how.version}" if how.version else "features"
        lines.append(
            f"{model.id or 'unknown model'} ({model.sha256[:12] or 'no sha256'}{teacher}),"
            f" {mode}, compared at {how.width}x{how.height}"
        )
    return list(dict.fromkeys(lines))


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds, 2), 60)
    return f"{int(minutes // 60)}:{int(minutes % 60):02}:{rest:05.2f}"
