"""Black bars are found where they are, and not where it is only dark."""

import numpy as np
import pytest

import vmaf_tiny
from clips import noisy, planes, write
from vmaf_tiny import VmafTinyError
from vmaf_tiny.bars import lit_edges, picture_area
from vmaf_tiny.edit import Box, Edit
from vmaf_tiny.survey import survey


def barred(luma, top=0, bottom=0, left=0, right=0, black=16, bits=8):
    deep = np.pad(luma, ((top, bottom), (left, right)), constant_values=black << (bits - 8))
    return deep.astype(luma.dtype)


def test_no_bars():
    assert picture_area(planes(5), 8) == (160, 128, 0, 0)


@pytest.mark.parametrize("bars", [(20, 20, 0, 0), (0, 0, 30, 30), (12, 8, 6, 0), (20, 20, 30, 30)])
@pytest.mark.parametrize("bits", [8, 10])
@pytest.mark.parametrize("black", [0, 16])
def test_bars(bars, bits, black):
    top, _, left, _ = bars
    lumas = [barred(luma, *bars, black, bits) for luma in planes(5, bits=bits)]
    assert picture_area(lumas, bits) == Box(160, 128, left, top)


@pytest.mark.parametrize("bits", [8, 10])
def test_edges_that_are_lit_can_have_no_bar(bits):
    (luma,) = planes(1, bits=bits)
    assert lit_edges(luma, bits).tolist() == [True] * 4
    letterbox = barred(luma, top=20, bottom=2, bits=bits)  # two rows are no bar
    assert lit_edges(letterbox, bits).tolist() == [False, True, True, True]
    assert lit_edges(barred(luma, right=9, bits=bits), bits).tolist() == [True] * 3 + [False]
    assert lit_edges(np.full_like(luma, 16 << (bits - 8)), bits) is None


def test_bars_of_a_bad_encode():
    lumas = [noisy(barred(luma, 20, 20), 6, seed=n) for n, luma in enumerate(planes(5))]
    assert picture_area(lumas, 8) == (160, 128, 0, 20)


def test_dark_pictures_among_others_do_not_matter():
    black = np.full((168, 160), 16, np.uint8)
    lumas = [black, *(barred(luma, 20, 20) for luma in planes(5)), black]
    assert picture_area(lumas, 8) == (160, 128, 0, 20)
    assert picture_area([black] * 9, 8) is None


def test_subtitle_in_a_bar():
    lumas = [barred(luma, 20, 20) for luma in planes(8)]
    lumas[3][155:160, 60:66] = 235
    assert picture_area(lumas, 8) == (160, 128, 0, 20)


def test_dark_scene_with_light_in_the_middle():
    """Light that falls off softly has no edge, wherever it is."""
    rows, columns = np.mgrid[:200, :300]
    for x, y in ((150, 100), (60, 150)):
        glow = 200 * np.exp(-((rows - y) ** 2 + (columns - x) ** 2) / 4000) + 16
        lumas = [noisy(glow.astype(np.uint8), 2, seed=n) for n in range(8)]
        assert picture_area(lumas, 8) == (300, 200, 0, 0)


def test_lit_things_that_move_in_the_dark():
    lumas = []
    for n in range(8):
        luma = np.full((200, 300), 17, np.uint8)
        luma[30 + 10 * n : 80 + 10 * n, 20 * n : 20 * n + 90] = 120
        lumas.append(luma)
    assert picture_area(lumas, 8) == (300, 200, 0, 0)


@pytest.mark.parametrize(
    "pictures",
    [
        np.zeros((64, 64), np.uint8),  # one plane, where a sequence of them belongs
        np.zeros((3, 64, 64), np.int16),
        np.zeros((3, 0, 64), np.uint8),
        [[[0] * 64] * 64] * 3,
        [None, None],
    ],
    ids=["a plane", "signed", "empty", "lists", "none"],
)
def test_what_is_no_video_is_refused_by_who_reads_it(pictures: object) -> None:
    with pytest.raises(VmafTinyError):
        vmaf_tiny.score(pictures, pictures)  # type: ignore[arg-type]


def test_no_more_pictures_are_looked_at_than_it_takes():
    class Shown(list):
        def __getitem__(self, index):
            looked_at.append(index)
            return super().__getitem__(index)

    looked_at = []
    black = np.full((128, 160), 16, np.uint8)
    assert survey(Shown([black, *planes(40)]), None, Edit()).area == Box(160, 128, 0, 0)
    assert len(looked_at) == 4  # three that can tell
    looked_at.clear()
    letterbox = [barred(luma, 20, 20) for luma in planes(40)]
    assert survey(Shown(letterbox), None, Edit()).area == Box(160, 128, 0, 20)
    assert len(looked_at) == 10


@pytest.mark.parametrize("interval", [2, 250])  # with key frames to look at, and with one
def test_area_of_a_file(tmp_path, interval):
    lumas = [barred(luma, 20, 20) for luma in planes(24)]
    path = write(tmp_path / "a.mkv", lumas, options={"g": str(interval)})
    assert survey(path, None, Edit()).area == Box(160, 128, 0, 20)
