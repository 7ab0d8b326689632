"""Ladders and searches on the page of a report."""

import json
import re

import numpy as np
import pytest
from bokeh.models import BoxAnnotation, Line, Scatter, Segment, Text

import clips
from reports import Tags
from vmaf_tiny import InputError
from vmaf_tiny.cli import main
from vmaf_tiny.encode import Rendition
from vmaf_tiny.encode.tables import write_document
from vmaf_tiny.ladder import build_ladder
from vmaf_tiny.report import read_for_report, write_report
from vmaf_tiny.report.charts import time_charts
from vmaf_tiny.report.groups import grouped
from vmaf_tiny.report.loop_charts import crf_charts, hull_charts
from vmaf_tiny.report.sections import _rate_or_crf, comparison_of
from vmaf_tiny.search import SearchResult, search

FAST = Rendition("libx264", preset="ultrafast")
TIMES = "\N{MULTIPLICATION SIGN}"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("loops")


@pytest.fixture(scope="module")
def source(folder):
    """Return a source that is long enough for samples."""
    lumas = [clips.noisy(clips.plane(n, 256, 144), 6, n) for n in range(300)]
    return clips.write(folder / "source.mkv", lumas, options={"g": "50"})


@pytest.fixture(scope="module")
def ladder(source, folder):
    return build_ladder(
        source, sizes=[144, 72], rendition=FAST, crf=[22, 30, 38, 46], scores=[80, 40, 100],
        keep=folder,
    )  # fmt: skip


@pytest.fixture(scope="module")
def found(source):
    return search(source, 80, rendition=FAST, chunk=0.6, samples=5, tolerance=0.05, first=30)


def written(path, results, **options):
    notes = write_report(path, results, **options)
    return path.read_text(), notes


def glyphs(chart, kind):
    """Return the glyphs of a kind in a chart with their data."""
    return [(r, r.glyph) for r in chart.renderers if isinstance(r.glyph, kind)]


# -------------------------------------------------------------------------------------- ladders


def test_a_ladder_is_shown_as_one(ladder, tmp_path):
    page, _ = written(tmp_path / "l.html", [ladder])
    rows = Tags(page).rows
    assert ladder.rungs and rows[0][0] == "rung for"
    for row, rung in zip(rows[1:], ladder.rungs, strict=False):
        assert row[:3] == [rung.asked, f"{rung.width}{TIMES}{rung.height}",
                           ladder.points[rung.point].rendition.quality]  # fmt: skip
        assert row[3:6] == [f"{rung.bitrate / 1000:,.1f}", f"{rung.peak / 1000:,.1f}",
                            f"{rung.score:.2f}"]  # fmt: skip
    assert "all compared at 256\N{MULTIPLICATION SIGN}144" in page
    assert ladder.unmet == ("score 100",) and "No encode on the hull for score 100." in page
    marked = [row[0] for row in rows if "\N{BULLSEYE}" in row[0]]
    assert len(marked) == len(ladder.rungs)
    assert sum("\N{BLACK DIAMOND}" in row[0] for row in rows) == len(ladder.hull)


def test_its_chart_has_every_size_the_hull_and_the_rungs(ladder):
    (group,) = grouped([ladder])
    for chart in _rate_or_crf(group, ["#000000"] * len(ladder.points))["rate"]:
        names = [item.label.value for item in chart.legend[0].items]
        assert names == ["convex hull", f"256{TIMES}144", f"128{TIMES}72", "suggested rung"]
        (hull, _), *_ = glyphs(chart, Line)
        on_hull = [ladder.points[n] for n in ladder.hull]
        assert list(hull.data_source.data["y"]) == [made.score for made in on_hull]
        *_, (ring, _) = glyphs(chart, Scatter)
        ((text, _),) = glyphs(chart, Text)
        assert list(ring.data_source.data["y"]) == [rung.score for rung in ladder.rungs]
        assert text.data_source.data["text"] == [
            rung.asked.replace("score ", "") for rung in ladder.rungs
        ]


def test_its_rungs_are_looked_at_first(ladder, tmp_path):
    """Their lines are seen at first, and theirs are the pictures."""
    page, notes = written(tmp_path / "l.html", [ladder], pictures=1)
    checked = re.findall(r'<input type="checkbox" checked data-line="(\d+)"', page)
    rungs = {rung.point for rung in ladder.rungs}
    assert {int(number) for number in checked} == rungs
    assert {int(n) for n in re.findall(r'<figure data-encode="(\d+)"', page)} == rungs
    assert notes == []


def test_what_is_hidden_at_first_has_room_in_the_chart_over_time(ladder):
    (group,) = grouped([ladder])
    times = [one.result.times for one in group.encodes]
    none = [[] for _ in times]
    colour = ["#000000"] * len(times)
    charts = time_charts(group.encodes, times, none, colour, "seconds", group.leading)
    lowest = min(one.result.scores.min() for one in group.encodes)
    assert all(chart.y_range.start <= lowest for chart in charts)


def test_encodes_that_were_not_kept_are_told_of(found, tmp_path):
    page, (note,) = written(tmp_path / "s.html", [found])
    assert "--keep" in note and note in page.replace("&#39;", "'")


def test_ladders_are_compared(ladder, tmp_path):
    page, _ = written(tmp_path / "l.html", [ladder, ladder], pictures=0)
    assert "Rungs of all ladders" in page
    told = comparison_of(grouped([ladder, ladder]), [])
    assert len(set(told.names)) == 2
    assert [what for what, _ in told.lines] == ["score 100", "score 80", "score 40"]
    assert told.lines[0][1] == [None, None]
    rungs = {rung.asked: rung for rung in ladder.rungs}
    assert [each[0] for _, each in told.lines[1:]] == [rungs["score 80"], rungs["score 40"]]
    for chart in hull_charts([("one", ladder), ("other", ladder)]):
        assert [item.label.value for item in chart.legend[0].items] == ["one", "other"]
    assert comparison_of(grouped([ladder]), []).charts == {}


# ------------------------------------------------------------------------------------- searches


def test_a_search_is_shown_as_one(found, tmp_path):
    page, _ = written(tmp_path / "s.html", [found])
    rows = Tags(page).rows
    for row, probe in zip(rows[1:], found.found.probes, strict=False):
        assert row[1:3] == [f"{probe.crf:g}", f"{probe.score:.2f}"]
        assert ("whole" in row[0]) == probe.whole
    text = re.sub(r"<[^>]*>", "", page.split("<main")[1])
    assert f"CRF {found.crf:g} {found.outcome.replace('_', ' ')}" in " ".join(text.split())
    assert found.found.reason in text
    assert any(not probe.whole for probe in found.found.probes)
    estimate = found.found.estimate
    if estimate is None:
        assert "none were encoded at this CRF" in text
    else:
        assert f"had said {estimate.score:.2f}" in text and f"{found.found.gap:+.2f}" in text


def test_its_chart_has_probes_bracket_curve_and_answer(found):
    probes = found.found.probes
    for chart in crf_charts(found):
        samples, whole = [], []
        for renderer, glyph in glyphs(chart, Scatter)[:-1]:
            data = renderer.data_source.data
            places = list(zip(data["crf"], data["score"], strict=True))
            (whole if glyph.fill_alpha == 1.0 else samples).extend(places)
        assert whole == [(p.crf, p.score) for p in probes if p.whole]
        assert samples == [(p.crf, p.score) for p in probes if not p.whole]
        ((intervals, _),) = glyphs(chart, Segment)
        assert intervals.data_source.data["low"] == [p.low for p in probes if not p.whole]
        target, bracket = (box for box in chart.center if isinstance(box, BoxAnnotation))
        assert (target.bottom, target.top) == (79.95, 80.05)
        assert bracket.left == found.crf
        ((curve, _),) = glyphs(chart, Line)
        x, y = (np.array(curve.data_source.data[axis]) for axis in "xy")
        assert (np.diff(y) <= 0).all()
        for probe in probes:
            if probe.whole:  # which the fit believes more than samples
                assert abs(np.interp(probe.crf, x, y) - probe.score) < 1.5
        answer, _ = glyphs(chart, Scatter)[-1]
        assert answer.data_source.data["x"] == [found.crf]


def test_a_search_comes_back_from_what_is_written(found):
    document = json.loads(json.dumps(found.to_dict()))
    back = SearchResult.from_dict(document)
    assert back.found == found.found and back.goal.high == found.crfs[1] == 51
    assert json.loads(json.dumps(back.to_dict())) == document
    del document["crfs"]  # as files of before have it
    assert SearchResult.from_dict(document).found == found.found


# ---------------------------------------------------------------------------------------- files


@pytest.mark.parametrize(
    ("place", "value"),
    [("probes", {"crf": "inf"}), ("probes", {"score": None}), ("probes", {"whole": False}),
     ("crfs", ["nan", 51, 1]), ("crf", 1.5)],
)  # fmt: skip
def test_a_search_that_cannot_be_is_refused(found, tmp_path, capfd, place, value):
    document = json.loads(json.dumps(found.to_dict()))
    if place == "probes":
        document["probes"] = [each | value for each in document["probes"]]
    else:
        document[place] = value
    path = tmp_path / "search.json"
    path.write_text(json.dumps(document))
    assert main(["report", str(path), "-o", str(tmp_path / "page.html")]) == 1
    err = capfd.readouterr().err
    assert err.startswith("vmaf-tiny: error: ") and err.count("\n") == 1
    assert list(tmp_path.iterdir()) == [path]


def test_files_are_shown_as_what_they_are(ladder, found, tmp_path, monkeypatch, capfd):
    monkeypatch.chdir(tmp_path)
    write_document("l.json", ladder.to_dict())
    write_document("s.json", found.to_dict())
    assert [type(each).__name__ for each in read_for_report(["l.json", "s.json"])] == [
        "Ladder", "SearchResult"
    ]  # fmt: skip
    assert main(["report", "l.json", "s.json", "--pictures", "0", "-o", "r.html"]) == 0
    page = (tmp_path / "r.html").read_text()
    assert "Ladder of libx264 ultrafast" in page and "Search of libx264 ultrafast" in page
    capfd.readouterr()
    broken = json.loads((tmp_path / "s.json").read_text())
    del broken["probes"]
    (tmp_path / "s.json").write_text(json.dumps(broken))
    with pytest.raises(InputError, match="no file of renditions"):
        read_for_report(["s.json"])
