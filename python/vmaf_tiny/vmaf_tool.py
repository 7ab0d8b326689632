"""libvmaf's own tool, which can be held to a CPU level: find it, run it, see what it costs."""

import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from vmaf_tiny.errors import OptionError
from vmaf_tiny.peer import Cost, cost_of

MASKS = {"c": 0b111111, "avx2": 0b110000, "avx512": 0, "neon": 0}
"""Instruction sets that libvmaf must not use to be held to a level, as its ``--cpumask`` has them:
from the lowest bit SSE2 (or NEON), SSSE3, SSE 4.1, AVX2, AVX-512 and that of Ice Lake."""


@dataclass(frozen=True, slots=True)
class VmafTool:
    """A vmaf tool of libvmaf.

    Attributes
    ----------
    path
        Of the program.
    libvmaf
        Version of the library in it.
    """

    path: str
    libvmaf: str

    def cost(
        self,
        reference: Path,
        distorted: Path,
        size: tuple[int, int],
        bits: int,
        *,
        cpu: str,
        score: bool = True,
    ) -> Cost:
        """Run it with one thread on files that `write_yuv` wrote.

        Parameters
        ----------
        reference, distorted
            Paths.
        size
            Width and height.
        bits
            Bits per sample, such that `supports`.
        cpu
            Level to be held to, one of `MASKS`.
        score
            Whether to score, or only to read the files, to be taken off.
        """
        width, height = map(str, size)
        form = ["-w", width, "-h", height, "-p", "420", "-b", str(bits)]
        todo = ["-m", "version=vmaf_v0.6.1"] if score else ["--no_prediction"]
        files = ["-r", str(reference), "-d", str(distorted)]
        return cost_of([self.path, "-q", *files, *form, "--cpumask", str(MASKS[cpu]), *todo])


def find_tool() -> VmafTool | None:
    """Return the tool that ``$VMAF`` names, else that on the PATH, else None.

    Raises
    ------
    OptionError
        What ``$VMAF`` names is no such tool.
    """
    named = os.environ.get("VMAF")
    path = named or shutil.which("vmaf")
    if not path:
        return None
    version = re.match(r"v?(\d+\.\d+\S*)", _said([path, "--version"]))
    if version and "--cpumask" in _said([path]):
        return VmafTool(path, version[1])
    if named:
        raise OptionError(f"$VMAF, {path}, is not libvmaf's tool vmaf: name that, or unset VMAF")
    return None


def _said(command: list[str]) -> str:
    """Return what a command writes on standard error, or nothing if it cannot be run."""
    try:
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, check=False)
    except OSError:
        return ""
    return done.stderr.decode(errors="replace").strip()
