"""Strange but possible videos: the right score, or one clear line; each was wrong once or could be.

What is right is computed from the planes that the videos were made of, by `Scorer` alone.
"""

import json
import os
import time
from collections.abc import Callable, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

import clips
import vmaf_tiny
from vmaf_tiny.cli import main
from vmaf_tiny.encode import Rendition, encode_and_score
from vmaf_tiny.encode.lane import Lane
from vmaf_tiny.errors import InputError
from vmaf_tiny.frames import RawFormat
from vmaf_tiny.search import search
from vmaf_tiny.windows import worst_windows

COUNT = 12
FAST = ("--preset", "ultrafast", "--no-store", "-q")
MILLISECOND = Fraction(1, 1000)

Said = Callable[..., tuple[int, str, str]]


@pytest.fixture
def said(capfd: pytest.CaptureFixture[str]) -> Said:
    """Run the command here and return status, standard output and standard error."""

    def run(*arguments: object) -> tuple[int, str, str]:
        status = main([str(each) for each in arguments])
        return status, *capfd.readouterr()

    return run


@pytest.fixture(scope="module")
def lumas() -> list[Any]:
    return clips.planes(COUNT)


@pytest.fixture(scope="module")
def noisy(lumas: list[Any]) -> list[Any]:
    return [clips.noisy(luma, 20, n) for n, luma in enumerate(lumas)]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("strange")


@pytest.fixture(scope="module")
def reference(place: Path, lumas: list[Any]) -> Path:
    return clips.write(place / "reference.mkv", lumas, codec="ffv1")


def right(lumas: Sequence[Any], others: Sequence[Any], bits: int = 8) -> list[float]:
    """Return the scores of planes."""
    height, width = lumas[0].shape
    with vmaf_tiny.Scorer(width, height, bits, threads=1) as scorer:
        for one, other in zip(lumas, others, strict=True):
            scorer.push(one, other)
        return scorer.finish()[0].scores.tolist()


def refused(answer: tuple[int, str, str], *words: str) -> None:
    status, out, err = answer
    assert (status, out) == (1, "") and err.count("\n") == 1, answer
    assert err.startswith("vmaf-tiny: error: ") and "Errno" not in err, answer
    for word in words:
        assert word in err, answer


# ---------------------------------------------------------------------------------- time stamps


def stamped(path: Path, lumas: Sequence[Any], times: Sequence[int | None]) -> Path:
    """Write a video whose packets have these time stamps, in milliseconds."""
    with av.open(str(path), "w") as out:
        stream = out.add_stream("ffv1", rate=25)
        stream.width, stream.height, stream.pix_fmt = 160, 128, "yuv420p"
        stream.time_base = stream.codec_context.time_base = MILLISECOND
        packets = []
        for number, luma in enumerate(lumas):
            frame = clips.frame_of(luma)
            frame.pts, frame.time_base = number, MILLISECOND
            packets += stream.encode(frame)
        packets += stream.encode(None)
        for number, (packet, time) in enumerate(zip(packets, times, strict=True)):
            packet.pts, packet.dts = time, min(number, 0 if time is None else time)
            out.mux(packet)
    return path


STEADY = [40 * n for n in range(COUNT)]
TIMES: dict[str, tuple[list[int | None], str]] = {
    "repeated": ([*STEADY[:5], STEADY[4], *STEADY[6:]], "do not increase at picture 5"),
    "all the same": ([0] * COUNT, "do not increase at picture 1"),
    "back": ([*STEADY[:6], 170, *STEADY[7:]], "do not increase at picture 6"),
    "far back": ([*STEADY[:6], 8, *STEADY[7:]], "do not increase at picture 6"),
    "huge": ([10**12 + time for time in STEADY], ""),
    "late": ([1400 + time for time in STEADY], ""),
}


@pytest.mark.parametrize("name", TIMES)
def test_time_stamps(
    said: Said, place: Path, reference: Path, lumas: list[Any], noisy: list[Any], name: str
) -> None:
    """Those that are in no order are refused and can be done without; others do not matter."""
    times, words = TIMES[name]
    path = stamped(place / f"{name}.mkv", noisy, times)
    expected = right(lumas, noisy)
    if words:
        refused(said("score", "-q", reference, path), words, "pair by index")
        refused(said("score", "-q", path, reference), words, "pair by index")
        refused(said("sweep", *FAST, "--crf", 30, path), words, "remux")
    else:
        assert vmaf_tiny.score(reference, path).scores.tolist() == expected
        source = stamped(place / f"{name} source.mkv", lumas, times)
        assert said("sweep", *FAST, "--crf", 30, source)[0] == 0
    result = vmaf_tiny.score(reference, path, pairing="index")
    assert result.scores.tolist() == expected


def test_a_picture_without_time_stamp(lumas: list[Any]) -> None:
    """It does not get one that another picture may have."""

    def frames() -> Any:
        for number, luma in enumerate(lumas):
            frame = clips.frame_of(luma)
            frame.pts, frame.time_base = 2 * number, Fraction(1, 25)
            if number == 7:
                frame.pts = None
            yield frame

    with pytest.raises(InputError, match="picture 7 of the source has no time stamp"):
        encode_and_score(frames(), [Rendition(crf=30, preset="ultrafast")])
    with pytest.raises(InputError, match="no time stamp at picture 7: pair by index"):
        vmaf_tiny.score(frames(), frames())


def test_mpeg_ts_starts_late(said: Said, place: Path, lumas: list[Any]) -> None:
    """Its end is that of its own time stamps, not of those that encoders get."""
    source = clips.write(place / "late.ts", clips.planes(60), format="mpegts")
    status, out, err = said("sweep", *FAST, "--crf", 30, source)
    assert (status, err) == (0, "") and 0 < float(out) <= 100
    cut = place / "cut.ts"
    cut.write_bytes(source.read_bytes()[: source.stat().st_size // 188 // 2 * 188])
    assert said("sweep", *FAST, "--crf", 30, cut)[0] in (0, 1)


@pytest.mark.parametrize("times", [np.arange(6) * 5.0, np.array([0, 0.04, 1e8, 1e8 + 0.04])])
def test_windows_of_pictures_that_are_shown_for_long(times: Any) -> None:
    scores = np.linspace(90, 50, len(times))
    (worst,) = worst_windows(scores, times)
    assert worst.first <= worst.last and 50 <= worst.score <= 90


# ------------------------------------------------------------------------------- what is read


def packed(path: Path, lumas: Sequence[Any], pixel_format: str, name: str) -> Path:
    """Write planes without loss in a pixel format, made of another one that is written as it is."""
    with av.open(str(path), "w") as out:
        stream = out.add_stream("rawvideo", rate=25)
        stream.width, stream.height, stream.pix_fmt = 160, 128, name
        for number, luma in enumerate(lumas):
            frame = clips.frame_of(luma, pixel_format)
            frame = frame.reformat(format=name) if name != pixel_format else frame
            frame.pts, frame.time_base = number, Fraction(1, 25)
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    return path


@pytest.mark.parametrize(
    ("name", "bits"),
    [("gray", 8), ("gray10le", 10), ("gray12le", 12), ("gray14le", 14), ("gray16le", 16),
     ("yuv410p", 8), ("yuv411p", 8), ("yuv440p", 8), ("yuvj420p", 8), ("nv21", 8), ("yuyv422", 8),
     ("uyvy422", 8), ("yuva420p", 8), ("yuv420p9le", 9), ("yuv420p10be", 10), ("yuv422p12le", 12),
     ("yuv420p14le", 14), ("yuv444p16le", 16), ("yuv444p16be", 16)],
)  # fmt: skip
def test_pixel_formats(place: Path, name: str, bits: int) -> None:
    """Scores are those of the planes, whatever the samples are packed in."""
    lumas = clips.planes(3, bits=bits)
    others = [np.where(luma > luma.mean(), luma - (8 << (bits - 8)), luma) for luma in lumas]
    plain = name.replace("be", "le") if name.startswith(("gray", "yuv4", "yuvj", "yuva")) else ""
    plain = plain or "yuv422p" if name in ("yuyv422", "uyvy422") else plain or "yuv420p"
    paths = [
        packed(place / f"{name}.{side}.nut", planes, plain, name)
        for side, planes in (("r", lumas), ("d", others))
    ]
    assert vmaf_tiny.score(*paths).scores.tolist() == right(lumas, others, bits)


@pytest.mark.parametrize("name", ["bayer_rggb8", "rgb4", "grayf32le", "xyz12le"])
def test_pixel_formats_without_luma(lumas: list[Any], name: str) -> None:
    frame = av.VideoFrame(160, 128, name)
    for run in (
        lambda: vmaf_tiny.score([frame], [frame]),
        lambda: encode_and_score([frame], [Rendition(crf=30, preset="ultrafast")]),
    ):
        with pytest.raises(InputError, match=f"no luma can be had from pixel format {name}"):
            run()


@pytest.mark.parametrize("name", ["gray", "gray10le", "gray16le"])
def test_gray_sources_keep_their_range(place: Path, name: str) -> None:
    """Gray is of full range without saying so; its encodes must say so."""
    bits = 8 if name == "gray" else int(name[4:6])
    source = packed(place / f"source.{name}.nut", clips.planes(4, bits=bits), name, name)
    (made,) = encode_and_score(source, [Rendition(crf=1, preset="ultrafast")], keep=place / name)
    assert made.result.features[:, 1].min() > 0.9  # vif_scale0: samples are as they were
    again = vmaf_tiny.score(source, made.kept)
    assert again.scores.tolist() == made.result.scores.tolist()


@pytest.mark.parametrize("name", ["large.mkv", "large.nut", "large.avi"])
def test_packets_with_more_than_a_picture(
    said: Said, place: Path, reference: Path, lumas: list[Any], name: str
) -> None:
    """Samples of a larger picture must not be taken for those of a smaller one."""
    path = place / name
    with av.open(str(path), "w") as out:
        stream = out.add_stream("rawvideo", rate=25)
        stream.width, stream.height, stream.pix_fmt = 160, 128, "yuv420p"
        for number, luma in enumerate(lumas):
            packet = av.Packet(np.repeat(luma, 3).tobytes())  # twice as many as it says
            packet.stream, packet.time_base = stream, Fraction(1, 25)
            packet.pts = packet.dts = number
            packet.is_keyframe = True
            out.mux(packet)
    refused(said("score", "-q", reference, path), "61440 bytes", "160x128 yuv420p", "allow damage")
    assert said("score", "-q", "--allow-damage", reference, path)[0] == 0


def test_crop_that_breaks_alignment(place: Path, lumas: list[Any], noisy: list[Any]) -> None:
    """A stream that cuts off a few columns on the left is as wide as it says."""
    wide = [np.pad(luma, ((0, 0), (2, 0)), mode="edge") for luma in noisy]
    whole = clips.write(place / "wide.h264", wide, codec="libx264")
    with av.open(str(whole)) as given, av.open(str(place / "cut.h264"), "w") as out:
        stream = out.add_stream_from_template(given.streams.video[0])
        crop = av.BitStreamFilterContext("h264_metadata=crop_left=2", stream, stream)
        for packet in given.demux(video=0):
            out.mux(crop.filter(packet if packet.size else None))
    reference = clips.write(place / "narrow.mkv", lumas, codec="ffv1")
    result = vmaf_tiny.score(reference, place / "cut.h264")
    assert result.provenance.conversions == ()
    assert result.scores.tolist() == right(lumas, noisy)


def test_a_cover_is_no_video(said: Said, place: Path, reference: Path, noisy: list[Any]) -> None:
    cover = clips.write(place / "cover.png", noisy[:1], codec="png", pixel_format="gray")
    sound = clips.write_audio(place / "sound.m4a")
    path = place / "covered.m4a"
    with av.open(str(path), "w", format="mp4") as out, av.open(str(sound)) as one:
        other = av.open(str(cover))
        audio = out.add_stream_from_template(one.streams.audio[0])
        picture = out.add_stream_from_template(other.streams.video[0])
        picture.disposition = av.stream.Disposition.attached_pic
        for given, stream in ((other, picture), (one, audio)):
            for packet in given.demux():
                if packet.dts is not None:
                    packet.stream = stream
                    out.mux(packet)
        other.close()
    for pair in ((reference, path), (path, reference)):
        refused(said("score", "-q", *pair), "covered.m4a has no video", "a cover picture, audio")


# ----------------------------------------------------------------------------- read once more


CONTAINERS: dict[str, dict[str, Any]] = {
    "video.ts": {"format": "mpegts"},
    "odd:name 100%.mkv": {},
    "b-frames.avi": {"options": {"bf": "2", "preset": "veryfast", "qp": "0"}},
    "video.y4m": {},
    "video.yuv": {},
}


@pytest.mark.parametrize("name", CONTAINERS)
def test_samples_of_every_container(place: Path, name: str) -> None:
    """A search reads parts of its source again, and finds the pictures that were scored."""
    planes = clips.planes(75)
    raw = RawFormat(160, 128, fps=25) if name.endswith(".yuv") else None
    if raw:
        path = clips.write_raw(place / name, planes)
    elif name.endswith(".y4m"):
        path = clips.write_y4m(place / name, planes)
    else:
        path = clips.write(place / name, planes, **CONTAINERS[name])
    found = search(
        path, 80, raw=raw, rendition=Rendition(preset="ultrafast"), chunk=0.2, samples=3, probes=3,
        tolerance=0,
    )  # fmt: skip
    sampled = [probe for probe in found.found.probes if not probe.whole]
    assert sampled and all(0 < probe.score <= 100 for probe in sampled)
    assert json.dumps(found.to_dict(), allow_nan=False)


def test_a_kept_encode_has_its_last_packet(
    place: Path, lumas: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file that is slow to write to is not closed while its last packet is on the way."""
    write = Lane._write

    def slow(lane: Lane, packet: Any) -> None:
        time.sleep(0.2)
        write(lane, packet)

    monkeypatch.setattr(Lane, "_write", slow)
    rendition = Rendition(crf=30, preset="ultrafast")
    (made,) = encode_and_score(lumas[:3], [rendition], keep=place / "slow")
    with av.open(str(made.kept)) as container:
        assert sum(bool(packet.size) for packet in container.demux()) == 3


@pytest.mark.parametrize("command", ["sweep", "search", "ladder"])
def test_loops_refuse_what_can_be_read_once(said: Said, place: Path, command: str) -> None:
    """They would wait for ever for a second writer."""
    pipe = place / f"pipe for {command}"
    os.mkfifo(pipe)
    more = {"sweep": ("--crf", 30), "search": ("--target", 90), "ladder": ()}[command]
    for source in (pipe, "-", "/dev/zero"):
        refused(said(command, *more, source), "read more than once", "file")


def test_a_name_that_is_no_utf8(said: Said, place: Path, reference: Path) -> None:
    path = place / os.fsdecode(b"\xff\n<b>.mkv")
    path.write_bytes(reference.read_bytes())
    for ending in ("json", "csv", "parquet"):
        out = place / f"named.{ending}"
        assert said("score", "-q", reference, path, "-o", out)[0] == 0
        assert said("rescore", "-q", out)[0] == 0
        assert said("report", "-q", "--pictures", 1, out, "-o", place / "named.html")[0] == 0
        made = place / f"made.{ending}"
        assert said("sweep", *FAST, "--crf", 30, path, "-o", made)[0] == 0
        if ending != "csv":
            assert said("report", "-q", made, "-o", place / "made.html")[0] == 0


NO_NUMBERS = {
    "sweep": [
        "--bitrate 99999999999999M",
        "--crf 30 --segment inf",
        "--crf nan",
        "--qp nan",
        "--qp inf",
        "--crf nan:40:1",
        "--crf 20:inf:1",
        "--qp 1e308",
    ],
    "search": ["--target 90 --first nan", "--target 90 --crf 20:40:1e-9", "--target inf"],
    "ladder": ["--sizes nan", "--sizes inf", "--scores nan", "--bitrates inf", "--crf nan"],
}


@pytest.mark.parametrize("command", NO_NUMBERS)
def test_numbers_that_are_none(said: Said, reference: Path, command: str) -> None:
    for options in NO_NUMBERS[command]:
        status, out, err = said(command, *options.split(), reference)
        assert (status, out, err.count("\n")) == (2, "", 1), (options, err)
        assert err.startswith("vmaf-tiny: error: ")


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("chunk", [1e-320, 1e-9, 0.04, 1e9])
def test_chunks_of_any_length(reference: Path, chunk: float) -> None:
    """Too short for samples, or too long: the whole is encoded each time."""
    found = search(
        reference, 90, rendition=Rendition(preset="ultrafast"), chunk=chunk, samples=2, probes=2
    )
    assert all(probe.whole for probe in found.found.probes)


def test_a_picture_whose_name_is_a_pattern(said: Said, tmp_path: Path) -> None:
    """It is the file of that name, not the pictures beside it."""
    rng = np.random.default_rng(1)
    for name in ("p0", "p1", "p%d", "other"):
        image = av.VideoFrame.from_ndarray(rng.integers(0, 256, (96, 96, 3), np.uint8), "rgb24")
        image.to_image().save(tmp_path / f"{name}.png")  # type: ignore[no-untyped-call]
    pattern, other = tmp_path / "p%d.png", tmp_path / "other.png"
    found = vmaf_tiny.score(pattern, other).features.tolist()
    pattern.rename(tmp_path / "same.png")
    assert found == vmaf_tiny.score(tmp_path / "same.png", other).features.tolist()
    # Now it is what FFmpeg takes it for.
    assert len(vmaf_tiny.score(pattern, pattern).scores) == 2


@pytest.mark.parametrize("rate", ["1:2147483647", "2147483647:1", "1:1002", "0:1", "1:0"])
def test_rates_that_no_camera_has(said: Said, tmp_path: Path, rate: str) -> None:
    path = tmp_path / "source.y4m"
    header = f"YUV4MPEG2 W160 H128 F{rate} Ip C420\n".encode()
    pictures = [clips.plane(n).tobytes() + bytes([128]) * (160 * 128 // 2) for n in range(3)]
    path.write_bytes(header + b"".join(b"FRAME\n" + each for each in pictures))
    for more in ((), ("--segment", "0.04")):
        status, out, err = said("sweep", path, "--crf", "40", *FAST, *more)
        assert status == 0 and float(out) > 50, err


@pytest.mark.parametrize("tag", ["9" * 400 + ":00:00", "9" * 5000 + ":0:0", "0:0:" + "9" * 400])
def test_a_duration_that_no_number_has(
    said: Said, place: Path, lumas: list[Any], reference: Path, tag: str
) -> None:
    """It is not believed."""
    path = place / "lasts.nut"
    with av.open(str(path), "w") as out:
        stream = out.add_stream("ffv1", rate=25)
        stream.width, stream.height, stream.pix_fmt = 160, 128, "yuv420p"
        stream.metadata["DURATION"] = tag
        for luma in lumas:
            out.mux(stream.encode(clips.frame_of(luma)))
        out.mux(stream.encode(None))
    status, out, err = said("score", "-q", reference, path)
    assert (status, err) == (0, "") and float(out) > 95
    assert said("sweep", path, "--crf", "40", *FAST)[0] == 0


def test_a_path_that_is_too_long(said: Said, place: Path, reference: Path) -> None:
    long = "x" * 5000
    for pair in ((long, reference), (reference, long)):
        with pytest.raises(InputError, match="there is no such file"):
            vmaf_tiny.score(*pair)
        with pytest.raises(InputError, match="cannot be opened: Protocol not found"):
            vmaf_tiny.score(*(f"none://{each}" if each == long else each for each in pair))
    for command in (["score", reference, long], ["preflight", long], ["sweep", long, *FAST]):
        refused(said(*command), "there is no such file")
