"""Damaged and odd videos: no crash, no hang, the right exit status and one clear line."""

import json
import os
import queue
import signal
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import clips
import media
import processes
from vmaf_tiny.sweep import Store

BOUND = 300.0  # seconds, on a machine that is busy with other things; they take a tenth of one
RAW = ("-w", "160", "-h", "128", "-p", "420", "-b", "8")


class Scoring:
    """A process that scores one video after the other."""

    def __init__(self, folder: Path) -> None:
        self.process = subprocess.Popen(
            [sys.executable, Path(__file__).with_name("scoring.py")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=(folder / "stderr").open("ab"),
            cwd=folder,
            text=True,
        )
        self.lines: queue.Queue[str] = queue.Queue()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        for line in self.process.stdout:
            self.lines.put(line)
        self.lines.put("")

    def run(self, *arguments: str | Path) -> dict[str, Any]:
        self.process.stdin.write(json.dumps([str(a) for a in arguments]) + "\n")
        self.process.stdin.flush()
        try:
            line = self.lines.get(timeout=BOUND)
        except queue.Empty:
            self.process.send_signal(signal.SIGKILL)
            pytest.fail(f"hangs: {arguments}")
        assert line, f"crashes ({self.process.wait()}): {arguments}"
        return json.loads(line)

    def close(self) -> None:
        self.process.stdin.close()
        self.process.wait(timeout=BOUND)


@pytest.fixture(scope="module")
def originals(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    return media.write_originals(tmp_path_factory.mktemp("originals"))


@pytest.fixture
def scoring(tmp_path: Path) -> Iterator[Scoring]:
    process = Scoring(tmp_path)
    yield process
    process.close()


def raw_flags(path: Path) -> tuple[str, ...]:
    return RAW if path.suffix == ".yuv" else ()


def judge(answer: dict[str, Any], path: Path) -> str:
    """Check how it ended and return that in a word."""
    if answer["status"] == 0:
        scores = [float(line) for line in answer["out"].split()]
        assert scores and all(0 <= each <= 100 for each in scores), (path, answer)
        assert all(
            line.startswith("vmaf-tiny: warning: ") for line in answer["err"].splitlines()
        ), (path, answer)
        return "scored"
    assert answer["status"] in (1, 2) and answer["out"] == "", (path, answer)
    said = answer["err"]
    assert said.startswith("vmaf-tiny: error: ") and said.count("\n") == 1, (path, answer)
    assert "Traceback" not in said and "Errno" not in said and len(said) > 40, (path, answer)
    return "refused"


@pytest.mark.slow
@pytest.mark.parametrize("flags", [(), ("--allow-damage",)], ids=["as it is", "allowed"])
def test_damaged_videos(
    originals: list[Path],
    scoring: Scoring,
    tmp_path: Path,
    amount: Callable[[int, int], int],
    figure: Callable[[str], None],
    flags: tuple[str, ...],
) -> None:
    ends: Counter[str] = Counter()
    slowest = 0.0
    for path in media.damaged(originals, tmp_path, amount(60, 500)):
        answer = scoring.run(
            "score", "-q", "-r", originals[0], "-d", path, *raw_flags(path), *flags
        )
        ends[judge(answer, path)] += 1
        slowest = max(slowest, answer["seconds"])
    assert ends["scored"] and ends["refused"]
    figure(
        f"{ends.total()} files: {ends['scored']} scored, {ends['refused']} refused in one line, "
        f"0 crashes, slowest {slowest:.1f} s"
    )


@pytest.mark.slow
@pytest.mark.parametrize("flags", [(), ("--allow-damage",)], ids=["as it is", "allowed"])
def test_damaged_sources_of_sweeps(
    originals: list[Path],
    scoring: Scoring,
    tmp_path: Path,
    amount: Callable[[int, int], int],
    figure: Callable[[str], None],
    flags: tuple[str, ...],
) -> None:
    """Of a source that is refused nothing is stored."""
    ends: Counter[str] = Counter()
    slowest, store, scored = 0.0, tmp_path / "store.sqlite", set()
    sweep = ("sweep", "-q", "--crf", "30,45", "--preset", "ultrafast", "--store", store)
    for path in media.damaged(originals, tmp_path, amount(18, 500)):
        answer = scoring.run(*sweep, path, *raw_flags(path), *flags)
        end = judge(answer, path)
        if end == "scored":
            assert len(answer["out"].split()) == 2, (path, answer)
            scored.add(path.read_bytes())
        ends[end] += 1
        slowest = max(slowest, answer["seconds"])
        path.unlink()
    assert ends["scored"] and ends["refused"]
    with Store(store) as opened:
        assert len(opened) == 2 * len(scored)
    figure(
        f"{ends.total()} files: {ends['scored']} scored, {ends['refused']} refused in one line, "
        f"0 crashes, slowest {slowest:.1f} s"
    )


@pytest.mark.slow
def test_damaged_videos_in_the_filter(
    originals: list[Path],
    tmp_path: Path,
    amount: Callable[[int, int], int],
    figure: Callable[[str], None],
) -> None:
    program = os.environ.get("VMT_FFMPEG", "").split(os.pathsep)[0]
    assert program, "make test names the ffmpeg with the filter in VMT_FFMPEG"
    ends: Counter[str] = Counter()
    for path in media.damaged(originals, tmp_path, amount(30, 500)):
        raw = ("-f", "rawvideo", "-s", "160x128") if path.suffix == ".yuv" else ()
        done = processes.run(
            [program, "-v", "error", "-nostdin", *raw, "-i", path, "-i", originals[0],
             "-lavfi", "[0:v][1:v]vmaf_tiny=log_fmt=json:log_path=log.json", "-f", "null", "-"],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=BOUND,
        )  # fmt: skip
        assert 0 <= done.returncode < 128, (path, done)
        log = tmp_path / "log.json"
        if log.exists():  # whole, if there is one
            assert json.loads(log.read_text())["frames"]
            log.unlink()
        ends["scored" if done.returncode == 0 else "refused"] += 1
    assert ends["scored"] and ends["refused"]
    figure(f"{ends.total()} files: {ends['scored']} scored, {ends['refused']} refused, 0 crashes")


# ------------------------------------------------------------------------------- odd videos


def size_change(folder: Path) -> Path:
    """Two raw H.264 streams of different sizes, one behind the other."""
    one = clips.write(folder / "one.h264", clips.planes(4))
    other = clips.write(folder / "two.h264", clips.planes(4, 96, 64))
    path = folder / "change.h264"
    path.write_bytes(one.read_bytes() + other.read_bytes())
    return path


def tall(folder: Path) -> Path:
    return clips.write_y4m(folder / "tall.y4m", clips.planes(2, 33, 1200))


def large(folder: Path) -> Path:
    """Two pictures of 8K."""
    luma = np.tile(clips.plane(0), (34, 48))[:4320, :7680]
    return clips.write_y4m(folder / "8k.y4m", [luma, luma])


def one_by_one(folder: Path) -> Path:
    return clips.write_y4m(folder / "dot.y4m", [np.zeros((1, 1), np.uint8)] * 3)


def gray16(folder: Path) -> Path:
    planes = [plane.astype(np.uint16) << 8 for plane in clips.planes(3)]
    return clips.write(folder / "gray.mkv", planes, codec="ffv1", pixel_format="gray16le")


def no_frames(folder: Path) -> Path:
    path = folder / "none.y4m"
    path.write_bytes(b"YUV4MPEG2 W160 H128 F25:1 Ip A1:1 C420jpeg\n")
    return path


def times(values: list[int]) -> Callable[[Path], Path]:
    def make(folder: Path) -> Path:
        return clips.write(
            folder / "times.mkv", clips.planes(len(values)), codec="ffv1", times=values,
            time_base=Fraction(1, 25),
        )  # fmt: skip

    return make


ODD: dict[str, tuple[Callable[[Path], Path], int, str]] = {
    "size changes": (size_change, 1, "changes at picture"),
    "33 wide": (tall, 0, ""),
    "8K": (large, 0, ""),
    "1x1": (one_by_one, 1, "1x1: VMAF is defined"),
    "16-bit gray": (gray16, 0, ""),
    "zero frames": (no_frames, 1, "no picture"),
    "negative times": (times([-3, -2, -1, 0, 1]), 0, ""),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", ODD)
def test_odd_videos(scoring: Scoring, tmp_path: Path, name: str) -> None:
    make, status, words = ODD[name]
    path = make(tmp_path)
    answer = scoring.run("score", "-q", "-r", path, "-d", path)
    if status == 0 and answer["status"]:
        pytest.fail(answer["err"])
    judge(answer, path)
    assert (answer["status"], words in answer["err"]) == (status, True), answer
