"""What tests run other programs by."""

import os
import subprocess
import time

import pytest

from processes import run


def test_nothing_is_left_of_a_command_that_hangs():
    read, write = os.pipe()
    start = time.monotonic()
    with pytest.raises(subprocess.TimeoutExpired):
        run(["sh", "-c", "sleep 600 & wait"], timeout=0.5, pass_fds=[write], capture_output=True)
    os.close(write)
    assert os.read(read, 1) == b""  # which waits until the last that has the other end is gone
    os.close(read)
    assert time.monotonic() - start < 300


def test_what_ends_is_returned():
    done = run(["sh", "-c", "echo out; echo err >&2; exit 3"], timeout=60, capture_output=True)
    assert (done.returncode, done.stdout, done.stderr) == (3, b"out\n", b"err\n")
