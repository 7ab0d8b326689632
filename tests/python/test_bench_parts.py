"""The benchmarks of tests/bench: that they measure what they say, on small pictures."""

import importlib
import sys
from pathlib import Path

import numpy as np
import pytest

from vmaf_tiny import Context, VmafTinyError, bench
from vmaf_tiny._core import STAGES, cpu_levels

ROOT = Path(__file__).parents[2]


def part(name):
    """Return a module of tests/bench, which are programs and lie beside each other."""
    sys.path.append(str(ROOT / "tests/bench"))
    try:
        return importlib.import_module(name)
    finally:
        sys.path.pop()


def features(clip, setup):
    """Return what the package makes of a clip."""
    rows = []
    options = {"cpu": setup.cpu, "mode": setup.mode, "renditions": setup.renditions}
    with Context(*clip.size, clip.bits, threads=1, **options) as context:
        for reference, distorted in zip(clip.reference, clip.distorted, strict=True):
            context.push(reference, [distorted] * setup.renditions)
        context.flush()
        while (row := context.pull()) is not None:
            rows.append(row["value"])
    return np.array(rows)


@pytest.mark.parametrize("threads", [1, 2])
def test_stages_have_their_times_if_that_is_asked_for(threads):
    clip = bench.synthetic(96, 64, 8, 3)
    for wanted in (False, True):
        with Context(*clip.size, threads=threads, stage_times=wanted) as context:
            for reference, distorted in zip(clip.reference, clip.distorted, strict=True):
                context.push(reference, [distorted])
            seconds = context.stage_seconds()
        assert tuple(seconds) == STAGES
        assert all((spent > 0) == wanted for spent in seconds.values())


# --------------------------------------------------------------------------------------- threads


def test_two_threads_are_compared_with_one_and_with_what_is_possible(monkeypatch):
    threads, spent = part("two_threads"), {1: 8.0, 2: 5.0}
    monkeypatch.setattr(threads.bench, "features_cost", lambda _, s: (0.0, spent[s.threads], {}))
    monkeypatch.setattr(threads, "at_once", lambda *_: 10.0)
    rows = list(threads.rows(3, (96, 64), 2, lambda _: None))
    assert [row.measured for row in rows] == [1.6, 1.6]
    assert [row.verdict for row in rows] == ["less", ""]


def test_both_threads_compute_all_of_a_clip(monkeypatch):
    threads, clip = part("two_threads"), bench.synthetic(96, 64, 8, 3)
    seen, cost = [], threads.bench.features_cost
    monkeypatch.setattr(threads.bench, "features_cost", lambda *a: seen.append(cost(*a)))
    assert threads.at_once(clip, bench.Setup("c")) > 0
    assert len(seen) == 2 and all(wall > 0 for _, wall, _ in seen)


# ------------------------------------------------------------------------------------- compilers


@pytest.fixture
def own_core():
    """The shared library that this build made."""
    return ROOT / "build/filter/libvmaf_tiny.so"


@pytest.mark.parametrize("bits", [8, 10])
def test_a_library_alone_gives_the_features_of_the_package(own_core, bits):
    clip = bench.synthetic(96, 64, bits, 3)
    for setup in bench.one_at_a_time(cpu_levels(), ("exact", "fast"), renditions=(1, 3)):
        seconds, found = part("compilers").Core(own_core).cost(clip, setup)
        assert seconds > 0
        assert np.array_equal(
            np.array(found).reshape(3, setup.renditions, 6), features(clip, setup)
        )


def test_a_library_says_what_it_does_not_have(own_core):
    core = part("compilers").Core(own_core)
    with pytest.raises(VmafTinyError, match="z80"):
        core.cost(bench.synthetic(96, 64, 8, 2), bench.Setup("z80"))
    with pytest.raises(VmafTinyError, match="33x33"):
        core.cost(bench.synthetic(20, 20, 8, 2), bench.Setup("c"))


@pytest.fixture
def two_compilers(monkeypatch, own_core):
    """What compares compilers, with this build's library for both, and small pictures."""
    compilers, made = part("compilers"), bench.synthetic(96, 64, 8, 3)
    monkeypatch.setattr(compilers, "build", lambda _: own_core)
    monkeypatch.setattr(compilers.shutil, "which", lambda name: name)
    monkeypatch.setattr(compilers.bench, "synthetic", lambda *_: made)
    return compilers


def test_compilers_are_measured_in_turns(two_compilers):
    said = []
    setups = [bench.Setup("c", "fast", renditions=2), bench.Setup("c")]
    rows = list(two_compilers.rows({8: setups}, 2, said.append))
    assert [row.must for row in rows] == [1.15, 1.15] and all(row.measured > 0 for row in rows)
    assert "c, fast, each of 2 renditions" in rows[0].what and "8 bits, c:" in rows[1].what
    turns = [text.rpartition(", ")[2] for text in said if "bits" in text]
    assert turns == [*two_compilers.COMPILERS] * 4


def test_compilers_that_do_not_agree_are_an_error(two_compilers, monkeypatch):
    def cost(self, clip, setup, turns=[]):  # noqa: B006 - counts calls
        turns.append(setup)
        return 1.0, [(float(len(turns)),)]

    monkeypatch.setattr(two_compilers.Core, "cost", cost)
    with pytest.raises(VmafTinyError, match="do not agree"):
        list(two_compilers.rows({8: [bench.Setup("c")]}, 1, lambda _: None))


def test_missing_compilers_are_named(two_compilers, monkeypatch, capsys):
    monkeypatch.setattr(two_compilers.shutil, "which", lambda _: None)
    assert list(two_compilers.rows({}, 1, lambda _: None)) == []
    assert "apt-get install -y gcc-12 clang-14" in capsys.readouterr().err


# ----------------------------------------------------------------------------------------- limit


def test_operations_are_those_of_the_filters():
    """17, 9, 5 and 3 taps, down and across, of two means and three products in halves."""
    limit = part("limit")
    assert limit.TAPS == (17, 9, 5, 3) and [limit.even(n) for n in limit.TAPS] == [18, 10, 6, 4]
    deep, shallow = (limit.vif(0, 1000, bits).multiply_add for bits in (10, 8))
    assert deep - shallow == 3 * 18 * 1000  # the lower halves of three products, down
    last = limit.vif(3, 64 * 1000, 8)
    assert (last.multiply_add, last.division, last.logarithm) == (16 * 4 * 1000, 1000, 3000)
    assert limit.motion(1000, 8).multiply_add == (1 + 1) * 6 * 1000


@pytest.mark.parametrize("bits", [8, 10])
def test_every_stage_is_counted_and_grows_with_the_picture(bits):
    limit = part("limit")
    small, large = limit.counts(1000, bits), limit.counts(4000, bits)
    assert tuple(small) == STAGES
    ns = dict.fromkeys(("multiply_add", "product", "long_product", "division", "logarithm"), 2.0)
    for stage, count in small.items():
        assert limit.least(large[stage], ns) == pytest.approx(4 * limit.least(count, ns))


def test_the_slower_of_divisions_and_logarithms_counts():
    limit = part("limit")
    ns = {"multiply_add": 1.0, "product": 0.0, "long_product": 0.0, "division": 5.0, "logarithm": 2}
    count = limit.Count(multiply_add=1e6, division=1e6, logarithm=3e6)
    assert limit.least(count, ns) == 1 + 6


def test_throughput_is_measured_for_every_level_with_vectors():
    limit = part("limit")
    ns = limit.throughput()
    if "avx2" in cpu_levels():
        assert set(ns) == {"avx2", "avx512"} & set(cpu_levels())
    for operations in ns.values():
        assert set(operations) == set(limit.asdict(limit.Count()))
        assert all(value > 0 for value in operations.values())


def test_a_program_that_is_missing_is_named(monkeypatch, tmp_path):
    limit = part("limit")
    monkeypatch.setattr(limit, "PROGRAM", tmp_path / "throughput")
    with pytest.raises(VmafTinyError, match="make build"):
        limit.throughput()


def test_the_limit_is_shown_with_what_is_taken(monkeypatch):
    limit, made = part("limit"), bench.synthetic(96, 64, 8, 2)
    monkeypatch.setattr(limit.bench, "synthetic", lambda *_: made)
    stages = limit.measure(1, lambda _: None)
    levels = [cpu for cpu in reversed(cpu_levels()) if cpu in limit.throughput()]
    assert [(s.bits, s.cpu, s.stage) for s in stages] == [
        (bits, cpu, stage) for bits in (8, 10) for cpu in levels for stage in STAGES
    ]
    assert all(one.least > 0 and one.taken > 0 for one in stages)
    assert len(limit.tables(stages)) == 2 * 2 * len(levels)
    assert "nothing is known" in limit.tables([])[0]


# --------------------------------------------------------------------------------- the alignment


def test_the_cost_of_the_alignment_is_told(capsys):
    part("align").main(["--size", "96x64", "--pictures", "12", "--rounds", "1"])
    lines = capsys.readouterr().out.splitlines()
    assert "every third picture lost" in lines[2]
    assert [line.split(" mode")[0] for line in lines[3:]] == ["score, exact", "score, fast"]
