"""Encoders do not take the machine for themselves, and those who score no more than they use."""

import os
import sys
from pathlib import Path

import pytest

import clips
from vmaf_tiny.encode import Rendition, encode_and_score, scheduling
from vmaf_tiny.encode.codecs import encoder_threads
from vmaf_tiny.encode.scheduling import scheduling_kept, scoring_threads
from vmaf_tiny.processors import processors
from vmaf_tiny.sweep import sweep
from vmaf_tiny.units import run
from vmaf_tiny.units.run import Work

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


# -------------------------------------------------------------------------- many processors


@pytest.mark.parametrize(
    "count, renditions, threads, at_once",
    [
        (2, 1, 2, 8),
        (16, 1, 12, 8),
        (16, 5, 16, 8),
        (64, 1, 12, 10),
        (64, 5, 60, 10),
        (64, 12, 64, 10),
    ],
)
def test_what_machines_with_many_processors_do(monkeypatch, count, renditions, threads, at_once):
    for module in (scheduling, run):
        monkeypatch.setattr(module, "processors", lambda: count)
    monkeypatch.setattr(os, "sysconf", lambda _: 1 << 20)  # there is memory enough
    encoding = encoder_threads(1920, 1080)
    assert scoring_threads(renditions * encoding) == threads
    assert run._fitting(1920, 1080, 1) == at_once
    assert Work().threads() == 0
    assert Work(workers=4).threads() == max(1, count // 4)


def test_only_processors_that_may_be_used_count():
    before = os.sched_getaffinity(0)
    try:
        os.sched_setaffinity(0, {min(before)})
        assert processors() == 1
        assert Work(workers=1).threads() == 1
    finally:
        os.sched_setaffinity(0, before)
    assert processors() == len(before)


def test_scores_are_the_same_on_every_machine(tmp_path, monkeypatch):
    lumas = [clips.noisy(clips.plane(n, 128, 96), seed=n) for n in range(30)]
    source = clips.write(tmp_path / "clip.mkv", lumas)
    renditions = [Rendition(crf=30, preset="ultrafast"), Rendition(crf=40, preset="ultrafast")]
    expected = sweep(source, renditions, threads=1)
    monkeypatch.setattr(scheduling, "processors", lambda: 64)
    found = sweep(source, renditions)
    assert found[0].result.provenance.threads == 6
    for one, other in zip(found, expected, strict=True):
        assert (one.result.features == other.result.features).all()
        assert (one.result.scores == other.result.scores).all()
