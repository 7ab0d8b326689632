"""The filter in the FFmpeg of PyAV's wheel. Run by `make test-pyav`, which builds the plug-in."""

import csv
import hashlib
import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from launched import FEATURES, ROOT, texture, worse

import vmaf_tiny

PROGRAM = """
import vmaf_tiny.avfilter
import sys
from fractions import Fraction

import av.filter
import numpy as np

reference, distorted = np.load(sys.argv[1]), np.load(sys.argv[2])
graph = av.filter.Graph()
height, width = reference.shape[1:]
sources = [
    graph.add_buffer(width=width, height=height, format="gray", time_base="1/25") for _ in range(2)
]
ours = graph.add("vmaf_tiny", sys.argv[3])
sink = graph.add("buffersink")
sources[0].link_to(ours, 0, 0)
sources[1].link_to(ours, 0, 1)
ours.link_to(sink)
graph.configure()
frames = []

def pull():
    while True:
        try:
            frames.append(sink.pull())
        except (av.BlockingIOError, av.EOFError):
            break

for n, pair in enumerate(zip(distorted, reference)):
    for source, plane in zip(sources, pair):
        frame = av.VideoFrame.from_ndarray(plane, format="gray")
        frame.pts, frame.time_base = n, Fraction(1, 25)
        source.push(frame)
    pull()
for source in sources:
    source.push(None)
pull()
for frame in frames:
    print(*(f"{key}={value}" for key, value in frame.metadata.items() if "vmaf_tiny" in key))
"""


def run(code, *arguments):
    return subprocess.run(
        [sys.executable, "-c", code, *map(str, arguments)],
        env={**os.environ, "VMAF_TINY_AVFILTER": str(plugin())},
        capture_output=True,
        text=True,
    )


def plugin() -> Path:
    asked = os.environ.get("VMAF_TINY_AVFILTER")
    folder = Path(asked) if asked else ROOT / "build" / "pyav"
    if not (folder / "pyav.json").is_file():
        pytest.fail("the plug-in is not built: run `make plugin-pyav`", pytrace=False)
    return folder


def test_its_frames_carry_what_the_package_finds(tmp_path):
    planes = texture(20)
    np_reference, np_distorted = tmp_path / "reference.npy", tmp_path / "distorted.npy"
    np.save(np_reference, planes)
    np.save(np_distorted, worse(planes))
    log = tmp_path / "log.csv"
    ran = run(PROGRAM, np_reference, np_distorted, f"log_path={log}:log_fmt=csv")
    assert ran.returncode == 0, ran.stderr
    frames = [dict(part.split("=") for part in line.split()) for line in ran.stdout.splitlines()]
    result = vmaf_tiny.score(list(planes), list(worse(planes)))
    assert len(frames) == len(result.scores) == 20
    for n, frame in enumerate(frames):
        assert frame["lavfi.vmaf_tiny.vmaf"] == f"{result.scores[n]:f}"
    with log.open() as file:
        rows = list(csv.DictReader(file))
    for name in FEATURES:
        assert [row[f"integer_{name}"] for row in rows] == [
            frame[f"lavfi.vmaf_tiny.{name}"] for frame in frames
        ]


def test_everything_else_still_works():
    code = (
        "import vmaf_tiny.avfilter, av\n"
        "container = av.open('testsrc2=size=64x64:duration=1', format='lavfi')\n"
        "print(sum(1 for _ in container.decode(video=0)), len(av.codec.codecs_available) > 300)"
    )
    assert run(code).stdout == "25 True\n"


def test_the_wheel_stays_as_it_is():
    libraries = Path(find_spec("av").origin).parent.with_name("av.libs")

    def digests():
        return {p.name: hashlib.sha256(p.read_bytes()).digest() for p in libraries.iterdir()}

    before = digests()
    assert run("import vmaf_tiny.avfilter, av.filter").returncode == 0
    assert digests() == before


def test_without_the_plugin_there_is_no_such_filter():
    code = "import av.filter; print('vmaf_tiny' in av.filter.filters_available)"
    assert run(code).stdout == "False\n"
    assert run(f"import vmaf_tiny.avfilter; {code}").stdout == "True\n"
