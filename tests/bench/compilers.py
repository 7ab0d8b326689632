"""The core as two compilers make it, in one process, in turns."""

import os
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import cffi  # type: ignore[import-untyped]
from rows import Row

from vmaf_tiny import VmafTinyError, bench

ROOT = Path(__file__).resolve().parents[2]
BUILD = ROOT / "build/compilers"
COMPILERS = ("gcc-12", "clang-14")
MUST = 1.15  # times the faster one's
PICTURES = 6


class Core:
    """The shared library of a compiler, by its C interface alone."""

    def __init__(self, path: Path) -> None:
        sys.path.append(str(ROOT / "python"))
        try:
            from cdef import declarations
        finally:
            sys.path.pop()
        self.ffi: Any = cffi.FFI()
        self.ffi.cdef(declarations((ROOT / "filter/vmaf_tiny.h").read_text(encoding="utf-8")))
        self.lib: Any = self.ffi.dlopen(str(path))

    def cost(self, clip: bench.Clip, setup: bench.Setup) -> tuple[float, list[tuple[float, ...]]]:
        """Compute the features once; return seconds of the processor, and the features."""
        ffi, lib = self.ffi, self.lib
        context, error = ffi.new("VmtContext **"), ffi.new("VmtError *")
        width, height = clip.size
        config = ffi.new("VmtConfig *", {"width": width, "height": height, "bits": clip.bits})
        config.renditions, config.threads = setup.renditions, 1
        config.cpu = self._number("cpu", setup.cpu)
        config.mode = self._number("mode", setup.mode)
        self._check(lib.vmt_open(context, config, error), error)
        rows, found = ffi.new("VmtRow[]", setup.renditions), []

        def pull() -> bool:
            some = self._check(lib.vmt_pull(context[0], rows, error), error) > 0
            if some:
                found.append(tuple(value for row in rows for value in row.value))
            return some

        try:
            begun = time.thread_time()
            for reference, distorted in zip(clip.reference, clip.distorted, strict=True):
                lent = [self._picture(distorted) for _ in range(setup.renditions)]
                pictures = ffi.new("VmtPicture[]", lent)
                first = ffi.new("VmtPicture *", self._picture(reference))
                self._check(lib.vmt_push(context[0], first, pictures, error), error)
                pull()
            self._check(lib.vmt_flush(context[0], error), error)
            while pull():
                pass
            return time.thread_time() - begun, found
        finally:
            lib.vmt_close(context)

    def _picture(self, plane: Any) -> dict[str, Any]:
        return {"data": self.ffi.from_buffer(plane), "stride": plane.strides[0]}

    def _number(self, what: str, name: str) -> int:
        name_of = getattr(self.lib, f"vmt_{what}_name")
        numbers = range(getattr(self.lib, {"cpu": "VMT_CPU_LEVELS", "mode": "VMT_MODES"}[what]))
        for number in numbers:
            text = name_of(number)
            if text != self.ffi.NULL and self.ffi.string(text).decode() == name:
                return number
        raise VmafTinyError(f"no {what} {name} in this build of the core")

    def _check(self, code: int, error: Any) -> int:
        if code < 0:
            raise VmafTinyError(self.ffi.string(error.text).decode())
        return code


def build(compiler: str) -> Path:
    """Build the core in a folder of its own and return its shared library."""
    folder = BUILD / compiler
    meson = [sys.executable, "-m", "mesonbuild.mesonmain"]
    commands = [[*meson, "compile", "-C", str(folder), "vmaf_tiny:shared_library"]]
    if not (folder / "build.ninja").exists():
        commands.insert(0, [*meson, "setup", str(folder), str(ROOT)])
    beside = os.pathsep.join((str(Path(sys.executable).parent), os.environ["PATH"]))  # ninja
    for command in commands:
        done = subprocess.run(
            command,
            env={**os.environ, "CC": compiler, "PATH": beside},
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise VmafTinyError(f"{' '.join(command)} failed:\n{done.stdout[-2000:]}{done.stderr}")
    (library,) = (
        path for path in (folder / "filter").glob("libvmaf_tiny.so.*.*.*") if path.is_file()
    )
    return library


def rows(
    setups: dict[int, list[bench.Setup]], rounds: int, step: Callable[[str], None]
) -> Iterator[Row]:
    """Measure setups, by bits, as both compilers make them.

    Raises
    ------
    VmafTinyError
        A compiler fails, or the results are not the same.
    """
    missing = [compiler for compiler in COMPILERS if shutil.which(compiler) is None]
    if missing:
        said = " ".join(missing)
        print(f"compilers: left out, missing on this machine: {said}", file=sys.stderr)
        print(f"as root: apt-get update && apt-get install -y {said}", file=sys.stderr)
        return
    cores = {}
    for compiler in COMPILERS:
        step(f"building with {compiler}")
        cores[compiler] = Core(build(compiler))
    for bits, some in setups.items():
        clip = bench.synthetic(1920, 1080, bits, PICTURES)
        for setup, costs in _in_turns(cores, clip, some, rounds, step).items():
            slow, fast = sorted(COMPILERS, key=lambda one: -statistics.median(costs[one]))
            pairs = zip(costs[slow], costs[fast], strict=True)
            times = statistics.median(a / b for a, b in pairs)
            what = f"{bits} bits, {setup}: {slow}'s time, in {fast}'s"
            yield Row(what, MUST, None, times, more_is_better=False, gated=False)


def _in_turns(
    cores: dict[str, Core],
    clip: bench.Clip,
    setups: list[bench.Setup],
    rounds: int,
    step: Callable[[str], None],
) -> dict[bench.Setup, dict[str, list[float]]]:
    """Return seconds of each round by setup and compiler."""
    taken: dict[bench.Setup, dict[str, list[float]]] = {
        setup: {compiler: [] for compiler in cores} for setup in setups
    }
    for _ in range(rounds):
        for setup in setups:
            found = []
            for compiler, core in cores.items():
                step(f"{clip.bits} bits, {setup}, {compiler}")
                seconds, features = core.cost(clip, setup)
                taken[setup][compiler].append(seconds)
                found.append(features)
            if any(other != found[0] for other in found[1:]):
                raise VmafTinyError(f"{clip.bits} bits, {setup}: the compilers do not agree")
    return taken
