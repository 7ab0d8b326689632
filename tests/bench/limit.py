"""What the arithmetic of each stage takes at least on this CPU, and how near to that the stage is.

Counted are the operations that no order of the work can save, as the vector kernels do them:

- multiply-adds of 16-bit numbers, of which every filter is made. A tap more than there are is
  counted, where pairs of taps are multiplied at once and their number is odd. VIF filters two means
  and, as halves of 16 bits, three products; of 8-bit samples the products fit one half. A product
  of 16 bits alone counts as one too.
- products of 32 bits, long ones of 64 bits, divisions in double and logarithms. Every pixel is
  counted as one that has detail, which is what the synthetic pictures have. ADM divides once for
  its three bands.

What an operation takes is measured by tests/c/kernels/throughput.c, with the widest vectors of a
level. Multiplications of all kinds wait for each other; divisions and logarithms have units of
their own, so of these the slower counts. What loads, stores, adds, packs and compares take is not
counted, though it keeps the same core busy: a stage can be near its limit, but never at it.
"""

import statistics
import subprocess
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from rich.table import Table

from vmaf_tiny import VmafTinyError, bench
from vmaf_tiny._core import STAGES, cpu_levels

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = ROOT / "build/tests/c/kernels/throughput"
TAPS = (17, 9, 5, 3)  # of VIF at each scale
CENTRE = 0.8 * 0.8  # of its bands that ADM looks at
PICTURES = 6


@dataclass(frozen=True)
class Count:
    """Operations of a stage per picture."""

    multiply_add: float = 0
    product: float = 0
    long_product: float = 0
    division: float = 0
    logarithm: float = 0


@dataclass(frozen=True)
class Stage:
    """A stage at a level: what it does, what that takes at least and what it takes, in ms."""

    stage: str
    bits: int
    cpu: str
    count: Count
    least: float
    taken: float


def even(taps: int) -> int:
    """Return how many taps are multiplied where they are taken in pairs."""
    return taps + taps % 2


def vif(scale: int, pixels: int, bits: int) -> Count:
    """Count a scale of VIF, with the picture of the next that is made on the way."""
    here = pixels / 4**scale
    vertical = 5 if scale == 0 and bits == 8 else 8
    filters = (vertical + 8) * even(TAPS[scale]) * here
    if scale + 1 < len(TAPS):  # both pictures, every other row of all columns, then every other one
        filters += 2 * even(TAPS[scale + 1]) * (here / 2 + here / 4)
    return Count(multiply_add=filters, division=here, logarithm=3 * here)


def adm(pixels: int) -> Count:
    """Count ADM: wavelets of both pictures, and what is done with the centre of their bands."""
    total = dict.fromkeys(asdict(Count()), 0.0)
    for level in range(4):
        here = pixels / 4 ** (level + 1)
        centre = CENTRE * here
        # Four taps for low and high, down and across: of halves, where a number has more bits.
        total["multiply_add"] += 2 * here * (32, 48, 64, 64)[level]
        total["division"] += centre
        if level == 0:
            total["multiply_add"] += (6 + 15) * centre
            total["product"] += 6 * centre
            total["long_product"] += 12 * centre
        else:
            total["long_product"] += 30 * centre
    return Count(**total)


def motion(pixels: int, bits: int) -> Count:
    """Count motion: five taps down, above 8 bits of either picture, and across."""
    return Count(multiply_add=even(5) * pixels * ((1 if bits == 8 else 2) + 1))


def counts(pixels: int, bits: int) -> dict[str, Count]:
    """Return what each of `STAGES` does."""
    scales = [vif(scale, pixels, bits) for scale in range(len(TAPS))]
    return dict(zip(STAGES, [*scales, adm(pixels), motion(pixels, bits)], strict=True))


def throughput() -> dict[str, dict[str, float]]:
    """Return nanoseconds of each operation, by level.

    Raises
    ------
    VmafTinyError
        The program that measures them cannot be run.
    """
    try:
        said = subprocess.check_output([PROGRAM], text=True)
    except (OSError, subprocess.CalledProcessError) as error:
        raise VmafTinyError(f"{PROGRAM}: {error}: build it by make build") from error
    taken: dict[str, dict[str, float]] = {}
    for line in said.splitlines():
        level, operation, lanes, nanoseconds = line.split()
        taken.setdefault(level, {})[operation] = float(nanoseconds) / int(lanes)
    return taken


def least(count: Count, ns: dict[str, float]) -> float:
    """Return milliseconds that a stage takes at least."""
    each = {name: number * ns[name] / 1e6 for name, number in asdict(count).items()}
    apart = max(each.pop("division"), each.pop("logarithm"))
    return float(sum(each.values()) + apart)


def measure(rounds: int, step: Callable[[str], None]) -> list[Stage]:
    """Measure every stage of 1920x1080 at every level of which the operations are known."""
    ns = throughput()
    stages: list[Stage] = []
    for bits in (8, 10):
        clip = bench.synthetic(1920, 1080, bits, PICTURES)
        setups = [bench.Setup(cpu) for cpu in reversed(cpu_levels()) if cpu in ns]
        found = bench.measure(clip, setups, rounds=rounds, step=step)
        for setup in setups:
            for stage, count in counts(1920 * 1080, bits).items():
                taken = statistics.median(found.stages[setup][stage])
                bound = least(count, ns[setup.cpu])
                stages.append(Stage(stage, bits, setup.cpu, count, bound, taken))
    return stages


def table(stages: list[Stage], bits: int, cpu: str) -> Table:
    """Return the stages of a depth at a level."""
    shown = Table(box=None, pad_edge=False, header_style="dim")
    shown.add_column(f"{bits} bits, {cpu}", no_wrap=True)
    operations = ("multiply-adds", "products", "divisions", "logarithms")
    for heading in (*operations, "least ms", "taken ms", "reached"):
        shown.add_column(heading, justify="right", no_wrap=True)
    its = [one for one in stages if (one.bits, one.cpu) == (bits, cpu)]
    for one in its:
        count = one.count
        numbers = (
            count.multiply_add, count.product + count.long_product, count.division, count.logarithm
        )  # fmt: skip
        shown.add_row(
            one.stage,
            *(f"{number / 1e6:.1f} M" if number else "" for number in numbers),
            f"{one.least:.2f}", f"{one.taken:.2f}", f"{one.least / one.taken:.0%}",
        )  # fmt: skip
    bound, taken = sum(one.least for one in its), sum(one.taken for one in its)
    shown.add_row("all", *[""] * 4, f"{bound:.2f}", f"{taken:.2f}", f"{bound / taken:.0%}")
    return shown


def tables(stages: list[Stage]) -> list[Any]:
    """Return what a console prints: a table for each depth and level."""
    if not stages:
        return ["limit: nothing is known of the operations of this CPU"]
    keys = dict.fromkeys((one.bits, one.cpu) for one in stages)
    return [part for key in keys for part in (table(stages, *key), "")]
