"""Sweeps: what is computed once is not computed again, wherever and however work is done."""

import json
import os
import signal
import sqlite3
import subprocess
import sys
import textwrap
import time
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import clips
import vmaf_tiny
from vmaf_tiny.encode import Rendition
from vmaf_tiny.sweep import Store, bd_rates, grid, sweep
from vmaf_tiny.sweep.grid import bits_per_second, numbers
from vmaf_tiny.units import jobs as jobs_module
from vmaf_tiny.units.store import packed

SIZE = 256, 144  # x264 makes the same encode twice only at widths that are multiples of 128
THREE = grid(crf=[24, 32, 40], presets=["veryfast"])


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    lumas = [clips.noisy(clips.plane(n, *SIZE), seed=n) for n in range(48)]
    return clips.write(tmp_path_factory.mktemp("source") / "clip.mkv", lumas, options={"g": "12"})


@pytest.fixture(scope="module")
def expected(source):
    return sweep(source, THREE)


def assert_equal(made, expected):
    assert [each.rendition for each in made] == [each.rendition for each in expected]
    for one, other in zip(made, expected, strict=True):
        assert np.array_equal(one.result.features, other.result.features)
        assert np.array_equal(one.result.scores, other.result.scores)
        assert one.bytes == other.bytes


@pytest.fixture
def computed(monkeypatch):
    """The renditions that were computed in this process, pass by pass."""
    passes = []
    plain = jobs_module.run_job

    def noted(job, report=None):
        passes.append([each.crf for each in job.renditions])
        return plain(job, report)

    monkeypatch.setattr("vmaf_tiny.units.runners.run_job", noted)
    return passes


# ------------------------------------------------------------------------------------- the store


def test_what_is_stored_is_not_computed_again(source, tmp_path, expected, computed):
    store = tmp_path / "store.sqlite"
    first = sweep(source, THREE[:2], store=store)
    assert computed == [[24, 32]]
    states = []
    both = sweep(source, THREE, store=store, progress=states.append)
    assert computed == [[24, 32], [40]]
    assert_equal(first, expected[:2])
    assert_equal(both, expected)
    assert [each.state for each in states[0].renditions] == ["stored", "stored", "waiting"]
    assert [each.state for each in states[-1].renditions] == ["stored", "stored", "done"]
    assert both[0].result.provenance == first[0].result.provenance


@pytest.mark.parametrize(
    "change",
    [{"mode": "fast"}, {"clip": False}, {"allow": ["damage"]}, {"segment": 0.4}, {"keep": "kept"}],
    ids=str,
)
def test_what_changes_a_result_is_in_its_key(source, tmp_path, computed, change):
    store = tmp_path / "store.sqlite"
    sweep(source, THREE[:1], store=store)
    if "keep" in change:
        change = {"keep": tmp_path / "kept"}
    sweep(source, THREE[:1], store=store, **change)
    assert len(computed) > 1


def test_another_file_is_another_source(source, tmp_path, computed):
    copy = tmp_path / "copy.mkv"
    copy.write_bytes(source.read_bytes())
    store = tmp_path / "store.sqlite"
    sweep(source, THREE[:1], store=store)
    (again,) = sweep(copy, THREE[:1], store=store)  # the same bytes elsewhere
    assert len(computed) == 1
    assert again.source == str(copy)
    clips.write(copy, clips.planes(12, *SIZE))
    sweep(copy, THREE[:1], store=store)
    assert len(computed) == 2


def test_an_encode_that_is_gone_is_made_again(source, tmp_path, computed):
    options = {"store": tmp_path / "store.sqlite", "keep": tmp_path / "kept"}
    made = sweep(source, THREE[:2], **options)
    made[1].kept.unlink()
    again = sweep(source, THREE[:2], **options)
    assert computed == [[24, 32], [32]]
    assert again[1].kept.is_file()
    assert_equal(again, made)


# What dies where: in the second pass, so that the first is stored.
DEATHS = {
    "encode": """
        from vmaf_tiny.encode import lane
        plain = lane.Lane._count
        def dying(self, packet):
            if self.rendition.crf == 32 and len(self.tally.packets) == 5: die()
            plain(self, packet)
        lane.Lane._count = dying""",
    "score": """
        from vmaf_tiny.encode import join
        plain = join.Joiner._see
        def dying(self, ready):
            plain(self, ready)
            if self._members[0].lane.rendition.crf == 32 and self.scored > 5: die()
        join.Joiner._see = dying""",
    "write": """
        import sqlite3
        from vmaf_tiny.units.store import Store
        plain = Store.add
        class Dying:
            def __init__(self, connection): self.connection = connection
            def execute(self, text, *more):
                if text == "COMMIT": die()
                return self.connection.execute(text, *more)
            def __getattr__(self, name): return getattr(self.connection, name)
        def dying(self, values):
            if len(self) == 1: self._connection = Dying(self._connection)
            plain(self, values)
        Store.add = dying""",
    "keep": """
        from pathlib import Path
        plain = Path.replace
        def dying(self, target):
            if "crf32" in str(target): die()
            return plain(self, target)
        Path.replace = dying""",
}


@pytest.mark.slow
@pytest.mark.parametrize("where", DEATHS)
def test_a_killed_run_goes_on_where_it_was(source, tmp_path, expected, computed, where):
    store, kept = tmp_path / "store.sqlite", tmp_path / "kept"
    script = "\n".join(
        [
            "import os, signal, sys",
            "def die(): os.kill(os.getpid(), signal.SIGKILL)",
            textwrap.dedent(DEATHS[where]),
            "from vmaf_tiny.sweep import grid, sweep",
            "renditions = grid(crf=[24, 32, 40], presets=['veryfast'])",
            "sweep(sys.argv[1], renditions, store=sys.argv[2], keep=sys.argv[3], at_once=1)",
        ]
    )
    done = subprocess.run(
        [sys.executable, "-c", script, source, store, kept], capture_output=True, check=False
    )
    assert done.returncode == -signal.SIGKILL, done.stderr.decode()
    made = sweep(source, THREE, store=store, keep=kept, at_once=1)
    assert computed == [[32], [40]]
    assert_equal(made, expected)
    for each in made:
        assert np.array_equal(vmaf_tiny.score(source, each.kept).scores, each.result.scores)


@pytest.mark.slow
def test_runs_may_share_a_store(source, tmp_path, expected):
    store = tmp_path / "store.sqlite"
    script = (
        "import sys; from vmaf_tiny.sweep import grid, sweep;"
        "sweep(sys.argv[1], grid(crf=[24, 32, 40], presets=['veryfast']), store=sys.argv[2],"
        " at_once=1)"
    )
    running = [subprocess.Popen([sys.executable, "-c", script, source, store]) for _ in range(3)]
    assert [process.wait() for process in running] == [0, 0, 0]
    with Store(store) as opened:
        assert len(opened) == 3
    assert_equal(sweep(source, THREE, store=store), expected)


def test_a_store_of_the_future_or_of_something_else_is_refused(source, tmp_path):
    path = tmp_path / "store.sqlite"
    Store(path).close()
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA user_version=99")
    connection.close()
    with pytest.raises(vmaf_tiny.VmafTinyError, match="newer"):
        sweep(source, THREE, store=path)
    path.write_text("something else, long enough to be no database at all\n" * 50)
    with pytest.raises(vmaf_tiny.VmafTinyError, match="not a database"):
        sweep(source, THREE, store=path)


@pytest.mark.parametrize(
    "made",
    [
        "CREATE TABLE results (id, value)",
        "CREATE VIEW results AS SELECT 1 AS key",
        "CREATE TABLE bookmarks (address)",
        "CREATE TABLE files (path, size, modified, sha256, owner)",
    ],
)
def test_the_database_of_another_program_is_refused_untouched(source, tmp_path, made):
    path = tmp_path / "other.sqlite"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(made)
    before = path.read_bytes()
    with pytest.raises(vmaf_tiny.VmafTinyError, match=r"of another program.*choose another file"):
        sweep(source, THREE, store=path)
    assert path.read_bytes() == before


def test_a_store_is_a_file_whatever_its_name(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with Store(":memory:") as store:
        store.add([("key", {}, packed({}))])
    with Store(tmp_path / ":memory:") as store:
        assert len(store) == 1


def test_a_store_that_cannot_grow_says_so_and_keeps_what_it_has(tmp_path):
    with Store(tmp_path / "store.sqlite") as store:
        store.add([("first", {}, packed({"score": 1.5}))])
        pages = store._connection.execute("PRAGMA page_count").fetchone()[0]
        store._connection.execute(f"PRAGMA max_page_count={pages}")
        large = os.urandom(100_000)
        for _ in range(2):  # the first failure leaves nothing behind that the second trips over
            with pytest.raises(vmaf_tiny.VmafTinyError, match=r"store\.sqlite .* full: free some"):
                store.add([("second", {}, packed({})), ("third", {}, large)])
        assert (store.get("first"), store.get("second"), len(store)) == ({"score": 1.5}, None, 1)
        store._connection.execute("PRAGMA max_page_count=1000000")
        store.add([("third", {}, large)])
        assert len(store) == 2


# ------------------------------------------------------------------------------ other processes


def test_workers_give_the_same(source, tmp_path, expected):
    states = []
    made = sweep(source, THREE, workers=2, keep=tmp_path, progress=states.append)
    assert_equal(made, expected)
    assert states[-1].done == 3 * 48
    for each in made:
        assert np.array_equal(vmaf_tiny.score(source, each.kept).scores, each.result.scores)


@pytest.mark.slow
def test_a_worker_that_is_killed_is_replaced(source, tmp_path, expected):
    """The first process that begins with CRF 32 is killed, those after it are not."""
    script = f"""
import os, signal, sys
from pathlib import Path
from vmaf_tiny.encode import lane
plain = lane.Lane._count
def dying(self, packet):
    mark = Path({str(tmp_path / "mark")!r})
    if self.rendition.crf == 32 and not mark.exists():
        mark.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    plain(self, packet)
lane.Lane._count = dying
if __name__ == "__main__":
    from vmaf_tiny.sweep import grid, sweep
    renditions = grid(crf=[24, 32, 40], presets=["veryfast"])
    sweep(sys.argv[1], renditions, store=sys.argv[2], at_once=1, workers=2)
"""
    path, store = tmp_path / "script.py", tmp_path / "store.sqlite"
    path.write_text(script)
    subprocess.run([sys.executable, path, source, store], check=True)
    assert (tmp_path / "mark").exists()
    assert_equal(sweep(source, THREE, store=store), expected)


@pytest.mark.slow
def test_workers_end_with_the_run(source, tmp_path):
    process = subprocess.Popen(
        [sys.executable, "-m", "vmaf_tiny", "sweep", source, "--crf", "20:40:1", "--preset",
         "veryslow", "--workers", "2", "--no-store", "--progress", "json"],
        stderr=subprocess.PIPE,
        text=True,
    )  # fmt: skip
    for line in process.stderr:
        if any(each["state"] == "running" for each in json.loads(line).get("renditions", [])):
            break
    children = _children(process.pid)
    assert children
    process.kill()
    process.wait()
    process.stderr.close()
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline and any(Path(f"/proc/{p}").exists() for p in children):
        time.sleep(0.1)
    assert not [p for p in children if Path(f"/proc/{p}").exists()]


def _children(pid):
    listed = subprocess.run(["ps", "-o", "pid=", "--ppid", str(pid)], capture_output=True)
    return [int(word) for word in listed.stdout.split()]


@pytest.mark.slow
@pytest.mark.parametrize("options", [{"workers": 2}, {"dask": "local", "workers": 1}], ids=str)
def test_what_goes_wrong_elsewhere_is_told_here(source, tmp_path, options):
    cut = tmp_path / "cut.mkv"
    cut.write_bytes(source.read_bytes()[: source.stat().st_size * 2 // 3])
    with pytest.raises(vmaf_tiny.InputError, match="damaged"):
        sweep(cut, THREE, **options)


# ------------------------------------------------------------------------------------------ Dask


@pytest.fixture(scope="module")
def cluster():
    import distributed

    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, dashboard_address=None
    ) as started:
        yield started


@pytest.mark.slow
@pytest.mark.parametrize("upload", [False, True])
def test_dask_gives_the_same(source, tmp_path, expected, cluster, upload):
    states = []
    made = sweep(
        source,
        THREE,
        dask=cluster.scheduler_address,
        upload=upload,
        at_once=1,
        keep=tmp_path / "kept",
        store=tmp_path / "store.sqlite",
        progress=states.append,
    )
    assert_equal(made, expected)
    assert [each.state for each in states[-1].renditions] == ["done"] * 3
    for each in made:
        assert np.array_equal(vmaf_tiny.score(source, each.kept).scores, each.result.scores)


@pytest.mark.slow
def test_a_dask_worker_that_is_killed_is_done_without(source, expected, cluster):
    victim = next(iter(cluster.workers.values())).pid
    killed = []

    def kill(progress):
        if not killed and any(each.state == "running" for each in progress.renditions):
            os.kill(victim, signal.SIGKILL)
            killed.append(victim)

    more = grid(crf=[24, 32, 40], presets=["slower"])
    made = sweep(source, [*more, *THREE], dask=cluster.scheduler_address, at_once=1, progress=kill)
    assert killed
    assert_equal(made[3:], expected)


def test_no_dask_is_said(source, monkeypatch):
    monkeypatch.setattr("vmaf_tiny.units.runners.PATIENCE", 1)
    with pytest.raises(vmaf_tiny.VmafTinyError, match="no Dask scheduler"):
        sweep(source, THREE, dask="tcp://127.0.0.1:1")


# -------------------------------------------------------------------------------------- segments


def test_segments_are_units_of_their_own(source, tmp_path, computed):
    options = {"store": tmp_path / "store.sqlite", "keep": tmp_path / "kept", "segment": 0.8}
    made = sweep(source, THREE[:2], **options)
    count = made[0].segments
    assert count > 1
    assert computed == [[24, 32]] * count
    for each in made:
        again = vmaf_tiny.score(source, each.kept)
        assert np.array_equal(again.features, each.result.features)
        assert each.pictures == 48
    assert_equal(sweep(source, THREE[:2], **options), made)
    assert len(computed) == count
    made[0].kept.unlink()
    assert_equal(sweep(source, THREE[:2], **options), made)
    assert computed[count:] == [[24]] * count
    assert [path.suffix for path in (tmp_path / "kept").iterdir()] == [".mkv"] * 2
    assert_equal(sweep(source, THREE[:2], segment=0.8, workers=2), made)


# -------------------------------------------------------------------------------- what is asked


def test_ranges_have_both_ends():
    assert numbers("18:40:2") == list(range(18, 41, 2))
    assert numbers("20,26:28") == [20, 26, 27, 28]
    assert numbers("1:2:0.25") == [1, 1.25, 1.5, 1.75, 2]
    assert bits_per_second("800k,1.5M,96000") == [800_000, 1_500_000, 96_000]
    for text in ("", "a", "1:2:0", "3:2", "1:2:3:4", "0:1e9"):
        with pytest.raises(vmaf_tiny.OptionError):
            numbers(text)
    for text in ("", "k", "-1k", "1.2.3k"):
        with pytest.raises(vmaf_tiny.OptionError):
            bits_per_second(text)


@pytest.mark.parametrize(
    "renditions, words",
    [
        ([], "nothing to encode"),
        ([*THREE, THREE[0]], "asked for twice"),
        ([*THREE, Rendition(preset="medum")], "invalid preset"),
    ],
)
def test_what_cannot_be_done_is_refused_before_work(source, computed, renditions, words):
    with pytest.raises(vmaf_tiny.OptionError, match=words):
        sweep(source, renditions)
    assert computed == []


def test_curves_are_compared(source):
    made = sweep(source, grid(crf=[24, 30, 36, 42], presets=["veryfast"]))
    dear = [
        replace(each, rendition=replace(each.rendition, preset="slow"), bytes=2 * each.bytes)
        for each in made
    ]
    (rate,) = bd_rates([*made, *dear])
    assert (rate.anchor, rate.test) == ("libx264 veryfast", "libx264 slow")
    assert rate.rate == pytest.approx(100)
    assert rate.score < 0
    (short,) = bd_rates([*made, *dear[:3]])
    assert short.rate is None
    assert "fewer than 4" in short.reason
    assert bd_rates(made) == []
