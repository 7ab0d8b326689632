"""The worst pictures in reports of videos that were edited first: with the same edit."""

import numpy as np
import pytest

import clips
import reports
from vmaf_tiny import score
from vmaf_tiny.edit import Box, Edit
from vmaf_tiny.encode import Rendition, encode_and_score
from vmaf_tiny.probe import describe
from vmaf_tiny.report import pictures
from vmaf_tiny.report.pictures import picture_pairs
from vmaf_tiny.rescore import read_results

COUNT, WIDTH, HEIGHT = 40, 256, 144
ROWS = [0, 7, 23, COUNT - 1]


@pytest.fixture(scope="module")
def lumas():
    return [clips.noisy(clips.plane(n, WIDTH, HEIGHT), 10, n) for n in range(COUNT)]


def pairs_of(one, rows=ROWS):
    found = picture_pairs(0, one, rows, lambda _: None)
    assert sorted(pair.index for pair in found) == sorted(rows)
    return {pair.index: pair for pair in found}


def shown(address):
    return reports.picture(address)


def bright(luma):
    """Return limited-range luma as a page shows it."""
    return np.clip(255 / 219 * (luma.astype(float) - 16), 0, 255)


EDITS = {
    "box": (Edit(crop=Box(128, 96, 32, 16)), lambda luma: luma[16:112, 32:160]),
    "turn": (Edit(rotate="90"), lambda luma: np.rot90(luma, -1)),
    "mirror": (Edit(rotate="hflip"), lambda luma: luma[:, ::-1]),
    "both": (
        Edit(crop=Box(128, 96, 32, 16), rotate="270"),
        lambda luma: np.rot90(luma[16:112, 32:160]),
    ),
}


@pytest.mark.parametrize("name", EDITS)
@pytest.mark.parametrize("sought", [True, False])
def test_pictures_of_an_edited_source_are_edited(lumas, tmp_path, name, sought, monkeypatch):
    edit, expected = EDITS[name]
    source = clips.write(tmp_path / "source.mkv", lumas, options={"g": "10", "bf": "2"})
    (made,) = encode_and_score(
        source, [Rendition(crf=10, preset="ultrafast")], edit=edit, keep=tmp_path
    )
    if not sought:
        monkeypatch.setattr(pictures, "_sought", lambda *_: {})
    for index, pair in pairs_of(made.scored).items():
        one, other = shown(pair.reference), shown(pair.distorted)
        assert one.shape == other.shape == (pair.height, pair.width)
        assert np.abs(one - bright(expected(lumas[index]))).mean() < 4
        assert np.abs(one - other).mean() < 4
        off = [np.abs(one - bright(expected(luma))).mean() for luma in lumas]
        assert int(np.argmin(off)) == index


def test_bars_that_were_found_are_cropped(lumas, tmp_path):
    wide = [np.pad(luma, ((24, 24), (0, 0)), constant_values=16) for luma in lumas]
    source = clips.write(tmp_path / "barred.mkv", wide)
    (made,) = encode_and_score(
        source, [Rendition(crf=10, preset="ultrafast")], edit=Edit(crop="auto"), keep=tmp_path
    )
    for index, pair in pairs_of(made.scored).items():
        assert (pair.width, pair.height) == (WIDTH, HEIGHT)
        assert np.abs(shown(pair.reference) - bright(lumas[index])).mean() < 4


@pytest.mark.parametrize("fields", ["frame", "field"])
def test_what_was_deinterlaced_is_deinterlaced_from_the_start(lumas, tmp_path, fields, monkeypatch):
    woven = clips.write_y4m(tmp_path / "woven.y4m", lumas, "It A1:1 C420jpeg")
    (made,) = encode_and_score(
        woven, [Rendition(crf=8, preset="ultrafast")], edit=Edit(deinterlace=fields), keep=tmp_path
    )
    monkeypatch.setattr(pictures, "_sought", lambda *_: pytest.fail("was sought"))
    for pair in pairs_of(made.scored, [0, 7, 31]).values():
        assert np.abs(shown(pair.reference) - shown(pair.distorted)).mean() < 4


def test_both_sides_of_a_pair_are_edited_and_so_they_are_from_a_log(lumas, tmp_path):
    reference = clips.write(tmp_path / "source.mkv", lumas)
    barred = [np.pad(luma, ((8, 8), (0, 0)), constant_values=16) for luma in lumas]
    turned = clips.write(tmp_path / "turned.mp4", [np.rot90(luma) for luma in barred])
    edit = Edit(rotate="180"), Edit(crop=Box(HEIGHT, WIDTH, 8, 0), rotate="270")
    result = score(reference, turned, edit=edit)
    result.write(tmp_path / "log.json")
    scored = describe(result, str(reference), str(turned))
    (logged,) = read_results([tmp_path / "log.json"])
    for one in (scored, logged):
        for index, pair in pairs_of(one).items():
            upside_down = bright(lumas[index][::-1, ::-1])
            for address in (pair.reference, pair.distorted):
                assert np.abs(shown(address) - upside_down).mean() < 4


def test_a_source_that_is_shown_turned_is_shown_upright(lumas, tmp_path):
    source = clips.write(tmp_path / "phone.mp4", lumas, rotation=90)
    (made,) = encode_and_score(source, [Rendition(crf=10, preset="ultrafast")], keep=tmp_path)
    for pair in pairs_of(made.scored).values():
        assert (pair.width, pair.height) == (HEIGHT, WIDTH)
        one, other = shown(pair.reference), shown(pair.distorted)
        assert one.shape == other.shape == (WIDTH, HEIGHT)
        assert np.abs(one - other).mean() < 4


def test_pictures_have_the_size_at_which_they_were_compared(lumas, tmp_path):
    source = clips.write(tmp_path / "source.mkv", lumas)
    small = Rendition(crf=20, preset="ultrafast", size=(128, 72))
    (made,) = encode_and_score(source, [small], keep=tmp_path, scale="distorted")
    for pair in pairs_of(made.scored).values():
        assert (pair.width, pair.height) == (128, 72)
