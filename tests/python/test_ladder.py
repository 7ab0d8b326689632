"""Ladders: one size of comparison, the hull, rungs, and tables for HLS and DASH."""

import json
import re
from xml.etree import ElementTree

import pytest

import clips
import vmaf_tiny
from vmaf_tiny import OptionError
from vmaf_tiny.cli import main
from vmaf_tiny.encode import Rendition
from vmaf_tiny.hull import upper_hull
from vmaf_tiny.ladder import Ladder, build_ladder, peak, suggest
from vmaf_tiny.rescore import read_results

FAST = Rendition("libx264", preset="ultrafast")


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    planes = [clips.noisy(plane, 4, n) for n, plane in enumerate(clips.planes(30, 320, 180))]
    return clips.write(tmp_path_factory.mktemp("ladder") / "source.mkv", planes)


@pytest.fixture(scope="module")
def ladder(source, tmp_path_factory):
    kept = tmp_path_factory.mktemp("kept")
    return build_ladder(
        source, sizes=[180, 120, 90], rendition=FAST, crf=[20, 32, 44], scores=[80, 40],
        bitrates=[300e3], keep=kept,
    )  # fmt: skip


def test_all_sizes_are_compared_at_one(ladder, source):
    sizes = {(p.encoder.width, p.encoder.height) for p in ladder.points}
    assert sizes == {(320, 180), (214, 120), (160, 90)}
    assert (ladder.width, ladder.height) == (320, 180)
    for made in ladder.points[::4]:
        assert (made.result.provenance.width, made.result.provenance.height) == (320, 180)
        assert vmaf_tiny.score(source, made.kept).score == made.score  # scaled as `score` does


def test_the_hull_is_that_of_all_sizes(ladder):
    rates, scores = [p.bitrate for p in ladder.points], [p.score for p in ladder.points]
    assert list(ladder.hull) == list(upper_hull(rates, scores))
    assert len({ladder.points[n].encoder.height for n in ladder.hull}) > 1


def test_rungs_are_the_cheapest_for_a_score_and_the_best_for_a_rate(ladder):
    asked = {rung.asked: rung for rung in ladder.rungs}
    hull = [ladder.points[n] for n in ladder.hull]
    for score in (80, 40):
        enough = [p for p in hull if p.score >= score]
        rung = asked.get(f"score {score}")
        if rung:
            assert rung.bitrate == min(p.bitrate for p in enough)
    assert len({rung.point for rung in ladder.rungs}) == len(ladder.rungs) > 0
    assert [r.bitrate for r in ladder.rungs] == sorted(r.bitrate for r in ladder.rungs)[::-1]
    ((best,), ()) = suggest(ladder.points, ladder.hull, [], [300e3])
    assert best.score == max(p.score for p in hull if p.bitrate <= 300e3)
    assert suggest(ladder.points, ladder.hull, [101], [1]) == ((), ("score 101", "0.001 kbit/s"))
    for rung in ladder.rungs:
        assert rung.peak == peak(ladder.points[rung.point]) >= rung.bitrate


def test_a_rung_tells_all_that_it_is_for(ladder):
    best = max(ladder.points[n].score for n in ladder.hull)
    (rung,), unmet = suggest(ladder.points, ladder.hull, [best, best - 0.01, 100.5], [])
    assert rung.asked == f"score {best:g}, score {best - 0.01:g}" and unmet == ("score 100.5",)


def test_it_comes_back_from_what_is_written(ladder):
    document = json.loads(json.dumps(ladder.to_dict()))
    back = Ladder.from_dict(document)
    assert (back.hull, back.rungs, back.unmet) == (ladder.hull, ladder.rungs, ladder.unmet)
    assert json.loads(json.dumps(back.to_dict())) == document


def test_tables_for_hls_and_dash(ladder):
    hls = ladder.hls()
    assert hls.startswith("#EXTM3U\n")
    told = re.findall(
        r"BANDWIDTH=(\d+),AVERAGE-BANDWIDTH=(\d+),RESOLUTION=(\d+)x(\d+),FRAME-RATE=25.000\n\d+p",
        hls,
    )
    root = ElementTree.fromstring(ladder.dash())
    assert len(told) == len(root) == len(ladder.rungs)
    for rung, values, node in zip(ladder.rungs, told, root, strict=True):
        assert [int(v) for v in values] == [
            round(rung.peak), round(rung.bitrate), rung.width, rung.height
        ]  # fmt: skip
        assert node.attrib["bandwidth"] == values[0] and node.attrib["frameRate"] == "25"


def test_sizes_that_cannot_be(source):
    with pytest.raises(OptionError, match="the source has 180"):
        build_ladder(source, sizes=[240, 90], rendition=FAST)
    with pytest.raises(OptionError, match="has a quality"):
        build_ladder(source, sizes=[90], rendition=Rendition(crf=20))
    with pytest.raises(OptionError, match="has no CRF"):
        build_ladder(source, sizes=[90], rendition=Rendition("mpeg4"))


def test_the_command(source, tmp_path, capfd, monkeypatch):
    monkeypatch.chdir(tmp_path)
    arguments = [
        "ladder", str(source), "--preset", "ultrafast", "--sizes", "1080,180,90", "--crf", "24,40",
        "--scores", "70,30", "-o", "l.json", "-o", "l.m3u8", "-o", "l.mpd", "-o", "l.parquet",
    ]  # fmt: skip
    assert main(arguments) == 0
    out, _ = capfd.readouterr()
    assert "all compared at 320x180" in out and "score 30" in out
    told = json.loads((tmp_path / "l.json").read_text())
    assert len(told["points"]) == 4 and told["compared_at"] == [320, 180]
    assert [p["on_hull"] for p in told["points"]] == [n in told["hull"] for n in range(4)]
    assert len(read_results(["l.parquet"])) == 4
    assert (tmp_path / "l.m3u8").exists() and (tmp_path / "l.mpd").exists()
    assert main([*arguments[:2], "--sizes", "tall"]) == 2
    assert main([*arguments[:2], "-o", "l.txt"]) == 2
    assert main([*arguments[:2], "--sizes", "1080"]) == 2
    assert "the source has 180" in capfd.readouterr().err
