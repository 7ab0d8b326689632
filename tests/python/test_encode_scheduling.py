"""Encoders do not take the machine for themselves."""

import os
import sys
from pathlib import Path

import pytest

import clips
from vmaf_tiny.encode import Rendition, encode_and_score
from vmaf_tiny.encode.scheduling import scheduling_kept

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="real-time policies of Linux")
REAL_TIME = (os.SCHED_FIFO, os.SCHED_RR)


def policies() -> set[int]:
    found = set()
    for task in Path("/proc/self/task").iterdir():
        try:
            found.add(os.sched_getscheduler(int(task.name)))
        except ProcessLookupError:
            continue
    return found


def test_svt_av1_runs_as_any_other_encoder(tmp_path) -> None:
    """It makes itself real-time when it is root, which starves all else."""
    source = clips.write(
        tmp_path / "clip.mkv", [clips.noisy(clips.plane(n, 128, 96), seed=n) for n in range(12)]
    )
    seen: set[int] = set()
    encode_and_score(
        source,
        [Rendition("libsvtav1", crf=40, preset="12")],
        progress=lambda _: seen.update(policies()),
    )
    assert seen and not seen & set(REAL_TIME)
    assert os.sched_getscheduler(0) not in REAL_TIME


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may ask for real time")
def test_a_thread_that_became_real_time_is_brought_back() -> None:
    before = os.sched_getscheduler(0)
    with scheduling_kept():
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))
    assert os.sched_getscheduler(0) == before
