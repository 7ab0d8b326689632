"""Many values into one, as numpy and libvmaf do it."""

import subprocess
from pathlib import Path

import numpy as np
import pytest

from log_writer import POOLS


def pooled_values(program: Path, values: list[float]) -> dict[str, float]:
    done = subprocess.run(
        [program],
        input="\n".join(value.hex() for value in values),
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    pooled = dict(line.split() for line in done.stdout.splitlines())
    assert tuple(pooled) == POOLS
    return {name: float.fromhex(value) for name, value in pooled.items()}


@pytest.mark.parametrize("n", [*range(1, 41), 75, 98, 101, 109, 1234])
def test_pooled_values_are_numpys_and_libvmafs(build_dir: Path, n: int) -> None:
    values = (100 * np.random.default_rng(n).beta(5, 1, n)).tolist()
    pooled = pooled_values(build_dir / "tests/c/report/pool_values", values)
    total = reciprocals = 0.0
    for value in values:
        total += value
        reciprocals += 1 / (value + 1)
    assert pooled["min"] == min(values)
    assert pooled["max"] == max(values)
    assert pooled["mean"] == total / n
    assert pooled["harmonic_mean"] == n / reciprocals - 1
    for percent in (1, 5, 10, 50):
        assert pooled[f"p{percent}"] == np.percentile(values, percent)
    assert pooled["stdev"] == pytest.approx(np.std(values), rel=1e-13, abs=1e-13)
