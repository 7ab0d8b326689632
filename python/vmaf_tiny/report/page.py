"""A page that holds all of a report: text, charts, pictures, and the script that draws them."""

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from importlib.resources import files
from typing import Any

from vmaf_tiny._core import version
from vmaf_tiny.errors import InputError, OptionError
from vmaf_tiny.files import write_text
from vmaf_tiny.report.groups import Reported, grouped
from vmaf_tiny.table import Scored
from vmaf_tiny.windows import WINDOW

WINDOWS = 3
"""Worst windows that are marked, and pictures that are shown, of each encode."""


def write_report(
    path: str | os.PathLike[str],
    results: Sequence[Reported],
    *,
    title: str = "",
    pictures: int = WINDOWS,
    window: float = WINDOW,
    step: Callable[[str], None] = lambda _: None,
) -> list[str]:
    """Write a page about encodes: curves, scores over time, a table, the worst pictures.

    Ladders have their hull and rungs on it, searches their probes and what was made of them.

    Parameters
    ----------
    path
        Of the page, ``"-"`` for standard output. It appears whole or not at all.
    results
        Encodes, ladders and searches, of one source or more, as `groups.read_for_report` gives
        them.
    title
        Of the page; empty: names of the sources.
    pictures
        How many of the worst windows are marked and shown by their worst picture, of each encode
        whose videos are still there; of ladders only of the rungs.
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
    if not results:
        raise InputError("there are no results to report on: give at least one")
    if pictures < 0:
        raise OptionError(f"{pictures} pictures: give 0 or more")
    jinja2, script, parts_of = _tools()
    from vmaf_tiny.report.sections import comparison_of, section_of

    groups = grouped(results)
    drawn: list[Any] = []
    comparison = comparison_of(groups, drawn)
    sections = [section_of(group, pictures, window, step, drawn) for group in groups]
    code, boxes = parts_of(drawn) if drawn else ("", [])
    placed = iter(boxes)
    comparison = replace(comparison, charts=_placed(comparison.charts, placed))
    sections = [replace(each, charts=_placed(each.charts, placed)) for each in sections]
    folder = files(__package__ or "vmaf_tiny.report")
    loader = jinja2.FunctionLoader(lambda name: folder.joinpath(name).read_text(encoding="utf-8"))
    page = jinja2.Environment(loader=loader, autoescape=True, trim_blocks=True, lstrip_blocks=True)
    page.filters["clock"] = _clock
    text = page.get_template("page.html").render(
        title=title or ", ".join(dict.fromkeys(group.title for group in groups)),
        comparison=comparison,
        sections=sections,
        version=version(),
        models=_models([one for group in groups for one in group.encodes]),
        script=script,
        code=code,
    )
    write_text(path, text)
    return [note for section in sections for note in section.notes]


def _placed(charts: Mapping[str, Sequence[str]], boxes: Iterator[str]) -> dict[str, list[str]]:
    """Return the boxes of charts, in their order."""
    return {name: [next(boxes) for _ in both] for name, both in charts.items()}


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
