"""Strange videos in the filter: a score, or an exit status and words that say what to do."""

import json
from fractions import Fraction

import av
import pytest
from av.packet import Packet
from launched import DISTORTED, REFERENCE

LATER = "are not later than the one before"
ELSEWHEN = "were compared with a reference frame of another time"
STRANGE_TIMES = {
    "repeated": ("floor(N/4)*4/25/TB", [LATER]),
    "all the same": ("0", [LATER]),
    "backwards": ("-N/25/TB", [LATER, ELSEWHEN]),
    "one jumps back": (r"if(eq(N\,5)\,PTS-3/25/TB\,PTS)", [LATER, ELSEWHEN]),
    "one is missing": (r"if(eq(N\,5)\,NAN\,PTS)", [LATER, ELSEWHEN]),
    "far in the past": (r"if(eq(N\,5)\,-9e18\,PTS)", [LATER, ELSEWHEN]),
    "far in the future": (r"if(eq(N\,5)\,9e18\,PTS)", [ELSEWHEN]),
    "huge steps": ("PTS*1000000000000", []),
}


def encoded(width, height, count, colour):
    """Encode pictures whose headers are among them, as those of a transport stream."""
    encoder = av.CodecContext.create("mpeg4", "w")
    encoder.width, encoder.height, encoder.pix_fmt = width, height, "yuv420p"
    encoder.time_base, encoder.gop_size = Fraction(1, 25), 1
    frames = []
    for number in range(count):
        frame = av.VideoFrame(width, height, "yuv420p")
        for plane in frame.planes:
            plane.update(bytes([(colour + 7 * number) % 256]) * plane.buffer_size)
        frame.pts = number
        frames.append(frame)
    return [bytes(packet) for frame in (*frames, None) for packet in encoder.encode(frame)]


@pytest.fixture
def changing(tmp_path):
    """A video that is 160x120 and then 96x64, ten pictures of each."""
    path = tmp_path / "changing.mkv"
    with av.open(str(path), "w") as out:
        stream = out.add_stream("mpeg4", rate=25)
        stream.width, stream.height, stream.pix_fmt = 160, 120, "yuv420p"
        coded = encoded(160, 120, 10, 40) + encoded(96, 64, 10, 110)
        for number, data in enumerate(coded):
            packet = Packet(data)
            packet.stream, packet.time_base = stream, Fraction(1, 25)
            packet.pts = packet.dts = number
            packet.is_keyframe = True
            out.mux(packet)
    return path


GRAPHS = {"distorted": "[0]scale=160:120[d];[d][1]{}", "reference": "[1]scale=160:120[r];[0][r]{}"}


@pytest.mark.parametrize("side", GRAPHS)
def test_a_change_of_size_behind_a_filter_is_told(ffmpeg, tmp_path, changing, side):
    """FFmpeg takes its filters down and builds new ones, of which each has a score and a log."""
    log = tmp_path / "log"
    pair = (changing, REFERENCE) if side == "distorted" else (REFERENCE, changing)
    ran = ffmpeg.run(
        *(word for each in pair
          for word in (() if each is changing else ("-f", "lavfi")) + ("-i", each)),
        "-lavfi", GRAPHS[side].format(f"vmaf_tiny=log_fmt=json:log_path={log}"), "-f", "null", "-",
    )  # fmt: skip
    assert ran.status == 0, ran.said
    assert ran.said.count("VMAF score: ") == 2
    assert ran.said.count("stopped before the videos ended: this score is of") == 1
    assert "-reinit_filter 0" in ran.said
    assert json.loads(log.read_text())["frames"]


def test_a_change_of_size_can_be_scored_as_one(ffmpeg, tmp_path, changing):
    logged = ffmpeg.logged(
        changing, REFERENCE, path=tmp_path / "log", graph=GRAPHS["distorted"],
        before=("-reinit_filter", "0"),
    )  # fmt: skip
    assert logged.numbers == list(range(20)) and "stopped before" not in logged.ran.said


def test_a_change_of_size_is_refused(ffmpeg, tmp_path, changing):
    for before, words in (((), "scale=160:120"), (("-reinit_filter", "0"), "changes its size")):
        ran = ffmpeg.score(changing, REFERENCE, before=before)
        assert ran.status not in (0, -11, -6, 139, 134)
        assert words in ran.said


@pytest.mark.parametrize("name", STRANGE_TIMES)
@pytest.mark.parametrize("side", [0, 1])
def test_strange_times_are_told(ffmpeg, tmp_path, name, side):
    """Those of the distorted video number the pairs; of the reference they choose the partner."""
    expression, words = STRANGE_TIMES[name]
    graph = f"[{side}]setpts='{expression}'[s];" + ("[s][1]{}" if side == 0 else "[0][s]{}")
    ran = ffmpeg.score(DISTORTED, REFERENCE, "stats=0.000001", graph=graph)
    assert ran.status == 0, ran.said
    assert ran.score is not None
    for each in words if side == 0 else [ELSEWHEN]:
        assert each in ran.said, each


def test_steady_times_are_not_told(ffmpeg):
    graph = "[0]setpts=PTS-10/TB[d];[1]setpts=PTS-10/TB[r];[d][r]{}"
    said = ffmpeg.score(DISTORTED, REFERENCE, graph=graph).said
    assert LATER not in said and ELSEWHEN not in said and "VMAF score" in said


def test_variable_rates_pair_by_time(ffmpeg, tmp_path):
    thin = r"select=not(mod(n\,3))*not(between(n\,9\,15))"
    graph = f"[0]{thin}[d];[1]{thin}[r];[d][r]{{}}"
    logged = ffmpeg.logged(REFERENCE, REFERENCE, path=tmp_path / "log", graph=graph)
    assert min(row["vif_scale0"] for row in logged.rows) > 0.9999
    assert len(logged.rows) == 6 and ELSEWHEN not in logged.ran.said


@pytest.mark.parametrize("side", ["distorted", "reference"])
def test_no_frames(ffmpeg, tmp_path, side):
    empty = tmp_path / "empty.y4m"
    empty.write_bytes(b"YUV4MPEG2 W160 H120 F25:1 Ip A1:1 C420jpeg\n")
    log = tmp_path / "log"
    pair = (empty, REFERENCE) if side == "distorted" else (REFERENCE, empty)
    ran = ffmpeg.score(*pair, f"log_path={log}")
    assert ran.status not in (0, -11, -6, 139, 134)
    assert "no frame was scored" in ran.said and not log.exists()


def test_8k(ffmpeg):
    large = "color=gray:size=7680x4320:rate=25:duration=0.08"
    assert ffmpeg.score(large, large).score == "97.452881"
