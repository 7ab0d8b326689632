"""The benchmarks: what they compute with, that they measure all they say, and how they end."""

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path

import imageio_ffmpeg
import numpy as np
import pytest

import clips
from command import assert_one_line, run
from vmaf_tiny import bench, peer
from vmaf_tiny._core import MODES, STAGES, cpu_levels, devices
from vmaf_tiny.containers import RawFormat
from vmaf_tiny.errors import OptionError, VmafTinyError

ROOT = Path(__file__).parents[2]
SMALL = ("--size", "96x64", "--pictures", "4", "--rounds", "2")


@pytest.fixture(scope="session")
def other():
    """A libvmaf, which the tests bring along."""
    found = peer.find_peer()
    assert found is not None
    return found


def table_module():
    spec = importlib.util.spec_from_file_location("table", ROOT / "tests/bench/table.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules["table"] = module  # where its dataclasses look for it
    sys.path.append(str(ROOT / "tests/bench"))  # what it shares with its neighbours
    try:
        spec.loader.exec_module(module)
    finally:
        sys.path.pop()
    return module


# ---------------------------------------------------------------------------------------- clips


@pytest.mark.parametrize(("bits", "dtype"), [(8, np.uint8), (10, np.uint16)])
def test_synthetic_pictures_move_and_are_damaged(bits, dtype):
    clip = bench.synthetic(80, 48, bits, 9)
    assert clip.size == (80, 48) and len(clip.reference) == len(clip.distorted) == 9
    for before, after in zip(clip.reference, clip.reference[1:], strict=False):
        assert (before != after).any()
    for reference, distorted in zip(clip.reference, clip.distorted, strict=True):
        assert reference.dtype == distorted.dtype == dtype
        assert reference.max() < 2**bits and (reference != distorted).any()


def test_files_give_the_planes_that_are_scored(tmp_path):
    planes = clips.planes(5)
    for name in ("ref.mkv", "dis.mkv"):
        clips.write(tmp_path / name, planes)
    clip = bench.from_files(tmp_path / "ref.mkv", tmp_path / "dis.mkv", 3)
    assert len(clip.reference) == len(clip.distorted) == 3
    for reference, distorted, plane in zip(clip.reference, clip.distorted, planes, strict=False):
        assert np.array_equal(reference, distorted)
        assert np.abs(reference.astype(int) - plane).mean() < 8


# -------------------------------------------------------------------------------------- measures


def test_every_setup_is_measured_in_every_round(other):
    clip = bench.synthetic(96, 64, 8, 4)
    setups = bench.one_at_a_time(cpu_levels(), MODES, (1, 2), (1, 3))
    said = []
    measured = bench.measure(clip, setups, rounds=3, peer=other, step=said.append)
    assert list(measured.times) == setups and len(set(setups)) == len(setups)
    for setup, times in measured.times.items():
        assert len(times.cpu) == len(times.wall) == 3 and min(times.cpu + times.wall) > 0
        assert times.rounds == (times.wall if setup.threads > 1 else times.cpu)
        assert (measured.ratio(setup) is None) == (setup.threads > 1)
        assert (measured.speedup(setup) is None) == (setup.threads == 1)
        stages = measured.stages[setup]
        assert tuple(stages) == STAGES and all(len(values) == 3 for values in stages.values())
        if setup.threads == 1:  # what is not in a stage is pushing and pulling
            for cpu, *each in zip(times.cpu, *stages.values(), strict=True):
                assert 0 < sum(each) <= cpu
    assert len(said) == 3 * (len(setups) + 1)


def test_ratios_are_medians_of_rounds():
    slow = bench.Times((8.0, 9.0, 90.0), (1.0, 1.0, 1.0))
    fast = bench.Times((2.0, 3.0, 1.0), (1.0, 1.0, 1.0))
    assert bench.times_faster(slow, fast) == 4.0
    assert (slow.ms, fast.fps, fast.ns_per_pixel((1000, 10))) == (9.0, 500.0, 200.0)
    two = bench.Times((2.0, 2.0, 2.0), (0.5, 0.5, 0.25), threads=2)
    assert bench.times_faster(slow, two) == 2.0  # by the clock


def test_what_cannot_be_measured_is_an_error():
    clip = bench.synthetic(96, 64, 8, 2)
    with pytest.raises(OptionError, match="rounds"):
        bench.measure(clip, [bench.Setup("c")], rounds=0)
    with pytest.raises(OptionError, match="unknown CPU level"):
        bench.measure(clip, [bench.Setup("z80")], rounds=1)


# ---------------------------------------------------------------------------------------- peers


def test_a_peer_has_libvmaf(other):
    shown = subprocess.check_output([other.path, "-hide_banner", "-filters"], text=True)
    assert " libvmaf " in shown and other.ffmpeg and other.libvmaf


def test_an_ffmpeg_on_the_path_comes_first(tmp_path, monkeypatch):
    (tmp_path / "ffmpeg").symlink_to(imageio_ffmpeg.get_ffmpeg_exe())
    monkeypatch.setenv("PATH", str(tmp_path))
    assert peer.find_peer().path == str(tmp_path / "ffmpeg")


def test_costs_are_those_of_the_command():
    work = "x = bytearray(64 << 20)\nimport time\nwhile time.process_time() < .2: pass"
    cost = peer.cost_of([sys.executable, "-c", work])
    idle = peer.cost_of([sys.executable, "-c", "import time; time.sleep(.2)"])
    assert cost.cpu >= 0.2 and cost.wall >= 0.2 and cost.peak > 64 << 10
    assert idle.cpu < cost.cpu and idle.wall >= 0.2 and idle.peak < 64 << 10


def test_a_command_that_fails_says_why():
    with pytest.raises(VmafTinyError, match="no such luck"):
        peer.cost_of([sys.executable, "-c", "raise SystemExit('no such luck')"])
    with pytest.raises(VmafTinyError, match="nowhere"):
        peer.cost_of(["/nowhere/ffmpeg"])


# --------------------------------------------------------------------------------------- commands


def test_command_shows_and_writes_what_was_measured(tmp_path):
    done = run("bench", *SMALL, "--bits", "8", "--json", "speed.json", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, b"")
    shown = done.stdout.decode()
    report = json.loads((tmp_path / "speed.json").read_text())
    (measured,) = report["measured"]
    assert (measured["size"], measured["bits"], measured["pictures"]) == ([96, 64], 8, 4)
    levels = [one["setup"]["cpu"] for one in measured["vmaf_tiny"]]
    assert set(levels) == set(cpu_levels())
    for one in measured["vmaf_tiny"]:
        assert len(one["cpu_ms"]) == len(one["wall_ms"]) == 2 and one["fps"] > 0
        assert list(one["stage_ms"]) == list(STAGES)
    assert measured["libvmaf"]["ms"] > 0 and report["provenance"]["peer"]["libvmaf"] in shown
    setups = (*cpu_levels(), "2 threads", "4 renditions", "fast")
    for word in ("libvmaf", "ns/pixel", *setups, *STAGES):
        assert word in shown


def test_command_measures_videos_from_end_to_end(pair_of_videos, tmp_path):
    options = ("--cpu", "c", "--mode", "exact", "--threads", "1", "--renditions", "1")
    done = run("bench", *pair_of_videos, *SMALL, *options, "--json", "speed.json", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, b"")
    report = json.loads((tmp_path / "speed.json").read_text())
    assert len(report["measured"]) == 1 and len(report["measured"][0]["vmaf_tiny"]) == 1
    whole = report["end_to_end"]
    assert len(whole["ours"]) == len(whole["peers"]) == 2
    assert b"end to end" in done.stdout


def test_command_measures_raw_video(tmp_path):
    clips.write_raw(tmp_path / "ref.yuv", clips.planes(4, bits=10))
    clips.write_raw(tmp_path / "dis.yuv", [clips.noisy(p) for p in clips.planes(4, bits=10)])
    form = ("-w", "160", "-h", "128", "-b", "10", "--fps", "23.976")
    options = ("--cpu", "c", "--mode", "exact", "--threads", "1", "--renditions", "1", *form)
    small = ("--pictures", "3", "--rounds", "2", "--json", "speed.json")
    done = run("bench", "ref.yuv", "dis.yuv", *small, *options, cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, b"")
    report = json.loads((tmp_path / "speed.json").read_text())
    (measured,) = report["measured"]
    assert (measured["size"], measured["bits"], measured["pictures"]) == ([160, 128], 10, 3)
    assert len(report["end_to_end"]["peers"]) == 2


def test_a_peer_is_told_what_raw_video_is_like():
    raw = RawFormat(160, 128, bits=10, fps=24)
    command = peer.file_command(peer.Peer("ffmpeg", "", ""), "a.mkv", "b.yuv", 2, raw=raw)
    at = command.index("b.yuv")
    form = ["-f", "rawvideo", "-pixel_format", "yuv420p10le"]
    assert command[at - 9 : at] == [*form, "-video_size", "160x128", "-framerate", "24", "-i"]
    assert command[at + 1 : at + 3] == ["-i", "a.mkv"]


@pytest.fixture(scope="session")
def pair_of_videos(tmp_path_factory):
    folder = tmp_path_factory.mktemp("bench")
    for name in ("ref.mkv", "dis.mkv"):
        clips.write(folder / name, clips.planes(4))
    return folder / "ref.mkv", folder / "dis.mkv"


def test_command_without_a_peer(tmp_path):
    done = run("bench", *SMALL, "--bits", "10", "--no-peer", "--mode", "exact", cwd=tmp_path)
    assert done.returncode == 0 and b"\nlibvmaf" not in done.stdout
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (("only-one.mp4",), "two videos"),
        (("-w", "160", "-h", "128"), "two videos"),
        (("a.yuv", "b.yuv", "-w", "160", "--no-peer"), "-h"),
        (("a.yuv", "b.yuv", "-w", "9", "-h", "9", "-b", "8", "-b", "10"), "--bits once"),
        (("--size", "big"), "1920x1080"),
        (("--size", "100000x100000"), "32768x32768"),
        (("--size", "20x20", "--no-peer"), "33x33"),
        (("--bits", "2147483648", "--no-peer"), "8 to 16"),
        (("--cpu", "z80", "--no-peer", *SMALL), "z80"),
        (("--pictures", "0"), "--pictures"),
        (("--pictures", "1001"), "<= 1000"),
        (("--rounds", "1" + "0" * 20), "<= 1000"),
    ],
)
def test_command_refuses(arguments, word):
    done = run("bench", *arguments)
    assert done.returncode == 2 and not done.stdout
    assert_one_line(done.stderr.decode(), word)


def test_command_measures_nothing_that_it_cannot_write():
    done = run("bench", "--json", "/nowhere/speed.json")
    assert done.returncode == 1 and not done.stdout
    assert_one_line(done.stderr.decode(), "/nowhere")


def bench_all(*arguments, cwd):
    script = ROOT / "tests/bench/bench_all.sh"
    small = ("--size", "96x64", "--pictures", "3", "--runs", "2")
    return subprocess.run(
        [script, *arguments, *small], capture_output=True, text=True, check=False, cwd=cwd,
        env={**os.environ, "PYTHON": sys.executable},
    )  # fmt: skip


def test_bench_all_times_a_model(tmp_path):
    done = bench_all("--tiny-model", "vmaf_tiny_v2", "--backend=cpu", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    report = json.loads((tmp_path / "netflix_benchmark_results.json").read_text())
    assert report["model"]["id"] == "vmaf_tiny_v2" and report["backend"] == "cpu"
    assert [len(one["wall_ms"]) for one in report["runs"]] == [3, 3]
    assert len({one["score"] for one in report["runs"]}) == 1
    assert 0 < report["median_ms"] <= report["p99_ms"]
    assert "median" in done.stdout and "p99" in done.stdout


@pytest.mark.parametrize("backend", ["cuda", "abacus"])
def test_bench_all_refuses_a_backend_that_is_missing(tmp_path, backend):
    done = bench_all("--tiny-model", "vmaf_tiny_v2", f"--backend={backend}", cwd=tmp_path)
    if backend in devices():
        assert done.returncode == 0
        return
    assert done.returncode in (1, 2) and list(tmp_path.iterdir()) == []
    assert backend in done.stderr.splitlines()[-1] and "cpu" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (("--size", "big"), "1920x1080"),
        (("--size", "20x20"), "33x33"),
        (("--pictures", "0"), "--pictures"),
        (("--runs", "none"), "--runs"),
        (("--log", "/nowhere/log.json"), "/nowhere"),
        (("--tiny-model", "nobody"), "nobody"),
        (("--clip", "a.mkv", "b.mkv"), "a.mkv"),
    ],
)
def test_bench_all_refuses_in_a_line(arguments, word, tmp_path):
    script = [sys.executable, ROOT / "tests/bench/bench_all.py"]
    done = subprocess.run(
        [*script, *arguments], capture_output=True, text=True, check=False, cwd=tmp_path
    )
    assert done.returncode in (1, 2) and not done.stdout and list(tmp_path.iterdir()) == []
    last = done.stderr.splitlines()[-1]
    assert last.startswith("bench_all") and word in last and "Traceback" not in done.stderr


def test_the_table_knows_what_is_enough():
    row = table_module().Row
    verdicts = [row("", 2.0, 3.0, measured).verdict for measured in (1.9, 2.0, 3.0)]
    assert verdicts == ["less", "must", "aim"]
    less = [row("", 15, 10, n, "%", more_is_better=False) for n in (16, 15, 9)]
    assert [one.verdict for one in less] == ["less", "must", "aim"]
    assert [row("", 2.4, 2.9, n).far_off for n in (1.5, 1.7)] == [True, False]
    assert not row("", 15, 10, 1, "%", more_is_better=False).far_off
