"""The same videos give the same bytes: whatever the threads, the kernels and the neighbours."""

import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from vmaf_tiny import Model, score
from vmaf_tiny._core import cpu_levels

THREADS = (1, 2, 5)


def apart_from_times(log: Path) -> str:
    """Return a log without what tells of the run: speed, date, command, threads, kernels."""
    text = log.read_text()
    assert json.loads(text)["frames"]
    return re.sub(r'"(fps|cpu|threads|created|command)": .*', r'"\1"', text)


@pytest.mark.slow
def test_threads_kernels_and_repetition_change_no_byte(
    pair: tuple[Path, Path],
    tmp_path: Path,
    amount: Callable[[int, int], int],
    figure: Callable[[str], None],
) -> None:
    repetitions, log = amount(2, 20), tmp_path / "log.json"
    found: set[str] = set()
    runs = 0
    with Model() as model:
        for _ in range(repetitions):
            for threads in THREADS:
                for cpu in cpu_levels():
                    score(*pair, model, threads=threads, cpu=cpu).write(log, "json")
                    found.add(apart_from_times(log))
                    runs += 1
    assert len(found) == 1
    figure(
        f"{runs} runs: {repetitions} repetitions, {', '.join(map(str, THREADS))} threads, "
        f"{' '.join(cpu_levels())}: 1 result"
    )


@pytest.mark.slow
def test_four_processes_at_once_do_not_disturb_each_other(
    pair: tuple[Path, Path],
    tmp_path: Path,
    amount: Callable[[int, int], int],
    figure: Callable[[str], None],
) -> None:
    rounds, found = amount(1, 10), set()
    for _ in range(rounds):
        logs = [tmp_path / f"{n}.json" for n in range(4)]
        command = [sys.executable, "-m", "vmaf_tiny", "-q", *pair, "-o"]
        processes = [subprocess.Popen([*command, log], stdout=subprocess.DEVNULL) for log in logs]
        assert [process.wait(timeout=600) for process in processes] == [0] * 4
        found |= {apart_from_times(log) for log in logs}
    assert len(found) == 1
    figure(f"{4 * rounds} runs, 4 at once: 1 result")
