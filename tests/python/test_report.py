"""The page of a report: what is on it, and that it needs nothing else."""

import re
import sys
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from bokeh.models import BasicTickFormatter
from hypothesis import given
from hypothesis import strategies as st

import clips
import reports
from vmaf_tiny import InputError, OptionError, score
from vmaf_tiny.cli import main
from vmaf_tiny.encode import Rendition, encode_and_score
from vmaf_tiny.encode.tables import write_results
from vmaf_tiny.frames import Source
from vmaf_tiny.hull import upper_hull
from vmaf_tiny.probe import describe
from vmaf_tiny.report import pictures, write_report
from vmaf_tiny.report.charts import _ticks, colours, rate_charts, thinned
from vmaf_tiny.report.groups import with_series
from vmaf_tiny.report.pictures import picture_pairs
from vmaf_tiny.rescore import read_results
from vmaf_tiny.table import write_table
from vmaf_tiny.windows import worst_windows


@pytest.fixture(scope="module")
def encodes(tmp_path_factory):
    return reports.encoded(tmp_path_factory.mktemp("report"))


@pytest.fixture(scope="module")
def page(encodes, tmp_path_factory):
    path = tmp_path_factory.mktemp("page") / "report.html"
    assert write_report(path, encodes) == []
    return path.read_text()


def test_nothing_is_loaded_from_anywhere(page):
    for tag, attributes in reports.Tags(page).tags:
        assert tag not in ("link", "iframe", "object", "embed")
        for name in ("src", "href", "srcset", "data", "action"):
            assert attributes.get(name, "data:").startswith("data:")
    assert "default-src 'none'" in page
    style = re.search(r"<style>(.*?)</style>", page, re.S)[1]
    assert "url(" not in style and "@import" not in style


def test_the_table_says_what_was_scored(page, encodes):
    rows = reports.Tags(page).rows[1 : len(encodes) + 1]
    for row, one in zip(rows, encodes, strict=True):
        pooled = one.result.pooled["vmaf"]
        assert row[0].startswith(one.name)
        assert row[1] == "160\N{MULTIPLICATION SIGN}128"
        assert row[2] == f"{one.bitrate / 1000:,.1f}"
        assert row[3:7] == [f"{pooled[k]:.2f}" for k in ("mean", "harmonic_mean", "p5", "min")]


def test_bitrates_are_written_as_they_are(encodes):
    """Bokeh's labels of logarithmic axes round to powers of ten."""
    for chart in rate_charts(encodes, colours(encodes)):
        (axis,) = chart.xaxis
        assert isinstance(axis.formatter, BasicTickFormatter)
        rates = [one.bitrate / 1000 for one in encodes]
        assert min(axis.ticker.ticks) <= min(rates) and max(rates) <= max(axis.ticker.ticks)


def test_the_worst_pictures_are_those_that_were_compared(page, encodes):
    """Each is shown with its partner, at the index that its caption tells."""
    figures = re.findall(r'<figure data-encode="(\d+)"[^>]*>(.*?)</figure>', page, re.S)
    assert len(figures) >= len(encodes)
    for number, figure in figures:
        result = encodes[int(number)].result
        index = int(re.search(r"picture (\d+)", figure)[1])
        assert f"{result.scores[index]:.2f}" in figure
        shown = [reports.picture(a) for a in re.findall(r'src="(data:[^"]*)"', figure)]
        luma = clips.plane(index).astype(float)
        gray = 255 / 219 * (luma - 16)  # full range, as shown
        assert np.abs(shown[0] - np.clip(gray, 0, 255)).mean() < 3
        others = [np.abs(shown[0] - 255 / 219 * (clips.plane(n) - 16.0)).mean() for n in range(60)]
        assert int(np.argmin(others)) == index
        assert np.abs(shown[1] - shown[0]).mean() > 3
    worst = int(re.search(r"picture (\d+)", figures[0][1])[1])
    assert worst in reports.BAD
    assert result.scores[worst] == result.scores.min() or int(figures[0][0]) == 0


LONG = 150


@pytest.fixture(scope="module")
def long_source(tmp_path_factory):
    lumas = [clips.noisy(clips.plane(n), 10, n) for n in range(LONG)]
    folder = tmp_path_factory.mktemp("long")
    return clips.write(folder / "source.mkv", lumas, options={"g": "30", "bf": "2"})


WRITTEN = {
    "b.mp4": {"options": {"qp": "40", "g": "40", "bf": "3"}},
    "open.mp4": {"options": {"qp": "40", "g": "24", "bf": "3", "x264-params": "open-gop=1"}},
    "open.mkv": {"options": {"qp": "40", "g": "24", "bf": "3", "x264-params": "open-gop=1"}},
    "no_index.ts": {"options": {"qp": "40", "g": "24"}},
    "hevc.mkv": {"codec": "libx265", "options": {"crf": "40", "g": "24", "preset": "ultrafast"}},
    "vp9.webm": {"codec": "libvpx-vp9", "options": {"crf": "50", "b": "0", "deadline": "realtime"}},
    "one_key.mkv": {"options": {"qp": "40", "g": "999", "sc_threshold": "0"}},
    "gop.avi": {"codec": "mpeg4", "options": {"qscale": "10", "g": "24"}},
}


@pytest.mark.parametrize("name", WRITTEN)
def test_pictures_that_are_sought_are_those_that_reading_on_finds(
    long_source, tmp_path, name, monkeypatch
):
    lumas = [clips.noisy(clips.plane(n), 10, n) for n in range(LONG)]
    path = clips.write(tmp_path / name, lumas, **WRITTEN[name])
    result = score(long_source, path)
    one = describe(result, str(long_source), str(path))
    # Also what is shown right before key frames, which in open groups needs what comes after.
    rows = [0, 1, 22, 23, 24, 25, 47, 48, 71, 95, 96, 118, 119, 120, LONG - 1]
    sought = picture_pairs(0, one, rows, lambda _: None)
    with monkeypatch.context() as without:
        without.setattr(pictures, "_sought", lambda *_: {})
        assert sought == picture_pairs(0, one, rows, lambda _: None)
    assert sorted(pair.index for pair in sought) == rows


def test_a_late_picture_is_not_looked_for_from_the_start(long_source, tmp_path, monkeypatch):
    made = encode_and_score(long_source, [Rendition(crf=40, options={"g": "25"})], keep=tmp_path)
    decoded = []
    images = Source.images

    def counted(self):
        for each in images(self):
            decoded.append(each[0])
            yield each

    monkeypatch.setattr(Source, "images", counted)
    (pair,) = picture_pairs(0, made[0].scored, [LONG - 3], lambda _: None)
    assert pair.index == LONG - 3 and len(decoded) < 70
    decoded.clear()
    monkeypatch.setattr(pictures, "_sought", lambda *_: {})
    assert picture_pairs(0, made[0].scored, [LONG - 3], lambda _: None) == [pair]
    assert len(decoded) > 2 * (LONG - 4)


def test_starts_that_differ_are_taken_out_of_what_is_sought(tmp_path):
    lumas = [clips.noisy(clips.plane(n), 10, n) for n in range(60)]
    base = Fraction(1, 1000)
    late = [40 * n + 1480 for n in range(60)]
    one = clips.write(tmp_path / "a.mkv", lumas, times=late, time_base=base, options={"g": "12"})
    other = clips.write(tmp_path / "b.mp4", lumas, options={"g": "12", "qp": "40"})
    scored = describe(score(one, other), str(one), str(other))
    for pair in picture_pairs(0, scored, [5, 30, 55], lambda _: None):
        seen = [reports.picture(address) for address in (pair.reference, pair.distorted)]
        for samples in seen:
            others = [
                np.abs(samples - 255 / 219 * (luma.astype(float) - 16)).mean() for luma in lumas
            ]
            assert int(np.argmin(others)) == pair.index


def test_of_many_encodes_the_pictures_of_one_are_shown_at_first(encodes, tmp_path):
    write_report(tmp_path / "r.html", [*encodes, *encodes])
    page = (tmp_path / "r.html").read_text()
    figures = re.findall(r'<figure data-encode="(\d+)"[^>]*?( hidden)?>', page)
    assert {hidden for number, hidden in figures if number == "0"} == {""}
    assert {hidden for number, hidden in figures if number != "0"} == {" hidden"}
    assert '<option value="0" selected>' in page


@pytest.mark.parametrize("rates", [(434, 538), (100, 101), (50, 1600), (400, 401)])
def test_every_range_of_bitrates_has_two_numbers(rates):
    low, high = rates
    within = [tick for tick in _ticks(low, high) if low <= tick <= high]
    assert 2 <= len(within) <= 12


def test_what_is_missing_is_told(encodes, tmp_path):
    gone = [replace(encodes[0], distorted=str(tmp_path / "gone.mp4")), encodes[1]]
    (note,) = write_report(tmp_path / "r.html", gone)
    assert encodes[0].name in note and encodes[1].name not in note
    assert note in (tmp_path / "r.html").read_text()


def test_another_video_in_place_of_the_encode_is_told(encodes, tmp_path):
    clips.write(tmp_path / "short.mp4", clips.planes(8))
    (note,) = write_report(
        tmp_path / "r.html", [replace(encodes[0], distorted=str(tmp_path / "short.mp4"))]
    )
    assert "it is another video" in note or "only" in note


def test_names_are_text_and_not_markup(encodes, tmp_path):
    evil = replace(encodes[0], name="<img src=x onerror=alert(1)>", distorted="")
    write_report(tmp_path / "r.html", [evil], title="<script>alert(2)</script>")
    page = (tmp_path / "r.html").read_text()
    assert "<img src=x" not in page.split("<script", 1)[0]
    assert "<script>alert(2)" not in page
    assert "&lt;img src=x onerror" in page


def test_sources_have_sections_of_their_own(encodes, tmp_path):
    other = replace(encodes[1], reference=str(tmp_path / "other.mkv"), distorted="")
    write_report(tmp_path / "r.html", [encodes[0], other], pictures=0)
    page = (tmp_path / "r.html").read_text()
    assert re.findall(r'<h2 class="source">(.*)</h2>', page) == ["source.mkv", "other.mkv"]


def test_without_times_pictures_are_counted(encodes, tmp_path):
    result = encodes[0].result
    untimed = replace(encodes[0], result=replace(result, times=np.full(60, np.nan)))
    write_report(tmp_path / "r.html", [untimed])
    page = (tmp_path / "r.html").read_text()
    assert re.search(r"at\s*picture \d+", page) and "nan" not in page.split("<figure")[0][-99:]


def test_curves_are_named_by_what_stays_the_same(encodes):
    named = [replace(encodes[0], name=n, series=s) for n, s in (
        ("a-crf20", ""), ("a-crf26.5", ""), ("b-crf20", ""), ("x", "libx264 fast"))]  # fmt: skip
    assert [one.series for one in with_series(named)] == ["a-crf", "a-crf", "b-crf", "libx264 fast"]


def test_the_command(encodes, tmp_path, monkeypatch, capfd):
    monkeypatch.chdir(tmp_path)
    write_table("x.parquet", encodes)
    encodes[0].result.write("one.json")
    assert main(["report", "x.parquet", "one.json"]) == 0
    out, err = capfd.readouterr()
    assert out == "report.html\n" and "no pictures of one" in err
    assert main(["report", "x.parquet", "--pictures", "0", "-q", "-o", "-"]) == 0
    assert capfd.readouterr().out.startswith("<!doctype html>")
    for arguments, said in (
        (["x.parquet", "-o", "x.txt"], "let it end in .html"),
        (["x.parquet", "-o", "no/r.html"], "make no first"),
        (["x.parquet", "--window", "-1"], "window"),
        (["none.json"], "no file none.json"),
    ):
        assert main(["report", *arguments]) in (1, 2)
        assert said in capfd.readouterr().err


def test_renditions_that_were_kept_are_shown(encodes, tmp_path):
    """What a sweep writes is read, table and JSON alike."""
    source = encodes[0].reference
    wanted = [Rendition("libx264", crf=crf, preset="ultrafast") for crf in (30, 45)]
    made = encode_and_score(source, wanted, keep=tmp_path)
    for name in ("r.json", "r.parquet"):
        write_results(tmp_path / name, made)
        read = read_results([tmp_path / name])
        assert [one.name for one in read] == [one.rendition.label for one in made]
        for one, other in zip(read, made, strict=True):
            np.testing.assert_array_equal(one.result.scores, other.result.scores)
        assert write_report(tmp_path / "r.html", read) == []
        page = (tmp_path / "r.html").read_text()
        assert page.count("<figure data-encode") >= 4 and "libx264 ultrafast" in page


def test_results_of_paths_from_here_are_shown_from_anywhere(encodes, tmp_path, monkeypatch):
    source = Path(encodes[0].reference)
    monkeypatch.chdir(source.parent)
    made = encode_and_score(source.name, [Rendition(crf=40, preset="ultrafast")], keep="kept")
    for name in ("r.json", "r.parquet"):
        write_results(tmp_path / name, made)
    monkeypatch.chdir(tmp_path)
    for name in ("r.json", "r.parquet"):
        assert write_report("r.html", read_results([name])) == []
        assert "<figure data-encode" in (tmp_path / "r.html").read_text()


def test_without_bokeh_the_way_to_it_is_told(encodes, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "bokeh.embed", None)
    with pytest.raises(OptionError, match=r"pip install 'vmaf-tiny\[report\]'"):
        write_report(tmp_path / "r.html", encodes)
    assert list(tmp_path.iterdir()) == []


def test_no_results_no_page(tmp_path):
    with pytest.raises(InputError, match="no results"):
        write_report(tmp_path / "r.html", [])


# ------------------------------------------------------------------------------ hull and windows


@given(st.lists(st.tuples(st.integers(1, 60), st.integers(0, 60)), min_size=1, max_size=25))
def test_no_encode_lies_above_the_hull(points):
    x, y = np.array(points, float).T
    chosen = list(upper_hull(x, y))
    hx, hy = x[chosen], y[chosen]
    assert hx[0] == x.min() and hy[-1] == y.max()
    assert (np.diff(hx) > 0).all() and (np.diff(hy) > 0).all()
    assert (np.diff(np.diff(hy) / np.diff(hx)) < 1e-12).all()
    assert (y <= np.interp(x, hx, hy) + 1e-9).all()


@given(
    st.lists(st.integers(0, 100), min_size=1, max_size=60),
    st.integers(1, 20),
    st.integers(1, 4),
)
def test_the_worst_window_is_the_worst_of_all(scores, length, count):
    values, times = np.array(scores, float), np.arange(len(scores)) / 25
    found = worst_windows(values, times, seconds=length / 25, count=count)
    if len(values) < length:
        assert [(w.first, w.last) for w in found] == [(0, len(values) - 1)]
        return
    means = [values[n : n + length].mean() for n in range(len(values) - length + 1)]
    assert found[0].score == pytest.approx(min(means))
    assert found[0].score == pytest.approx(values[found[0].first : found[0].last + 1].mean())
    assert [w.score for w in found] == sorted(w.score for w in found)
    taken = [n for w in found for n in range(w.first, w.last + 1)]
    assert len(taken) == len(set(taken)) == length * len(found)


def test_a_thinned_line_keeps_every_dip():
    y = np.full(100_000, 90.0)
    y[[17, 50_001, 99_998]] = 3, 2, 1
    x, kept = thinned(np.arange(100_000.0), y)
    assert len(x) <= 1502 and set(kept) == {90.0, 3.0, 2.0, 1.0}
    assert (x[0], x[-1]) == (0, 99_999) and (np.diff(x) > 0).all()
