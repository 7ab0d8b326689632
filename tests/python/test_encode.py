"""Encode and score in one pass: encoders, pairing, what is refused, what is kept and written."""

import threading
import time

import numpy as np
import pytest

import clips
import vmaf_tiny
from renditions import DROPS
from vmaf_tiny.encode import (
    Rendition,
    encode_and_score,
    read_results,
    write_results,
)
from vmaf_tiny.encode.packets import Packets
from vmaf_tiny.encode.result import RenditionResult

FAST = {"preset": "veryfast"}
# x264 makes the same encode twice only at widths that are multiples of 128.
SIZE = 256, 144


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    """A clip with B-frames whose pictures all differ."""
    lumas = [clips.noisy(clips.plane(n, *SIZE), seed=n) for n in range(40)]
    return clips.write(tmp_path_factory.mktemp("source") / "clip.mkv", lumas, options={"bf": "2"})


def assert_same(made: RenditionResult, source):
    again = vmaf_tiny.score(source, made.kept)
    for name in ("scores", "features", "times", "index"):
        assert np.array_equal(getattr(made.result, name), getattr(again, name)), name
    assert made.pooled == again.pooled["vmaf"]
    return again


ENCODERS = [
    Rendition("libx264", crf=23, **FAST),
    Rendition("libx264", qp=30, **FAST, size=(128, 72)),
    Rendition("libx264", bitrate=200_000, pix_fmt="yuv420p10le", **FAST),
    Rendition("libx265", crf=30, preset="ultrafast"),
    Rendition("libsvtav1", crf=40, preset="12"),
    Rendition("libvpx-vp9", crf=40, preset="8", options={"deadline": "realtime"}),
    Rendition("libvpx-vp9", qp=30, preset="5"),
    Rendition("mpeg4", qp=5),
    Rendition("mjpeg", qp=5, options={"strict": "unofficial"}),
    Rendition("ffv1"),
]


def test_scores_of_every_encoder_equal_those_of_its_kept_encode(source, tmp_path):
    made = encode_and_score(source, ENCODERS, keep=tmp_path)
    assert [each.rendition for each in made] == ENCODERS
    for each in made:
        assert_same(each, source)
        assert each.pictures == len(each.sizes) == 40
        assert each.keyframes[0]
        assert 0 < each.bytes < each.kept.stat().st_size
        assert each.sizes.sum() <= each.bytes
        assert each.duration == pytest.approx(1.6)
        assert each.bitrate == pytest.approx(8 * each.bytes / 1.6)
    assert made[-1].score > 99  # lossless
    assert [path.suffix for path in tmp_path.iterdir()] == [".mkv"] * len(made)


def test_what_is_made_does_not_depend_on_what_is_made_beside_it(source):
    one, other = Rendition(crf=23, **FAST), Rendition(crf=35, **FAST)
    both = encode_and_score(source, [one, other])
    (alone,) = encode_and_score(source, [other], threads=1)
    assert np.array_equal(both[1].result.features, alone.result.features)
    assert both[1].bytes == alone.bytes


def test_a_variable_rate_is_kept(tmp_path):
    lumas = [clips.plane(n, *SIZE) for n in range(20)]
    times = np.cumsum([40 + 13 * (n % 4) for n in range(20)]).tolist()
    path = clips.write(tmp_path / "vfr.mkv", lumas, times=times, time_base=1 / clips.Fraction(1000))
    (made,) = encode_and_score(path, [Rendition(crf=30, **FAST)], keep=tmp_path / "kept")
    assert_same(made, path)
    assert made.result.provenance.pairing.pairs == 20


def test_an_encoder_that_drops_pictures_is_scored_for_those_it_shows(source, tmp_path):
    keeps = Rendition(crf=30, **FAST)
    dropped, whole = encode_and_score(source, [DROPS, keeps], keep=tmp_path)
    again = assert_same(dropped, source)
    assert len(dropped.result.scores) < 40
    assert any("have no partner" in warning for warning in dropped.result.warnings)
    assert dropped.result.provenance.pairing.pairs == again.provenance.pairing.pairs
    assert_same(whole, source)
    (alone,) = encode_and_score(source, [DROPS])
    assert np.array_equal(alone.result.features, dropped.result.features)


@pytest.mark.parametrize(
    "rendition, words",
    [
        (Rendition("libx264", preset="medum"), ["medum", "invalid preset"]),
        (Rendition("libx264", crf=60), ["-12 to 51"]),
        (Rendition("libx264", qp=1000), ["QP of libx264 is 0 to 69"]),
        (Rendition("libx265", qp=-1), ["QP of libx265 is 0 to 51"]),
        (Rendition("libvpx-vp9", qp=64), ["0 to 63"]),
        (Rendition("mpeg4", qp=32), ["1 to 31"]),
        (Rendition("libx264", options={"nonsense": "1"}), ["no option 'nonsense'"]),
        (Rendition("libx264", options={"x264-params": "nonsense=1"}), ["nonsense"]),
        (Rendition("libx265", options={"x265-params": "nonsense=1"}), ["nonsense"]),
        (Rendition("libx264", size=(191, 144)), ["width not divisible by 2"]),
        (Rendition("libx264", pix_fmt="rgb24"), ["rgb24", "yuv420p"]),
        (Rendition("libx264", options={"profile": "baseline"}, pix_fmt="yuv444p"), ["4:4:4"]),
        (Rendition("libx265", size=(60, 40)), ["64x64"]),
        (Rendition("libsvtav1", preset="40"), ["out of range"]),
        (Rendition("mjpeg", crf=20), ["no CRF"]),
        (Rendition("libx26"), ["no encoder 'libx26'"]),
        (Rendition("aac"), ["audio"]),
        (Rendition("h264_nvenc", qp=20), ["Cannot load", "cuda"]),
    ],
    ids=lambda value: value.label if isinstance(value, Rendition) else "",
)
def test_what_an_encoder_refuses_is_refused_before_work_starts(source, tmp_path, rendition, words):
    called = []
    with pytest.raises(vmaf_tiny.OptionError) as error:
        encode_and_score(
            source, [Rendition(crf=30), rendition], keep=tmp_path / "kept", progress=called.append
        )
    text = str(error.value)
    assert "\n" not in text
    assert all(word in text for word in words), text
    assert called == []
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


def test_two_qualities_are_refused():
    with pytest.raises(vmaf_tiny.OptionError, match="crf and qp"):
        Rendition(crf=20, qp=20)


def test_planes_can_be_encoded():
    planes = np.stack(clips.planes(5, *SIZE))
    fine, coarse = encode_and_score(planes, [Rendition(crf=15, **FAST), Rendition(crf=45, **FAST)])
    assert fine.score > coarse.score + 10
    assert fine.bytes > coarse.bytes


def test_a_rotated_source_is_encoded_upright(tmp_path):
    lumas = [clips.noisy(clips.plane(n, *SIZE), seed=n) for n in range(10)]
    path = clips.write(tmp_path / "rotated.mp4", lumas, rotation=90)
    (made,) = encode_and_score(path, [Rendition(crf=23, **FAST)], keep=tmp_path / "kept")
    assert (made.encoder.width, made.encoder.height) == SIZE[::-1]
    assert_same(made, path)


def test_progress_is_told_now_and_then(source):
    calls = []
    begun = time.monotonic()
    slow = [Rendition(crf=20, preset="slower"), Rendition(crf=30, preset="slower")]
    encode_and_score(source, slow, progress=calls.append)
    # Five times a second, and when the reader, those who score, and all is over.
    assert 1 <= len(calls) <= 5 * (time.monotonic() - begun) + 3
    assert calls[-1].done == 40


def test_a_damaged_source_ends_it_all(source, tmp_path):
    cut = tmp_path / "cut.mkv"
    cut.write_bytes(source.read_bytes()[: source.stat().st_size * 2 // 3])
    with pytest.raises(vmaf_tiny.InputError, match="damaged"):
        encode_and_score(cut, [Rendition(crf=23, **FAST)] * 2, keep=tmp_path / "kept")
    assert list((tmp_path / "kept").iterdir()) == []
    assert not [t for t in threading.enumerate() if t.name == "vmaf-tiny-encode"]


def test_results_come_back_as_they_were(source, tmp_path):
    made = encode_and_score(source, [Rendition(crf=23, **FAST), Rendition(crf=40, **FAST)])
    path = tmp_path / "results.json"
    write_results(path, made)
    back = read_results(path)
    for one, other in zip(made, back, strict=True):
        for name in (
            "rendition",
            "source",
            "bytes",
            "duration",
            "encoder",
            "pooled",
            "bitrate",
            "kept",
        ):
            assert getattr(one, name) == getattr(other, name), name
        for name in ("scores", "features", "times", "index"):
            assert np.array_equal(getattr(one.result, name), getattr(other.result, name)), name
        assert np.array_equal(one.sizes, other.sizes)
        assert np.array_equal(one.keyframes, other.keyframes)
        assert one.result.provenance == other.result.provenance
        assert one.worst_window() == other.worst_window()


def test_a_table_of_features_can_be_scored_again(source, tmp_path):
    from vmaf_tiny.table import read_table

    made = encode_and_score(source, [Rendition(crf=23, **FAST), Rendition(crf=40, **FAST)])
    write_results(tmp_path / "results.parquet", made)
    for one, other in zip(made, read_table(tmp_path / "results.parquet"), strict=True):
        assert np.array_equal(one.result.features, other.result.features)
        assert (other.name, other.size) == (one.rendition.label, one.bytes)
        assert other.bitrate == one.bitrate


def test_a_table_has_a_row_for_each_rendition(source, tmp_path):
    import csv

    made = encode_and_score(source, [Rendition(crf=23, **FAST), Rendition(crf=40, **FAST)])
    write_results(tmp_path / "results.csv", made)
    with (tmp_path / "results.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [float(row["score"]) for row in rows] == [each.score for each in made]
    assert [float(row["crf"]) for row in rows] == [23, 40]


def test_packets_that_share_a_time_stamp_are_one_picture():
    packets = Packets()
    for stamp, size, key in ((0, 10, True), (80, 3, False), (40, 2, False), (80, 4, True)):
        packets.add(stamp, size, key)
    assert len(packets) == 3
    sizes, keys = packets.of(np.array([0, 40, 60, 80, 120]))
    assert sizes.tolist() == [10, 2, 0, 7, 0]
    assert keys.tolist() == [True, False, False, True, False]
    assert len(Packets()) == 0 and Packets().of(np.array([5]))[0].tolist() == [0]


def test_the_worst_window_is_the_worst(source):
    (made,) = encode_and_score(source, [Rendition(crf=40, **FAST)])
    scores = made.result.scores
    means = [scores[n : n + 25].mean() for n in range(len(scores) - 24)]
    window = made.worst_window(1.0)
    assert window.first == int(np.argmin(means))
    assert window.score == pytest.approx(min(means))
    assert window.end - window.start == pytest.approx(1.0)
    assert made.worst_window(100).score == made.score
