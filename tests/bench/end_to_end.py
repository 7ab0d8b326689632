"""How much sooner two files are scored than by ffmpeg with libvmaf, each program from start to end.

What is compared is what a user would type: the command with ``--threads N``, ffmpeg with
``vmaf_tiny=n_threads=N``, ffmpeg with ``libvmaf=n_threads=N``. N threads score on each side; the
two decoders beside them have what each program gives them unless it is told otherwise, which for
ffmpeg is a thread per processor and one more, for the command half of N. So the clock shows whether
decoding hides behind scoring, and the time of the processor, of all threads together, what counts
on a machine that has no more processors than threads that score.

How much of the time is decoding's, in which no side can be faster than the other, is up to the
files: their bitrates are shown. The start of each program counts, too.
"""

import itertools
import os
import statistics
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from encodes import encode, with_gray
from rows import Row

from vmaf_tiny import bench, peer
from vmaf_tiny.errors import VmafTinyError
from vmaf_tiny.peer import Cost, Peer
from vmaf_tiny.probe import weigh

PLUGIN = Path("build/ffmpeg-lean/vmaf-tiny-ffmpeg").resolve()
MUST = 1.8
LIBVMAF = "libvmaf"

_CRFS = 18, 28  # of a master and of an encode


@dataclass(frozen=True)
class Files:
    """Two videos to score."""

    reference: str
    distorted: str
    kind: str

    def __str__(self) -> str:
        """Return what they are like, as far as it decides how long they take."""
        return f"{self.kind}: {_like(self.reference)} and {_like(self.distorted)}"


def _like(path: str) -> str:
    weight = weigh(path)
    if weight is None:
        raise VmafTinyError(f"{path} is no video file: give two")
    text = f"{Path(path).name} ({weight.encoder} {weight.width}x{weight.height}"
    if weight.duration:
        text += f", {weight.duration:.1f} s of {weight.size * 8e-6 / weight.duration:.1f} Mbit/s"
    return f"{text})"


def generated(folder: Path, pictures: int, size: tuple[int, int] = (1920, 1080)) -> Files:
    """Encode moving textures twice by x264.

    Parameters
    ----------
    folder
        Where to.
    pictures
        How many.
    size
        Width and height.
    """
    clip = bench.synthetic(*size, 8, min(pictures, 24))
    files = Files(str(folder / "ref.mkv"), str(folder / "dis.mkv"), "moving textures")
    for path, crf in zip((files.reference, files.distorted), _CRFS, strict=True):
        planes = itertools.islice(itertools.cycle(clip.reference), pictures)
        encode(path, with_gray(planes, 8), crf)
    return files


def programs() -> dict[str, str]:
    """Return every ffmpeg that has the filter, by what to call it: $VMT_FFMPEG, else the plug-in's.

    Raises
    ------
    VmafTinyError
        $VMT_FFMPEG names one that does not run.
    """
    said = os.environ.get("VMT_FFMPEG") or (str(PLUGIN) if PLUGIN.exists() else "")
    found = {}
    for path in filter(None, said.split(":")):
        try:
            shown = subprocess.check_output([path, "-version"], text=True, errors="replace")
        except (OSError, subprocess.CalledProcessError):
            raise VmafTinyError(f"{path} does not run: make the plug-in again") from None
        found[f"filter, ffmpeg {shown.split()[2].partition('-')[0]}"] = path
    return found


def commands(
    files: Files, threads: int, other: Peer, with_filter: Mapping[str, str]
) -> dict[str, list[str]]:
    """Return what is run, by name, libvmaf's first."""
    own = [sys.executable, "-m", "vmaf_tiny", "score", files.reference, files.distorted, "-q"]
    listed = {
        LIBVMAF: peer.file_command(other, files.reference, files.distorted, threads),
        "command": [*own, "--threads", str(threads)],
    }
    for name, path in with_filter.items():
        ffmpeg = Peer(path, "", "")
        listed[name] = peer.file_command(
            ffmpeg, files.reference, files.distorted, threads, scored="vmaf_tiny"
        )
    return listed


def measure(
    listed: Mapping[str, Sequence[str]], rounds: int, step: Callable[[str], None]
) -> dict[str, list[Cost]]:
    """Run commands in turns; return the costs of each, one per round."""
    costs: dict[str, list[Cost]] = {name: [] for name in listed}
    for number in range(rounds):
        for name, command in listed.items():
            step(f"end to end, round {number + 1} of {rounds}: {name}")
            costs[name].append(peer.cost_of(command))
    return costs


def compared(costs: Mapping[str, Sequence[Cost]], threads: int) -> Iterator[Row]:
    """Compare all with libvmaf: of times the medians of ratios in a round, of memory the most."""
    theirs = costs[LIBVMAF]
    most = max(cost.peak for cost in theirs) / 1024
    for name, ours in costs.items():
        if name == LIBVMAF:
            continue
        told = f"two files by the {name}, threads: {threads}"
        wall, cpu = (
            statistics.median(
                getattr(b, what) / getattr(a, what) for a, b in zip(ours, theirs, strict=True)
            )
            for what in ("wall", "cpu")
        )
        yield Row(f"{told}, the clock", MUST, None, wall, gated=False)
        yield Row(f"{told}, the processor", None, None, cpu)
        peak = max(cost.peak for cost in ours) / 1024
        yield Row(f"{told}, peak memory", most, None, peak, "MiB", more_is_better=False)
    yield Row(f"libvmaf, threads: {threads}, peak memory", None, None, most, "MiB")


def rows(
    files: Files, threads: Sequence[int], other: Peer, rounds: int, step: Callable[[str], None]
) -> Iterator[Row]:
    """Measure the command and, where there is an ffmpeg with it, the filter, beside libvmaf."""
    with_filter = programs()
    for count in threads:
        listed = commands(files, count, other, with_filter)
        yield from compared(measure(listed, rounds, step), count)


def missing(other: Peer | None) -> list[str]:
    """Say what is not measured for want of a program, and how to get it."""
    said = []
    if other is None:
        said.append("no ffmpeg with libvmaf to compare with: pip install imageio-ffmpeg")
    if not programs():
        said.append("no ffmpeg with the filter: make plugin, and name it in VMT_FFMPEG")
    return said
