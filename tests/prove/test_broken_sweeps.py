"""Sweeps that are killed, that lose a worker, that run out of disk: they go on where they were."""

import json
import os
import random
import resource
import signal
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

import clips
import processes
from vmaf_tiny import score

BOUND = 300.0  # seconds, on a machine that is busy with other things
SIZE = 256, 144  # x264 makes the same encode twice only at widths that are multiples of 128
CRFS = (45, 39, 33, 27, 21)
WAYS: dict[str, tuple[str, ...]] = {
    "here": (),
    "workers": ("--workers", "2"),
    "segments": ("--segment", "0.4"),
}
TOLD_OF_RUN = {
    "encode_fps", "encode_seconds", "score_fps", "kept", "threads", "cpu", "command", "created",
}  # fmt: skip


@dataclass
class Sweep:
    """A sweep in a folder of its own: its store, the encodes it keeps, its table."""

    source: Path
    folder: Path
    way: str
    keeps: bool = True
    command: list[str | Path] = field(init=False)

    def __post_init__(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        keep = ("--keep", self.kept) if self.keeps else ()
        self.command = [
            sys.executable, "-m", "vmaf_tiny", "sweep", self.source,
            "--crf", ",".join(map(str, CRFS)), "--preset", "fast", "--at-once", "1",
            *WAYS[self.way], *keep, "--store", self.store, "-o", self.table,
        ]  # fmt: skip

    @property
    def store(self) -> Path:
        return self.folder / "store.sqlite"

    @property
    def kept(self) -> Path:
        return self.folder / "kept"

    @property
    def table(self) -> Path:
        return self.folder / "table.json"

    def start(self) -> "Running":
        return Running(self)

    def run(self, limit: int | None = None) -> subprocess.CompletedProcess[str]:
        """Run it quietly; a limit in bytes is how large a file may become."""

        def limited() -> None:
            if limit is not None:
                resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

        return processes.run(
            [*self.command, "-q"], capture_output=True, text=True, timeout=BOUND, preexec_fn=limited
        )

    def rows(self) -> dict[str, tuple[Any, ...]]:
        """Return all that is in the store, which must be whole."""
        if not self.store.exists():
            return {}
        with closing(sqlite3.connect(self.store)) as connection:
            assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
            try:
                found = connection.execute("SELECT rowid, * FROM results").fetchall()
            except sqlite3.OperationalError as error:  # it ended before there was a table
                assert "no such table" in str(error)
                return {}
        return {row[1]: row for row in found}

    def results(self) -> list[Any]:
        """Return the table without what tells of the run."""
        return plain(json.loads(self.table.read_text())["renditions"])

    def encodes(self) -> dict[str, int]:
        """Return names and sizes of the encodes that are called finished."""
        return {path.name: path.stat().st_size for path in self.kept.glob("[!.]*")}


class Running:
    """A sweep that runs and tells of its progress."""

    def __init__(self, sweep: Sweep) -> None:
        self.store, self.log = sweep.store, sweep.folder / "events"
        with self.log.open("w") as log:
            self.process = subprocess.Popen(
                [*sweep.command, "-q", "--progress", "json"],
                stdout=subprocess.DEVNULL,
                stderr=log,
            )

    def events(self) -> list[dict[str, Any]]:
        lines = self.log.read_text().split("\n")[:-1]  # the last may be cut off
        return [json.loads(line) for line in lines if line.startswith("{")]

    def wait_for_work(self) -> None:
        """Wait until it touches the store, which is the first thing that it changes."""
        deadline = time.monotonic() + BOUND
        while not self.store.exists():
            assert time.monotonic() < deadline and self.process.poll() is None
            time.sleep(0.005)

    def finished(self) -> set[float]:
        """Return of which CRFs it said that they are done."""
        return {event["crf"] for event in self.events() if event["event"] == "rendition"}

    def found(self) -> set[float]:
        """Return of which CRFs it found the results in the store."""
        first = next(event for event in self.events() if event["event"] == "progress")
        states = [each["state"] for each in first["renditions"]]
        return {crf for crf, state in zip(CRFS, states, strict=True) if state == "stored"}

    def workers(self) -> list[int]:
        listed = subprocess.run(
            ["ps", "-ww", "-o", "pid=", "-o", "args=", "--ppid", str(self.process.pid)],
            capture_output=True,
            text=True,
        ).stdout
        return [int(line.split()[0]) for line in listed.splitlines() if "spawn_main" in line]


def plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: plain(each) for name, each in value.items() if name not in TOLD_OF_RUN}
    return [plain(each) for each in value] if isinstance(value, list) else value


def refused(done: subprocess.CompletedProcess[str], *words: str) -> None:
    assert done.returncode == 1 and done.stdout == "", done
    assert done.stderr.startswith("vmaf-tiny: error: ") and done.stderr.count("\n") == 1, done
    assert "Errno" not in done.stderr and "Traceback" not in done.stderr, done
    assert all(word in done.stderr for word in words), done


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    lumas = [clips.noisy(clips.plane(n, *SIZE), seed=n) for n in range(36)]
    return clips.write(tmp_path_factory.mktemp("source") / "clip.mkv", lumas, options={"g": "12"})


@dataclass
class Undisturbed:
    """What a sweep gives that nothing happens to."""

    sweep: Sweep
    seconds: float  # of work, not counting the start of Python


@pytest.fixture(scope="module")
def undisturbed(
    source: Path, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[str], Undisturbed]:
    made: dict[str, Undisturbed] = {}

    def get(way: str) -> Undisturbed:
        if way not in made:
            sweep = Sweep(source, tmp_path_factory.mktemp(way), way)
            running = sweep.start()
            running.wait_for_work()
            begun = time.monotonic()
            assert running.process.wait(timeout=BOUND) == 0
            made[way] = Undisturbed(sweep, time.monotonic() - begun)
        return made[way]

    return get


def go_on(sweep: Sweep, whole: Undisturbed, told: set[float]) -> None:
    """Run what was broken off again, and check that nothing is lost and nothing is double.

    `told` are the CRFs that were said to be done.
    """
    before = sweep.rows()
    if sweep.table.exists():  # whole, if it is there
        assert sweep.results() == whole.sweep.results()
    running = sweep.start()
    assert running.process.wait(timeout=BOUND) == 0, running.log.read_text()
    assert told <= running.found()
    after = sweep.rows()
    assert {key: after.get(key) for key in before} == before
    assert len(after) == len(whole.sweep.rows())
    assert sweep.results() == whole.sweep.results()
    if sweep.keeps:
        assert sweep.encodes() == whole.sweep.encodes()


@pytest.mark.slow
def test_sweeps_that_are_killed_at_any_moment(
    source: Path,
    undisturbed: Callable[[str], Undisturbed],
    tmp_path: Path,
    amount: Callable[[int, int], int],
    figure: Callable[[str], None],
) -> None:
    count, killed, rows = amount(3, 50), 0, 0
    for number in range(count):
        rng = random.Random(number)
        way = list(WAYS)[number % len(WAYS)]
        whole = undisturbed(way)
        sweep = Sweep(source, tmp_path / str(number), way)
        running = sweep.start()
        running.wait_for_work()
        try:
            running.process.wait(timeout=rng.uniform(0, 0.85) * whole.seconds)
        except subprocess.TimeoutExpired:
            running.process.kill()
        killed += running.process.wait() == -signal.SIGKILL
        rows += len(sweep.rows())
        go_on(sweep, whole, running.finished())
        for name in rng.sample(sorted(sweep.encodes()), 1):  # the file is what was scored
            (made,) = (
                each for each in json.loads(sweep.table.read_text())["renditions"]
                if Path(each["kept"]).name == name
            )  # fmt: skip
            assert score(source, sweep.kept / name).scores.tolist() == made["frames"]["vmaf"]
    assert killed > count // 4  # a machine that is busy may be late with some
    figure(
        f"{killed} of {count} killed before the end, {', '.join(WAYS)}: {rows} results found again,"
        " 0 lost, 0 double, all equal"
    )


# --------------------------------------------------------------------------- workers that die


@pytest.mark.slow
def test_a_worker_that_is_killed_at_any_moment(
    source: Path,
    undisturbed: Callable[[str], Undisturbed],
    tmp_path: Path,
    amount: Callable[[int, int], int],
    figure: Callable[[str], None],
) -> None:
    """The sweep begins again what the worker had, and ends as if nothing had been."""
    count, killed = amount(1, 20), 0
    whole = undisturbed("workers")
    for number in range(count):
        rng = random.Random(number + 1)
        sweep = Sweep(source, tmp_path / str(number), "workers")
        running = sweep.start()
        while not running.workers():
            assert running.process.poll() is None
        time.sleep(rng.uniform(0, 0.5) * whole.seconds)
        for worker in running.workers()[:1]:
            os.kill(worker, signal.SIGKILL)
            killed += 1
        assert running.process.wait(timeout=BOUND) == 0, running.log.read_text()
        assert sweep.results() == whole.sweep.results()
        assert sweep.encodes() == whole.sweep.encodes()
        assert list(sweep.kept.glob(".*")) == []
        assert len(sweep.rows()) == len(whole.sweep.rows())
    assert killed
    figure(f"{killed} workers killed in {count} sweeps: all end well, results equal")


@pytest.mark.slow
def test_workers_that_die_again_and_again(
    source: Path,
    undisturbed: Callable[[str], Undisturbed],
    tmp_path: Path,
    figure: Callable[[str], None],
) -> None:
    """That is said in one line, and what was done until then is of use."""
    sweep = Sweep(source, tmp_path, "workers")
    running = sweep.start()
    deadline = time.monotonic() + BOUND
    killed: set[int] = set()
    while running.process.poll() is None:
        assert time.monotonic() < deadline
        if running.finished():
            for worker in set(running.workers()) - killed:
                os.kill(worker, signal.SIGKILL)
                killed.add(worker)
        time.sleep(0.005)
    assert running.process.returncode == 1
    (said,) = (line for line in running.log.read_text().splitlines() if not line.startswith("{"))
    assert said.startswith("vmaf-tiny: error: workers died") and "--workers" in said
    assert list(sweep.kept.glob(".*")) == []
    told = running.finished()
    go_on(sweep, undisturbed("workers"), told)
    figure(f"{len(killed)} workers killed: status 1, one line, {len(told)} results kept")


# ------------------------------------------------------------------------ a disk that is full


@pytest.mark.slow
def test_sweeps_whose_files_cannot_grow(
    source: Path,
    undisturbed: Callable[[str], Undisturbed],
    tmp_path: Path,
    amount: Callable[[int, int], int],
    figure: Callable[[str], None],
) -> None:
    """Writing fails at any size, whether it is the store or an encode that does not fit."""
    count, ends, rows = amount(1, 40), Counter[str](), 0
    for number in range(count):
        rng = random.Random(number)
        way = list(WAYS)[number % len(WAYS)]
        sweep = Sweep(source, tmp_path / str(number), way)
        limit = int(5_000 * 20 ** rng.random())
        done = sweep.run(limit)
        if done.returncode == 0:
            ends["done"] += 1
        else:
            refused(done)
            ends["store" if "store" in done.stderr else "encode"] += 1
            assert list(sweep.kept.rglob("*.part")) == [], done
            assert not sweep.table.exists()
        rows += len(sweep.rows())
        go_on(sweep, undisturbed(way), set())
    assert ends["store"] + ends["encode"]
    figure(
        f"{count} limits: {ends['store']} stores and {ends['encode']} encodes do not fit, all said"
        f" in one line; {rows} results kept, all go on and end equal"
    )


@pytest.mark.slow
@pytest.mark.skipif(os.geteuid() != 0, reason="only root can mount a disk that is small")
def test_sweeps_on_a_disk_that_is_full(
    source: Path,
    undisturbed: Callable[[str], Undisturbed],
    tmp_path: Path,
    amount: Callable[[int, int], int],
    figure: Callable[[str], None],
) -> None:
    """In a mount namespace of its own; then there is room, and it goes on."""
    script = """set -e
mount -t tmpfs -o size="$ROOM" none "$DISK"
status=0
"$@" -q || status=$?
cp -r "$DISK" "$COPY"
exit $status"""
    said: list[str] = []
    rooms = random.Random(1).sample(range(90, 250), amount(1, 20))
    for number, room in enumerate(rooms):
        folder, copy = tmp_path / f"disk{number}", tmp_path / f"copy{number}"
        way = list(WAYS)[number % len(WAYS)]
        sweep = Sweep(source, folder, way)
        done = processes.run(
            ["unshare", "-m", "sh", "-c", script, "sh", *sweep.command],
            env=os.environ | {"ROOM": f"{room}k", "DISK": str(folder), "COPY": str(copy)},
            capture_output=True,
            text=True,
            timeout=BOUND,
        )
        if done.returncode:
            refused(done)
            said.append(done.stderr)
        go_on(Sweep(source, copy, way), undisturbed(way), set())
    assert said
    figure(f"{len(said)} of {len(rooms)} disks full: status 1, one line, all go on and end equal")
