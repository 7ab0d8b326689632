"""Clean apertures of MP4 and PixelCrop of Matroska: applied, as FFmpeg's command does."""

import struct

import av
import av.logging
import numpy as np
import pytest

import clips
from vmaf_tiny import examine, score
from vmaf_tiny.cropping import container_crop
from vmaf_tiny.edit import Box, Edit
from vmaf_tiny.encode import Rendition, encode_and_score
from vmaf_tiny.frames import open_source
from vmaf_tiny.luma import Conversion, Converter
from vmaf_tiny.sweep import sweep

WIDTH, HEIGHT = 320, 192
LEFT, RIGHT, TOP, BOTTOM = 32, 4, 16, 8
BOX = Box(WIDTH - LEFT - RIGHT, HEIGHT - TOP - BOTTOM, LEFT, TOP)
COLOURS = {"color_primaries": 1, "color_trc": 1, "colorspace": 1, "color_range": 1}


@pytest.fixture(scope="module")
def lumas():
    return [clips.noisy(clips.plane(n, WIDTH, HEIGHT), seed=n) for n in range(12)]


def matroska(path, lumas, edges=(LEFT, RIGHT, TOP, BOTTOM)):
    """Write a file whose description of colours gives way to what is cropped off."""
    data = bytearray(clips.write(path, lumas, options={"g": "4"}, **COLOURS).read_bytes())
    begin = data.find(b"\x55\xb0")
    size = 3 + (data[begin + 2] & 0x7F)
    ids = (0xCC, 0xDD, 0xBB, 0xAA)
    told = b"".join(bytes([0x54, i, 0x81, n]) for i, n in zip(ids, edges, strict=True))
    void = size - len(told) - 2
    data[begin : begin + size] = told + bytes([0xEC, 0x80 | void]) + bytes(void)
    path.write_bytes(data)
    return path


def mp4(path, lumas, edges=(LEFT, RIGHT, TOP, BOTTOM)):
    """Write a file of which three boxes give way to a clean aperture."""
    written = clips.write(path, lumas, options={"g": "4"}, aspect=1, **COLOURS)
    data = bytearray(written.read_bytes())
    places = [data.find(name) - 4 for name in (b"colr", b"pasp", b"btrt")]
    assert min(places) > 0
    last = max(places)
    begin, end = min(places), last + struct.unpack(">I", data[last : last + 4])[0]
    left, right, top, bottom = edges
    width, height = WIDTH - left - right, HEIGHT - top - bottom
    clap = struct.pack(
        ">I4sIIIIiIiI", 40, b"clap", width, 1, height, 1, left - right, 2, top - bottom, 2
    )
    free = end - begin - len(clap)
    data[begin:end] = clap + struct.pack(">I4s", free, b"free") + bytes(free - 8)
    path.write_bytes(data)
    return path


WRITERS = {"a.mkv": matroska, "a.mp4": mp4}


@pytest.fixture(scope="module", params=WRITERS)
def cropped(request, lumas, tmp_path_factory):
    return WRITERS[request.param](tmp_path_factory.mktemp("crop") / request.param, lumas)


def of(path, edit=None):
    with open_source(path, edit=edit) as source:
        info = source.info
        return info, [p.luma.copy() for p in source.pictures(Converter(Conversion(bits=8)))]


def test_pictures_are_those_within_the_aperture(cropped, lumas):
    info, found = of(cropped)
    assert (info.width, info.height) == BOX[:2] and len(found) == len(lumas)
    for luma, expected in zip(found, lumas, strict=True):
        np.testing.assert_array_equal(luma, expected[TOP : HEIGHT - BOTTOM, LEFT : WIDTH - RIGHT])


def test_it_is_told(cropped):
    (note,) = examine(cropped).warnings
    assert note == f"reference {cropped.name} is cropped to {BOX}, as its container says"


def test_scores_are_those_of_cropped_pictures(cropped, lumas, tmp_path):
    inside = [luma[TOP : HEIGHT - BOTTOM, LEFT : WIDTH - RIGHT] for luma in lumas]
    plain = clips.write(tmp_path / "plain.mkv", inside)
    coarse = clips.write(tmp_path / "coarse.mp4", inside, options={"qp": "40"})
    assert np.array_equal(score(cropped, coarse).scores, score(plain, coarse).scores)


def test_a_crop_of_the_user_is_of_what_is_left(cropped, lumas):
    _, found = of(cropped, Edit(crop=Box(64, 48, 10, 20)))
    y, x = TOP + 20, LEFT + 10
    np.testing.assert_array_equal(found[3], lumas[3][y : y + 48, x : x + 64])


def test_encodes_are_of_what_is_left_also_by_segments(cropped, tmp_path):
    rendition = Rendition(crf=20, preset="ultrafast")
    (made,) = encode_and_score(cropped, [rendition], keep=tmp_path)
    assert (made.encoder.width, made.encoder.height) == BOX[:2]
    assert np.array_equal(score(cropped, made.kept).scores, made.result.scores)
    (parts,) = sweep(cropped, [rendition], segment=0.1, keep=tmp_path / "parts")
    assert parts.segments > 1
    assert np.array_equal(score(cropped, parts.kept).features, parts.result.features)


@pytest.mark.parametrize("write", WRITERS.values())
@pytest.mark.parametrize(
    ("edges", "expected"),
    [
        ((0, 0, 0, 0), None),
        ((1, 1, 1, 1), Box(318, 190, 0, 0)),  # whole samples of chroma, as FFmpeg has it
        ((3, 5, 0, 0), Box(312, 192, 2, 0)),
    ],
)
def test_edges_are_rounded_or_left_alone(write, edges, expected, lumas, tmp_path):
    path = write(tmp_path / ("a.mkv" if write is matroska else "a.mp4"), lumas[:2], edges)
    before = av.logging.get_level()
    with av.open(str(path)) as container:
        assert container_crop(container, container.streams.video[0]) == expected
    assert av.logging.get_level() == before
