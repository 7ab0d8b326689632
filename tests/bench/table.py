"""Print how fast and how large this library is, beside what it must be and what it aims to be.

Medians of rounds in which this library and the libvmaf of a real ffmpeg take turns, on the same
pictures. libvmaf chooses its vector instructions itself and ffmpeg has no option for them; its own
tool, vmaf, has. Where that is found ($VMAF, else the PATH), what is measured at AVX2 is compared
with libvmaf held to AVX2, else with the best it has, AVX-512 where the CPU does.
"""

import argparse
import json
import os
import statistics
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path
from tempfile import TemporaryDirectory

import compilers
import end_to_end
import limit
import two_threads
from rich.console import Console
from rows import Row, table

from vmaf_tiny import bench, peer
from vmaf_tiny._core import MODES, cpu_levels
from vmaf_tiny.cli.bench import cpu_name, provenance, steps_shown
from vmaf_tiny.vmaf_tool import VmafTool, find_tool

Step = Callable[[str], None]

FULL_HD = (1920, 1080)
SIZES = ((320, 180), (640, 360), (1280, 720), FULL_HD, (3840, 2160))
PARTS = ("speed", "threads", "size", "memory", "end-to-end", "compilers", "limit")

# By bits, level, mode and renditions: how many times faster than libvmaf.
RATIOS = {
    (8, "avx512", "exact", 1): (2.4, 2.9),
    (8, "avx2", "exact", 1): (2.0, 2.5),
    (10, "avx512", "exact", 1): (2.3, 2.9),
    (10, "avx2", "exact", 1): (2.0, 2.4),
    (8, "avx512", "exact", 4): (3.0, 3.6),
    (8, "avx512", "fast", 1): (4.5, 6.0),
    (8, "avx2", "fast", 1): (3.5, 5.0),
}

# What a process is told to do, and all but the features, to be taken off.
MEMORY = """\
import sys
import numpy as np
from vmaf_tiny import Context
picture = np.random.default_rng(0).integers(0, 256, (1080, 1920), np.uint8)
if sys.argv[1] == "features":
    with Context(1920, 1080, threads=1) as context:
        for _ in range(6):
            context.push(picture, [picture])
            context.pull()
"""


def _setups() -> dict[int, list[bench.Setup]]:
    """Return what is compared with libvmaf, by bits."""
    return {
        bits: [
            bench.Setup(level, mode, renditions=renditions)
            for b, level, mode, renditions in RATIOS
            if b == bits and level in cpu_levels()
        ]
        for bits in (8, 10)
    }


def _built() -> dict[int, list[bench.Setup]]:
    """Return what is compared between compilers, by bits: all there is to run."""
    every = [bench.Setup(level, mode) for level in cpu_levels() for mode in MODES]
    several = [bench.Setup(cpu_levels()[-1], renditions=4)]
    return {bits: [*every, *several] for bits in (8, 10)}


def speed(rounds: int, other: peer.Peer | None, tool: VmafTool | None, step: Step) -> Iterator[Row]:
    """Measure what is said of 1920x1080."""
    best = bench.Setup(cpu_levels()[-1])
    plain = bench.Setup("c")
    for bits, list_of in _setups().items():
        more = [best, plain] if bits == 8 else []
        clip = bench.synthetic(*FULL_HD, bits, 8)
        every = list(dict.fromkeys([*list_of, *more]))
        found = bench.measure(clip, every, rounds=rounds, peer=other, tool=tool, step=step)
        for setup in list_of:
            ratio = found.ratio(setup)
            goals = RATIOS[bits, setup.cpu, setup.mode, setup.renditions]
            if ratio:
                held = f"held to {setup.cpu}" if setup.cpu in found.held else "at its best"
                yield Row(f"{bits} bits, {setup}, against libvmaf {held}", *goals, ratio)
        if more:
            yield Row("plain C", 8, None, found.times[plain].fps, "fps")


def size(rounds: int, step: Step) -> Iterator[Row]:
    """Measure the cost of a pixel in pictures of many sizes."""
    setup = bench.Setup(cpu_levels()[-1])
    clips = [
        bench.synthetic(w, h, 8, max(4, min(120, 16 * 1920 * 1080 // (w * h)))) for w, h in SIZES
    ]
    # In turns, as the neighbours of this process change in the meantime.
    costs: dict[tuple[int, int], list[float]] = {clip.size: [] for clip in clips}
    for _ in range(rounds):
        for clip in clips:
            found = bench.measure(clip, [setup], rounds=1, step=step).times[setup]
            costs[clip.size].append(found.ns_per_pixel(clip.size))
    usual = costs[FULL_HD]
    for (w, h), values in costs.items():
        ns = statistics.median(values)
        yield Row(f"{w}x{h}, {setup}", None, None, ns, "ns/pixel", more_is_better=False)
        if (w, h) != FULL_HD:
            apart = statistics.median(abs(a / b - 1) for a, b in zip(values, usual, strict=True))
            what = f"{w}x{h}, a pixel's cost off 1920x1080's"
            yield Row(what, 15, None, 100 * apart, "%", more_is_better=False)


def memory(other: peer.Peer | None) -> Iterator[Row]:
    """Measure the peak of memory at 1920x1080 with one thread."""
    peaks = [
        peer.cost_of([sys.executable, "-c", MEMORY, what]).peak for what in ("features", "nothing")
    ]
    clip = bench.synthetic(*FULL_HD, 8, 8)
    theirs = None
    with TemporaryDirectory() as folder:
        files = (
            peer.write_yuv(Path(folder) / "reference", clip.reference, 8),
            peer.write_yuv(Path(folder) / "distorted", clip.distorted, 8),
        )
        if other:
            theirs = _above(other, files, "libvmaf=n_threads=0")
            yield Row("libvmaf's peak memory above ffmpeg", None, None, theirs, "MiB")
        for name, path in end_to_end.programs().items():
            ours = _above(peer.Peer(path, "", ""), files, "vmaf_tiny=n_threads=1")
            yield Row(f"peak memory above ffmpeg, {name}", theirs, 40, ours, "MiB", False)
    ours = (peaks[0] - peaks[1]) / 1024
    yield Row("peak memory above the interpreter", theirs, 40, ours, "MiB", more_is_better=False)


def _above(program: peer.Peer, files: tuple[Path, Path], scored: str) -> float:
    """Return by how many MiB the peak of memory is higher for a filter that scores."""
    with_it, without = (
        peer.raw_cost(program, *files, FULL_HD, 8, score=score, scored=scored).peak
        for score in (True, False)
    )
    return (with_it - without) / 1024


def files_from_end_to_end(args: argparse.Namespace, other: peer.Peer, step: Step) -> list[Row]:
    """Measure two files, given or generated."""
    threads = args.threads or sorted({1, os.cpu_count() or 1})
    with TemporaryDirectory() as folder:
        if args.files:
            files = end_to_end.Files(args.files[0], args.files[1], "given")
        else:
            step("encoding")
            files = end_to_end.generated(Path(folder), args.pictures)
        print(files)
        return list(end_to_end.rows(files, threads, other, args.rounds, step))


def main() -> int:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--parts", nargs="*", choices=PARTS, default=PARTS)
    parser.add_argument("--pictures", type=int, default=240, help="of the files of end-to-end")
    parser.add_argument("--files", nargs=2, metavar=("REF", "DIS"), help="instead of these")
    parser.add_argument("--threads", type=int, nargs="+", help="of end-to-end; else 1 and all")
    parser.add_argument("--gate", action="store_true", help="fail below two thirds of a ratio")
    parser.add_argument("--json", type=Path, help="file to write the table to")
    args = parser.parse_args()
    other, tool = peer.find_peer(), find_tool()
    rows: list[Row] = []
    with steps_shown() as step:
        if "memory" in args.parts:
            rows += memory(other)
        if "speed" in args.parts:
            rows += speed(args.rounds, other, tool, step)
        if "threads" in args.parts and (os.cpu_count() or 1) > 1:
            rows += two_threads.rows(args.rounds, FULL_HD, two_threads.PICTURES, step)
        if "size" in args.parts:
            rows += size(args.rounds, step)
        if "end-to-end" in args.parts and other:
            rows += files_from_end_to_end(args, other, step)
        if "compilers" in args.parts:
            rows += compilers.rows(_built(), args.rounds, step)
        stages = limit.measure(args.rounds, step) if "limit" in args.parts else []
    console = Console(width=100)
    if rows:
        console.print(table(rows), "", sep="\n")
    if "limit" in args.parts:
        console.print(*limit.tables(stages), sep="\n")
    who = f"libvmaf {other.libvmaf} at its best" if other else "no ffmpeg with libvmaf was found"
    if {"end-to-end", "memory"} & set(args.parts):
        for line in end_to_end.missing(other):
            print(line)
    if tool:
        who += f", libvmaf {tool.libvmaf} held to a level"
    console.print(f"{cpu_name()}, medians of {args.rounds} rounds in turns, {who}", soft_wrap=True)
    if args.json:
        report = {"provenance": provenance(other, tool), "rows": [asdict(row) for row in rows]}
        report["limit"] = [asdict(stage) for stage in stages]
        args.json.write_text(json.dumps(report, indent=2) + "\n")
    return int(args.gate and any(row.far_off for row in rows))


if __name__ == "__main__":
    sys.exit(main())
