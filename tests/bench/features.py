"""Time the features against the libvmaf of a real ffmpeg, on the same frames, in turns.

Processor time of one thread per picture: ffmpeg's with libvmaf less ffmpeg's without, beside that
of the core. Medians of some rounds, and their ratio.
"""

import argparse
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import imageio_ffmpeg
import numpy as np
from rich.console import Console
from rich.table import Table

sys.path.insert(0, str(Path(__file__).parents[1] / "python"))
import textures
from vmaf_tiny import Context
from vmaf_tiny._core import cpu_levels

PIXELS = {8: "gray", 10: "gray10le", 12: "gray12le", 16: "gray16le"}


def cpu_of_child(command: list[str]) -> float:
    """Return the user and system seconds a command took."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, check=True, capture_output=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def ffmpeg_ms(paths: list[Path], size: tuple[int, int], bits: int, frames: int) -> float:
    """Return libvmaf's milliseconds per picture: one run with it less one without."""
    form = ["-f", "rawvideo", "-pix_fmt", PIXELS[bits], "-s", f"{size[0]}x{size[1]}"]
    inputs = [part for path in paths for part in (*form, "-i", str(path))]
    pixel = {8: "yuv444p", 10: "yuv444p10le", 12: "yuv444p12le", 16: "yuv444p16le"}[bits]
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-filter_complex_threads", "1"]
    both = f"[0:v]format={pixel}[d];[1:v]format={pixel}[r]"
    with_it = f"{both};[d][r]libvmaf=n_threads=0"
    without = f"{both};[d][r]interleave"
    end = ["-f", "null", "-"]
    seconds = cpu_of_child([*command, *inputs, "-filter_complex", with_it, *end])
    seconds -= cpu_of_child([*command, *inputs, "-filter_complex", without, *end])
    return 1000 * seconds / frames


def core_ms(planes: list[np.ndarray], bits: int, level: str, renditions: int) -> float:
    """Return the core's milliseconds per distorted picture, in the pushing thread."""
    reference, distorted = planes
    frames, height, width = reference.shape
    with Context(width, height, bits, threads=1, cpu=level, renditions=renditions) as context:
        begun = time.thread_time()
        for ref, dis in zip(reference, distorted, strict=True):
            context.push(ref, [dis] * renditions)
            context.pull()
        context.flush()
        while context.pull() is not None:
            pass
        return 1000 * (time.thread_time() - begun) / frames / renditions


def measure(size: tuple[int, int], bits: int, frames: int, rounds: int, many: int) -> Table:
    """Time everything in turns and return a table."""
    reference = textures.natural(frames, size[1], size[0], bits)
    planes = [textures.as_samples(p, bits) for p in (reference, textures.worse(reference, bits))]
    cases = [(level, 1) for level in cpu_levels()] + [(cpu_levels()[-1], many)]
    times: dict[tuple[str, int], list[float]] = {case: [] for case in cases}
    peer = []
    with tempfile.TemporaryDirectory() as folder:
        paths = [
            textures.write_gray(Path(folder) / name, samples, bits)
            for name, samples in zip(("reference", "distorted"), planes, strict=True)
        ]
        for _ in range(rounds):
            peer.append(ffmpeg_ms(paths[::-1], size, bits, frames))
            for case in cases:
                times[case].append(core_ms(planes, bits, *case))
    table = Table(title=f"{size[0]}x{size[1]}, {bits} bits, {frames} pictures, {rounds} rounds")
    for heading in ("", "ms a picture", "pictures a second", "times libvmaf"):
        table.add_column(heading, justify="left" if not heading else "right")
    base = statistics.median(peer)
    table.add_row("libvmaf (its best)", f"{base:.1f}", f"{1000 / base:.1f}", "1")
    for (level, renditions), values in times.items():
        ms = statistics.median(values)
        ratio = statistics.median(p / v for p, v in zip(peer, values, strict=True))
        name = level if renditions == 1 else f"{level}, each of {renditions} renditions"
        table.add_row(name, f"{ms:.1f}", f"{1000 / ms:.1f}", f"{ratio:.2f}")
    return table


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", default="1920x1080")
    parser.add_argument("--bits", type=int, nargs="*", default=[8, 10])
    parser.add_argument("--frames", type=int, default=24)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--renditions", type=int, default=4)
    args = parser.parse_args()
    width, height = map(int, args.size.split("x"))
    for bits in args.bits:
        Console().print(measure((width, height), bits, args.frames, args.rounds, args.renditions))


if __name__ == "__main__":
    main()
