"""What the filter scores: the numbers, wherever they appear."""

import csv
import re
from xml.etree import ElementTree

import numpy as np
import pytest
from launched import DISTORTED, FEATURES, REFERENCE, texture, worse, write_y4m

import vmaf_tiny

METRICS = (*FEATURES, "vmaf")
POOLINGS = ("min", "max", "mean", "harmonic_mean", "p1", "p5", "p10", "p50", "stdev")
FORMATS = [
    ("420", 8),
    ("422", 8),
    ("444", 8),
    ("mono", 8),
    ("420", 9),
    ("420", 10),
    ("422", 10),
    ("444", 12),
    ("mono", 12),
    ("420", 14),
    ("444", 16),
    ("mono", 16),
]


def pair(folder, layout="420", bits=8, count=5, width=160, height=120):
    """Return distorted and reference, each as planes and as a file."""
    reference = texture(count, width, height, bits)
    distorted = worse(reference, bits)
    return (
        (distorted, write_y4m(folder / "distorted.y4m", distorted, layout, bits)),
        (reference, write_y4m(folder / "reference.y4m", reference, layout, bits)),
    )


def scored_in_python(distorted, reference, bits=8):
    """Return metrics of each frame as the library has them, rounded as a log has them."""
    _, height, width = reference.shape
    with vmaf_tiny.Context(width, height, bits) as context, vmaf_tiny.Model() as model:
        rows = []
        for one, other in zip(reference, distorted, strict=True):
            context.push(one, [other])
        context.flush()
        while (row := context.pull()) is not None:
            rows.append(row[0])
        rows = np.array(rows)
        values = np.column_stack([rows["value"], model.score(rows)])
    return [
        {name: float(f"{value:.6f}") for name, value in zip(METRICS, row, strict=True)}
        for row in values
    ]


@pytest.mark.parametrize(("layout", "bits"), FORMATS)
def test_a_frame_scores_as_in_the_library(ffmpeg, tmp_path, layout, bits):
    (distorted, distorted_path), (reference, reference_path) = pair(tmp_path, layout, bits)
    logged = ffmpeg.logged(distorted_path, reference_path, path=tmp_path / "log")
    assert logged.numbers == [0, 1, 2, 3, 4]
    assert logged.rows == scored_in_python(distorted, reference, bits)
    assert "scale" not in logged.ran.said


@pytest.mark.parametrize(("width", "height"), [(33, 33), (161, 67), (34, 240)])
def test_odd_sizes_are_scored(ffmpeg, tmp_path, width, height):
    (distorted, distorted_path), (reference, reference_path) = pair(
        tmp_path, width=width, height=height
    )
    logged = ffmpeg.logged(distorted_path, reference_path, path=tmp_path / "log")
    assert logged.rows == scored_in_python(distorted, reference)


def test_layouts_of_the_two_may_differ(ffmpeg, tmp_path):
    (distorted, distorted_path), (reference, _) = pair(tmp_path)
    wide = write_y4m(tmp_path / "wide.y4m", reference, "444")
    logged = ffmpeg.logged(distorted_path, wide, path=tmp_path / "log")
    assert logged.rows == scored_in_python(distorted, reference)


def test_semi_planar_video_is_taken_as_it_is(ffmpeg, tmp_path):
    (distorted, distorted_path), (reference, reference_path) = pair(tmp_path)
    logged = ffmpeg.logged(
        distorted_path,
        reference_path,
        path=tmp_path / "log",
        graph="[0]format=nv12[d];[1]format=nv12[r];[d][r]{}",
    )
    assert logged.rows == scored_in_python(distorted, reference)


def test_upside_down_is_no_problem(ffmpeg, tmp_path):
    # vflip turns pictures by a negative stride
    (distorted, distorted_path), (reference, reference_path) = pair(tmp_path)
    logged = ffmpeg.logged(
        distorted_path,
        reference_path,
        path=tmp_path / "log",
        graph="[0]vflip[d];[1]vflip[r];[d][r]{}",
    )
    assert logged.rows == scored_in_python(distorted[:, ::-1], reference[:, ::-1])


def test_identical_videos_score_high(ffmpeg):
    same = ffmpeg.score(REFERENCE, REFERENCE)
    assert float(same.score) > 90 > float(ffmpeg.score(DISTORTED, REFERENCE).score)


@pytest.mark.parametrize("pooling", POOLINGS)
def test_the_score_shown_is_the_pooled_one(ffmpeg, tmp_path, pooling):
    logged = ffmpeg.logged(DISTORTED, REFERENCE, f"pool={pooling}", path=tmp_path / "log")
    assert float(logged.ran.score) == logged.log["pooled_metrics"]["vmaf"][pooling]


def test_the_mean_is_the_default(ffmpeg, tmp_path):
    logged = ffmpeg.logged(DISTORTED, REFERENCE, path=tmp_path / "log")
    scores = [row["vmaf"] for row in logged.rows]
    assert float(logged.ran.score) == pytest.approx(np.mean(scores), abs=2e-6)


def metadata(text):
    """Return the metrics on each frame, in what the filter metadata=print has printed."""
    frames = []
    for line in text.splitlines():
        if line.startswith("frame:"):
            frames.append({})
        elif found := re.fullmatch(r"lavfi\.vmaf_tiny\.(\w+)=(\S+)", line):
            frames[-1][found[1]] = float(found[2])
    return frames


@pytest.mark.parametrize("threads", [1, 3])
def test_every_frame_carries_its_metrics(ffmpeg, tmp_path, threads):
    printed = tmp_path / "metadata"
    logged = ffmpeg.logged(
        DISTORTED,
        REFERENCE,
        f"n_threads={threads}",
        path=tmp_path / "log",
        graph=f"[0][1]{{}},metadata=print:file={printed}",
    )
    assert len(logged.rows) == 25
    assert metadata(printed.read_text()) == logged.rows


def test_threads_do_not_change_anything(ffmpeg, tmp_path):
    logs = [
        ffmpeg.logged(DISTORTED, REFERENCE, options, path=tmp_path / "log", before=before).rows
        for options, before in [
            ("n_threads=1", ()),
            ("n_threads=2", ()),
            ("n_threads=3", ()),
            ("n_threads=16", ()),
            ("", ("-filter_complex_threads", 1)),
            ("", ("-filter_complex_threads", 3)),
        ]
    ]
    assert len(logs[0]) == 25
    assert all(log == logs[0] for log in logs)


@pytest.mark.parametrize(("options", "threads"), [("n_threads=2", 2), ("", 3), ("threads=1", 1)])
def test_threads_are_the_graphs_unless_said(ffmpeg, options, threads):
    ran = ffmpeg.score(
        DISTORTED,
        REFERENCE,
        options,
        before=("-filter_complex_threads", 3, "-loglevel", "verbose"),
    )
    assert f"{threads} threads" in ran.said


def test_every_nth_frame_is_scored_with_its_true_neighbours(ffmpeg, tmp_path):
    every = ffmpeg.logged(DISTORTED, REFERENCE, path=tmp_path / "log")
    third = ffmpeg.logged(DISTORTED, REFERENCE, "n_subsample=3", path=tmp_path / "log")
    assert third.numbers == list(range(0, 25, 3))
    assert third.rows == every.rows[::3]


def test_frames_between_pass_without_metrics(ffmpeg, tmp_path):
    printed = tmp_path / "metadata"
    graph = f"[0][1]{{}},metadata=print:file={printed}"
    ran = ffmpeg.score(DISTORTED, REFERENCE, "n_subsample=4", graph=graph)
    assert ran.status == 0
    # metadata=print is silent about frames that carry none
    assert len(metadata(printed.read_text())) == 7


@pytest.mark.parametrize("clock", ["null", "settb=1/90000"])
def test_video_passes_through_as_it_is(ffmpeg, clock):
    to = ("-f", "framemd5", "-")
    plain = ffmpeg.score(DISTORTED, REFERENCE, graph="[1]nullsink;[0]null", to=to)
    through = ffmpeg.score(DISTORTED, REFERENCE, graph=f"[1]{clock}[r];[0][r]{{}}", to=to)
    assert through.status == 0
    assert len(through.output.splitlines()) > 25
    assert through.output == plain.output


def test_csv_log(ffmpeg, tmp_path):
    expected = ffmpeg.logged(DISTORTED, REFERENCE, path=tmp_path / "log").rows
    path = tmp_path / "log.csv"
    ffmpeg.score(DISTORTED, REFERENCE, f"log_fmt=csv:log_path={path}")
    with path.open() as file:
        rows = list(csv.DictReader(file))
    assert [float(row["vmaf"]) for row in rows] == [row["vmaf"] for row in expected]


def test_xml_is_the_default_log(ffmpeg, tmp_path):
    expected = ffmpeg.logged(DISTORTED, REFERENCE, path=tmp_path / "log").rows
    path = tmp_path / "log.xml"
    ffmpeg.score(DISTORTED, REFERENCE, f"log_path={path}")
    frames = ElementTree.parse(path).getroot().findall("./frames/frame")
    assert [float(frame.get("vmaf")) for frame in frames] == [row["vmaf"] for row in expected]


def test_sub_log(ffmpeg, tmp_path):
    path = tmp_path / "log.sub"
    ffmpeg.score(DISTORTED, REFERENCE, f"log_fmt=sub:log_path={path}")
    assert len(path.read_text().splitlines()) == 25


def test_a_log_on_standard_output(ffmpeg):
    ran = ffmpeg.score(DISTORTED, REFERENCE, "log_fmt=csv:log_path=-")
    assert ran.status == 0
    assert len(ran.output.splitlines()) == 26


def test_a_log_says_how_it_came_about(ffmpeg, tmp_path):
    logged = ffmpeg.logged(DISTORTED, REFERENCE, "n_subsample=2", path=tmp_path / "log")
    said = str(logged.log)
    for fact in ("vmaf_tiny_v2", "libavfilter", "yuv420p", "vmaf_v0.6.1", "sha256"):
        assert fact in said


def test_fast_mode_moves_vif_a_little_and_nothing_else(ffmpeg, tmp_path):
    reference = "testsrc2=size=960x540:rate=25:duration=0.2"
    exact = ffmpeg.logged(f"{reference},gblur=1", reference, path=tmp_path / "log")
    fast = ffmpeg.logged(f"{reference},gblur=1", reference, "mode=fast", path=tmp_path / "log")
    pairs = list(zip(exact.rows, fast.rows, strict=True))
    assert pairs
    for one, other in pairs:
        assert one["adm2"] == other["adm2"] and one["motion2"] == other["motion2"]
        assert one["vif_scale0"] != other["vif_scale0"]
        assert abs(one["vif_scale0"] - other["vif_scale0"]) < 0.01


def test_scores_may_leave_the_scale_if_asked(ffmpeg, tmp_path):
    sharpened = f"{REFERENCE},unsharp=5:5:3"
    clipped = ffmpeg.logged(sharpened, REFERENCE, path=tmp_path / "log")
    free = ffmpeg.logged(sharpened, REFERENCE, "disable_clip=1", path=tmp_path / "log")
    assert {row["vmaf"] for row in clipped.rows} == {100}
    assert all(row["vmaf"] > 100 for row in free.rows)
