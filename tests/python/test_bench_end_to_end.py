"""The benchmark of two files: what it runs, in which turns, and what it makes of the costs."""

import importlib
import json
import subprocess
import sys
from pathlib import Path

import av
import numpy as np
import pytest

import clips
from vmaf_tiny import peer
from vmaf_tiny.errors import VmafTinyError
from vmaf_tiny.peer import Cost, Peer

BENCH = Path(__file__).parents[2] / "tests/bench"


@pytest.fixture
def end_to_end(monkeypatch):
    monkeypatch.syspath_prepend(str(BENCH))
    return importlib.import_module("end_to_end")


@pytest.fixture
def encodes(monkeypatch):
    monkeypatch.syspath_prepend(str(BENCH))
    return importlib.import_module("encodes")


@pytest.fixture
def fake_ffmpeg(tmp_path):
    path = tmp_path / "ffmpeg"
    path.write_text("#!/bin/sh\necho ffmpeg version 7.1.5-0+deb12u1 Copyright\n")
    path.chmod(0o755)
    return str(path)


@pytest.mark.parametrize(("bits", "dtype"), [(8, np.uint8), (10, np.uint16)])
def test_encodes_are_read_back_in_order(encodes, tmp_path, bits, dtype):
    planes = clips.planes(7, bits=bits)
    fine, coarse = tmp_path / "fine.mkv", tmp_path / "coarse.mkv"
    encodes.encode(str(fine), encodes.with_gray(iter(planes), bits), 4)
    encodes.encode(str(coarse), encodes.with_gray(iter(planes), bits), 40)
    assert coarse.stat().st_size < fine.stat().st_size
    found = encodes.decode(str(fine), bits)
    assert len(found) == 7 and {plane.dtype.type for plane in found} == {dtype}
    for n, plane in enumerate(found):
        apart = [np.abs(plane.astype(int) - other.astype(int)).mean() for other in planes]
        assert np.argmin(apart) == n


def test_generated_files_are_two_qualities_of_one_clip(end_to_end, tmp_path):
    files = end_to_end.generated(tmp_path, 30, (160, 96))
    sizes = []
    for path in (files.reference, files.distorted):
        with av.open(path) as container:
            (stream,) = container.streams
            assert (stream.codec_context.name, stream.codec_context.width) == ("h264", 160)
            assert sum(1 for _ in container.decode(stream)) == 30
        sizes.append(Path(path).stat().st_size)
    assert sizes[0] > sizes[1]
    told = str(files)
    assert told.index("ref.mkv (h264 160x96, 1.2 s of") < told.index("dis.mkv (h264 160x96")


def test_what_is_no_video_is_refused(end_to_end, tmp_path):
    (tmp_path / "a.txt").write_text("none")
    with pytest.raises(VmafTinyError, match="give two"):
        str(end_to_end.Files(str(tmp_path / "a.txt"), str(tmp_path / "b.mkv"), "given"))


def test_all_sides_score_the_same_files_with_as_many_threads(end_to_end):
    files = end_to_end.Files("ref.mkv", "dis.mkv", "given")
    listed = end_to_end.commands(files, 3, Peer("theirs", "", ""), {"filter": "ours"})
    assert list(listed) == [end_to_end.LIBVMAF, "command", "filter"]
    ffmpeg = ["-v", "error", "-i", "dis.mkv", "-i", "ref.mkv", "-lavfi"]
    end = ["-f", "null", "-"]
    assert listed["libvmaf"] == ["theirs", *ffmpeg, "libvmaf=n_threads=3", *end]
    assert listed["filter"] == ["ours", *ffmpeg, "vmaf_tiny=n_threads=3", *end]
    assert listed["command"][-6:] == ["score", "ref.mkv", "dis.mkv", "-q", "--threads", "3"]


def test_every_ffmpeg_with_the_filter_is_measured(end_to_end, fake_ffmpeg, monkeypatch, tmp_path):
    monkeypatch.setenv("VMT_FFMPEG", fake_ffmpeg)
    assert end_to_end.programs() == {"filter, ffmpeg 7.1.5": fake_ffmpeg}
    monkeypatch.setenv("VMT_FFMPEG", f"{fake_ffmpeg}:/nowhere/ffmpeg")
    with pytest.raises(VmafTinyError, match="/nowhere/ffmpeg does not run"):
        end_to_end.programs()
    monkeypatch.delenv("VMT_FFMPEG")
    monkeypatch.setattr(end_to_end, "PLUGIN", tmp_path / "none")
    assert end_to_end.programs() == {}
    assert [line.partition(":")[0] for line in end_to_end.missing(None)] == [
        "no ffmpeg with libvmaf to compare with",
        "no ffmpeg with the filter",
    ]


def test_sides_take_turns(end_to_end, monkeypatch):
    ran = []

    def cost_of(command):
        ran.append(command)
        return Cost(float(len(ran)), 1.0, 1)

    monkeypatch.setattr(peer, "cost_of", cost_of)
    costs = end_to_end.measure({"a": ["x"], "b": ["y"]}, 2, lambda _: None)
    assert ran == [["x"], ["y"], ["x"], ["y"]]
    assert [[cost.cpu for cost in costs[name]] for name in "ab"] == [[1, 3], [2, 4]]


def test_ratios_are_of_rounds_and_memory_is_the_most(end_to_end):
    costs = {
        end_to_end.LIBVMAF: [Cost(30.0, 8.0, 4096), Cost(20.0, 9.0, 2048), Cost(20.0, 90.0, 1024)],
        "command": [Cost(10.0, 4.0, 1024), Cost(10.0, 3.0, 2048), Cost(5.0, 9.0, 1024)],
    }
    clock, processor, peak, theirs = end_to_end.compared(costs, 2)
    assert (clock.measured, clock.verdict, clock.gated) == (3.0, "must", False)
    assert (processor.measured, processor.unit) == (3.0, "x")
    assert (peak.measured, peak.must, peak.unit, peak.verdict) == (2.0, 4.0, "MiB", "must")
    assert theirs.measured == 4.0 and not theirs.verdict


def test_given_files_are_measured_and_named(tmp_path):
    for name in ("a.mkv", "b.mkv"):
        clips.write(tmp_path / name, clips.planes(4))
    done = subprocess.run(
        [sys.executable, BENCH / "table.py", "--parts", "end-to-end", "--rounds", "1",
         "--threads", "1", "--files", "a.mkv", "b.mkv", "--json", "found.json"],
        capture_output=True, text=True, check=False, cwd=tmp_path, timeout=120,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("given: a.mkv (") and " and b.mkv (" in done.stdout
    found = json.loads((tmp_path / "found.json").read_text())["rows"]
    told = [row["what"] for row in found]
    assert told[:3] == [
        f"two files by the command, threads: 1, {what}"
        for what in ("the clock", "the processor", "peak memory")
    ]
    assert min(row["measured"] for row in found) > 0
