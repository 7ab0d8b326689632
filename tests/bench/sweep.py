"""Print what decoding and scoring add to five encodes, and what they add the usual way.

The same five encodes of a source of 1920x1080 are made by x264 (1) alone, by PyAV with the settings
of this library's engine and as it makes them, all at once from one decode of the source; (2) by
`vmaf_tiny.sweep`, which decodes and scores them meanwhile; and (3) the usual way: an ffmpeg with
libvmaf encodes each to a temporary file and then scores it. They take turns; medians are shown.
What each takes is compared with both kinds of encodes, without scores: (1), and the first half of
(3). What must hold: at most 40 % more than (1) in exact mode, 20 % in fast mode.

What cannot be spared is measured, too: the processor's time for decoding the same packets and for
the features of what they show, each alone in one thread. What a sweep adds beyond is its own.

Sources are a generated scene and, where the shared data is, a film of them. With --memory, the
most memory that a process takes for a sweep is shown instead, and for its encodes alone.
"""

import argparse
import json
import os
import queue
import statistics
import sys
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import av
import numpy as np
from encodes import encode
from parts import least
from rich.console import Console
from rich.table import Table
from scenes import scene

from vmaf_tiny import peer
from vmaf_tiny.cli.bench import cpu_name, provenance, steps_shown
from vmaf_tiny.encode import Rendition, RenditionResult
from vmaf_tiny.encode.codecs import encoder_threads
from vmaf_tiny.encode.feed import Feed, Shot
from vmaf_tiny.encode.lane import Lane
from vmaf_tiny.errors import VmafTinyError
from vmaf_tiny.frames import open_source
from vmaf_tiny.sweep import sweep

CRFS = (20, 24, 28, 32, 36)
MORE_CRFS = range(18, 42, 2)  # whose memory is measured, too
PRESET = "veryfast"


def renditions(crfs: Iterable[int]) -> list[Rendition]:
    """Return encodes of these qualities."""
    return [Rendition("libx264", preset=PRESET, crf=crf) for crf in crfs]


RENDITIONS = renditions(CRFS)
SIZE = (1920, 1080)
SHARED = Path(__file__).parents[3] / "shared/data/clips"
FILM = SHARED / "bbb_1920x1080_60fps_vp8.webm"
MUST = {"exact": 40.0, "fast": 20.0}
ALONE, USUAL = "encodes alone", "the usual way"
_TOUCHED = 2 << 30  # bytes
_WAITING = 4  # pictures that wait for an encoder, as in the engine


@dataclass(frozen=True)
class Took:
    """Seconds by the clock, and of all processors together."""

    wall: float
    cpu: float


@dataclass(frozen=True)
class Scored:
    """What one encode came to: its score and its bytes."""

    score: float
    bytes: int


def timed(work: Callable[[], None]) -> Took:
    """Run something; its processes count."""
    touch_memory()
    begun, before = time.perf_counter(), os.times()
    work()
    after = os.times()
    return Took(time.perf_counter() - begun, sum(after[:4]) - sum(before[:4]))


def touch_memory() -> None:
    """Touch as much memory as any way takes.

    Virtual machines give back what was free for a while, and get it again page by page, which
    costs the first who touches 2 GiB seconds.
    """
    np.ones(_TOUCHED, np.uint8)


def encodes_alone(source: Path, crfs: Iterable[int] = CRFS) -> None:
    """Make the encodes as the engine does, and nothing of them."""
    with open_source(source, role="source") as opened:
        feed = Feed(opened)
        lanes = [Lane(each, feed, frozenset(), None) for each in renditions(crfs)]
        queues: list[queue.Queue[Shot | None]] = [queue.Queue(_WAITING) for _ in lanes]

        def work(lane: Lane, shots: queue.Queue[Shot | None]) -> None:
            while (shot := shots.get()) is not None:
                lane.encoder.context.encode(shot.frame)
            lane.encoder.context.encode(None)

        threads = [
            threading.Thread(target=work, args=pair) for pair in zip(lanes, queues, strict=True)
        ]
        for thread in threads:
            thread.start()
        for shot in feed.shots():
            for each in queues:
                each.put(shot)
        for each in queues:
            each.put(None)
        for thread in threads:
            thread.join()
        for lane in lanes:
            lane.close()


@dataclass(frozen=True)
class Usual:
    """The usual way: encode to a file, then score the file."""

    ffmpeg: peer.Peer
    source: Path
    folder: Path

    def file(self, crf: int) -> Path:
        """Return where an encode goes."""
        return self.folder / f"{crf}.mkv"

    def encode(self) -> None:
        """Make all encodes."""
        threads = ["-threads", str(encoder_threads(*SIZE))]
        for crf in CRFS:
            settings = ["-c:v", "libx264", "-preset", PRESET, "-crf", str(crf), *threads]
            self._run("-i", str(self.source), "-an", *settings, "-y", str(self.file(crf)))

    def score(self) -> None:
        """Score all encodes."""
        for crf in CRFS:
            log = f"log_fmt=json:log_path={self.file(crf).with_suffix('.json')}"
            # Matroska's milliseconds would pair some pictures with the ones before.
            count = "settb=AVTB,setpts=N"
            graph = (
                f"[0:v]{count}[d];[1:v]{count}[r];[d][r]libvmaf=n_threads={os.cpu_count()}:{log}"
            )
            inputs = ["-i", str(self.file(crf)), "-i", str(self.source)]
            self._run(*inputs, "-lavfi", graph, "-f", "null", "-")

    def found(self) -> list[Scored]:
        """Return what libvmaf wrote; bytes are those of packets."""
        return [
            Scored(
                json.loads(self.file(crf).with_suffix(".json").read_text())["pooled_metrics"][
                    "vmaf"
                ]["mean"],
                bytes_of(self.file(crf)),
            )
            for crf in CRFS
        ]

    def _run(self, *words: str) -> None:
        peer.cost_of([self.ffmpeg.path, "-v", "error", *words])


def bytes_of(path: Path) -> int:
    """Return the size of a file's packets."""
    with av.open(str(path)) as container:
        return sum(packet.size for packet in container.demux(video=0))


def measure(
    source: Path, folder: Path, other: peer.Peer | None, rounds: int, step: Callable[[str], None]
) -> tuple[dict[str, list[Took]], dict[str, list[Scored]]]:
    """Run all ways in turns; return what they took, round by round, and what they found."""
    made: dict[str, list[RenditionResult]] = {}

    def ours(mode: str) -> None:
        made[mode] = sweep(source, RENDITIONS, mode=mode, at_once=len(RENDITIONS))

    ways: dict[str, Callable[[], None]] = {
        ALONE: lambda: encodes_alone(source),
        **{mode: lambda mode=mode: ours(mode) for mode in MUST},  # type: ignore[misc]
    }
    usual = Usual(other, source, folder) if other else None
    if usual:
        ways |= {f"{USUAL}, encodes": usual.encode, f"{USUAL}, scores": usual.score}
    taken: dict[str, list[Took]] = {name: [] for name in ways}
    for number in range(rounds):
        for name, work in ways.items():
            step(f"round {number + 1} of {rounds}: {name}")
            taken[name].append(timed(work))
    found = {
        mode: [Scored(one.score, one.bytes - one.header) for one in each]
        for mode, each in made.items()
    }
    if usual:
        found["libvmaf"] = usual.found()
    return taken, found


def added(more: Sequence[Took], base: Sequence[Took], what: str) -> float:
    """Return by how many percent more is more, the median of rounds."""
    pairs = zip(more, base, strict=True)
    ratios: list[float] = [getattr(a, what) / getattr(b, what) for a, b in pairs]
    return statistics.median(100 * (ratio - 1) for ratio in ratios)


def times_table(taken: dict[str, list[Took]]) -> tuple[Table, dict[str, dict[str, float]]]:
    """Return a table of seconds and percent, and the percent by the clock over both bases."""
    rows = {ALONE: taken[ALONE]} | {f"sweep, {mode}": taken[mode] for mode in MUST}
    bases = {ALONE: taken[ALONE]}
    if f"{USUAL}, scores" in taken:
        first, then = taken[f"{USUAL}, encodes"], taken[f"{USUAL}, scores"]
        both = [Took(a.wall + b.wall, a.cpu + b.cpu) for a, b in zip(first, then, strict=True)]
        rows |= {f"{USUAL}, encodes": first, f"{USUAL}, with scores": both}
        bases |= {f"{USUAL}, encodes": first}
    shown = Table(box=None, pad_edge=False, header_style="dim")
    overs = [
        f"over {base.removeprefix('the ')}\n{what}"
        for base in bases
        for what in ("clock", "processors")
    ]
    for heading in ("", "clock, s", "processors, s", *overs, "must"):
        shown.add_column(heading, justify="right" if heading else "left", no_wrap=True)
    percent: dict[str, dict[str, float]] = {}
    for name, times in rows.items():
        cells = [f"{statistics.median(getattr(t, w) for t in times):.2f}" for w in ("wall", "cpu")]
        for base in bases.values():
            more = [f"{added(times, base, what):+.0f} %" for what in ("wall", "cpu")]
            cells += ["", ""] if times is base else more
        percent[name] = {base: added(times, each, "wall") for base, each in bases.items()}
        most = MUST.get(name.rpartition(" ")[2])
        shown.add_row(name, *cells, "" if most is None else f"+{most:.0f} %")
    return shown, percent


def least_table(
    seconds: dict[str, float], taken: dict[str, list[Took]]
) -> tuple[Table, dict[str, dict[str, float]]]:
    """Return a table of what a sweep adds to the processors' time, and of what it must."""
    base = statistics.median(each.cpu for each in taken[ALONE])
    shown = Table(box=None, pad_edge=False, header_style="dim")
    for heading in ("processors, over the encodes", "decoding", "features", "both", "a sweep"):
        shown.add_column(heading, justify="right", no_wrap=True)
    shown.columns[0].justify = "left"
    percent: dict[str, dict[str, float]] = {}
    for mode in MUST:
        parts = {what: 100 * seconds[what] / base for what in ("decoding", mode)}
        percent[mode] = {
            "decoding": parts["decoding"],
            "features": parts[mode],
            "both": sum(parts.values()),
            "sweep": added(taken[mode], taken[ALONE], "cpu"),
        }
        shown.add_row(mode, *(f"{value:+.0f} %" for value in percent[mode].values()))
    return shown, percent


def print_memory(sources: dict[str, Path], console: Console) -> None:
    """Print the most memory that processes take, each of its own."""
    for name, source in sources.items():
        shown = Table(box=None, pad_edge=False, header_style="dim")
        for heading in ("peak memory, MiB", *MUST, ALONE):
            shown.add_column(heading, justify="right")
        shown.columns[0].justify = "left"
        for crfs in (CRFS, MORE_CRFS):
            cells = []
            for mode in (*MUST, ALONE):
                command = [sys.executable, __file__, str(source), "--once", mode]
                cost = peer.cost_of([*command, "--crfs", *map(str, crfs)])
                cells.append(f"{cost.peak / 1024:.0f}")
            shown.add_row(f"{len(crfs)} renditions at once", *cells)
        console.print(f"{name}, {RENDITIONS[0].encoder} {PRESET}", shown, "", sep="\n")


def do_once(source: Path, mode: str, crfs: Sequence[int]) -> None:
    """Make a sweep, or its encodes alone."""
    if mode == ALONE:
        encodes_alone(source, crfs)
    else:
        sweep(source, renditions(crfs), mode=mode, at_once=len(crfs))


def scores_table(found: dict[str, list[Scored]]) -> Table:
    """Return a table of scores and sizes, a row for each CRF."""
    shown = Table(box=None, pad_edge=False, header_style="dim")
    shown.add_column("CRF", justify="right")
    for name in found:
        shown.add_column(name, justify="right")
        shown.add_column("KiB", justify="right")
    for crf, *each in zip(CRFS, *found.values(), strict=True):
        cells = [(f"{one.score:.3f}", f"{one.bytes / 1024:.0f}") for one in each]
        shown.add_row(str(crf), *(cell for pair in cells for cell in pair))
    return shown


def compare(
    source: Path, name: str, rounds: int, other: peer.Peer | None, console: Console
) -> dict[str, object]:
    """Measure with a source and print both tables; return all rounds."""
    with TemporaryDirectory() as folder, steps_shown() as step:
        taken, found = measure(source, Path(folder), other, rounds, step)
        step("what cannot be spared")
        seconds = least(source, RENDITIONS, tuple(MUST))
    times, percent = times_table(taken)
    parts, shares = least_table(seconds, taken)
    console.print(f"{name}, {RENDITIONS[0].encoder} {PRESET}", times, "", parts, "", sep="\n")
    console.print(scores_table(found), "")
    return {
        "added": percent,
        "processors": shares,
        "alone": seconds,
        "rounds": {way: [asdict(one) for one in each] for way, each in taken.items()},
        "scores": {way: [asdict(one) for one in each] for way, each in found.items()},
    }


def main() -> int:
    """Print both tables for each source."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("sources", nargs="*", type=Path, help="videos of 1920x1080")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--pictures", type=int, default=150, help="of the generated one")
    parser.add_argument("--generated", action="store_true", help="only the generated one")
    parser.add_argument("--json", type=Path, help="file to write all rounds to")
    parser.add_argument("--memory", action="store_true", help="show peak memory instead")
    parser.add_argument("--once", choices=(*MUST, ALONE), help=argparse.SUPPRESS)
    parser.add_argument("--crfs", nargs="+", type=int, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.once:
        do_once(args.sources[0], args.once, args.crfs)
        return 0
    other = peer.find_peer()
    console = Console(width=150)
    with TemporaryDirectory() as folder:
        sources = {path.name: path for path in args.sources}
        if not sources:
            name = f"generated scene, {args.pictures} pictures"
            sources[name] = Path(folder) / "scene.mkv"
            encode(str(sources[name]), scene(args.pictures, SIZE[1], SIZE[0]), 10)
            if FILM.is_file() and not args.generated:
                sources[FILM.name] = FILM
        if args.memory:
            print_memory(sources, console)
            return 0
        try:
            found = {
                name: compare(source, name, args.rounds, other, console)
                for name, source in sources.items()
            }
        except VmafTinyError as error:
            parser.error(str(error))
    who = f"libvmaf {other.libvmaf}" if other else "no ffmpeg with libvmaf was found"
    machine = f"{cpu_name()}, {os.cpu_count()} processors"
    console.print(f"{machine}, medians of {args.rounds} rounds in turns, {who}", soft_wrap=True)
    if args.json:
        report = {"provenance": provenance(other), "sources": found}
        args.json.write_text(json.dumps(report, indent=2) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
