"""Ladders and searches that are killed, share a store or find it damaged: nothing is done twice."""

import json
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import time
import zlib
from concurrent.futures import ProcessPoolExecutor
from contextlib import closing
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import pytest

import clips
import vmaf_tiny
from vmaf_tiny.cli import main
from vmaf_tiny.encode import Rendition
from vmaf_tiny.ladder import build_ladder
from vmaf_tiny.search import search
from vmaf_tiny.sweep import grid, sweep
from vmaf_tiny.units import jobs as jobs_module
from vmaf_tiny.units.store import Store

FAST = Rendition("libx264", preset="ultrafast")
# x264 makes the same encode twice only at widths that are multiples of 128.
RUNGS = {"sizes": [144, 72], "rendition": FAST, "crf": [24, 34, 44]}
SOUGHT = {"rendition": FAST, "chunk": 1.0, "crf": (12, 45), "first": 40, "samples": 4}


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    """Eighteen seconds whose content changes, with key frames."""
    lumas = [
        clips.noisy(clips.plane(n * (1 + n // 60), 256, 144), 2 + 4 * (n // 60), seed=n)
        for n in range(180)
    ]
    path = tmp_path_factory.mktemp("source") / "clip.mkv"
    return clips.write(path, lumas, rate=10, options={"g": "30"})


@pytest.fixture
def computed(monkeypatch):
    """The units that were computed in this process."""
    units = []
    plain = jobs_module.run_job

    def noted(job, report=None):
        units.extend(job.keys)
        return plain(job, report)

    monkeypatch.setattr("vmaf_tiny.units.runners.run_job", noted)
    return units


def stored(path):
    with closing(sqlite3.connect(path)) as connection:
        return {row[0] for row in connection.execute("SELECT key FROM results")}


def ladder(source, **options):
    return build_ladder(source, **{**RUNGS, **options})


def sought(source, target=60, **options):
    return search(source, target, **{**SOUGHT, **options})


def assert_same(made, expected):
    """Assert that two ladders, or two searches, came to the same to the bit."""
    if hasattr(made, "points"):
        pairs = zip(made.points, expected.points, strict=True)
        assert (made.hull, made.rungs) == (expected.hull, expected.rungs)
    else:
        pairs = zip(made.whole, expected.whole, strict=True)
        assert (made.outcome, made.crf) == (expected.outcome, expected.crf)
        assert made.found.gap == expected.found.gap
        told = [
            [(p.crf, p.score, p.low, p.high, p.whole, p.stopped) for p in each.found.probes]
            for each in (made, expected)
        ]
        assert told[0] == told[1]
    for one, other in pairs:
        assert np.array_equal(one.result.features, other.result.features)
        assert np.array_equal(one.result.scores, other.result.scores)
        assert one.bytes == other.bytes


LOOPS = {"ladder": ladder, "search": sought}


@pytest.fixture(scope="module")
def expected(source):
    return {name: loop(source) for name, loop in LOOPS.items()}


def killed(name, source, store, units, *, keep=None):
    """Run a loop in another process that kills itself in its next unit, once some are stored."""
    script = f"""
import os, signal, sys
sys.path.insert(0, {str(Path(__file__).parent)!r})
from vmaf_tiny.encode import lane
from vmaf_tiny.units.store import Store
from test_resumed_loops import LOOPS
added, add, count = [0], Store.add, lane.Lane._count
def adding(self, values):
    add(self, values)
    added[0] = len(self)
def dying(self, packet):
    if added[0] >= {units} and len(self.tally.packets) == 3:
        os.kill(os.getpid(), signal.SIGKILL)
    count(self, packet)
Store.add, lane.Lane._count = adding, dying
options = {{"at_once": 1}} if {name!r} == "ladder" else {{}}
LOOPS[{name!r}](sys.argv[1], store=sys.argv[2], keep=sys.argv[3] or None, **options)
"""
    command = [sys.executable, "-c", script, source, store, keep or ""]
    done = subprocess.run(command, capture_output=True, check=False)
    assert done.returncode == -signal.SIGKILL, done.stderr.decode()


@pytest.mark.slow
@pytest.mark.parametrize(
    "name, units", [("ladder", 2), ("search", 1), ("search", 3), ("search", 6)]
)
def test_what_is_killed_goes_on_and_repeats_nothing(
    name, units, source, tmp_path, expected, computed
):
    whole, store = tmp_path / "whole", tmp_path / "store"
    LOOPS[name](source, store=whole)
    needed = len(computed)
    assert needed == len(set(computed)) == len(stored(whole))
    computed.clear()
    killed(name, source, store, units)
    before = stored(store)
    assert len(before) == units
    made = LOOPS[name](source, store=store)
    assert len(computed) == needed - units and not before & set(computed)
    assert stored(store) == stored(whole)
    assert_same(made, expected[name])
    computed.clear()
    assert_same(LOOPS[name](source, store=store), expected[name])
    assert computed == []


@pytest.mark.slow
@pytest.mark.parametrize("name", LOOPS)
def test_workers_come_to_the_same(name, source, tmp_path, expected):
    assert_same(LOOPS[name](source, workers=2, store=tmp_path / "store"), expected[name])
    split = [LOOPS[name](source, segment=5.0, **more) for more in ({}, {"workers": 2})]
    assert_same(*split)
    made = split[0].points[0] if name == "ladder" else split[0].made
    assert made.segments > 1


@pytest.mark.slow
@pytest.mark.parametrize("name", LOOPS)
def test_a_cluster_comes_to_the_same(name, source, expected):
    assert_same(LOOPS[name](source, dask="local", workers=2), expected[name])


@pytest.mark.slow
@pytest.mark.parametrize("name", LOOPS)
def test_two_at_once_share_a_store(name, source, tmp_path, expected, computed):
    store = tmp_path / "store"
    folder = str(Path(__file__).parent)
    script = (
        f"import sys; sys.path.insert(0, {folder!r}); from test_resumed_loops import LOOPS;"
        f"LOOPS[{name!r}](sys.argv[1], store=sys.argv[2])"
    )
    running = [subprocess.Popen([sys.executable, "-c", script, source, store]) for _ in range(2)]
    assert [process.wait() for process in running] == [0, 0]
    assert_same(LOOPS[name](source, store=store), expected[name])
    assert computed == []


def open_at(path, moment):
    """Open a store, at a moment of the clock."""
    time.sleep(max(moment - time.time(), 0))
    Store(path).close()


def test_a_new_store_may_be_opened_by_many_at_once(tmp_path):
    with ProcessPoolExecutor(4, mp_context=get_context("forkserver")) as pool:
        for number in range(100):
            paths, moments = [tmp_path / str(number)] * 4, [time.time() + 0.005] * 4
            list(pool.map(open_at, paths, moments))


def test_another_target_takes_what_is_stored_and_encodes_what_is_missing(
    source, tmp_path, computed
):
    store = tmp_path / "store"
    sought(source, 60, store=store)
    first = set(computed)
    computed.clear()
    made = sought(source, 75, store=store)
    assert not first & set(computed)
    assert_same(made, sought(source, 75))


def test_sweep_ladder_and_search_find_what_another_stored(source, tmp_path, computed):
    store = tmp_path / "store"
    sweep(source, grid(crf=[40], presets=["ultrafast"]), store=store)
    sought(source, samples=0, crf=(39, 41), store=store)
    first = computed[0]
    assert computed.count(first) == 1


# ----------------------------------------------------------------------------------- damaged values


@pytest.mark.parametrize(
    "damage",
    [
        lambda value: value[: len(value) // 2],
        lambda value: b"",
        lambda value: zlib.compress(zlib.decompress(value)[:-100]),
        lambda value: zlib.compress(b"[1, 2]"),
        lambda value: zlib.compress(b'{"result": {}, "file_size": null}'),
    ],
    ids=["cut off", "empty", "half a document", "a list", "nothing in it"],
)
def test_a_damaged_value_is_computed_again(source, tmp_path, computed, damage):
    store = tmp_path / "store"
    renditions = grid(crf=[34, 40], presets=["ultrafast"])
    made = sweep(source, renditions, store=store)
    with closing(sqlite3.connect(store)) as connection:
        ((key, value),) = connection.execute("SELECT key, value FROM results LIMIT 1").fetchall()
        connection.execute("UPDATE results SET value = ? WHERE key = ?", (damage(value), key))
        connection.commit()
    computed.clear()
    again = sweep(source, renditions, store=store)
    assert computed == [key]
    for one, other in zip(made, again, strict=True):
        assert np.array_equal(one.result.scores, other.result.scores)
    computed.clear()
    sweep(source, renditions, store=store)
    assert computed == []


# ------------------------------------------------------------------------------ what is left behind


@pytest.mark.slow
def test_unfinished_files_of_the_killed_are_removed(source, tmp_path):
    store, kept = tmp_path / "store", tmp_path / "kept"
    killed("ladder", source, store, 2, keep=kept)
    assert len(list(kept.glob(".*.part"))) == 1
    other = kept / f".other.mkv.elsewhere-{2**22}.part"
    other.touch()
    made = ladder(source, store=store, keep=kept, at_once=1)
    assert list(kept.glob(".*.part")) == [other]  # of another machine, which may be at work
    assert sorted(kept.glob("[!.]*")) == sorted(point.kept for point in made.points)


def test_unfinished_files_of_the_living_stay(source, tmp_path):
    host = socket.gethostname().partition(".")[0]
    (alive,) = (tmp_path / f".clip.libx264_ultrafast_crf40.mkv.{host}-{os.getppid()}.part",)
    alive.touch()
    sweep(source, grid(crf=[40], presets=["ultrafast"]), keep=tmp_path)
    assert alive.exists()


@pytest.mark.parametrize("name", ["sweep", "ladder", "search"])
def test_interrupted_commands_say_how_to_go_on(source, tmp_path, name):
    more = {"sweep": ["--crf", "20:40"], "ladder": ["--sizes", "144"], "search": ["--target", "90"]}
    command = [
        sys.executable, "-m", "vmaf_tiny", name, source, "--preset", "veryslow", *more[name],
        "--store", tmp_path / "store", "--progress", "json",
    ]  # fmt: skip
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        for line in process.stderr:
            event = json.loads(line)
            if any(each["state"] == "running" for each in event["renditions"]):
                break
        process.send_signal(signal.SIGINT)
        said = [line for line in process.stderr if not line.startswith("{")]
    assert process.returncode == 130
    assert said == [
        f"vmaf-tiny: interrupted: what is finished is in {tmp_path / 'store'}; the same command"
        " goes on from there\n"
    ]


# ------------------------------------------------------------------------------------ what is asked


def test_what_has_no_name_cannot_be_stored(tmp_path):
    planes = np.stack(clips.planes(4, 128, 64))
    with pytest.raises(vmaf_tiny.OptionError, match="want a file"):
        search(planes, 80, store=tmp_path / "store")
    with pytest.raises(TypeError, match="no option wrokers"):
        search(planes, 80, wrokers=2)
    with vmaf_tiny.Model() as model, pytest.raises(vmaf_tiny.OptionError, match="its id or path"):
        sweep("clip.mkv", grid(crf=[40]), model, workers=2)


def test_no_store_leaves_none(source, tmp_path, monkeypatch, capfd):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    arguments = ["--preset", "ultrafast", "--sizes", "144", "--crf", "44"]
    assert main(["ladder", str(source), *arguments, "--no-store", "-q"]) == 0
    assert list(tmp_path.iterdir()) == []
    assert main(["ladder", str(source), *arguments]) == 0
    assert "results are kept in" in capfd.readouterr().out
    assert (tmp_path / "vmaf-tiny" / "results.sqlite").exists()
