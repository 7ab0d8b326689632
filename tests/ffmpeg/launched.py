"""Running ffmpeg with the filter, the videos to give it, and reading what it says and writes."""

import json
import os
import re
import subprocess
import tempfile
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[2]
FEATURES = ("adm2", "vif_scale0", "vif_scale1", "vif_scale2", "vif_scale3", "motion2")
LIMIT_S = 240

REFERENCE = "testsrc2=size=160x120:rate=25:duration=1"
DISTORTED = f"{REFERENCE},gblur=1,noise=alls=14:allf=t:all_seed=3"


@dataclass(frozen=True)
class Ran:
    """What a run of ffmpeg left."""

    status: int
    said: str
    output: bytes
    memory: int  # the most that was resident, in KiB

    @property
    def score(self) -> str | None:
        """The score as it was shown; None if none was."""
        found = re.findall(r"VMAF score: (\S+)", self.said)
        assert len(found) <= 1
        return found[0] if found else None


class FFmpeg:
    """An ffmpeg with the filter: the launcher of a plug-in, or a whole one."""

    def __init__(self, launcher: Path) -> None:
        self.launcher = launcher

    @cached_property
    def release(self) -> str:
        """Of FFmpeg, e.g. "5.1.9"."""
        text = subprocess.check_output([self.launcher, "-version"], text=True)
        return re.match(r"ffmpeg version n?([\d.]+)", text)[1]

    @property
    def major(self) -> int:
        return int(self.release.split(".")[0])

    def run(self, *arguments: object, env: dict[str, str] | None = None) -> Ran:
        command = [self.launcher, "-nostdin", "-nostats", "-hide_banner", "-y", *arguments]
        with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as said:
            child = subprocess.Popen(
                ["timeout", str(LIMIT_S), *map(str, command)],
                env={**os.environ, **(env or {})},
                stdout=output,
                stderr=said,
            )
            _, status, usage = os.wait4(child.pid, 0)
            child.returncode = os.waitstatus_to_exitcode(status)
            assert child.returncode != 124, f"still running after {LIMIT_S} s"
            output.seek(0)
            said.seek(0)
            text = said.read().decode(errors="replace")
            return Ran(child.returncode, text, output.read(), usage.ru_maxrss)

    def score(
        self,
        distorted: str | Path,
        reference: str | Path,
        options: str = "",
        *,
        graph: str = "[0:v][1:v]{}",
        to: tuple[object, ...] = ("-f", "null", "-"),
        before: tuple[object, ...] = (),
        env: dict[str, str] | None = None,
    ) -> Ran:
        """Score a file or a lavfi description against another.

        `graph` has ``{}`` where the filter with its options goes.
        """
        inputs: list[object] = []
        for source in (distorted, reference):
            inputs += ([] if isinstance(source, Path) else ["-f", "lavfi"]) + ["-i", source]
        ours = f"vmaf_tiny={options}" if options else "vmaf_tiny"
        return self.run(*before, *inputs, "-lavfi", graph.format(ours), *to, env=env)

    def logged(self, distorted, reference, options="", *, path: Path, **how) -> "Logged":
        """Score, which must succeed, with a JSON log, which is returned."""
        options = ":".join(filter(None, (options, "log_fmt=json", f"log_path={path}")))
        ran = self.score(distorted, reference, options, **how)
        assert ran.status == 0, ran.said
        log = json.loads(path.read_text())
        path.unlink()
        return Logged(ran, log)


@dataclass(frozen=True)
class Logged:
    """A run and its log."""

    ran: Ran
    log: dict

    @property
    def numbers(self) -> list[int]:
        return [frame["frameNum"] for frame in self.log["frames"]]

    @property
    def rows(self) -> list[dict[str, float]]:
        """Metrics of each frame, by the names that metadata have."""
        return [
            {name.removeprefix("integer_"): value for name, value in frame["metrics"].items()}
            for frame in self.log["frames"]
        ]


def texture(count: int, width: int = 160, height: int = 120, bits: int = 8) -> np.ndarray:
    """Return luma planes of a texture that moves, with all bits in use."""
    rng = np.random.default_rng(11)
    coarse = np.kron(rng.integers(20, 200, (40, 50)), np.ones((8, 8)))
    fine = coarse * 2.0 ** (bits - 8) + rng.integers(0, 2**bits // 8, coarse.shape)
    moved = [np.roll(fine, (-n, -3 * n), (0, 1))[:height, :width] for n in range(count)]
    return np.array(moved).astype(np.uint8 if bits == 8 else np.uint16)


def worse(lumas: np.ndarray, bits: int = 8) -> np.ndarray:
    """Return planes with noise that differs from one to the next."""
    rng = np.random.default_rng(5)
    most = 2**bits - 1
    noise = rng.integers(-most // 30, most // 30 + 1, lumas.shape)
    return np.clip(lumas.astype(int) + noise, 0, most).astype(lumas.dtype)


def write_y4m(path: Path, lumas: np.ndarray, layout: str = "420", bits: int = 8) -> Path:
    """Write luma planes as YUV4MPEG2 with flat chroma and return the path."""
    height, width = lumas.shape[1:]
    space = layout if bits == 8 else f"{layout}{'' if layout == 'mono' else 'p'}{bits}"
    across, down = {"420": (2, 2), "422": (2, 1), "444": (1, 1), "mono": (0, 0)}[layout]
    samples = 2 * -(-width // across) * -(-height // down) if across else 0
    chroma = np.full(samples, 1 << (bits - 1), lumas.dtype).tobytes()
    with path.open("wb") as file:
        file.write(f"YUV4MPEG2 W{width} H{height} F25:1 Ip A1:1 C{space}\n".encode())
        for luma in lumas:
            file.write(b"FRAME\n" + luma.tobytes() + chroma)
    return path
