"""The command at a terminal and in a pipe: progress, interrupts, readers that go away."""

import array
import fcntl
import os
import signal
import subprocess
import termios
import time
from pathlib import Path

import pytest

from command import COMMAND

W, H = 160, 128


def test_reader_that_goes_away_is_no_error(pair, place):
    for arguments in ((), ("-q",), ("-o", "-", "--csv"), ("--help",)):
        reader, writer = os.pipe()
        os.close(reader)
        with os.fdopen(writer, "wb") as stdout:
            done = subprocess.run(
                [*COMMAND, *(pair if "--help" not in arguments else ()), *arguments],
                stdout=stdout, stderr=subprocess.PIPE, timeout=120, check=False,
            )  # fmt: skip
        assert (done.returncode, done.stderr) == (1, b""), arguments


@pytest.fixture
def long_pair(place):
    """Raw video of many pictures that takes no room on disk, and flags to score it."""
    size = W * H * 3 // 2
    for name in ("ref.yuv", "dis.yuv"):
        with Path(name).open("wb") as file:
            file.truncate(200_000 * size)
    return ("-r", "ref.yuv", "-d", "dis.yuv", "-w", W, "-h", H, "--threads", 1)


def test_progress_has_fps_and_time_left(terminal, long_pair):
    run = terminal(*long_pair)
    run.read(until=r"\d+ of 200000 pictures, [\d.]+ fps, \d+:\d\d:\d\d left")


def test_terminal_gets_colour_and_no_remains_of_progress(terminal, pair):
    run = terminal(*pair, output=True)
    text = run.read()
    assert run.process.wait() == 0
    assert "\x1b[" in text and "VMAF" in text
    assert "\x1b[?25l" not in text or text.rindex("\x1b[?25h") > text.rindex("\x1b[?25l")


def test_quiet_shows_no_progress(terminal, pair):
    run = terminal("-q", *pair)
    assert run.read() == ""
    assert run.process.wait() == 0
    assert float(run.process.stdout.read()) > 0


# ------------------------------------------------------------------------------------- interrupt


def test_interrupt_leaves_one_line_and_no_file(terminal, long_pair, place):
    before = sorted(place.iterdir())
    run = terminal(*long_pair, "-o", "log.json")
    run.read(until=r"pictures, [\d.]+ fps")
    run.process.send_signal(signal.SIGINT)
    asked = time.monotonic()
    text = run.read()
    assert run.process.wait(10) == 130
    assert time.monotonic() - asked < 5
    assert text.endswith("\x1b[?25hvmaf-tiny: interrupted\r\n") and "Traceback" not in text
    assert run.process.stdout.read() == b""
    assert sorted(place.iterdir()) == before


def test_interrupt_while_waiting_for_standard_input(place, pair):
    process = subprocess.Popen(
        [*COMMAND, "-q", "-r", "-", "-d", pair[1], "-o", "log.json"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    process.stdin.write(Path(pair[0]).read_bytes()[:1000])
    process.stdin.flush()
    unread = array.array("i", [1])
    while unread[0]:  # until it has begun to read, and waits for more
        time.sleep(0.05)
        fcntl.ioctl(process.stdin, termios.FIONREAD, unread)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=20)
    assert (process.returncode, out) == (130, b"")
    assert err == b"vmaf-tiny: interrupted\n"
    assert list(place.iterdir()) == []
