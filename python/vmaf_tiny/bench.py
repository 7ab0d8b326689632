"""Measure how fast features are computed, beside a libvmaf on the same pictures, in turns."""

import itertools
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path

from vmaf_tiny import textures
from vmaf_tiny._core import STAGES, Context
from vmaf_tiny.containers import RawFormat, raw_for
from vmaf_tiny.errors import InputError, OptionError
from vmaf_tiny.frames import SourceSpec, open_source
from vmaf_tiny.luma import Converter, Luma
from vmaf_tiny.peer import Cost, Peer, cost_of, file_command, raw_cost, supports, write_yuv
from vmaf_tiny.preflight import preflight
from vmaf_tiny.vmaf_tool import MASKS, VmafTool

_DISTINCT = 6  # synthetic pictures that are made; shown to and fro, so that they move on
_ENOUGH = 4 * 1920 * 1080  # samples of pictures that a libvmaf must score, to take a while


@dataclass(frozen=True)
class Clip:
    """Luma planes of a reference and of a worse version of it.

    Attributes
    ----------
    name
        Such as ``"synthetic"``.
    bits
        Bits per sample.
    reference, distorted
        Planes of shape (height, width), the same number of each.
    """

    name: str
    bits: int
    reference: Sequence[Luma]
    distorted: Sequence[Luma]

    @property
    def size(self) -> tuple[int, int]:
        """Width and height."""
        height, width = self.reference[0].shape
        return width, height


@dataclass(frozen=True, slots=True)
class Setup:
    """One way to compute features.

    Attributes
    ----------
    cpu, mode, threads, renditions
        As for `Context`.
    """

    cpu: str
    mode: str = "exact"
    threads: int = 1
    renditions: int = 1

    def __str__(self) -> str:
        """Return what differs from the usual."""
        words = [self.cpu]
        if self.mode != "exact":
            words.append(self.mode)
        if self.threads > 1:
            words.append(f"{self.threads} threads")
        if self.renditions > 1:
            words.append(f"each of {self.renditions} renditions")
        return ", ".join(words)


@dataclass(frozen=True, slots=True)
class Times:
    """Milliseconds per distorted picture, one value per round.

    Attributes
    ----------
    cpu
        Of the processor, in all threads that work.
    wall
        Of the clock.
    threads
        That worked: what counts is `cpu` for one, whatever else the machine does, else `wall`.
    """

    cpu: tuple[float, ...]
    wall: tuple[float, ...]
    threads: int = 1

    @property
    def rounds(self) -> tuple[float, ...]:
        """What counts."""
        return self.cpu if self.threads == 1 else self.wall

    @property
    def ms(self) -> float:
        """The median of what counts."""
        return statistics.median(self.rounds)

    @property
    def fps(self) -> float:
        """Pictures per second."""
        return 1000 / self.ms

    def ns_per_pixel(self, size: tuple[int, int]) -> float:
        """Nanoseconds per pixel of pictures of a size."""
        return 1e6 * self.ms / size[0] / size[1]


@dataclass(frozen=True)
class Measured:
    """What was measured with one clip.

    Attributes
    ----------
    clip
        Its name.
    size, bits, pictures
        What it is like.
    times
        Of each setup.
    peer
        Of libvmaf at its best in one thread; None: there is none, or none for this depth.
    held
        Of libvmaf held to a CPU level, for those where that can be had.
    stages
        Milliseconds of the processor per distorted picture in each of `STAGES`, by setup and
        round.
    """

    clip: str
    size: tuple[int, int]
    bits: int
    pictures: int
    times: dict[Setup, Times]
    peer: Times | None = None
    held: dict[str, Times] = field(default_factory=dict)
    stages: dict[Setup, dict[str, tuple[float, ...]]] = field(default_factory=dict)

    def ratio(self, setup: Setup) -> float | None:
        """How many times faster than libvmaf one thread is; None: unknown, or more threads.

        Than libvmaf held to the same CPU level, where that was measured, else than its best.
        """
        theirs = self.held.get(setup.cpu, self.peer)
        if theirs is None or setup.threads > 1:
            return None
        return times_faster(theirs, self.times[setup])

    def speedup(self, setup: Setup) -> float | None:
        """How many times faster than one thread; None: one thread, or that was not measured."""
        alone = self.times.get(replace(setup, threads=1))
        if alone is None or setup.threads == 1:
            return None
        return times_faster(alone, self.times[setup])


def times_faster(slow: Times, fast: Times) -> float:
    """Return the median over the rounds of how many times faster one is than the other."""
    clock = slow.cpu, fast.cpu
    if max(slow.threads, fast.threads) > 1:
        clock = slow.wall, fast.wall
    return statistics.median(a / b for a, b in zip(*clock, strict=True))


def synthetic(width: int, height: int, bits: int, pictures: int) -> Clip:
    """Return pictures that cost as natural ones do.

    Parameters
    ----------
    width, height
        In samples.
    bits
        Bits per sample, 8 to 16.
    pictures
        How many.

    Examples
    --------
    >>> synthetic(64, 48, 8, 9).size
    (64, 48)
    """
    made = textures.natural(min(pictures, _DISTINCT), height, width, bits)
    planes = [textures.as_samples(p, bits) for p in (made, textures.worse(made, bits))]
    order = [*range(len(made)), *range(len(made) - 2, 0, -1)]
    turns = list(itertools.islice(itertools.cycle(order), pictures))
    return Clip("synthetic", bits, *([side[i] for i in turns] for side in planes))


def from_files(
    reference: SourceSpec, distorted: SourceSpec, pictures: int, raw: RawFormat | None = None
) -> Clip:
    """Return the first pictures of two videos, made equal as `score` does, paired in order.

    Parameters
    ----------
    reference, distorted
        As for `score`.
    pictures
        How many, at most.
    raw
        What those are like that are raw video, by their names.

    Raises
    ------
    InputError
        They cannot be read or compared.
    """
    with ExitStack() as stack:
        sources = [
            stack.enter_context(open_source(spec, role=role, raw=raw_for(spec, raw)))
            for spec, role in ((reference, "reference"), (distorted, "distorted"))
        ]
        plan = preflight(sources[0].info, sources[1].info)
        pairs = zip(
            *(
                source.pictures(Converter(todo))
                for source, todo in zip(sources, (plan.reference, plan.distorted), strict=True)
            ),
            strict=False,
        )
        taken = [(a.luma.copy(), b.luma.copy()) for a, b in itertools.islice(pairs, pictures)]
        name = " and ".join(source.info.name for source in sources)
    if not taken:
        raise InputError(f"{name} have no pictures: give at least one")
    return Clip(name, plan.bits, [a for a, _ in taken], [b for _, b in taken])


def features_cost(clip: Clip, setup: Setup) -> tuple[float, float, dict[str, float]]:
    """Compute the features of a clip once.

    Returns
    -------
    cpu, wall, stages
        Seconds of the processor and of the clock, and those of the processor in each of `STAGES`.
    """
    width, height = clip.size
    with Context(
        width,
        height,
        clip.bits,
        threads=setup.threads,
        renditions=setup.renditions,
        cpu=setup.cpu,
        mode=setup.mode,
        stage_times=True,  # which takes microseconds of a picture
    ) as context:
        # One thread's work is done in this one, and nothing else counts.
        cpu_time = time.thread_time if context.threads == 1 else time.process_time
        begun, cpu_begun = time.perf_counter(), cpu_time()
        for reference, distorted in zip(clip.reference, clip.distorted, strict=True):
            context.push(reference, [distorted] * setup.renditions)
            context.pull()
        context.flush()
        while context.pull() is not None:
            pass
        cpu, wall = cpu_time() - cpu_begun, time.perf_counter() - begun
        return cpu, wall, context.stage_seconds()


def measure(
    clip: Clip,
    setups: Sequence[Setup],
    *,
    rounds: int = 5,
    peer: Peer | None = None,
    tool: VmafTool | None = None,
    step: Callable[[str], None] = lambda _: None,
) -> Measured:
    """Measure all setups and the peers in turns, so that all meet the same neighbours.

    Parameters
    ----------
    clip
        What to compute with.
    setups
        Ways to compute.
    rounds
        How often; medians of them count.
    peer
        What to compare with.
    tool
        The same, held to each CPU level of the setups.
    step
        Called before each measurement with what is measured.

    Raises
    ------
    OptionError
        A setup is not available here.
    """
    if rounds < 1:
        raise OptionError(f"{rounds} rounds: measure 1 or more")
    ours: dict[Setup, list[tuple[float, float]]] = {setup: [] for setup in setups}
    stages: dict[Setup, list[dict[str, float]]] = {setup: [] for setup in setups}
    peers = _peers(clip, {setup.cpu for setup in setups}, peer, tool)
    theirs: dict[str, list[tuple[float, float]]] = {name: [] for name in peers}
    with tempfile.TemporaryDirectory() as folder:
        files, pictures = _written(Path(folder), clip) if peers else ([], 0)
        for _ in range(rounds):
            for name, run in peers.items():
                step(f"libvmaf held to {name}" if name else "libvmaf")
                theirs[name].append(_cost_alone(run, files, pictures))
            for setup in setups:
                step(str(setup))
                cpu, wall, by_stage = features_cost(clip, setup)
                ours[setup].append((cpu, wall))
                stages[setup].append(by_stage)
    count = len(clip.reference)
    held = {name: _times(values, 1, 1) for name, values in theirs.items()}
    return Measured(
        clip.name,
        clip.size,
        clip.bits,
        count,
        {s: _times(values, count * s.renditions, s.threads) for s, values in ours.items()},
        held.pop("", None),
        held,
        {
            s: {
                stage: tuple(1000 * one[stage] / (count * s.renditions) for one in rounds_of)
                for stage in STAGES
            }
            for s, rounds_of in stages.items()
        },
    )


_Files = tuple[Path, Path]
_Run = Callable[[_Files, bool], Cost]  # whether to score, or to do only what is around it


def _peers(clip: Clip, cpus: set[str], peer: Peer | None, tool: VmafTool | None) -> dict[str, _Run]:
    """Return what runs libvmaf, by the CPU level that it is held to; no name is its best."""
    peers: dict[str, _Run] = {}
    if not supports(clip.bits):
        return peers
    if peer:
        peers[""] = lambda files, score: raw_cost(peer, *files, clip.size, clip.bits, score=score)

    def held_to(tool: VmafTool, cpu: str) -> _Run:
        return lambda files, score: tool.cost(*files, clip.size, clip.bits, cpu=cpu, score=score)

    if tool:
        peers |= {cpu: held_to(tool, cpu) for cpu in MASKS if cpu in cpus}
    return peers


def _written(folder: Path, clip: Clip) -> tuple[list[_Files], int]:
    """Write a clip, so often that scoring it takes longer than to start, and its first picture.

    Returns
    -------
    files, pictures
        Both pairs of files, and how many pictures the first has.
    """
    width, height = clip.size
    count = len(clip.reference)
    times = max(1, _ENOUGH // (width * height * count))
    files = [
        (
            write_yuv(folder / f"reference{n}", _cycled(clip.reference, n), clip.bits),
            write_yuv(folder / f"distorted{n}", _cycled(clip.distorted, n), clip.bits),
        )
        for n in (count * times, 1)
    ]
    return files, count * times


def _cycled(planes: Sequence[Luma], count: int) -> Iterator[Luma]:
    return itertools.islice(itertools.cycle(planes), count)


def _cost_alone(run: _Run, files: list[_Files], pictures: int) -> tuple[float, float]:
    """Return what libvmaf itself takes for a picture, without its start and its files.

    A run with it less one without it; and of that, what a single picture takes is the start.
    """
    costs = [(run(each, True), run(each, False)) for each in files]
    spent = [(a.cpu - b.cpu, a.wall - b.wall) for a, b in costs]
    if pictures == 1:
        return spent[0]
    (cpu, wall), (cpu_first, wall_first) = spent
    return (cpu - cpu_first) / (pictures - 1), (wall - wall_first) / (pictures - 1)


def _times(costs: Sequence[tuple[float, float]], pictures: int, threads: int) -> Times:
    cpu, wall = zip(*costs, strict=True)
    scale = 1000 / pictures
    return Times(tuple(scale * c for c in cpu), tuple(scale * w for w in wall), threads)


def one_at_a_time(
    cpus: Sequence[str],
    modes: Sequence[str] = ("exact",),
    threads: Sequence[int] = (1,),
    renditions: Sequence[int] = (1,),
) -> list[Setup]:
    """Return setups that differ from the first of each list in one thing only.

    Examples
    --------
    >>> [str(setup) for setup in one_at_a_time(["avx2", "c"], threads=[1, 2])]
    ['avx2', 'c', 'avx2, 2 threads']
    """
    base = Setup(cpus[0], modes[0], threads[0], renditions[0])
    changes: Iterator[Setup] = itertools.chain(
        (replace(base, cpu=cpu) for cpu in cpus),
        (replace(base, mode=mode) for mode in modes),
        (replace(base, threads=n) for n in threads),
        (replace(base, renditions=n) for n in renditions),
    )
    return list(dict.fromkeys(changes))


@dataclass(frozen=True)
class EndToEnd:
    """What scoring two files took, from the start of the program to its end.

    Attributes
    ----------
    ours, peers
        One cost per round.
    """

    ours: tuple[Cost, ...]
    peers: tuple[Cost, ...]

    @property
    def cpu_ratio(self) -> float:
        """How many times less time of the processor ours took."""
        return statistics.median(b.cpu / a.cpu for a, b in self._pairs)

    @property
    def wall_ratio(self) -> float:
        """How many times sooner ours ended."""
        return statistics.median(b.wall / a.wall for a, b in self._pairs)

    @property
    def _pairs(self) -> Iterator[tuple[Cost, Cost]]:
        return zip(self.ours, self.peers, strict=True)


def end_to_end(
    reference: str,
    distorted: str,
    peer: Peer,
    *,
    threads: int,
    rounds: int = 5,
    command: Sequence[str] | None = None,
    raw: RawFormat | None = None,
    step: Callable[[str], None] = lambda _: None,
) -> EndToEnd:
    """Score two files by this package's command and by the peer, in turns.

    Parameters
    ----------
    reference, distorted
        Paths.
    peer
        What to compare with.
    threads
        For the features, on both sides; decoders have theirs.
    rounds
        How often.
    command
        What to run as ours; None: ``vmaf-tiny score``.
    raw
        What those are like that are raw video, by their names.
    step
        Called before each measurement with what is measured.

    Raises
    ------
    VmafTinyError
        One of the commands fails.
    """
    own = [sys.executable, "-m", "vmaf_tiny", "score", reference, distorted, "-q"]
    if raw:
        own += ["-w", str(raw.width), "-h", str(raw.height), "-p", raw.format]
        own += ["-b", str(raw.depth), *(["--fps", str(float(raw.rate))] if raw.rate else [])]
    ours = list(command or [*own, "--threads", str(threads)])
    theirs = file_command(peer, reference, distorted, threads, raw=raw)
    costs: list[tuple[Cost, Cost]] = []
    for _ in range(rounds):
        step("end to end")
        costs.append((cost_of(ours), cost_of(theirs)))
    return EndToEnd(tuple(a for a, _ in costs), tuple(b for _, b in costs))
