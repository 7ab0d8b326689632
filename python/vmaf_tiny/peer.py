"""An ffmpeg with libvmaf to compare with: find it, run it, see what it costs."""

import importlib
import importlib.util
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from vmaf_tiny.containers import RawFormat, raw_for
from vmaf_tiny.errors import VmafTinyError
from vmaf_tiny.luma import Luma

_BITS = (8, 10, 12, 16)  # of raw video that libvmaf takes as it is

# A small process in between: a child's peak of memory begins with that of who starts it.
_LAUNCHER = """\
import os, sys, time
nowhere = [(os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0)]
begun = time.perf_counter()
child = os.posix_spawnp(sys.argv[1], sys.argv[1:], os.environ, file_actions=nowhere)
_, status, used = os.wait4(child, 0)
wall = time.perf_counter() - begun
print(used.ru_utime + used.ru_stime, wall, used.ru_maxrss)
sys.exit(os.waitstatus_to_exitcode(status) != 0)
"""


@dataclass(frozen=True, slots=True)
class Cost:
    """What a command took.

    Attributes
    ----------
    cpu, wall
        Seconds: of all its threads together, and until it ended.
    peak
        KiB of memory, at most.
    """

    cpu: float
    wall: float
    peak: int


@dataclass(frozen=True, slots=True)
class Peer:
    """An ffmpeg that has the filter libvmaf.

    Attributes
    ----------
    path
        Of the program.
    ffmpeg
        Its version, as it says.
    libvmaf
        Version of the library in it; empty: it does not say.
    """

    path: str
    ffmpeg: str
    libvmaf: str


def cost_of(command: Sequence[str]) -> Cost:
    """Run a command and return what it took.

    Raises
    ------
    VmafTinyError
        It fails; the message has the last line that it said.
    """
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", _LAUNCHER, *command],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
    )
    if done.returncode:
        last = " ".join(done.stderr.strip().splitlines()[-1:])
        raise VmafTinyError(f"{command[0]} failed: {last}: run it alone to see why")
    cpu, wall, peak = done.stdout.split()
    return Cost(float(cpu), float(wall), int(peak))


def find_peer() -> Peer | None:
    """Return an ffmpeg with libvmaf: that on the PATH, else that of imageio-ffmpeg, else None."""
    for program in _programs():
        if re.search(r"^ \S+ libvmaf ", _output([program, "-hide_banner", "-filters"]), re.M):
            first = _output([program, "-version"]).partition("\n")[0].split()
            return Peer(program, first[2] if len(first) > 2 else "", _libvmaf(program))
    return None


def _programs() -> Iterable[str]:
    on_path = shutil.which("ffmpeg")
    if on_path:
        yield on_path
    if importlib.util.find_spec("imageio_ffmpeg"):
        package: Any = importlib.import_module("imageio_ffmpeg")
        try:
            yield package.get_ffmpeg_exe()
        except RuntimeError:  # it has none for this machine
            return


def _output(command: list[str]) -> str:
    """Return what a command prints, or nothing if it cannot be run."""
    try:
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, check=False)
    except OSError:
        return ""
    return done.stdout.decode(errors="replace")


def _libvmaf(program: str) -> str:
    picture = ["-f", "lavfi", "-i", "color=s=64x64:d=0.04"]
    found = "libvmaf=log_fmt=xml:log_path=/dev/stdout"
    shown = _output(
        [program, "-v", "error", *picture, *picture, "-lavfi", found, "-f", "null", "-"]
    )
    version = re.search(r'VMAF version="([^"]*)"', shown)
    return version[1] if version else ""


def supports(bits: int) -> bool:
    """Whether libvmaf takes raw video of this depth."""
    return bits in _BITS


def write_yuv(path: Path, planes: Iterable[Luma], bits: int) -> Path:
    """Write luma planes as raw 4:2:0 video, with gray for colours."""
    with path.open("wb") as file:
        for plane in planes:
            height, width = plane.shape
            chroma = 2 * ((height + 1) // 2) * ((width + 1) // 2)
            file.write(plane.tobytes())
            file.write(np.full(chroma, 1 << (bits - 1), plane.dtype).tobytes())
    return path


def raw_cost(
    peer: Peer,
    reference: Path,
    distorted: Path,
    size: tuple[int, int],
    bits: int,
    *,
    score: bool = True,
    scored: str = "libvmaf=n_threads=0",
) -> Cost:
    """Run an ffmpeg on raw video, with one thread for the filters and the library in it.

    Parameters
    ----------
    peer
        What to run.
    reference, distorted
        Files that `write_yuv` wrote.
    size
        Width and height.
    bits
        Bits per sample, such that `supports`.
    score
        Whether to score, or only to do all that is around it, to be taken off.
    scored
        The filter that scores.
    """
    pixel = "yuv420p" if bits == 8 else f"yuv420p{bits}le"
    form = ["-f", "rawvideo", "-pix_fmt", pixel, "-s", f"{size[0]}x{size[1]}"]
    inputs = [word for path in (distorted, reference) for word in (*form, "-i", str(path))]
    graph = f"[0:v][1:v]{scored if score else 'interleave'}"
    quiet = ["-v", "error", "-filter_complex_threads", "1"]
    return cost_of([peer.path, *quiet, *inputs, "-filter_complex", graph, "-f", "null", "-"])


def file_command(
    peer: Peer,
    reference: str,
    distorted: str,
    threads: int,
    *,
    scored: str = "libvmaf",
    raw: RawFormat | None = None,
) -> list[str]:
    """Return the command that scores two files, by libvmaf or another filter that takes as much.

    What `raw` says is of those that are raw video, by their names.
    """
    inputs = [word for path in (distorted, reference) for word in (*_form(path, raw), "-i", path)]
    graph = f"{scored}=n_threads={threads}"
    return [peer.path, "-v", "error", *inputs, "-lavfi", graph, "-f", "null", "-"]


def _form(path: str, raw: RawFormat | None) -> list[str]:
    """Return what ffmpeg must be told of a file."""
    form = raw_for(path, raw)
    if form is None:
        return []
    # Where samples take two bytes, ours may be of a format of more bits.
    pixel = re.sub("16le$", f"{form.depth}le", form.pixel_format)
    size = f"{form.width}x{form.height}"
    told = ["-f", "rawvideo", "-pixel_format", pixel, "-video_size", size]
    return [*told, "-framerate", str(form.rate or 25)]
