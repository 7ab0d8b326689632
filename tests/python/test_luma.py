"""Luma of frames: not copied where it can be lent, exact where it must be unpacked."""

from fractions import Fraction

import av
import numpy as np
import pytest
from av.filter import Graph

from clips import frame_of, plane
from vmaf_tiny.errors import InputError
from vmaf_tiny.luma import Conversion, Converter, deepen, first_plane, pixels

W, H = 70, 50  # rows are padded in memory


@pytest.fixture
def rng():
    return np.random.default_rng(11)


def noise(rng, bits=8, width=W, height=H):
    return rng.integers(0, 1 << bits, (height, width)).astype(np.uint8 if bits == 8 else np.uint16)


def luma_of(frame, **conversion):
    bits = conversion.pop("bits", pixels(frame.format.name).bits)
    return Converter(Conversion(bits=bits, **conversion))(frame)


def packed(samples, pixel_format):
    """Return a frame whose only or first plane has these rows of samples."""
    width = W
    frame = av.VideoFrame(width, H, pixel_format)
    for number, target in enumerate(frame.planes):
        rows = np.frombuffer(target, np.uint8).reshape(target.height, -1)
        rows[:] = 128
        if number == 0:
            data = np.ascontiguousarray(samples).view(np.uint8).reshape(H, -1)
            rows[:, : data.shape[1]] = data
    return frame


def filtered(frame, name, arguments=None):
    """Return what a filter of FFmpeg makes of a frame."""
    graph = Graph()
    size = {"width": frame.width, "height": frame.height}
    source = graph.add_buffer(**size, format=frame.format.name, time_base=Fraction(1))
    middle, sink = graph.add(name, arguments), graph.add("buffersink")
    source.link_to(middle)
    middle.link_to(sink)
    graph.configure()
    frame.pts = 0
    graph.push(frame)
    return graph.pull()


DIRECT = [
    ("yuv420p", 8), ("yuv422p", 8), ("yuv444p", 8), ("yuv440p", 8), ("yuv411p", 8),
    ("yuvj420p", 8), ("yuvj444p", 8), ("yuva420p", 8), ("nv12", 8), ("nv21", 8), ("nv16", 8),
    ("gray", 8), ("yuv420p9le", 9), ("yuv420p10le", 10), ("yuv422p10le", 10),
    ("yuv444p12le", 12), ("yuv420p14le", 14), ("yuv444p16le", 16), ("yuva444p10le", 10),
    ("gray10le", 10), ("gray12le", 12), ("gray16le", 16), ("nv20le", 10),
]  # fmt: skip


@pytest.mark.parametrize(("name", "bits"), DIRECT)
def test_planar_luma_is_the_frames_own_memory(rng, name, bits):
    luma = noise(rng, bits)
    frame = frame_of(luma, name)
    found = luma_of(frame)
    assert pixels(name).direct and pixels(name).bits == bits
    assert found.dtype == luma.dtype and np.array_equal(found, luma)
    assert np.shares_memory(found, np.frombuffer(frame.planes[0], np.uint8))
    assert not found.flags.writeable


def interleaved(place, of, shift=0):
    """Return a packer that puts luma at `place` of each group of `of` samples."""

    def pack(luma):
        groups = np.full((*luma.shape, of), 100, luma.dtype)
        groups[:, :, place] = luma << shift
        return groups

    return pack


REPACKED = [
    ("p010le", 10, lambda luma: luma << 6),
    ("p012le", 12, lambda luma: luma << 4),
    ("p016le", 16, lambda luma: luma),
    ("p210le", 10, lambda luma: luma << 6),
    ("p410le", 10, lambda luma: luma << 6),
    ("p010be", 10, lambda luma: (luma << 6).byteswap()),
    ("yuv420p10be", 10, lambda luma: luma.byteswap()),
    ("gray16be", 16, lambda luma: luma.byteswap()),
    ("yuyv422", 8, interleaved(0, 2)),
    ("yvyu422", 8, interleaved(0, 2)),
    ("uyvy422", 8, interleaved(1, 2)),
    ("y210le", 10, interleaved(0, 2, 6)),
    ("y212le", 12, interleaved(0, 2, 4)),
    ("ayuv", 8, interleaved(1, 4)),
    ("vuya", 8, interleaved(2, 4)),
    ("xv36le", 12, interleaved(1, 4, 4)),
    ("ayuv64le", 16, interleaved(1, 4)),
    ("ya8", 8, interleaved(0, 2)),
    ("ya16le", 16, interleaved(0, 2)),
]


@pytest.mark.parametrize(("name", "bits", "pack"), REPACKED)
@pytest.mark.parametrize("color_range", [0, 1, 2])
def test_packed_luma_is_unpacked_exactly(rng, name, bits, pack, color_range):
    luma = noise(rng, bits)
    frame = packed(pack(luma), name)
    frame.color_range = color_range
    assert not pixels(name).direct and pixels(name).bits == bits
    assert np.array_equal(luma_of(frame), luma)


def test_unpacking_is_exact_every_time(rng):
    # With more than one thread, swscale now and then spoils the start of a slice.
    for _ in range(200):
        luma = noise(rng, 10)
        assert np.array_equal(luma_of(packed(luma << 6, "p410le")), luma)


def test_black_and_white_is_gray(rng):
    frame = av.VideoFrame(64, 40, "monob")
    frame.planes[0].update(bytes([0b10101010]) * frame.planes[0].buffer_size)
    assert luma_of(frame)[0, :4].tolist() == [255, 0, 255, 0]


WEIGHTS = {
    "bt709": (0.2126, 0.7152, 0.0722),
    "bt601": (0.299, 0.587, 0.114),
    "bt2020": (0.2627, 0.678, 0.0593),
}


@pytest.mark.parametrize("matrix", WEIGHTS)
@pytest.mark.parametrize("range_", ["limited", "full"])
@pytest.mark.parametrize("name", ["rgb24", "gbrp", "rgb48le", "gbrp10le"])
def test_rgb_becomes_luma_by_the_matrix_and_range_asked_for(rng, matrix, range_, name):
    rgb = rng.integers(0, 256, (H, W, 3), dtype=np.uint8)
    bits = pixels(name).bits
    frame = av.VideoFrame.from_ndarray(rgb, "rgb24").reformat(format=name)
    exact = rgb @ np.array(WEIGHTS[matrix])
    exact = exact * 219 / 255 + 16 if range_ == "limited" else exact
    exact *= (1 << (bits - 8)) if range_ == "limited" else ((1 << bits) - 1) / 255
    found = luma_of(frame, matrix=matrix, range=range_)
    assert np.abs(found - exact).max() <= 1.01 * (1 << (bits - 8))


@pytest.mark.parametrize("name", ["bayer_rggb8", "xyz12le", "grayf32le", "gbrpf32le", "cuda"])
def test_what_has_no_luma_says_so(name):
    with pytest.raises(InputError, match=f"{name}.*convert"):
        pixels(name)


def test_unknown_format_says_so():
    with pytest.raises(InputError, match="unknown pixel format 'yuv421p'"):
        pixels("yuv421p")


def test_frame_that_is_upside_down_in_memory(rng):
    luma = noise(rng)
    flipped = filtered(frame_of(luma), "vflip")
    assert flipped.planes[0].line_size < 0
    assert np.array_equal(first_plane(flipped, 8), luma[::-1])


# --------------------------------------------------------------------------------- conversions


@pytest.mark.parametrize("bits", [9, 10, 12, 14, 16])
@pytest.mark.parametrize("full", [False, True])
def test_depth_is_raised_as_swscale_does(rng, bits, full):
    luma = noise(rng)
    frame = frame_of(luma)
    range_ = "JPEG" if full else "MPEG"
    other = frame.reformat(
        format=f"yuv420p{bits}le", src_color_range=range_, dst_color_range=range_
    )
    assert np.array_equal(deepen(luma, 8, bits, full=full), first_plane(other, bits))


def test_depth_is_raised_to_white_and_black():
    limited = np.array([[16, 235]], np.uint8)
    assert deepen(limited, 8, 10, full=False).tolist() == [[64, 940]]
    assert deepen(np.array([[0, 255]], np.uint8), 8, 12, full=True).tolist() == [[0, 4095]]
    assert deepen(np.array([[0, 1023]], np.uint16), 10, 16, full=True).tolist() == [[0, 65535]]


def scaled_by_ffmpeg(frame, width, height):
    """Return the luma that FFmpeg's own scale filter makes."""
    frame = filtered(frame, "scale", f"{width}:{height}:flags=bicubic")
    return first_plane(frame, pixels(frame.format.name).bits)


@pytest.mark.parametrize("size", [(160, 90), (101, 77), (35, 33)])
@pytest.mark.parametrize("bits", [8, 10])
def test_scaling_equals_ffmpegs_bicubic(size, bits):
    luma = plane(0, W, H, bits)
    frame = frame_of(luma, "yuv420p" if bits == 8 else "yuv420p10le")
    found = luma_of(frame, size=size)
    assert found.shape == size[::-1]
    assert np.array_equal(found, scaled_by_ffmpeg(frame, *size))


def test_planes_of_every_depth_are_scaled(rng):
    for bits in range(8, 17):
        white = np.full((H, W), (1 << bits) - 1, np.uint8 if bits == 8 else np.uint16)
        white[:, ::7] = 0  # bicubic overshoots beside the edges
        found = Converter(Conversion(bits=bits, size=(97, 61)))(white)
        assert found.shape == (61, 97) and found.max() == (1 << bits) - 1


def test_planes_with_other_strides_are_scaled(rng):
    whole = plane(0, 2 * W, H)
    part = whole[::-1, 10 : 10 + W]
    convert = Converter(Conversion(bits=8, size=(97, 61)))
    assert np.array_equal(convert(part), convert(np.ascontiguousarray(part)))


@pytest.mark.parametrize("turns", [1, 2, 3])
def test_turns_are_counterclockwise(turns):
    luma = plane(0, W, H)
    found = luma_of(frame_of(luma), turns=turns)
    assert np.array_equal(found, np.rot90(luma, turns)) and found.flags.c_contiguous


def test_all_at_once_is_turned_then_deepened_then_scaled():
    luma = plane(0, W, H)
    convert = Conversion(bits=10, turns=1, shift=2, size=(66, 90))
    deep = np.ascontiguousarray(np.rot90(luma)).astype(np.uint16) << 2
    expected = scaled_by_ffmpeg(frame_of(deep, "gray10le"), 66, 90)
    assert np.array_equal(Converter(convert)(frame_of(luma)), expected)


def test_nothing_to_do_gives_the_plane_itself():
    luma = plane(0, W, H)
    assert Converter(Conversion(bits=8))(luma) is luma
