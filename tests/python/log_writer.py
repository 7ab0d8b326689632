"""Writes logs of given frames with the C library, through the program that is made for it."""

import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

FORMATS = ("xml", "json", "csv", "sub")
FEATURES = (
    "integer_adm2",
    "integer_vif_scale0",
    "integer_vif_scale1",
    "integer_vif_scale2",
    "integer_vif_scale3",
    "integer_motion2",
)
METRICS = (*FEATURES, "vmaf")
POOLS = ("min", "max", "mean", "harmonic_mean", "p1", "p5", "p10", "p50", "stdev")

Frame = Sequence[float]
TWO_FRAMES: tuple[Frame, ...] = (
    (0, 0.96, 0.4, 0.85, 0.92, 0.96, 0.0, 84.25),
    (1, 0.95, 0.3, 0.80, 0.90, 0.95, 4.5, 88.5),
)


@dataclass(frozen=True)
class Writer:
    """Runs the C program that writes a log of given frames."""

    program: Path

    def run(
        self,
        fmt: str,
        path: str | Path,
        *options: str | bytes,
        frames: Sequence[Frame] = TWO_FRAMES,
        before: Sequence[str] = (),
        **popen: Any,
    ) -> "subprocess.CompletedProcess[str]":
        text = "".join(" ".join(f"{x!r}" for x in frame) + "\n" for frame in frames)
        popen = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE} | popen
        command: list[str | bytes | Path] = [*before, self.program, fmt, path, *options]
        return subprocess.run(command, input=text, text=True, timeout=60, **popen)

    def write(
        self,
        fmt: str,
        path: Path,
        *options: str | bytes,
        frames: Sequence[Frame] = TWO_FRAMES,
        **popen: Any,
    ) -> str:
        """Write a log that must succeed and give its text; nothing else may be left."""
        before = {p.name for p in path.parent.iterdir()} | {path.name}
        done = self.run(fmt, path, *options, frames=frames, **popen)
        assert (done.returncode, done.stderr) == (0, "")
        assert {p.name for p in path.parent.iterdir()} == before
        return path.read_bytes().decode("ascii")

    def refuse(
        self, fmt: str, path: str | Path, error: int, *options: str | bytes, **popen: Any
    ) -> str:
        """Write a log that must fail with an errno and give the message."""
        done = self.run(fmt, path, *options, **popen)
        code, _, message = done.stderr.partition(" ")
        assert (done.returncode, code) == (1, f"-{error}"), done
        assert message.count("\n") == 1
        return message
