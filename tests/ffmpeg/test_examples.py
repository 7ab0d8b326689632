"""The scripts of examples/ffmpeg, as they lie there."""

import json
import os
import re
import subprocess
from pathlib import Path

import pytest
from launched import ROOT, texture, worse, write_y4m

FOLDER = ROOT / "examples" / "ffmpeg"


@pytest.fixture(scope="session")
def videos(tmp_path_factory) -> tuple[Path, Path]:
    """A distorted video and its source."""
    folder = tmp_path_factory.mktemp("videos")
    planes = texture(60)
    return (
        write_y4m(folder / "encode.y4m", worse(planes)),
        write_y4m(folder / "source.y4m", planes),
    )


@pytest.fixture
def run(ffmpeg, tmp_path):
    """Run a script in an empty folder."""

    def run(name, *arguments):
        return subprocess.run(
            [FOLDER / name, *map(str, arguments)],
            env={**os.environ, "FFMPEG": str(ffmpeg.launcher), "ENCODER": "mpeg4"},
            cwd=tmp_path,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
        )

    return run


def shown(ran) -> str:
    assert ran.returncode == 0, ran.stderr
    return re.findall(r"VMAF score: (\S+)", ran.stderr)[0]


def test_score(run, ffmpeg, videos):
    assert shown(run("score.sh", *videos)) == ffmpeg.score(*videos).score


def test_log(run, videos, tmp_path):
    ran = run("log.sh", *videos, "log.json")
    log = json.loads((tmp_path / "log.json").read_text())
    pooled = log["pooled_metrics"]["vmaf"]["harmonic_mean"]
    assert float(shown(ran)) == pytest.approx(pooled, abs=1e-6)
    assert len(log["frames"]) == 60
    assert "from 2.000 s, 10 frames" in ran.stderr


def test_scaled(run, ffmpeg, videos, tmp_path):
    small = tmp_path / "small.y4m"
    ffmpeg.run("-i", videos[0], "-vf", "scale=80:60", small)
    larger = "[0:v]scale=160:120:flags=bicubic[d];[d][1:v]{}"
    score = ffmpeg.score(small, videos[1], graph=larger).score
    assert shown(run("scaled.sh", small, videos[1], 160, 120)) == score
    assert run("score.sh", small, videos[1]).returncode != 0


def test_ladder(run, videos, tmp_path):
    encode, source = videos
    ran = run("ladder.sh", source, 160, 120, source, encode, encode)
    assert ran.returncode == 0, ran.stderr
    found = dict(re.findall(r"VMAF score of rendition (\d): (\S+)", ran.stderr))
    alone = shown(run("score.sh", encode, source))
    assert (found["2"], found["3"]) == (alone, alone)
    assert float(found["1"]) > float(alone)
    assert sorted(path.name for path in tmp_path.glob("ladder*")) == [
        "ladder.1.json", "ladder.2.json", "ladder.3.json"
    ]  # fmt: skip


def test_metadata(run, videos):
    ran = run("metadata.sh", *videos)
    assert ran.returncode == 0, ran.stderr
    assert len(re.findall(r"^frame:\d+", ran.stdout, re.M)) == 60
    assert len(re.findall(r"^lavfi.vmaf_tiny.vmaf=\d+\.\d{6}$", ran.stdout, re.M)) == 60


def test_encode(run, ffmpeg, videos, tmp_path):
    source = videos[1]
    ran = run("encode.sh", source, "encode.mkv")
    if ffmpeg.major < 7:
        assert ran.returncode == 1
        assert "needs FFmpeg 7.0" in ran.stderr
    else:
        assert shown(ran) == ffmpeg.score(tmp_path / "encode.mkv", source).score


def test_every_example_is_tested():
    tested = set(re.findall(r'"(\w+\.sh)"', Path(__file__).read_text()))
    assert {path.name for path in FOLDER.iterdir()} == tested
