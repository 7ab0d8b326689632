"""Stopped on the way, by the user or by itself: the score of what was seen, and a log of it."""

import json
import os
import re
import signal
import subprocess

import pytest
from launched import DISTORTED, LIMIT_S, REFERENCE

ENDLESS = "testsrc2=size=160x120:rate=25:duration=36000"


def stopped(ffmpeg, log, stop):
    """Start a score that would take hours, stop it after 40 frames, return status and words."""
    command = [ffmpeg.launcher, "-nostats", "-hide_banner", "-y"]
    command += ["-f", "lavfi", "-i", f"{ENDLESS},gblur=1", "-f", "lavfi", "-i", ENDLESS]
    graph = f"[0][1]vmaf_tiny=log_fmt=json:log_path={log},metadata=print:file=-:direct=1"
    with subprocess.Popen(
        [*command, "-lavfi", graph, "-f", "null", "-"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as child:
        for line in child.stdout:
            if line.startswith(b"frame:40 "):
                break
        stop(child)
        _, said = child.communicate(timeout=LIMIT_S)
    return child.returncode, said.decode()


def press_q(child):
    child.stdin.write(b"q")
    child.stdin.flush()


@pytest.mark.parametrize(
    ("stop", "status"),
    [
        (press_q, 0),
        (lambda child: child.send_signal(signal.SIGINT), 255),
        (lambda child: child.send_signal(signal.SIGTERM), 255),
    ],
    ids=["q", "SIGINT", "SIGTERM"],
)
def test_the_user_stops_it(ffmpeg, tmp_path, stop, status):
    left, said = stopped(ffmpeg, tmp_path / "log", stop)
    assert left == status, said
    log = json.loads((tmp_path / "log").read_text())
    assert len(log["frames"]) > 40
    shown = re.findall(r"VMAF score: (\S+)", said)
    assert [float(score) for score in shown] == [log["pooled_metrics"]["vmaf"]["mean"]]


@pytest.mark.parametrize("stop", [("-t", "0.4"), ("-frames:v", "10")])
def test_an_output_that_is_full_ends_it(ffmpeg, tmp_path, stop):
    whole = ffmpeg.logged(DISTORTED, REFERENCE, path=tmp_path / "log")
    part = ffmpeg.logged(
        DISTORTED,
        REFERENCE,
        path=tmp_path / "log",
        to=(*stop, "-f", "null", "-"),
    )
    # a frame or more on its way when it stopped: the last has no neighbour to tell its motion
    assert 10 <= len(part.rows) < 25
    assert part.rows[:9] == whole.rows[:9]
    assert part.ran.score is not None


def test_a_file_that_breaks_off_ends_it(ffmpeg, tmp_path):
    path, broken = tmp_path / "whole.mkv", tmp_path / "broken.mkv"
    assert ffmpeg.run("-f", "lavfi", "-i", DISTORTED, "-c:v", "ffv1", path).status == 0
    broken.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    logged = ffmpeg.logged(broken, path, path=tmp_path / "log")
    assert 0 < len(logged.rows) < 25
    assert logged.ran.score is not None


def test_a_full_disk_is_told(ffmpeg):
    ran = ffmpeg.score(DISTORTED, REFERENCE, "log_path=/dev/full")
    assert ran.status != 0
    assert os.strerror(28) in ran.said
    assert ran.score is None
