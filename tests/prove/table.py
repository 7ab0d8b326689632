"""Prove everything and print one table with the figures: `make prove`.

    table.py BUILD [--json FILE] [WORD...]

Words choose proofs by their names, "tests" those of pytest. All take most of an hour; what fits is
in `make test`. The status is 1 if a proof fails; what each said is in BUILD/prove.
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
from dataclasses import asdict, dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]


@dataclass(frozen=True)
class Row:
    """What was proved, by what, and what came of it."""

    proof: str
    good: bool
    seconds: float
    figure: str


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
        Proof("arm64 by emulation", (*make, "test-arm64"), r"(Ok:\s+\d+)"),
    ]


def run(proof: Proof, folder: Path) -> Row:
    """Run a command and keep what it said."""
    start = time.monotonic()
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
    return Row(proof.name, done.returncode == 0, time.monotonic() - start, found[-1].strip())


def run_tests(folder: Path) -> Iterator[Row]:
    """Run the proofs of pytest, whole."""
    report = folder / "tests.xml"
    with (folder / "tests.log").open("w") as log:
        subprocess.run(
            [sys.executable, "-m", "pytest", "-q", HERE, "-o", "junit_family=xunit1",
             f"--junitxml={report}"],
            cwd=ROOT,
            env=os.environ | {"VMT_PROVE": "1"},
            stdout=log,
            stderr=subprocess.STDOUT,
        )  # fmt: skip
    for case in ElementTree.parse(report).getroot().iter("testcase"):
        figures = [p.get("value", "") for p in case.iter("property") if p.get("name") == "figure"]
        bad = case.find("failure") is not None or case.find("error") is not None
        if figures or bad:
            name = case.get("name", "").removeprefix("test_").replace("_", " ")
            figure = figures[0] if figures and not bad else "see tests.log"
            yield Row(name, not bad, float(case.get("time", 0)), figure)


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

    def add(row: Row) -> None:
        rows.append(row)
        mark = "yes" if row.good else "NO"
        print(f"{row.proof[:40]:40} {mark:4} {row.seconds:6.0f} s  {row.figure}", flush=True)

    for proof in proofs(build):
        if not options.words or any(word in proof.name for word in options.words):
            add(run(proof, folder))
    if not options.words or "tests" in options.words:
        for row in run_tests(folder):
            add(row)
    good = sum(row.good for row in rows)
    print(f"{good} of {len(rows)} proved")
    if options.json:
        options.json.write_text(json.dumps([asdict(row) for row in rows], indent=2) + "\n")
    return int(good < len(rows))


if __name__ == "__main__":
    sys.exit(main())
