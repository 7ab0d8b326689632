"""Render a clip, encode it at three qualities, score each; one also by command and in ffmpeg."""

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import clip
import numpy as np
from rich.console import Console
from rich.table import Table

import vmaf_tiny

CRFS = (20, 30, 40)


@dataclass
class Encode:
    """An encode and what it scored."""

    crf: int
    path: Path
    kbps: float
    result: vmaf_tiny.Result


def video_frame(planes: tuple[np.ndarray, ...], n: int) -> av.VideoFrame:
    """Make frame n of yuv420p planes."""
    frame = av.VideoFrame(clip.WIDTH, clip.HEIGHT, "yuv420p")
    for plane, samples in zip(frame.planes, planes, strict=True):
        rows = np.frombuffer(plane, np.uint8).reshape(plane.height, plane.line_size)
        rows[:, : plane.width] = samples
    frame.pts, frame.time_base = n, Fraction(1, clip.FPS)
    return frame


def encode(frames: Iterator[av.VideoFrame], path: Path, crf: int, preset: str) -> None:
    """Encode frames with x264."""
    with av.open(path, "w") as container:
        stream = container.add_stream("libx264", clip.FPS)
        stream.width, stream.height, stream.pix_fmt = clip.WIDTH, clip.HEIGHT, "yuv420p"
        stream.options = {"crf": str(crf), "preset": preset}
        for frame in frames:
            container.mux(stream.encode(frame))
        container.mux(stream.encode())


def decode(path: Path) -> Iterator[av.VideoFrame]:
    """Decode frames."""
    with av.open(path) as container:
        yield from container.decode(video=0)


def score(reference: Path, encoded: Path, crf: int) -> Encode:
    """Score an encode and write its log."""
    result = vmaf_tiny.score(reference, encoded)
    result.write(encoded.with_suffix(".json"), "json")
    kbps = encoded.stat().st_size * 8 / clip.SECONDS / 1000
    return Encode(crf, encoded, kbps, result)


def show(encodes: list[Encode], console: Console) -> None:
    """Print a row for each encode."""
    table = Table(title="640x360, 10 s, x264 medium")
    for heading in ("CRF", "kbit/s", "VMAF", "harmonic", "5 %", "worst frame", "at", "fps"):
        table.add_column(heading, justify="right")
    for one in encodes:
        pooled = one.result.pooled["vmaf"]
        ((_, second, worst),) = one.result.worst(1)
        table.add_row(
            str(one.crf),
            f"{one.kbps:.0f}",
            f"{one.result.score:.2f}",
            f"{pooled['harmonic_mean']:.2f}",
            f"{pooled['p5']:.2f}",
            f"{worst:.2f}",
            f"{second:.2f} s",
            f"{one.result.fps:.0f}",
        )
    console.print(table)


def score_by_command(reference: Path, one: Encode, console: Console) -> None:
    """Score an encode by the command; it must say what Python says."""
    program = Path(sys.executable).with_name("vmaf-tiny")
    command = [str(program), "-r", str(reference), "-d", str(one.path), "-q"]
    console.print("\n[dim]$ " + " ".join(["vmaf-tiny", *command[1:]]), highlight=False)
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    console.print(done.stdout.strip(), highlight=False)
    if done.returncode or abs(float(done.stdout) - one.result.score) > 1e-6:
        sys.exit(f"demo: the command failed or disagrees with Python: {done.stderr}")


def score_in_ffmpeg(ffmpeg: Path, reference: Path, one: Encode, console: Console) -> float:
    """Score an encode by the filter inside ffmpeg; return the difference to Python's score."""
    log = one.path.with_suffix(".ffmpeg.json")
    graph = f"vmaf_tiny=model=vmaf_tiny_v2:log_fmt=json:log_path={log}"
    command = [str(ffmpeg), "-hide_banner", "-nostats", "-i", str(one.path), "-i", str(reference)]
    command += ["-lavfi", graph, "-f", "null", "-"]
    console.print("\n[dim]$ " + " ".join(command), highlight=False)
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    lines = [line for line in done.stderr.splitlines() if "VMAF score" in line]
    if done.returncode or not lines:
        sys.exit(f"demo: ffmpeg failed:\n{done.stderr}")
    console.print(lines[-1], highlight=False)
    frames = json.loads(log.read_text())["frames"]
    scores = np.array([frame["metrics"]["vmaf"] for frame in frames])
    if len(scores) != len(one.result.scores):
        sys.exit(f"demo: ffmpeg scored {len(scores)} frames, Python {len(one.result.scores)}")
    return float(np.abs(scores - one.result.scores).max())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--ffmpeg", type=Path, help="an ffmpeg that has the filter")
    parser.add_argument("--folder", type=Path, default=Path("demo"))
    arguments = parser.parse_args()
    console = Console()
    begun = time.monotonic()
    arguments.folder.mkdir(exist_ok=True)

    reference = arguments.folder / "reference.mp4"
    console.print(f"rendering {reference}: hills, a scene cut, a wheel, film grain")
    rendered = (video_frame(planes, n) for n, planes in enumerate(clip.frames()))
    encode(rendered, reference, crf=0, preset="ultrafast")

    encodes = []
    for crf in CRFS:
        path = arguments.folder / f"crf{crf}.mp4"
        console.print(f"encoding and scoring {path}")
        encode(decode(reference), path, crf, preset="medium")
        encodes.append(score(reference, path, crf))
    show(encodes, console)
    score_by_command(reference, encodes[1], console)

    if arguments.ffmpeg:
        difference = score_in_ffmpeg(arguments.ffmpeg, reference, encodes[1], console)
        console.print(f"largest difference to Python's score of a frame: {difference:.6f}")
        if difference > 1e-6:
            sys.exit("demo: ffmpeg and Python disagree")
    provenance = encodes[0].result.provenance
    console.print(
        f"\nmodel {provenance.model.id} ({provenance.model.sha256[:12]}), learned from "
        f"{provenance.model.teacher}; logs and videos are in {arguments.folder}/; "
        f"{time.monotonic() - begun:.0f} s"
    )


if __name__ == "__main__":
    main()
