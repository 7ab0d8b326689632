"""The benchmarks of the fast mode: what they compare, and what they draw."""

import importlib
from pathlib import Path

import numpy as np
import pytest

import clips

BENCH = Path(__file__).parents[2] / "tests/bench"


@pytest.fixture
def fast(monkeypatch):
    monkeypatch.syspath_prepend(str(BENCH))
    return importlib.import_module("fast")


@pytest.fixture
def held_out(monkeypatch):
    monkeypatch.syspath_prepend(str(BENCH))
    return importlib.import_module("fast_held_out")


def teacher(features):
    """Score features so that each of the six counts."""
    return features @ np.arange(1.0, 7.0)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("crowd_run_1920x1080_420p10.yuv", (1920, 1080, 10)),
        ("a_352x288.yuv420p.yuv", (352, 288, 8)),
        ("a_352x288_420p.mkv", None),
        ("plain.yuv", None),
    ],
)
def test_names_of_raw_clips_tell_what_they_are_like(fast, name, said):
    raw = fast.raw_format(Path(name))
    assert (raw and (raw.width, raw.height, raw.depth)) == said


def test_pictures_are_spread_evenly_and_of_even_size(fast, tmp_path):
    lumas = clips.planes(40, 97, 65)
    taken, bits = fast.pictures(clips.write_y4m(tmp_path / "a.y4m", lumas), 8)
    assert bits == 8 and len(taken) == 8
    for luma, of_clip in zip(taken, lumas[::5], strict=True):
        assert np.array_equal(luma, of_clip[:64, :96])


def test_pictures_of_many_bits_become_ones_of_ten(fast, tmp_path):
    lumas = clips.planes(3, 96, 64, bits=12)
    path = clips.write_raw(tmp_path / "a_96x64_420p12.yuv", lumas)
    taken, bits = fast.pictures(path, 3)
    assert bits == 10
    assert all(np.array_equal(a, b >> 2) for a, b in zip(taken, lumas, strict=True))


def test_only_large_pictures_move(fast, held_out, tmp_path):
    small = clips.write_y4m(tmp_path / "small.y4m", clips.planes(2))
    large = clips.write_y4m(tmp_path / "large.y4m", held_out.generated("mixed", 720, 2, 1))
    for crf, row in zip((20, 40), fast.moved(small, [20, 40], 2, teacher), strict=True):
        assert (row.clip, row.size, row.bits, row.crf) == ("small.y4m", (160, 128), 8, crf)
        assert row.most == row.mean == 0 < row.score
    (row,) = fast.moved(large, [40], 2, teacher)
    assert row.most >= row.mean > 0


def test_what_is_shown_is_the_worst_of_each_clip_and_size(fast):
    rows = [
        fast.Moved("a", (320, 180), 8, 18, 95.0, 0.0, 0.0),
        fast.Moved("b", (1280, 720), 8, 18, 94.0, 0.01, 0.001),
        fast.Moved("b", (1280, 720), 8, 45, 40.0, 0.002, 0.002),
        fast.Moved("c", (1920, 1080), 8, 45, 30.0, 0.03, 0.003),
    ]
    shown = [list(column.cells) for column in fast.table(rows).columns]
    assert shown[0] == ["a", "b", "c"]
    assert shown[3] == ["95 to 95", "40 to 94", "30 to 30"]
    assert shown[4:] == [["exact", "0.0100", "0.0300"], ["", "0.0020", "0.0030"]]
    shown = [list(column.cells) for column in fast.by_size(rows).columns]
    assert shown[0] == ["0 to 449", "450 to 1049", "1050 to 1999"]
    assert shown[1:3] == [["1", "1", "1"], ["1", "2", "1"]]
    assert shown[3] == ["0.0000", "0.0100", "0.0300"]


def test_what_is_held_out_is_drawn_by_seed_and_clip(held_out):
    encoders = list(held_out.CRFS)
    drawn = [list(held_out.draw(*of, encoders, 4)) for of in ((1, 0), (1, 0), (1, 1), (2, 0))]
    assert drawn[0] == drawn[1] and drawn[0] != drawn[2] != drawn[3] != drawn[0]
    for one in drawn:
        assert len(one) == 4 * len(encoders) and len({rows for rows, *_ in one}) == 4
        for rows, cut, encoder, crf in one:
            assert rows in held_out.ROWS and cut in held_out.CUTS
            assert crf in held_out.CRFS[encoder]


@pytest.mark.parametrize("bits", [8, 10])
def test_scaled_pictures_keep_their_shape_and_light(held_out, bits):
    flat = np.full((90, 161), 100 << (bits - 8), np.uint8 if bits == 8 else np.uint16)
    for scaled in held_out.scaled([flat, flat], 464, bits):
        assert scaled.shape == (464, 830) and scaled.dtype == flat.dtype
        assert np.unique(scaled).tolist() == [100 << (bits - 8)]
    wide = np.zeros((64, 2048), flat.dtype)
    assert held_out.scaled([wide], 464, bits)[0].shape == (464, held_out.WIDEST)


def test_generated_pictures_move_and_are_of_their_kind(held_out):
    rough = {}
    for kind in held_out.MIXTURES:
        first, second = held_out.generated(kind, 128, 2, 1)
        assert first.shape == (128, 226) and first.dtype == np.uint8
        assert np.array_equal(second, np.roll(first, (3, 5), (0, 1)))
        rough[kind] = np.abs(np.diff(first.astype(int), axis=1)).mean()
    assert rough["fine"] > 2 * rough["coarse"]
    top, bottom = np.split(held_out.generated("mixed", 128, 1, 1)[0].astype(float), 2)
    assert np.diff(top, axis=1).std() < np.diff(bottom, axis=1).std() / 2
