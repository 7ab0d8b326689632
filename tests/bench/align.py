#!/usr/bin/env python3
"""What looking at the alignment costs: time of scoring with the check and without it, by turns.

A reference of moving texture and an encode of it, as files, are scored in exact and in fast mode.
The processor's time of a whole score is what is compared, by the median of rounds; what the check
takes of a picture by itself is timed beside it, with pairs that are right and, as the search for
the right ones costs more, with every third picture lost.
"""

import argparse
import os
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from encodes import encode, with_gray

from vmaf_tiny import score, textures
from vmaf_tiny.aligner import Aligner
from vmaf_tiny.luma import Luma
from vmaf_tiny.signature import signature

CRF = 28


def spent(work: Callable[[], object]) -> float:
    """Return the processor's seconds that something takes, of all threads."""
    before = os.times()
    work()
    after = os.times()
    return sum(after[:2]) - sum(before[:2])


def pictures(count: int, width: int, height: int) -> list[Luma]:
    """Return pictures that move by a few samples; all are views of one wide one."""
    wide = textures.as_samples(textures.natural(1, height, width + 4 * count, 8), 8)[0]
    return [wide[:, 4 * n : 4 * n + width] for n in range(count)]


def checked(reference: Sequence[Luma], distorted: Sequence[Luma], rounds: int) -> float:
    """Return milliseconds that signatures and their comparison take of each pair."""

    def look() -> None:
        aligner = Aligner()
        for one, other in zip(reference, distorted, strict=False):
            aligner.add(signature(one, 8), signature(other, 8))
        aligner.finish()

    count = min(len(reference), len(distorted))
    taken = []
    for _ in range(rounds):
        begun = time.perf_counter()
        look()
        taken.append(time.perf_counter() - begun)
    return 1e3 * statistics.median(taken) / count


def main(argv: Sequence[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--size", default="1920x1080")
    parser.add_argument("--pictures", type=int, default=300, help="more than 256 fill the band")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args(argv)
    width, height = map(int, options.size.split("x"))
    lumas = pictures(options.pictures, width, height)
    lost = [luma for n, luma in enumerate(lumas) if n % 3 != 2]
    print(f"{options.pictures} pictures of {width}x{height}, {options.rounds} rounds by turns")
    for what, distorted in (("right pairs", lumas), ("every third picture lost", lost)):
        each = checked(lumas, distorted, options.rounds)
        print(f"the check alone, {what}: {each:.2f} ms a pair")
    with tempfile.TemporaryDirectory() as folder:
        source, encoded = Path(folder) / "source.mkv", Path(folder) / "encode.mkv"
        encode(str(source), with_gray(lumas, 8), 12)
        encode(str(encoded), with_gray(lumas, 8), CRF)
        for mode in ("exact", "fast"):
            taken: dict[str, list[float]] = {"off": [], "check": []}
            for _ in range(options.rounds):
                for align, times in taken.items():
                    how = {"align": align, "mode": mode, "threads": options.threads}
                    times.append(spent(partial(score, source, encoded, **how)))
            off, check = (1e3 * statistics.median(t) / options.pictures for t in taken.values())
            more = [b / a - 1 for a, b in zip(taken["off"], taken["check"], strict=True)]
            print(
                f"score, {mode} mode: {off:.1f} ms of processor a pair without, {check:.1f} with:"
                f" {100 * statistics.median(more):+.1f} % (of {100 * min(more):+.1f} to"
                f" {100 * max(more):+.1f} %)"
            )


if __name__ == "__main__":
    main()
