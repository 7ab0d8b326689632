"""How much sooner two threads compute features than one, and how much sooner they could.

What two contexts of one thread each do at the same time is what this machine has for two threads:
the caches and the memory that they share, and whoever else is at work. What two threads of one
context lose to that is lost in waiting for each other.
"""

import statistics
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace

from rows import Row

from vmaf_tiny import bench
from vmaf_tiny._core import cpu_levels

PICTURES = 48  # so many that the first and the last ones, which wait, do not count


def at_once(clip: bench.Clip, setup: bench.Setup) -> float:
    """Return the seconds in which two threads compute the features of a clip, each of all."""
    both = [threading.Thread(target=bench.features_cost, args=(clip, setup)) for _ in range(2)]
    begun = time.perf_counter()
    for thread in both:
        thread.start()
    for thread in both:
        thread.join()
    return time.perf_counter() - begun


def rows(
    rounds: int, size: tuple[int, int], pictures: int, step: Callable[[str], None]
) -> Iterator[Row]:
    """Measure both, in turns, by the clock."""
    clip = bench.synthetic(*size, 8, pictures)
    one = bench.Setup(cpu_levels()[-1])
    reached, possible = [], []
    for _ in range(rounds):
        step("one thread and two")
        _, alone, _ = bench.features_cost(clip, one)
        _, together, _ = bench.features_cost(clip, replace(one, threads=2))
        reached.append(alone / together)
        possible.append(2 * alone / at_once(clip, one))
    yield Row("two threads against one", 1.85, 1.95, statistics.median(reached), gated=False)
    yield Row("two contexts of one thread at once", None, None, statistics.median(possible))
