"""Sources: every kind of input gives its pictures, and says clearly when it cannot."""

import os
import subprocess
import sys
from fractions import Fraction

import av
import numpy as np
import pytest
from av.stream import Disposition

from clips import frame_of, noisy, plane, planes, write, write_audio, write_raw, write_y4m
from vmaf_tiny.containers import raw_for
from vmaf_tiny.errors import InputError, OptionError
from vmaf_tiny.frames import RawFormat, open_source
from vmaf_tiny.luma import Conversion, Converter

W, H = 160, 128


def read(spec, **options):
    """Return what a source says of itself, its planes and their times."""
    with open_source(spec, **options) as source:
        pictures = list(source.pictures(Converter(Conversion(bits=source.info.bits))))
        assert [picture.index for picture in pictures] == list(range(len(pictures)))
        lumas = [picture.luma for picture in pictures]
        return source.info, lumas, [picture.time for picture in pictures]


def same(lumas, others):
    return len(lumas) == len(others) and all(map(np.array_equal, lumas, others))


# --------------------------------------------------------------------------------- containers

CONTAINERS = {
    "a.mp4": {},
    "a.mov": {},
    "a.mkv": {},
    "a.ts": {},
    "a.flv": {},
    "a.avi": {"codec": "ffv1"},
    "a.nut": {"codec": "ffv1"},
    "fragments.mp4": {"container_options": {"movflags": "frag_keyframe+empty_moov"}},
    "bframes.mkv": {"options": {"qp": "0", "bf": "3", "preset": "medium"}},
}


@pytest.mark.parametrize("name", CONTAINERS)
def test_container(tmp_path, name):
    lumas = planes(30)
    info, found, times = read(write(tmp_path / name, lumas, **CONTAINERS[name]))
    assert same(found, lumas)
    assert np.allclose(np.diff(times), 0.04)
    assert (info.width, info.height, info.bits, info.pixel_format) == (W, H, 8, "yuv420p")
    assert info.rate == 25 and abs(info.frame_count - 30) <= 3
    assert info.timestamps == "own"
    assert (info.range, info.range_said, info.hdr) == ("limited", False, None)


def test_spec_may_be_text_path_container_or_stream(tmp_path):
    lumas = planes(5)
    path = write(tmp_path / "a.mkv", lumas)
    assert same(read(str(path))[1], lumas)
    assert same(read(path)[1], lumas)
    with av.open(str(path)) as container:
        assert same(read(container)[1], lumas)
        container.seek(0)
        assert same(read(container.streams.video[0])[1], lumas)
        assert container.streams  # still open
    with av.open(str(path)) as container:
        frames = list(container.decode(video=0))
    info, found, times = read(frames)
    assert same(found, lumas) and info.timestamps == "own" and times[2] == pytest.approx(0.08)
    assert same(read(iter(frames))[1], lumas)


def test_path_with_a_colon_and_a_percent(tmp_path):
    path = write(tmp_path / "a:b%03d.mkv", planes(3))
    assert same(read(path)[1], planes(3))


def test_numbered_pictures(tmp_path):
    for n, luma in enumerate(planes(3)):
        write(tmp_path / f"{n:02}.png", [luma], codec="png", pixel_format="gray")
    info, found, _ = read(str(tmp_path / "%02d.png"))
    assert same(found, planes(3)) and info.family == "gray"


@pytest.mark.parametrize("width", [70, 97, 162])
def test_padded_rows(tmp_path, width):
    lumas = planes(3, width, 50)
    assert same(read(write(tmp_path / "a.mkv", lumas, codec="ffv1"))[1], lumas)


def test_decoder_leaves_kept_planes_alone(tmp_path):
    path = write(tmp_path / "a.mkv", planes(80), options={"qp": "0", "bf": "3", "refs": "4"})
    with open_source(path) as source:
        kept = [p.luma for p in source.pictures(Converter(Conversion(bits=8)))]
    assert not any(luma.flags.owndata for luma in kept)
    assert same(kept, planes(80))  # after all has been decoded and closed


def test_elementary_stream_has_no_times(tmp_path):
    info, found, times = read(write(tmp_path / "a.h264", planes(5), format="h264"))
    assert same(found, planes(5))
    assert info.timestamps == "none" and times == [None] * 5


def test_what_the_tags_say(tmp_path):
    tags = {"color_range": 2, "color_trc": 16, "colorspace": 9, "color_primaries": 9}
    info = read(write(tmp_path / "a.mp4", planes(2), aspect=Fraction(4, 3), **tags))[0]
    assert (info.range, info.range_said, info.hdr) == ("full", True, "PQ")
    assert (info.transfer, info.matrix, info.primaries) == ("smpte2084", "bt2020", "bt2020")
    assert info.sample_aspect == Fraction(4, 3)


def test_jpeg_is_full_range_unasked(tmp_path):
    path = write(tmp_path / "a.avi", planes(2), codec="mjpeg", pixel_format="yuvj420p")
    assert read(path)[0].range == "full"


@pytest.mark.parametrize(
    ("rotation", "mirrored", "expected"),
    [(90, False, (1, False)), (180, False, (2, False)), (-90, False, (3, False)),
     (0, True, (2, True))],
)  # fmt: skip
def test_orientation(tmp_path, rotation, mirrored, expected):
    path = write(tmp_path / "a.mp4", planes(2), rotation=rotation, mirrored=mirrored)
    info = read(path)[0]
    assert (info.turns, info.mirrored) == expected


def test_second_video_stream_is_mentioned(tmp_path):
    with av.open(str(tmp_path / "a.mkv"), "w") as out:
        streams = [out.add_stream("ffv1", rate=25) for _ in range(2)]
        for stream in streams:
            stream.width, stream.height, stream.pix_fmt = W, H, "yuv420p"
        for n, stream in enumerate(streams):
            frame = frame_of(plane(n))
            frame.pts = 0
            out.mux(stream.encode(frame))
            out.mux(stream.encode(None))
    info, found, _ = read(tmp_path / "a.mkv")
    assert "2 video streams; stream 0" in info.notes[0]
    assert same(found, [plane(0)])


# ---------------------------------------------------------------------------------- y4m and raw


def test_y4m(tmp_path):
    info, found, times = read(write_y4m(tmp_path / "a.y4m", planes(4), rate="30000:1001"))
    assert same(found, planes(4))
    assert info.timestamps == "constant" and info.frame_count == 4
    assert times[3] == pytest.approx(3 * 1001 / 30000)
    assert not info.interlaced and info.range == "limited"


@pytest.mark.parametrize("size", [(99, 67), (160, 128)])
def test_y4m_of_odd_size(tmp_path, size):
    assert same(read(write_y4m(tmp_path / "a.y4m", planes(2, *size)))[1], planes(2, *size))


def test_y4m_tags(tmp_path):
    path = write_y4m(tmp_path / "a.y4m", planes(2), "It A12:11 C420jpeg XCOLORRANGE=FULL")
    info = read(path)[0]
    assert info.interlaced and (info.range, info.range_said) == ("full", True)
    assert info.sample_aspect == Fraction(12, 11)
    mono = read(write_y4m(tmp_path / "m.y4m", planes(2), "Ip Cmono"))[0]
    assert (mono.family, mono.range, mono.range_said) == ("gray", "full", False)


@pytest.mark.parametrize("bits", [8, 9, 10, 11, 12, 13, 16])
@pytest.mark.parametrize(
    ("form", "chroma"), [("420", (2, 2)), ("422", (1, 2)), ("444", (1, 1)), ("gray", None)]
)
def test_raw_planar(tmp_path, bits, form, chroma):
    lumas = planes(3, 99, 67, bits)
    path = write_raw(tmp_path / "a.yuv", lumas, chroma)
    info, found, times = read(path, raw=RawFormat(99, 67, form, bits))
    assert same(found, lumas)
    assert (info.bits, info.frame_count, times) == (bits, 3, [None] * 3)


def test_raw_by_ffmpegs_names(tmp_path):
    lumas = planes(3)
    chroma = np.full((H // 2, W), 128, np.uint8)
    (tmp_path / "a.yuv").write_bytes(b"".join(x.tobytes() + chroma.tobytes() for x in lumas))
    assert same(read(tmp_path / "a.yuv", raw=RawFormat(W, H, "nv12"))[1], lumas)
    lumas = planes(3, bits=10)
    chroma = np.full((H // 2, W), 128 << 6, np.uint16)
    data = b"".join((x << 6).tobytes() + chroma.tobytes() for x in lumas)
    (tmp_path / "a.yuv").write_bytes(data)
    info, found, _ = read(tmp_path / "a.yuv", raw=RawFormat(W, H, "p010le"))
    assert same(found, lumas) and info.bits == 10


def test_raw_format_says_rate_and_range(tmp_path):
    path = write_raw(tmp_path / "a.yuv", planes(3))
    info, _, times = read(path, raw=RawFormat(W, H, fps=50, range="full"))
    assert (info.range, info.range_said, info.timestamps) == ("full", True, "constant")
    assert times == [0, 0.02, 0.04] and info.rate == 50
    assert read(path, raw=RawFormat(W, H, fps=23.976))[0].rate == Fraction(24000, 1001)


def test_a_picture_now_and_then_has_a_rate_too():
    for seconds in (256, 3600, 86400):
        assert RawFormat(W, H, fps=1 / seconds).rate == Fraction(1, seconds)


@pytest.mark.parametrize(
    "arguments",
    [(0, 8), (8, -1), (8, 8, "420", 7), (8, 8, "420", 17), (8, 8, "421"), (8, 8, "nv12", 10),
     (8, 8, "420", 8, 0), (8, 8, "420", 8, 25, "wide"), (8, 8, "bayer_rggb8")],
)  # fmt: skip
def test_raw_format_that_cannot_be(arguments):
    with pytest.raises(OptionError):
        RawFormat(*arguments)


def test_raw_file_of_another_size(tmp_path):
    path = write_raw(tmp_path / "a.yuv", planes(3))
    with pytest.raises(InputError, match=r"a\.yuv is 92160 bytes.*160x130 420 of 8 bits: check"):
        read(path, raw=RawFormat(160, 130))
    with pytest.raises(InputError, match=r"a\.yuv is 92160 bytes"):
        read(path, raw=RawFormat(1920, 1080))
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(InputError, match=r"a\.yuv is 92159 bytes"):
        read(path, raw=RawFormat(W, H))


def test_raw_without_a_format(tmp_path):
    with pytest.raises(InputError, match=r"is raw video.*give width, height, pixel format"):
        read(write_raw(tmp_path / "a.yuv", planes(1)))


def test_one_raw_format_is_for_what_looks_raw():
    raw = RawFormat(W, H)
    for spec in ("-", "a.yuv", "A.YUV", "folder.mp4/a", "a.raw"):
        assert raw_for(spec, raw) is raw
    for spec in ("a.mp4", "a.y4m", "folder.yuv/a.mkv", [plane(0)]):
        assert raw_for(spec, raw) is None


CHILD = """
import sys
from vmaf_tiny.frames import RawFormat, open_source
from vmaf_tiny.luma import Conversion, Converter
raw = RawFormat(*eval(sys.argv[1])) if sys.argv[1] else None
with open_source("-", raw=raw) as source:
    for picture in source.pictures(Converter(Conversion(bits=8))):
        sys.stdout.buffer.write(picture.luma.tobytes())
"""


@pytest.mark.parametrize("kind", ["mkv", "y4m", "raw"])
def test_standard_input(tmp_path, kind):
    lumas = planes(8)
    if kind == "mkv":
        path = write(tmp_path / "a.mkv", lumas)
    else:
        path = (write_y4m if kind == "y4m" else write_raw)(tmp_path / "a", lumas)
    done = subprocess.run(
        [sys.executable, "-c", CHILD, "(160, 128)" if kind == "raw" else ""],
        input=path.read_bytes(),
        capture_output=True,
        check=True,
    )
    assert done.stdout == b"".join(luma.tobytes() for luma in lumas)
    assert done.stderr == b""


def test_named_pipe(tmp_path):
    path = write(tmp_path / "a.mkv", planes(5))
    os.mkfifo(tmp_path / "pipe")
    with subprocess.Popen(["cp", path, tmp_path / "pipe"]) as writer:
        try:
            assert same(read(tmp_path / "pipe")[1], planes(5))
        finally:
            writer.kill()  # it would wait for ever for a reader that has failed


# ------------------------------------------------------------------------------ frames, planes


def test_planes_of_any_kind():
    lumas = planes(3)
    for spec in (lumas, np.stack(lumas), tuple(lumas), (x for x in lumas), iter(lumas)):
        info, found, times = read(spec)
        assert same(found, lumas)
        assert (info.bits, info.range, times) == (8, None, [None] * 3)
    assert all(a is b for a, b in zip(read(lumas)[1], lumas, strict=True))  # no copy


def test_planes_of_more_bits_need_a_word():
    lumas = planes(3, bits=10)
    with pytest.raises(InputError, match="uint16 planes: say how many bits"):
        read(lumas)
    info, found, times = read(lumas, raw=RawFormat(W, H, "gray", 10, 50))
    assert same(found, lumas) and info.bits == 10 and times == [0, 0.02, 0.04]


@pytest.mark.parametrize(
    "item",
    [np.zeros((8, 8, 3), np.uint8), np.zeros((8, 8)), np.zeros(8, np.uint8), "text", None],
)
def test_what_is_no_picture(item):
    with pytest.raises(InputError, match=r"distorted picture 0 is .*give luma planes"):
        read([item], role="distorted")


@pytest.mark.parametrize("spec", [3, None, np.zeros((8, 8), np.uint8), object()])
def test_what_is_no_video(spec):
    with pytest.raises(OptionError, match=r"reference is .*give a path"):
        read(spec)


def test_no_pictures():
    with pytest.raises(InputError, match="reference has no pictures"):
        read([])


# ------------------------------------------------------------------------------------ bad files


def test_files_that_are_none(tmp_path):
    with pytest.raises(InputError, match=r"reference no\.mp4: there is no such file"):
        read(tmp_path / "no.mp4")
    with pytest.raises(InputError, match="the path is empty: give a file"):
        read("")
    with pytest.raises(InputError, match="is a folder: give a file"):
        read(tmp_path)
    (tmp_path / "empty.mp4").touch()
    with pytest.raises(InputError, match=r"empty\.mp4 is empty"):
        read(tmp_path / "empty.mp4")
    (tmp_path / "noise.mp4").write_bytes(np.random.default_rng(0).bytes(5000))
    with pytest.raises(InputError, match=r"noise\.mp4 is no video that FFmpeg can read"):
        read(tmp_path / "noise.mp4")
    (tmp_path / "notes.txt").write_text("These are notes.\n" * 200)
    with pytest.raises(InputError, match=r"notes\.txt is text: give a video"):
        read(tmp_path / "notes.txt")
    with pytest.raises(
        InputError, match=r"cannot be opened: (Connection refused|Network is unreachable)"
    ):
        read("http://127.0.0.1:9/a.mp4")


def test_codec_that_nobody_knows(tmp_path):
    path = write(tmp_path / "a.avi", planes(2), codec="ffv1")
    path.write_bytes(path.read_bytes().replace(b"FFV1", b"QQQQ"))
    with pytest.raises(InputError, match=r"a\.avi: FFmpeg has no decoder for it"):
        read(path)


def test_sound_only(tmp_path):
    with pytest.raises(InputError, match=r"a\.m4a has no video \(its streams: audio\)"):
        read(write_audio(tmp_path / "a.m4a"))


def test_cover_picture_is_no_video(tmp_path):
    with av.open(str(tmp_path / "a.mp4"), "w") as out:
        sound = out.add_stream("aac", rate=48000)
        cover = out.add_stream("mjpeg", rate=1)
        cover.width, cover.height, cover.pix_fmt = 64, 64, "yuvj420p"
        cover.disposition = Disposition.attached_pic
        picture = frame_of(plane(0, 64, 64), "yuvj420p")
        picture.pts = 0
        out.mux(cover.encode(picture))
        silence = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), "fltp", "mono")
        silence.sample_rate = 48000
        out.mux(sound.encode(silence))
        out.mux(sound.encode(None))
    with av.open(str(tmp_path / "a.mp4")) as container:
        assert len(container.streams.video) == 1
    with pytest.raises(InputError, match="has no video"):
        read(tmp_path / "a.mp4")


CUT = {
    "a.mp4": {"container_options": {"movflags": "faststart"}},
    "index_at_the_end.mp4": {},
    "fragments.mp4": {"container_options": {"movflags": "frag_keyframe+empty_moov"}},
    "a.mkv": {},
    "a.flv": {},
    "a.avi": {"codec": "ffv1"},
    "a.ivf": {"codec": "libvpx", "options": {"deadline": "realtime"}},
}


@pytest.mark.parametrize("name", CUT)
@pytest.mark.parametrize("part", [0.45, 0.8])
def test_cut_off_file(tmp_path, name, part):
    lumas = [noisy(luma, seed=n) for n, luma in enumerate(planes(30))]
    path = write(tmp_path / name, lumas, **CUT[name])
    assert len(read(path)[1]) == 30
    data = path.read_bytes()
    path.write_bytes(data[: int(part * len(data))])
    with pytest.raises(InputError, match=r"damage|cut off"):
        read(path)


def test_cut_off_y4m(tmp_path):
    path = write_y4m(tmp_path / "a.y4m", planes(5))
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(InputError, match=r"damaged at 0\.12 s: its last frame is cut off"):
        read(path)


def test_cut_off_raw_from_a_pipe(tmp_path):
    path = write_raw(tmp_path / "a.yuv", planes(5))
    done = subprocess.run(
        [sys.executable, "-c", CHILD, "(160, 128)"],
        input=path.read_bytes()[:-100],
        capture_output=True,
    )
    assert b"standard input is damaged" in done.stderr


@pytest.mark.parametrize("name", ["a.mp4", "a.mkv", "a.ts", "a.avi"])
def test_damage_is_refused_or_counted(tmp_path, name):
    lumas = [noisy(luma, seed=n) for n, luma in enumerate(planes(30))]
    codec = {"codec": "mpeg4"} if name == "a.avi" else {}
    path = write(tmp_path / name, lumas, **codec)
    data = bytearray(path.read_bytes())
    middle = len(data) // 2
    data[middle : middle + 3000] = bytes(3000)
    path.write_bytes(data)
    with pytest.raises(InputError, match=rf"{name} is damaged at .*or allow damage"):
        read(path)
    with open_source(path, damaged=True) as source:
        found = list(source.pictures(Converter(Conversion(bits=8))))
        assert source.damages > 0
    assert 10 <= len(found) <= 30


def test_all_damaged(tmp_path):
    path = write(tmp_path / "a.h264", planes(5), format="h264")
    data = bytearray(path.read_bytes())
    data[60:] = bytes(len(data) - 60)
    path.write_bytes(data)
    with pytest.raises(InputError):
        read(path, damaged=True)


def test_size_that_changes_on_the_way(tmp_path):
    one = write(tmp_path / "one.h264", planes(5), format="h264").read_bytes()
    two = write(tmp_path / "two.h264", planes(5, 96, 64), format="h264").read_bytes()
    (tmp_path / "both.h264").write_bytes(one + two)
    with pytest.raises(InputError, match=r"changes at picture 5 from 160x128 .* to 96x64 .*cut it"):
        read(tmp_path / "both.h264")


def test_planes_and_frames_that_change_on_the_way():
    with pytest.raises(InputError, match=r"changes at picture 2 from uint8\[128, 160\]"):
        read([*planes(2), plane(0, 96, 64)])
    frames = [frame_of(plane(0)), frame_of(plane(0), "yuv422p")]
    with pytest.raises(InputError, match="changes at picture 1 from 160x128 yuv420p"):
        read(frames)


# ------------------------------------------------------------------------------ in a thread


def test_read_ahead_gives_the_same_and_stops_early(tmp_path):
    path = write(tmp_path / "a.mkv", planes(60))
    with open_source(path) as source:
        found = [p.luma for p in source.read_ahead(Converter(Conversion(bits=8)))]
    assert same(found, planes(60))
    with open_source(path) as source:
        ahead = source.read_ahead(Converter(Conversion(bits=8)))
        assert np.array_equal(next(ahead).luma, plane(0))
    assert list(ahead) == []


def test_read_ahead_raises_where_the_error_is():
    with open_source([*planes(2), plane(0, 96, 64)]) as source:
        ahead = source.read_ahead(Converter(Conversion(bits=8)))
        assert [next(ahead).index, next(ahead).index] == [0, 1]
        with pytest.raises(InputError, match="changes at picture 2"):
            next(ahead)


@pytest.mark.parametrize(("size", "most"), [((1280, 720), 10), ((160, 128), 40)])
def test_read_ahead_does_not_run_away(size, most):
    """Small pictures are handed over eight at a time."""
    given = []

    def many():
        for n in range(1000):
            given.append(n)
            yield black

    black = np.zeros(size[::-1], np.uint8)
    with open_source(many()) as source:
        ahead = source.read_ahead(Converter(Conversion(bits=8)))
        for _ in range(5):
            next(ahead)
        assert len(given) <= most


_LOGGING = """
import logging, sys
import av.logging
from vmaf_tiny.frames import open_source
logging.getLogger("libav").setLevel(logging.CRITICAL)
av.logging.set_level(av.logging.DEBUG)
for _ in range(40):
    with open_source(sys.argv[1], role="source") as source:
        images = source.images()
        next(images)
    del source, images
"""


def test_decoders_that_log_are_closed(tmp_path):
    """A decoder's threads may want the interpreter's lock, and whoever frees it waits for them."""
    path = write(tmp_path / "video.mp4", planes(30))
    subprocess.run([sys.executable, "-c", _LOGGING, path], check=True, timeout=60)
