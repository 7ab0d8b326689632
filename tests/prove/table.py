"""Prove everything and print one table with the figures: `make prove`.

    table.py BUILD [--json FILE] [WORD...]

Words choose proofs by their names; "tests" are those of pytest, each file of which has a name too.
All take an hour and more; what fits is in `make test`. What runs, and how long it took the last
time, is on standard error. FILE keeps the rows of proofs that are not chosen; "table" alone runs
nothing and prints all that is kept, each row with its commit. The status is 1 if a proof fails
or, of the table, is missing; what each said is in BUILD/prove.
"""

import argparse
import json
import os
import re
import subprocess
import sys
import time
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict, dataclass
from pathlib import Path

from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]


@dataclass(frozen=True)
class Row:
    """What was proved, by what, and what came of it."""

    proof: str
    good: bool
    seconds: float
    figure: str
    group: str  # what was chosen by its name
    commit: str


@dataclass(frozen=True)
class Proof:
    """A command whose last line, or the last that matches, is its figure."""

    name: str
    command: tuple[str | Path, ...]
    figure: str = r"(.+)"


def proofs(build: Path) -> list[Proof]:
    """Return all but those of pytest, which has figures of its own."""
    python = sys.executable
    make = ("make", "--no-print-directory")
    c = build / "tests/c"
    return [
        Proof("address and undefined", (python, HERE / "sanitized.py", "address", build / "asan")),
        Proof("threads", (python, HERE / "sanitized.py", "thread", build / "tsan")),
        Proof("sanitized ffmpeg", (*make, "test-sanitized"), r"(\d+ passed.*)"),
        Proof("fuzzing", (*make, "fuzz"), r"(.+ executions .+)"),
        Proof("over-read", (c / "core/core_borders", "1", "all"), r"(\d+ pictures .+)"),
        Proof("lack of memory", (c / "core/core_scarce",), r"(\d+ requests .+)"),
        Proof("planted faults", (python, HERE / "faults.py", build / "faults"), r"(.+ faults .+)"),
        Proof("lower bounds", (python, HERE / "bounds.py", build / "bounds")),
        Proof("packages", (python, HERE / "packages.py", build / "packages")),
        Proof("supply", (python, HERE / "supply.py", build / "sbom.json")),
        Proof("arm64 by emulation", (*make, "test-arm64"), r"(Ok:\s+\d+)\s*"),
    ]


def commit() -> str:
    """Return what is proved, "+" behind it if files differ from that."""
    described = ("git", "describe", "--always", "--abbrev=9", "--dirty=+", "--exclude=*")
    return subprocess.run(described, cwd=ROOT, capture_output=True, text=True).stdout.strip()


def of_commit(start: str) -> str:
    """Return what was proved since `start` was the commit."""
    end = commit()
    return start if end == start else f"{start}..{end}"


def run(proof: Proof, folder: Path) -> Iterator[Row]:
    """Run a command and keep what it said."""
    start, of = time.monotonic(), commit()
    done = subprocess.run(
        [str(part) for part in proof.command],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    )
    (folder / f"{proof.name.replace(' ', '-')}.log").write_text(done.stdout)
    found = re.findall(f"^{proof.figure}$", done.stdout, re.M) or ["it said nothing"]
    seconds = time.monotonic() - start
    good = done.returncode == 0
    yield Row(proof.name, good, seconds, found[-1].strip(), proof.name, of_commit(of))


def run_tests(path: Path, folder: Path) -> Iterator[Row]:
    """Run the proofs of a file of pytest, whole."""
    group, of = name_of(path), commit()
    report, log = folder / f"{path.stem}.xml", folder / f"{path.stem}.log"
    with log.open("w") as file:
        subprocess.run(
            [sys.executable, "-m", "pytest", "-q", path, "-o", "junit_family=xunit1",
             f"--junitxml={report}"],
            cwd=ROOT,
            env=os.environ | {"VMT_PROVE": "1"},
            stdout=file,
            stderr=subprocess.STDOUT,
        )  # fmt: skip
    cases = list(ElementTree.parse(report).getroot().iter("testcase"))
    told = False
    for case in cases:
        figures = [p.get("value", "") for p in case.iter("property") if p.get("name") == "figure"]
        bad = case.find("failure") is not None or case.find("error") is not None
        if figures or bad:
            name = case.get("name", "").removeprefix("test_").replace("_", " ")
            figure = figures[0] if figures and not bad else f"see {log.name}"
            yield Row(name, not bad, float(case.get("time", 0)), figure, group, of_commit(of))
            told = True
    if not told:  # by any figure
        seconds = sum(float(case.get("time", 0)) for case in cases)
        yield Row(group, bool(cases), seconds, f"{len(cases)} tests pass", group, of_commit(of))


def name_of(path: Path) -> str:
    """Return what a file of tests is called here."""
    return path.stem.removeprefix("test_").replace("_", " ")


def steps(build: Path, folder: Path, words: list[str]) -> Iterator[tuple[str, Iterator[Row]]]:
    """Give what is chosen, by name; nothing runs before it is asked for its rows."""
    for proof in proofs(build):
        if not words or any(word in proof.name for word in words):
            yield proof.name, run(proof, folder)
    for path in sorted(HERE.glob("test_*.py")):
        if not words or "tests" in words or any(word in name_of(path) for word in words):
            yield name_of(path), run_tests(path, folder)


def shown(name: str, before: list[Row]) -> AbstractContextManager[object]:
    """Show what runs: a clock for a terminal, else a line."""
    last = sum(row.seconds for row in before if row.group == name)
    said = f"{name}, {last:.0f} s the last time" if last else name
    if not sys.stderr.isatty():
        print(f"running {said}", file=sys.stderr, flush=True)
        return nullcontext()
    bar = Progress(
        SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn(),
        console=Console(stderr=True), transient=True,
    )  # fmt: skip
    bar.add_task(said)
    return bar


def line(row: Row, of: str = "") -> str:
    """Return a row as it is printed."""
    mark = "yes" if row.good else "NO"
    return f"{row.proof[:40]:40} {mark:4} {row.seconds:6.0f} s  {of}{row.figure}"


def print_kept(rows: list[Row], names: list[str]) -> int:
    """Print the rows of these proofs, each with its commit, and which proofs have none."""
    known = [row for row in rows if row.group in names]
    known.sort(key=lambda row: names.index(row.group))
    for row in known:
        print(line(row, f"{row.commit:9}  "))
    missing = [name for name in names if name not in {row.group for row in known}]
    for name in missing:
        print(f"{name[:40]:40} NO           was not run")
    good, hours = sum(row.good for row in known), sum(row.seconds for row in known) / 3600
    of = f", all of commit {known[0].commit}" if len({row.commit for row in known}) == 1 else ""
    print(f"{good} of {len(known) + len(missing)} proved in {hours:.1f} hours{of}")
    return int(good < len(known) or bool(missing))


def main() -> int:
    """Prove, print, write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("build", type=Path)
    parser.add_argument("--json", type=Path, help="file to write the table to as well")
    parser.add_argument("words", nargs="*", metavar="WORD")
    options = parser.parse_intermixed_args()
    build = options.build.resolve()
    folder = build / "prove"
    folder.mkdir(exist_ok=True)
    rows: list[Row] = []
    kept: list[Row] = []
    if options.json and options.json.exists():
        kept = [Row(**row) for row in json.loads(options.json.read_text())]
    if options.words == ["table"]:
        return print_kept(kept, [name for name, _ in steps(build, folder, [])])
    start = time.monotonic()
    for name, found in steps(build, folder, options.words):
        with shown(name, kept):
            new = list(found)
        rows += new
        for row in new:
            print(line(row), flush=True)
        kept = [row for row in kept if row.group != name] + new
        if options.json:
            options.json.write_text(json.dumps([asdict(row) for row in kept], indent=2) + "\n")
    good, minutes = sum(row.good for row in rows), (time.monotonic() - start) / 60
    print(f"{good} of {len(rows)} proved in {minutes:.0f} minutes, of commit {commit()}")
    return int(good < len(rows) or not rows)


if __name__ == "__main__":
    sys.exit(main())
