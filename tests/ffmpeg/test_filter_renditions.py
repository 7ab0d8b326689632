"""Several distorted videos against one reference, and scores of parts of a video."""

import csv
import json
import re

import pytest
from launched import DISTORTED, FEATURES, REFERENCE

BLURRED = f"{REFERENCE},gblur=2"
LADDER = (DISTORTED, BLURRED, REFERENCE)


def scored(ffmpeg, *sources, options="", tags=(), then="", to=("-f", "null", "-")):
    """Score all but the last of the sources, each with its tag, against it."""
    inputs = [part for source in sources for part in ("-f", "lavfi", "-i", source)]
    tagged = "".join(f"[{i}]setparams={tag}[t{i}];" for i, tag in enumerate(tags))
    pads = "".join(f"[t{i}]" if tags else f"[{i}]" for i in range(len(sources)))
    ours = ":".join(filter(None, (f"renditions={len(sources) - 1}", options)))
    return ffmpeg.run(*inputs, "-lavfi", f"{tagged}{pads}vmaf_tiny={ours}{then}", *to)


def scores_of(ran):
    return re.findall(r"VMAF score of rendition (\d+): (\S+)", ran.said)


def test_each_rendition_gets_what_it_gets_alone(ffmpeg, tmp_path):
    ran = scored(ffmpeg, *LADDER, REFERENCE, options=f"log_fmt=json:log_path={tmp_path}/log.json")
    assert ran.status == 0, ran.said
    assert ran.score is None
    assert [number for number, _ in scores_of(ran)] == ["1", "2", "3"]
    for distorted, (number, score) in zip(LADDER, scores_of(ran), strict=True):
        alone = ffmpeg.logged(distorted, REFERENCE, path=tmp_path / "alone")
        log = json.loads((tmp_path / f"log.{number}.json").read_text())
        assert log["frames"] == alone.log["frames"]
        assert log["pooled_metrics"] == alone.log["pooled_metrics"]
        assert score == alone.ran.score
        assert log["vmaf_tiny"]["notes"]["rendition"] == number
        assert log["vmaf_tiny"]["notes"]["renditions"] == "3"
    assert not (tmp_path / "log.json").exists()


def test_the_first_rendition_leaves_with_the_metadata_of_all(ffmpeg, tmp_path):
    printed = tmp_path / "printed"
    ran = scored(
        ffmpeg,
        *LADDER,
        REFERENCE,
        options=f"log_fmt=csv:log_path={tmp_path}/log",
        then=f",metadata=print:file={printed}",
        to=("-f", "framemd5", tmp_path / "passed"),
    )
    assert ran.status == 0, ran.said
    ffmpeg.run("-f", "lavfi", "-i", DISTORTED, "-f", "framemd5", tmp_path / "first")
    assert (tmp_path / "passed").read_text() == (tmp_path / "first").read_text()

    frames = printed.read_text().split("frame:")[1:]
    assert len(frames) == 25
    for number in (1, 2, 3):
        with (tmp_path / f"log.{number}").open() as file:
            rows = list(csv.DictReader(file))
        for frame, row in zip(frames, rows, strict=True):
            for name in (*FEATURES, "vmaf"):
                value = row[name if name == "vmaf" else f"integer_{name}"]
                assert f"lavfi.vmaf_tiny.{number}.{name}={value}\n" in frame
                assert number > 1 or f"lavfi.vmaf_tiny.{name}={value}\n" in frame


def test_one_rendition_has_plain_keys_only(ffmpeg, tmp_path):
    printed = tmp_path / "printed"
    assert scored(ffmpeg, BLURRED, REFERENCE, then=f",metadata=print:file={printed}").status == 0
    assert "lavfi.vmaf_tiny.vmaf=" in printed.read_text()
    assert "lavfi.vmaf_tiny.1." not in printed.read_text()


def test_logs_on_standard_output_follow_each_other(ffmpeg):
    ran = scored(ffmpeg, *LADDER, REFERENCE, options="log_fmt=csv:log_path=-")
    assert ran.output.decode().count("Frame,") == 3


def test_a_rendition_of_another_size_is_named(ffmpeg):
    other = BLURRED.replace("160x120", "320x240")
    ran = scored(ffmpeg, DISTORTED, other, REFERENCE)
    assert ran.status != 0
    assert "rendition 2 is 320x240 and the reference 160x120" in ran.said


def test_a_rendition_of_another_range_is_named(ffmpeg):
    tags = ("range=tv", "range=pc", "range=tv")
    ran = scored(ffmpeg, DISTORTED, BLURRED, REFERENCE, tags=tags)
    assert ran.status != 0
    assert "rendition 2 has pc range and the reference tv" in ran.said


def test_tags_of_one_rendition_never_change_samples(ffmpeg):
    plain = scored(ffmpeg, *LADDER, REFERENCE)
    spaces = ("bt470bg", "bt709", "unknown", "bt709")
    tagged = scored(ffmpeg, *LADDER, REFERENCE, tags=[f"colorspace={space}" for space in spaces])
    assert scores_of(tagged) == scores_of(plain)
    assert len(scores_of(plain)) == 3
    assert "bt470bg in rendition 1" in tagged.said


def test_a_shorter_rendition_is_told(ffmpeg):
    short = BLURRED.replace("duration=1", "duration=0.6")
    ran = scored(ffmpeg, DISTORTED, short, REFERENCE)
    assert "10 of 25 frames of rendition 2, the first at 0.600 s, were compared" in ran.said
    assert "of rendition 1," not in ran.said
    ran = scored(ffmpeg, DISTORTED, short, REFERENCE, options="shortest=1")
    assert "another time" not in ran.said
    ran = scored(ffmpeg, DISTORTED, short, REFERENCE, options="repeatlast=0")
    assert "10 frames had no partner in every input" in ran.said


def test_the_first_rendition_ends_the_score(ffmpeg, tmp_path):
    short = DISTORTED.replace("duration=1", "duration=0.6")
    scored(ffmpeg, short, BLURRED, REFERENCE, options=f"log_fmt=json:log_path={tmp_path}/log")
    for number in (1, 2):
        assert len(json.loads((tmp_path / f"log.{number}").read_text())["frames"]) == 15


@pytest.mark.parametrize("count", [0, 65])
def test_how_many_renditions_there_may_be(ffmpeg, count):
    ran = ffmpeg.score(DISTORTED, REFERENCE, f"renditions={count}")
    assert ran.status != 0
    assert "renditions" in ran.said


def test_windows_are_shown_and_logged(ffmpeg, tmp_path):
    logged = ffmpeg.logged(DISTORTED, REFERENCE, "stats=0.4", path=tmp_path / "log")
    shown = re.findall(
        r"VMAF of the distorted video from (\S+) s, (\d+) frames: mean (\S+), harmonic mean (\S+), "
        r"min (\S+)\n",
        logged.ran.said,
    )
    assert [(start, frames) for start, frames, *_ in shown] == [
        ("0.000", "10"),
        ("0.400", "10"),
        ("0.800", "5"),
    ]
    notes = logged.log["vmaf_tiny"]["notes"]
    assert notes["stats_seconds"] == "0.4"
    lists = ("start", "frames", "mean", "harmonic_mean", "min")
    columns = [notes[f"stats_{name}"].split() for name in lists]
    assert list(zip(*columns, strict=True)) == shown
    scores = [row["vmaf"] for row in logged.rows]
    parts = scores[:10], scores[10:20], scores[20:]
    for (*_, mean, _, least), part in zip(shown, parts, strict=True):
        assert float(mean) == pytest.approx(sum(part) / len(part), abs=2e-6)
        assert float(least) == min(part)


def test_windows_come_while_the_video_runs(ffmpeg):
    ran = ffmpeg.score(DISTORTED, REFERENCE, "stats=0.2", graph="[0][1]{},showinfo")
    assert ran.said.index("from 0.200 s") < ran.said.index("n:  20 ")


def test_windows_of_renditions_are_apart(ffmpeg):
    ran = scored(ffmpeg, *LADDER, REFERENCE, options="stats=0.5")
    for number in (1, 2, 3):
        assert f"VMAF of rendition {number} from 0.000 s" in ran.said
