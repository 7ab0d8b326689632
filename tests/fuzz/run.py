"""Fuzz for long: every target with libFuzzer, sanitizers and a corpus that is kept.

    run.py BUILD [--seconds N] [--jobs N] [TARGET...]

BUILD was made by `make fuzz`, with clang; the filter is that of the plug-in beside it. Prints a row
for each target: executions, coverage, findings. What was found lies in BUILD/findings; give a file
to BUILD/tests/fuzz/fuzz_TARGET to see it again.
"""

import argparse
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from seeds import CORPORA, SHIPPED, write


@dataclass(frozen=True)
class Outcome:
    """What came of a target."""

    target: str
    executions: int
    coverage: int
    corpus: int
    seconds: float
    finding: str  # the first lines of what libFuzzer or a sanitizer said; empty: none


def plugins(build: Path) -> Iterator[Path]:
    """Find libavfilter with the filter."""
    return build.parent.glob("ffmpeg-lean/lib/libavfilter.so.*")


def fuzz(build: Path, target: str, seconds: int) -> Outcome:
    """Run a target from the seeds and what was found interesting before."""
    corpus, findings = build / "corpus" / target, build / "findings" / target
    corpus.mkdir(parents=True, exist_ok=True)
    findings.mkdir(parents=True, exist_ok=True)
    program = build / "tests/fuzz" / f"fuzz_{target}"
    command = [
        f"-artifact_prefix={findings}/",
        "-max_len=8192",
        "-timeout=10",
        "-rss_limit_mb=2048",
        "-print_final_stats=1",
        # Pictures have nothing to guess, and comparing every sample takes all the time.
        f"-use_value_profile={int(target != 'picture')}",
        corpus,
        build / "seeds" / target,
    ]
    runtime = str(build / "tests/c/fusion/libfake_ort.so")
    environment = os.environ | {
        "FUZZ_ORT": runtime,
        "VMAF_TINY_ORT_LIB": runtime,
        "FUZZ_MODELS": str(SHIPPED),
        "FUZZ_AVFILTER": next(map(str, plugins(build)), ""),
    }

    def run(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [program, *arguments],
            cwd=build, env=environment, capture_output=True, text=True, errors="replace",
        )  # fmt: skip

    start, said, executions, blame = time.monotonic(), "", 0, ""
    while (left := int(seconds - (time.monotonic() - start))) > 0 and not blame:
        done = run(f"-max_total_time={left}", *command)
        said += done.stderr
        counted = re.search(r"stat::number_of_executed_units: (\d+)", done.stderr)
        executions += int(counted[1]) if counted else 0
        if done.returncode and not stopped_meanwhile(done.stderr, run):
            found = re.search(r"^.*(?:ERROR: |runtime error: |SUMMARY: ).*$", done.stderr, re.M)
            blame = found[0].strip() if found else f"exit {done.returncode}"
    (findings.parent / f"{target}.log").write_text(said)
    coverage = re.findall(r"cov: (\d+)", said)
    return Outcome(
        target,
        executions,
        int(coverage[-1]) if coverage else 0,
        sum(1 for _ in corpus.iterdir()),
        time.monotonic() - start,
        blame,
    )


def stopped_meanwhile(
    said: str, run: Callable[[str | Path], subprocess.CompletedProcess[str]]
) -> bool:
    """Whether what took too long takes no time when it is run again: the machine was busy."""
    found = re.search(r"Test unit written to (\S+/timeout-\S+)", said)
    if not found or run(found[1]).returncode:
        return False
    Path(found[1]).unlink()
    return True


def main() -> int:
    """Fuzz and print the table; 1 if something was found."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("build", type=Path)
    parser.add_argument("--seconds", type=int, default=60, help="for each target (60)")
    parser.add_argument("--jobs", type=int, default=1, help="targets at once (1)")
    parser.add_argument("targets", nargs="*", metavar="TARGET", help=" ".join(CORPORA))
    options = parser.parse_intermixed_args()
    build = options.build.resolve()
    write(build / "seeds")
    if not any(plugins(build)):
        parser.error("there is no plug-in: make demo, which makes it")
    print(f"{'target':10} {'executions':>12} {'coverage':>9} {'corpus':>7} {'seconds':>8}  finding")
    outcomes = []
    with ThreadPoolExecutor(options.jobs) as pool:
        names = options.targets or list(CORPORA)
        for o in pool.map(lambda name: fuzz(build, name, options.seconds), names):
            outcomes.append(o)
            print(
                f"{o.target:10} {o.executions:12,} {o.coverage:9,} {o.corpus:7,} {o.seconds:8.0f}  "
                f"{o.finding or 'none'}",
                flush=True,
            )
    findings = sum(1 for o in outcomes if o.finding)
    total = sum(o.executions for o in outcomes)
    print(f"{total:,} executions of {len(outcomes)} targets, {findings} findings")
    return int(findings > 0)


if __name__ == "__main__":
    sys.exit(main())
