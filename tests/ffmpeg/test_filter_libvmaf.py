"""The same files through libvmaf's own filter, of another ffmpeg: features equal, digit by digit.

Encodes with B-frames, variable frame rates and rounded times: that the same frames are compared is
then shown too.
"""

import json
import subprocess

import imageio_ffmpeg
import pytest
from launched import FEATURES, ROOT

FILM = "testsrc2=size=192x108:rate=24000/1001:duration=1.5,noise=alls=6:allf=t:all_seed=7"
NEAREST = "ts_sync_mode=nearest"

CLIPS = ROOT.parent / "shared" / "data" / "clips"
RAW = ("-f", "rawvideo", "-s", "576x324", "-pix_fmt", "yuv420p10le")

X264 = ("-c:v", "libx264", "-preset", "veryfast", "-crf", "33", "-bf", "3", "-g", "12")
FFV1 = ("-c:v", "ffv1")
VARIABLE = ("-vf", "select=not(eq(mod(n\\,5)\\,2)+eq(mod(n\\,7)\\,3))", "-fps_mode", "vfr")
TEN = ("-pix_fmt", "yuv420p10le")


def oracle(*arguments):
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-nostdin", "-y", *arguments]
    subprocess.run(list(map(str, command)), check=True)


@pytest.fixture(scope="module")
def film(tmp_path_factory):
    """Make a file once: how it is to be made, from the lossless film or from another file."""
    folder = tmp_path_factory.mktemp("film")

    def film(name, how, source=None):
        path = folder / name
        if not path.exists():
            start = ("-i", source) if source else ("-f", "lavfi", "-i", FILM)
            oracle(*start, *how, path)
        return path

    return film


def features_of_libvmaf(distorted, reference, options, before, path):
    inputs = [part for file in (distorted, reference) for part in (*before, "-i", file)]
    graph = f"[0:v][1:v]libvmaf=log_fmt=json:log_path={path}:n_threads=2:{options}"
    oracle(*inputs, "-lavfi", graph, "-f", "null", "-")
    frames = json.loads(path.read_text())["frames"]
    return [{name: frame["metrics"][f"integer_{name}"] for name in FEATURES} for frame in frames]


def features_of_ours(ffmpeg, distorted, reference, options, before, path):
    inputs = [part for file in (distorted, reference) for part in (*before, "-i", file)]
    graph = f"[0:v][1:v]vmaf_tiny=log_fmt=json:log_path={path}"
    ran = ffmpeg.run(*inputs, "-lavfi", f"{graph}{options and ':'}{options}", "-f", "null", "-")
    assert ran.status == 0, ran.said
    frames = json.loads(path.read_text())["frames"]
    return [{name: frame["metrics"][f"integer_{name}"] for name in FEATURES} for frame in frames]


def assert_equal(ffmpeg, folder, distorted, reference, frames, options="", before=()):
    theirs = features_of_libvmaf(
        distorted,
        reference,
        ":".join(filter(None, (NEAREST, options))),
        before,
        folder / "theirs",
    )
    ours = features_of_ours(ffmpeg, distorted, reference, options, before, folder / "ours")
    assert len(theirs) == frames
    assert ours == theirs
    assert ours[1]["vif_scale0"] < 0.99


@pytest.mark.parametrize(
    ("encode", "source"), [("e.mp4", "s.mkv"), ("e.mkv", "s.mkv"), ("e.mkv", "s.mov")]
)
def test_encodes_with_b_frames(ffmpeg, film, tmp_path, encode, source):
    source = film(source, FFV1 if source.endswith("mkv") else ("-c:v", "mpeg4", "-q:v", "1"))
    assert_equal(ffmpeg, tmp_path, film(encode, X264), source, 36)


def test_ten_bits(ffmpeg, film, tmp_path):
    source = film("ten.mkv", (*FFV1, *TEN))
    assert_equal(ffmpeg, tmp_path, film("ten.mp4", (*X264, *TEN), source), source, 36)


def test_variable_frame_rate(ffmpeg, film, tmp_path):
    source = film("variable.mkv", (*VARIABLE, *FFV1))
    encode = film("variable.mp4", ("-fps_mode", "passthrough", *X264), source)
    assert_equal(ffmpeg, tmp_path, encode, source, 25)


def test_seeking(ffmpeg, film, tmp_path):
    files = film("e.mkv", X264), film("s.mkv", FFV1)
    assert_equal(ffmpeg, tmp_path, *files, 24, before=("-ss", "0.5"))


def test_seeking_where_times_are_rounded(ffmpeg, film, tmp_path):
    before, source = ("-ss", "0.5"), film("s.mkv", FFV1)
    ours = [
        features_of_ours(ffmpeg, film(name, X264), source, "", before, tmp_path / name)
        for name in ("e.mkv", "e.mp4")
    ]
    assert ours[0] == ours[1]


@pytest.mark.parametrize(
    ("options", "frames"), [("", 36), ("shortest=1", 20), ("eof_action=endall", 20)]
)
def test_a_shorter_reference(ffmpeg, film, tmp_path, options, frames):
    files = film("e.mkv", X264), film("short.mkv", (*FFV1, "-frames:v", "20"))
    assert_equal(ffmpeg, tmp_path, *files, frames, options)


@pytest.mark.skipif(not CLIPS.is_dir(), reason="there is no ../shared/data")
@pytest.mark.parametrize(
    ("clip", "frames"),
    [("asl_bird.mkv", 48), ("nflx_park_joy_420_720p50_frm0to9_480x270.y4m", 10)],
)
def test_real_clips(ffmpeg, film, tmp_path, clip, frames):
    source = film(f"{clip}.mkv", ("-an", *FFV1, "-frames:v", "48"), CLIPS / clip)
    assert_equal(ffmpeg, tmp_path, film(f"{clip}.mp4", X264, source), source, frames)


@pytest.mark.skipif(not CLIPS.is_dir(), reason="there is no ../shared/data")
def test_a_real_clip_of_ten_bits(ffmpeg, tmp_path):
    pair = []
    for name in ("hrc01", "hrc00"):
        pair.append(tmp_path / f"{name}.mkv")
        oracle(*RAW, "-i", CLIPS / f"nflx_src01_{name}_576x324.yuv420p10le.yuv", *FFV1, pair[-1])
    assert_equal(ffmpeg, tmp_path, *pair, 3)
