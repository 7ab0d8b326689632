"""What runs for months keeps its memory and its file descriptors."""

import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from fusion_models import sanitizers
from vmaf_tiny import Model, Scorer
from vmaf_tiny._core import Context


def resident() -> int:
    """Memory of this process in KiB."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGESIZE") // 1024


def descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


@pytest.mark.slow
def test_core(
    build_dir: Path, amount: Callable[[int, int], int], figure: Callable[[str], None]
) -> None:
    if sanitizers(build_dir):
        pytest.skip("sanitizers keep what was freed")
    pairs, contexts = amount(5000, 200_000), amount(200, 2000)
    done = subprocess.run(
        [build_dir / "tests/c/core/core_endurance", str(pairs), str(contexts)],
        capture_output=True,
        text=True,
        timeout=3600,
    )
    assert done.returncode == 0, done.stdout
    figure("; ".join(done.stdout.splitlines()[:2]))


def growth(steps: Iterator[None]) -> tuple[int, int, int]:
    """Run to the end; return memory in KiB after a quarter and at the end, and how many steps."""
    samples = [resident() for _ in steps]
    return samples[len(samples) // 4], samples[-1], len(samples)


def scored_pairs(count: int) -> Iterator[None]:
    rng = np.random.default_rng(1)
    planes = rng.integers(0, 256, (8, 64, 64), np.uint8)
    with Scorer(64, 64) as scorer:
        for n in range(count):
            scorer.push(planes[n % 8], planes[(n + 1) % 8])
            if n % 100 == 0:
                yield
        scorer.finish()


def opened_contexts(count: int) -> Iterator[None]:
    plane = np.zeros((64, 64), np.uint8)
    for _ in range(count):
        with Context(64, 64, threads=2) as context:
            context.push(plane, [plane])
        yield


def opened_models(count: int) -> Iterator[None]:
    for _ in range(count):
        Model().close()
        yield


@pytest.mark.slow
def test_bindings(amount: Callable[[int, int], int], figure: Callable[[str], None]) -> None:
    said = []
    before = descriptors()
    for name, steps, allowed in (
        ("contexts", opened_contexts(amount(200, 2000)), 1024),
        ("models", opened_models(amount(40, 300)), 4096),
    ):
        early, late, count = growth(steps)
        assert late <= early + allowed, f"{name}: {early} KiB, then {late} KiB"
        said.append(f"{count} {name}: {early} to {late} KiB")
    # A scorer keeps the rows of every picture, some 60 bytes each, and their scores.
    pairs = amount(2000, 40_000)
    early, late, _ = growth(scored_pairs(pairs))
    assert late <= early + 1024 + pairs * 400 // 1024, f"{early} KiB, then {late} KiB"
    said.append(f"{pairs} pairs through a scorer: {early} to {late} KiB")
    assert descriptors() == before
    figure(f"{'; '.join(said)}; {before} descriptors before and after")
