"""Scores from end to end: any way in gives the same, everything is closed, results are whole."""

import gc
import importlib
import json
import math
import threading
import weakref
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

import vmaf_tiny
from clips import frame_of, noisy, plane, planes, write, write_raw, write_y4m
from vmaf_tiny import InputError, Model, OptionError, Scorer, score
from vmaf_tiny._core import FEATURES, POOLINGS
from vmaf_tiny.frames import RawFormat

COUNT = 20
MODULE = importlib.import_module("vmaf_tiny.score")  # the name in the package is the function


@pytest.fixture(scope="module")
def pair():
    """Planes of a reference and of a noisy copy."""
    reference = planes(COUNT)
    return reference, [noisy(luma, 12, seed=n) for n, luma in enumerate(reference)]


@pytest.fixture(scope="module")
def expected(pair):
    return score(*pair)


def equal(result, other):
    return (
        np.array_equal(result.features, other.features)
        and np.array_equal(result.scores, other.scores)
        and np.array_equal(result.index, other.index)
    )


def held():
    """Return how many threads run, but one that ends in a moment, and how many files are open."""
    threads = [thread for thread in threading.enumerate() if thread.name != "vmaf-tiny-log"]
    return len(threads), len(list(Path("/proc/self/fd").iterdir()))


@pytest.fixture(autouse=True)
def nothing_stays():
    """Check that no thread and no file outlives a test."""
    before = held()
    yield
    gc.collect()
    assert held() == before


# ------------------------------------------------------------------------------------- ways in


@pytest.mark.parametrize("name", ["a.mp4", "a.mkv", "a.ts", "a.avi", "a.h264"])
def test_every_container_gives_what_the_planes_give(tmp_path, pair, expected, name):
    codec = {"codec": "ffv1"} if name.endswith("avi") else {}
    paths = [write(tmp_path / f"{n}{name}", lumas, **codec) for n, lumas in enumerate(pair)]
    result = score(*paths)
    assert equal(result, expected) and result.warnings == ()
    timed = not name.endswith("h264")
    assert result.provenance.pairing.kind == ("time" if timed else "index")
    assert str(paths[0].name) in result.provenance.reference


def test_every_other_way_in_gives_what_the_planes_give(tmp_path, pair, expected):
    paths = [write(tmp_path / f"{n}.mkv", lumas) for n, lumas in enumerate(pair)]
    frames = [[frame_of(luma) for luma in lumas] for lumas in pair]
    with av.open(str(paths[0])) as one, av.open(str(paths[1])) as other:
        assert equal(score(one, other), expected)
        one.seek(0)
        other.seek(0)
        assert equal(score(one.streams.video[0], other), expected)
    assert equal(score(*frames), expected)
    assert equal(score(iter(frames[0]), (luma for luma in pair[1])), expected)
    assert equal(score(np.stack(pair[0]), pair[1]), expected)
    assert equal(score(paths[0], frames[1]), expected)
    raw = [write_raw(tmp_path / f"{n}.yuv", lumas) for n, lumas in enumerate(pair)]
    form = RawFormat(160, 128)
    assert equal(score(*raw, raw=form), expected)
    assert equal(score(paths[0], raw[1], raw=form), expected)
    assert equal(score(raw[0], write_y4m(tmp_path / "1.y4m", pair[1]), raw=(form, None)), expected)


@pytest.mark.parametrize("bits", [10, 12, 16])
def test_deep_video(tmp_path, pair, bits):
    deep = [[luma.astype(np.uint16) << (bits - 8) for luma in lumas] for lumas in pair]
    raw = RawFormat(160, 128, "420", bits)
    expected = score(*deep, raw=(raw, raw))
    paths = [write_raw(tmp_path / f"{n}.yuv", lumas) for n, lumas in enumerate(deep)]
    assert equal(score(*paths, raw=raw), expected)
    assert equal(score(deep[0], pair[1], raw=(raw, None)), expected)  # 8 bits are shifted up
    assert expected.provenance.bits == bits


def test_identical_video_is_as_good_as_can_be(pair):
    result = score(pair[0], pair[0])
    assert result.features[:, :5] == pytest.approx(1, abs=1e-4)  # all but motion
    assert result.score > score(*pair).score > 0


def test_threads_and_cpu_change_nothing(pair, expected):
    assert equal(score(*pair, threads=1), expected)
    assert equal(score(*pair, threads=3, cpu="c"), expected)


def test_one_object_cannot_be_both(tmp_path, pair):
    same = iter(pair[0])
    with pytest.raises(InputError, match="read from one object: open it twice"):
        score(same, same)
    with (
        av.open(str(write(tmp_path / "a.mkv", pair[0]))) as container,
        pytest.raises(InputError, match="open it twice"),
    ):
        score(container, container.streams.video[0])
    with pytest.raises(InputError, match="both videos are standard input"):
        score("-", Path("-"))


# ---------------------------------------------------------------------------------- what is said


def test_result(tmp_path, pair):
    paths = [write(tmp_path / f"{n}.mkv", lumas) for n, lumas in enumerate(pair)]
    result = score(*paths)
    assert result.scores.shape == result.index.shape == result.times.shape == (COUNT,)
    assert result.features.shape == (COUNT, 6) and result.features.dtype == np.float64
    assert result.index.tolist() == list(range(COUNT))
    assert np.allclose(result.times, np.arange(COUNT) / 25)
    assert set(result.pooled) == {"vmaf", *FEATURES}
    assert set(result.pooled["vmaf"]) == set(POOLINGS)
    assert result.score == result.pooled["vmaf"]["mean"] == pytest.approx(result.scores.mean())
    assert result.pooled["motion2"]["max"] == result.features[:, 5].max()
    assert result.fps > 0
    made = result.provenance
    assert made.version == vmaf_tiny.__version__ and made.model.id == "vmaf_tiny_v2"
    assert (made.width, made.height, made.bits, made.subsample) == (160, 128, 8, 1)
    assert made.reference == "0.mkv (h264, 160x128, yuv420p, limited range, 25 fps)"
    assert (made.pairing.kind, made.pairing.pairs) == ("time", COUNT)
    assert made.conversions == () and made.command and made.created.endswith("+00:00")


def test_worst_pictures(pair):
    distorted = list(pair[0])
    for n in (4, 11):
        distorted[n] = noisy(pair[0][n], 60)
    result = score(pair[0], distorted)
    worst = result.worst(3)
    assert {index for index, _, _ in worst[:2]} == {4, 11}
    assert [value for _, _, value in worst] == sorted(result.scores.tolist())[:3]
    assert all(math.isnan(time) for _, time, _ in worst)
    assert len(result.worst(99)) == COUNT and result.worst(0) == []


def test_dictionary_is_json(pair, expected):
    text = json.dumps(expected.to_dict(), allow_nan=False)
    read = json.loads(text)
    assert read["score"] == expected.score and len(read["frames"]) == COUNT
    assert read["frames"][3]["vmaf"] == expected.scores[3] and read["frames"][3]["time"] is None
    assert read["provenance"]["pairing"]["pairs"] == COUNT


@pytest.mark.parametrize("form", ["json", "xml", "csv", "sub"])
def test_log(tmp_path, pair, form):
    result = score(planes(3), planes(3, 80, 64))
    result = replace(result, warnings=("mind the gap",))
    result.write(tmp_path / "log", form)
    text = (tmp_path / "log").read_text()
    assert f"{result.scores[1]:.3f}"[:-1] in text
    if form == "json":
        log = json.loads(text)
        assert [frame["frameNum"] for frame in log["frames"]] == [0, 1, 2]
        assert "scaled to 160x128 by swscale bicubic" in text and "mind the gap" in text
    assert [path.name for path in tmp_path.iterdir()] == ["log"]


def test_progress(tmp_path, pair, monkeypatch):
    monkeypatch.setattr(MODULE, "_EVERY", 0.0)
    reports = []
    score(*pair, progress=reports.append)
    assert [report.done for report in reports] == [*range(1, COUNT + 1), COUNT]
    assert all(report.total == COUNT and report.fps > 0 for report in reports)
    assert reports[-1].eta == 0 and reports[4].eta > 0
    endless = []
    score(iter(pair[0]), iter(pair[1]), progress=endless.append)
    assert {(report.total, report.eta) for report in endless} == {(None, None)}


@pytest.mark.parametrize("subsample", [1, 3])
def test_scores_that_nobody_waits_for_are_those_of_push(subsample):
    def made(add):
        with Scorer(64, 48, subsample=subsample) as scorer:
            for n in range(150):  # more than are scored at once
                getattr(scorer, add)(plane(n, 64, 48), noisy(plane(n, 64, 48), 12, seed=n), time=n)
            return scorer.finish()[0]

    one, other = made("push"), made("add")
    assert equal(one, other)
    assert np.array_equal(one.times, other.times)
    assert len(other.scores) == -(-150 // subsample)


def test_nothing_looks_into_videos_that_are_not_scored(tmp_path, pair):
    path = write(tmp_path / "a.mkv", pair[0])
    with pytest.raises(vmaf_tiny.ModelError):
        score(path, path, "no such model")


def test_subsample_takes_features_of_all(pair, expected):
    result = score(*pair, subsample=3)
    assert result.index.tolist() == list(range(0, COUNT, 3))
    assert np.array_equal(result.features, expected.features[::3])
    assert np.array_equal(result.scores, expected.scores[::3])


def test_scaling_and_lengths_are_said(tmp_path):
    reference = write(tmp_path / "reference.mkv", planes(12))
    small = [np.ascontiguousarray(luma[::2, ::2]) for luma in planes(8)]
    distorted = write(tmp_path / "distorted.mkv", small)
    result = score(reference, distorted)
    assert len(result.scores) == 8
    assert result.provenance.conversions == ("distorted scaled to 160x128 by swscale bicubic",)
    (warning,) = result.warnings
    assert "about 4 of 12 pictures of reference reference.mkv come after the end" in warning


def test_dropped_pictures_find_their_partners(tmp_path):
    lumas = planes(30)
    kept = [n for n in range(30) if n not in (9, 10, 17)]
    reference = write(tmp_path / "reference.mkv", lumas)
    distorted = write(tmp_path / "distorted.mkv", [lumas[n] for n in kept], times=kept)
    result = score(reference, distorted)
    assert np.allclose(result.times, np.array(kept) / 25)
    assert result.features[:, :5] == pytest.approx(1, abs=1e-4)  # each against itself
    assert "3 of 30 pictures of reference reference.mkv have no partner" in result.warnings[0]


def test_shifted_video_is_told(pair):
    lumas = planes(41)
    result = score(lumas[1:], lumas[:-1])
    assert "1 picture behind the reference" in result.warnings[0]


def test_what_is_allowed_is_told(tmp_path):
    full = write(tmp_path / "full.mkv", planes(5), color_range=2)
    with pytest.raises(InputError, match="or allow range"):
        score(full, write(tmp_path / "other.mkv", planes(5)))
    result = score(full, tmp_path / "other.mkv", allow={"range"})
    assert "full range" in result.warnings[0]


def test_damage_that_is_allowed_is_told(tmp_path):
    lumas = [noisy(luma, seed=n) for n, luma in enumerate(planes(30))]
    path = write(tmp_path / "a.mkv", lumas)
    data = path.read_bytes()
    (tmp_path / "cut.mkv").write_bytes(data[: len(data) // 2])
    with pytest.raises(InputError, match=r"distorted cut\.mkv is damaged"):
        score(path, tmp_path / "cut.mkv")
    result = score(path, tmp_path / "cut.mkv", allow=["damage"])
    assert 5 < len(result.scores) < 25
    assert any("cut.mkv is damaged in" in warning for warning in result.warnings)


# ------------------------------------------------------------------------------------- bad ends


def test_options_that_cannot_be(pair):
    with pytest.raises(OptionError, match="pairing"):
        score(*pair, pairing="both")
    with pytest.raises(OptionError, match="distorted is None"):
        score(pair[0], None)
    with pytest.raises(OptionError, match="cannot allow"):
        score(*pair, allow=["all"])
    with pytest.raises(OptionError):
        score(*pair, cpu="abacus")
    with pytest.raises(OptionError):
        score(*pair, subsample=-1)
    with pytest.raises(vmaf_tiny.ModelError):
        score(*pair, "no_such_model")


def test_error_on_the_way(pair):
    with pytest.raises(InputError, match="distorted planes changes at picture 9"):
        score(pair[0], [*pair[1][:9], plane(0, 40, 40), *pair[1][10:]])


def test_error_of_a_generator_comes_through(pair):
    def breaking():
        yield from pair[1][:7]
        raise RuntimeError("the camera fell over")

    with pytest.raises(RuntimeError, match="fell over"):
        score(pair[0], breaking())


def test_sample_of_too_many_bits(pair):
    raw = RawFormat(160, 128, "gray", 10)
    deep = [luma.astype(np.uint16) << 4 for luma in pair[0]]
    with pytest.raises(InputError):
        score(deep, deep, raw=(raw, raw))


def test_interrupt_leaves_nothing_behind(tmp_path, monkeypatch):
    monkeypatch.setattr(MODULE, "_EVERY", 0.0)
    paths = [write(tmp_path / f"{n}.mkv", planes(200)) for n in range(2)]

    def stop(report):
        if report.done == 5:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        score(*paths, progress=stop)


def test_memory_does_not_grow_with_the_video():
    alive, most = 0, 0

    def died():
        nonlocal alive
        alive -= 1

    def many():
        nonlocal alive, most
        for n in range(400):
            luma = plane(n, 64, 48).copy()
            weakref.finalize(luma, died)
            alive += 1
            most = max(most, alive)
            yield luma

    result = score(many(), (plane(n, 64, 48) for n in range(400)), threads=2)
    assert len(result.scores) == 400
    assert most < 40 and alive == 0


# -------------------------------------------------------------------------------------- scorer


def test_scorer_gives_what_score_gives(pair, expected):
    with Scorer(160, 128) as scorer:
        ready = [step for a, b in zip(*pair, strict=True) for step in scorer.push(a, b)]
        assert [step.index for step in ready] == list(range(len(ready)))
        for step in ready:
            assert step.scores.tolist() == [expected.scores[step.index]]
            assert np.array_equal(step.features[0], expected.features[step.index])
        (result,) = scorer.finish()
    assert equal(result, expected) and result.provenance.pairing is None


def test_scorer_takes_several_renditions(pair, expected):
    worse = [noisy(luma, 40, seed=n) for n, luma in enumerate(pair[0])]
    with Scorer(160, 128, renditions=2) as scorer:
        for a, b, c in zip(*pair, worse, strict=True):
            scorer.push(a, b, c, time=1.5)
        good, bad = scorer.finish()
    assert equal(good, expected) and equal(bad, score(pair[0], worse))
    assert good.times.tolist() == [1.5] * COUNT
    with Scorer(160, 128, renditions=2) as scorer, pytest.raises(InputError):
        scorer.push(pair[0][0], pair[1][0])


def test_scorer_takes_frames_and_their_times(pair, expected):
    with Scorer(160, 128) as scorer:
        for n, (a, b) in enumerate(zip(*pair, strict=True)):
            frames = frame_of(a, "nv12"), frame_of(b, "yuyv422" if n % 2 else "yuv444p")
            frames[0].pts, frames[0].time_base = n, Fraction(1)
            if n % 2:
                rows = np.frombuffer(frames[1].planes[0], np.uint8).reshape(128, -1)
                rows[:, :320:2], rows[:, 1:320:2] = b, 128
            scorer.push(*frames)
        (result,) = scorer.finish()
    assert equal(result, expected)
    assert result.times.tolist() == list(range(COUNT))


def test_scorer_refuses_other_pictures(pair):
    with Scorer(160, 128) as scorer:
        for picture in (plane(0, 80, 64), plane(0, bits=10), "text"):
            with pytest.raises(InputError):
                scorer.push(picture, picture)
        for name in ("yuv420p10le", "rgb24"):
            frame = frame_of(plane(0)).reformat(format=name)
            with pytest.raises(InputError, match=f"frame is {name}, not YUV or gray of 8 bits"):
                scorer.push(frame, frame)
        with pytest.raises(InputError, match="no pictures were scored"):
            scorer.finish()


def test_model_can_be_shared_and_stays_open(pair, expected):
    with Model() as model:
        assert equal(score(*pair, model), expected)
        with Scorer(160, 128, model=model) as scorer:
            scorer.push(pair[0][0], pair[1][0])
        assert equal(score(*pair, model), expected)


def test_scorer_of_values_that_cannot_be():
    with pytest.raises(OptionError):
        Scorer(32, 32)
    with pytest.raises(vmaf_tiny.ModelError):
        Scorer(64, 64, model="no_such_model")
