"""The examples and the README do what they say."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

import clips
from vmaf_tiny.models import find_ort_library

ROOT = Path(__file__).parents[2]
LIMIT_S = 300
PLUGIN = os.environ.get("VMT_FFMPEG", "").split(os.pathsep)[0] or str(
    ROOT / "build/ffmpeg-lean/vmaf-tiny-ffmpeg"
)


@pytest.fixture(scope="module")
def videos(tmp_path_factory):
    """Return a folder with source.mp4 and encode.mp4."""
    folder = tmp_path_factory.mktemp("examples")
    planes = clips.planes(8)
    clips.write(folder / "source.mp4", planes)
    clips.write(folder / "encode.mp4", [clips.noisy(plane) for plane in planes])
    return folder


def run(command, folder, **options):
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        command,
        cwd=folder,
        env={**os.environ, "PATH": path},
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
        check=False,
        **options,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def blocks(language):
    text = (ROOT / "README.md").read_text()
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.M | re.S)


def commands():
    """Return the README's shell commands, whole, without those that set things up."""
    lines = "".join(blocks("sh")).replace("\\\n", "").splitlines()
    return [line for line in lines if not re.match(r"make |apt-get ", line)]


def test_the_readme_has_commands():
    assert len(commands()) >= 8
    assert len(blocks("python")) >= 2


@pytest.mark.parametrize("line", commands())
def test_a_command_of_the_readme(line, videos):
    words = shlex.split(line, comments=True)
    words = [PLUGIN if word == "build/ffmpeg/vmaf-tiny-ffmpeg" else word for word in words]
    run(words, videos)


@pytest.mark.parametrize("number", range(len(blocks("python"))))
def test_a_program_of_the_readme(number, videos):
    assert run([sys.executable, "-c", blocks("python")[number]], videos)


def test_score_py(videos):
    said = run([sys.executable, ROOT / "examples/score.py", "source.mp4", "encode.mp4"], videos)
    assert re.match(r"\d+\.\d\d, 95 % of the frames above \d+\.\d\d\n(frame \d at .*\n){3}", said)


def test_compare_encodes_py(videos):
    script = ROOT / "examples/compare_encodes.py"
    said = run([sys.executable, script, "source.mp4", "source.mp4", "encode.mp4"], videos)
    rows = [line.split() for line in said.splitlines()[1:]]
    assert [row[0] for row in rows] == ["source.mp4", "encode.mp4"]
    assert float(rows[0][2]) > float(rows[1][2])


def test_target_quality_py(videos):
    script = ROOT / "examples/target_quality.py"
    said = run([sys.executable, script, "source.mp4", "90", "kept"], videos).splitlines()
    assert said[-2].startswith("met: CRF ")
    kept = said[-1].split(":")[0]
    score = run(["vmaf-tiny", "source.mp4", kept, "--csv"], videos)
    assert score.startswith("Frame,")


def test_ladder_py(videos):
    script = ROOT / "examples/ladder.py"
    said = run([sys.executable, script, "source.mp4", "128,96,64", "rungs"], videos)
    assert re.match(r"score \d+ +160x128 +\d+ kbit/s  VMAF \d+\.\d\d\n", said)
    assert (videos / "rungs.m3u8").read_text().count("RESOLUTION") == len(said.splitlines())
    assert (videos / "rungs.mpd").read_text().startswith("<AdaptationSet")


def test_score_c_says_what_the_command_says(build_dir, videos):
    raw = []
    for name in ("source", "encode"):
        raw.append(videos / f"{name}.yuv")
        chroma = bytes([128]) * (160 * 128 // 2)
        planes = [clips.noisy(p) if name == "encode" else p for p in clips.planes(8)]
        raw[-1].write_bytes(b"".join(plane.tobytes() + chroma for plane in planes))
    environment = {**os.environ, "VMAF_TINY_ORT_LIB": str(find_ort_library(None))}
    program = build_dir / "tests/score"
    arguments = [program, *raw, "160", "128", ROOT / "model/tiny"]
    done = subprocess.run(
        arguments, capture_output=True, text=True, check=False, env=environment, timeout=LIMIT_S
    )
    assert done.returncode == 0, done.stderr
    said = done.stdout.splitlines()
    assert len(said) == 8 + 1
    size = ["-w", "160", "-h", "128", "-q"]
    command = run(["vmaf-tiny", *map(str, raw), *size], videos)
    assert said[-1].split()[-1][:6] == command.split()[-1][:6]


def test_picture_py(videos):
    script = ROOT / "examples/picture.py"
    run([sys.executable, script, "shown.svg", sys.executable, "-c", "print('a score')"], videos)
    assert "score" in (videos / "shown.svg").read_text()


@pytest.mark.slow
def test_demo_py(videos):
    said = run([sys.executable, ROOT / "examples/demo.py", "--ffmpeg", PLUGIN], videos)
    assert "largest difference to Python's score of a frame: 0.000000" in said
