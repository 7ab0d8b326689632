# SPDX-License-Identifier: BSD-2-Clause-Patent
"""Only libavfilter of a release, with the filter, to be put in front of an unmodified ffmpeg.

Nothing else of FFmpeg is compiled: the library is linked with the very libraries that the installed
ffmpeg loads. Between them is public API and a few versioned symbols that are stable within a
release only, hence the exact release.
"""

from __future__ import annotations

import fcntl
import importlib.util
import os
import re
import shlex
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from installed import Installed
from report import Fault, Log, output_of, say
from tree import add_filter, avfilter_version, unpack, write_if_changed

_HERE = Path(__file__).resolve().parent
_LAUNCHER = _HERE / "vmaf-tiny-ffmpeg"

LEAN = """
aformat anull anullsink anullsrc aresample asetpts asettb atrim blend boxblur bwdif color concat
copy crop drawbox entropy eq extractplanes fade format fps framerate framestep gblur hflip hstack
identity idet interleave life loop lut lutyuv mandelbrot metadata movie noformat noise null nullsink
nullsrc overlay pad psnr realtime scale select sendcmd setdar setfield setparams setpts setrange
setsar settb showinfo signalstats sine siti smptebars split ssim tblend testsrc testsrc2 thumbnail
tpad transpose trim unsharp vflip vmaf_tiny vstack yadif
"""
"""Filters of a lean plug-in; others that they need come by themselves."""

OURS = ("avutil", "avcodec", "avformat", "swscale", "swresample", "postproc")
"""FFmpeg's libraries that a libavfilter may be linked with."""


@dataclass(frozen=True)
class Core:
    """The C library that the filter calls.

    Attributes
    ----------
    archive : Path
        The static library.
    header : Path
        Its public header.
    """

    archive: Path
    header: Path


def find_core(folder: Path) -> Core:
    """Find the library in a build folder of meson or where it was installed.

    Raises
    ------
    Fault
        It is not there.
    """
    name = "libvmaf_tiny.a"
    places = [folder / "filter" / name, folder / "lib" / name, folder / "lib64" / name]
    archives = [path for path in [*places, *folder.glob(f"lib/*/{name}")] if path.is_file()]
    if not archives:
        raise Fault(f"there is no {name} in {folder}: build it first, or say where with --core")
    with archives[0].open("rb") as file:
        if file.read(7) == b"!<thin>":
            raise Fault(f"{archives[0]} is a thin archive: give an installed one to --core")
    installed = folder / "include" / "vmaf_tiny.h"
    return Core(archives[0], installed if installed.is_file() else _HERE.parent / "vmaf_tiny.h")


def find_onnxruntime() -> Path | None:
    """Find the library of ONNX Runtime in the Python that runs this."""
    spec = importlib.util.find_spec("onnxruntime")
    if not spec or not spec.origin:
        return None
    found = sorted(Path(spec.origin).parent.glob("capi/libonnxruntime.so.*"))
    return found[-1] if found else None


def check_tools() -> None:
    """Raise a Fault that names all tools that are missing."""
    packages = {"make": "make", os.environ.get("CC", "gcc").split()[0]: "gcc libc6-dev"}
    missing = [package for tool, package in packages.items() if not shutil.which(tool)]
    if missing:
        raise Fault(f"tools are missing: apt-get install {' '.join(missing)}")


def configure_options(installed: Installed, *, lean: bool, assembler: bool) -> list[str]:
    """Return what a libavfilter for an ffmpeg is configured with, paths aside."""
    options = [
        *installed.configuration,
        "--enable-shared",
        "--disable-static",
        "--disable-autodetect",
        "--disable-programs",
        "--disable-doc",
        "--disable-debug",
        "--disable-network",
        "--disable-avdevice",
        "--disable-everything",
        f"--enable-filter={','.join(LEAN.split())}" if lean else "--enable-filters",
    ]
    postproc = any(name.startswith("libpostproc.") for name in installed.libraries)
    if not postproc and int(installed.release.split(".")[0]) < 8:  # later ones know none
        options.append("--disable-postproc")
    if not assembler:
        options.append("--disable-x86asm")
    return options + compiler_options()


def compiler_options() -> list[str]:
    """Return configure's switch for the compiler: $CC, else gcc through ccache where that is."""
    compiler = os.environ.get("CC") or ("ccache gcc" if shutil.which("ccache") else "")
    return [f"--cc={compiler}"] if compiler else []


@contextmanager
def alone_in(folder: Path) -> Iterator[None]:
    """Wait until no other build works in a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def run_make(log: Log, build: Path, arguments: list[str], jobs: int) -> None:
    """Run make, telling now and then how far it is."""
    plan = output_of(["make", "-n", "-C", str(build), *arguments])
    total = len(re.findall(r'^printf "(?:CC|X86ASM|AS)\\t', plan, re.M))
    done = 0

    def count(line: str) -> None:
        nonlocal done
        if re.match(r"(?:CC|X86ASM|AS)\t", line):
            done += 1
            if total >= 20 and done % (total // 5) == 0:
                say("", f"{done} of {total}")

    if total:
        say("compile", f"{total} files, {jobs} at a time")
    if not log.run(["make", f"-j{jobs}", *arguments], build, count):
        raise log.fault("compiling FFmpeg failed")


class Workshop:
    """The folder where the plug-in for one release is made, kept for the next time.

    Parameters
    ----------
    folder : Path
        Below it: tree/ (source), build/, core/ (what the filter needs), host/ (the libraries of the
        installed ffmpeg by their link names).
    log : Log
        Of all commands.
    """

    def __init__(self, folder: Path, log: Log) -> None:
        self.tree, self.build = folder / "tree", folder / "build"
        self._core, self._host = folder / "core", folder / "host"
        self._log = log

    def prepare(self, installed: Installed, tarball: Path, sha256: str, core: Core) -> None:
        """Unpack, insert the filter, lay out what it is linked with; only what has changed."""
        stamp = self.tree / ".tarball-sha256"
        if not stamp.is_file() or stamp.read_text("utf-8") != sha256:
            say("unpack", str(tarball))
            shutil.rmtree(self.build, ignore_errors=True)
            unpack(tarball, self.tree)
            stamp.write_text(sha256, "utf-8")
        found = avfilter_version(self.tree)
        if found != installed.avfilter:
            raise Fault(
                f"{tarball} has libavfilter {found}, but {installed.path} has "
                f"{installed.avfilter}: give the source of FFmpeg {installed.release}, or make a "
                "whole ffmpeg with the filter (make ffmpeg)"
            )
        add_filter(self.tree)
        self._core.mkdir(exist_ok=True)
        write_if_changed(self._core / "vmaf_tiny.h", core.header.read_bytes())
        if write_if_changed(self._core / "libvmaf_tiny.a", core.archive.read_bytes()):
            # make does not know of the archive
            (self.build / "libavfilter" / installed.soname).unlink(missing_ok=True)
        self._host.mkdir(exist_ok=True)
        for soname, path in installed.libraries.items():
            link = self._host / f"{soname.split('.')[0]}.so"
            if soname[3:].split(".")[0] in OURS and not (link.exists() and link.samefile(path)):
                link.unlink(missing_ok=True)
                link.symlink_to(path)

    def configure(self, options: list[str]) -> None:
        """Run configure, unless it ran with the same options."""
        command = [
            str(self.tree / "configure"),
            *options,
            f"--extra-cflags=-I{self._core}",
            f"--extra-ldflags=-L{self._host}",
            f"--extra-libs={self._core / 'libvmaf_tiny.a'} -lm -ldl -lpthread",
        ]
        stamp = self.build / "configured"
        if stamp.is_file() and stamp.read_text("utf-8") == shlex.join(command):
            return
        say("configure", "libavfilter alone, for what this machine has")
        shutil.rmtree(self.build, ignore_errors=True)
        self.build.mkdir()
        if not self._log.run(command, self.build):
            raise self._log.fault("FFmpeg's configure failed")
        if "CONFIG_VMAF_TINY_FILTER=yes\n" not in (self.build / "ffbuild" / "config.mak").read_text(
            "utf-8"
        ):
            raise self._log.fault("FFmpeg's configure left the filter out")
        stamp.write_text(shlex.join(command), "utf-8")

    def compile(self, soname: str, jobs: int) -> Path:
        """Make the library, and nothing that it depends on. Return where it is."""
        target = f"libavfilter/{soname}"
        run_make(self._log, self.build, [target, "DEP_LIBS="], jobs)
        library = self.build / target
        leaks = re.findall(r" T (vmt_\w+)", output_of(["nm", "-D", "--defined-only", str(library)]))
        if leaks:
            raise Fault(f"{library} exports {leaks[0]}, which must stay inside: report this")
        return library


def replace_file(source: Path, target: Path) -> None:
    """Copy a file in one step, as the old one may be in use."""
    target.parent.mkdir(parents=True, exist_ok=True)
    beside = target.with_name(f".{target.name}.new")
    shutil.copy(source, beside)
    beside.replace(target)


def _stamp(installed: Installed) -> str:
    """Return what the launcher's stat says while nothing has been upgraded."""
    files = [path.stat() for path in (installed.path, installed.libraries[installed.soname])]
    return "\n".join(f"{file.st_size} {int(file.st_mtime)}" for file in files)


def launcher_settings(installed: Installed, onnxruntime: Path | None) -> str:
    """Return what the launcher reads: shell assignments."""
    settings = {
        "FFMPEG": str(installed.path),
        "AVFILTER": str(installed.libraries[installed.soname]),
        "STAMP": _stamp(installed),
        "RELEASE": installed.release,
        "ORT_LIBRARY": str(onnxruntime or ""),
    }
    return "".join(f"{name}={shlex.quote(value)}\n" for name, value in settings.items())


def install_models(models: Path, prefix: Path) -> None:
    """Put the models where the filter looks for them: in share/ beside the folder it is in."""
    for path in sorted([*models.glob("*.onnx"), *models.glob("*.json")]):
        replace_file(path, prefix / "share" / "vmaf_tiny" / path.name)


def _filters(command: Path) -> set[str]:
    text = output_of([str(command), "-hide_banner", "-loglevel", "error", "-filters"])
    return set(re.findall(r"^ [T.][S.][C.]? (\w+)", text, re.M))


def install(
    library: Path, installed: Installed, prefix: Path, models: Path, onnxruntime: Path | None
) -> Path:
    """Put library, models and launcher below `prefix`, try them, return the launcher.

    Raises
    ------
    Fault
        The ffmpeg does not find the filter.
    """
    replace_file(library, prefix / "lib" / installed.soname)
    install_models(models, prefix)
    prefix.joinpath("plugin.env").write_text(launcher_settings(installed, onnxruntime), "utf-8")
    launcher = prefix / _LAUNCHER.name
    replace_file(_LAUNCHER, launcher)
    filters = _filters(launcher)
    if "vmaf_tiny" not in filters:
        raise Fault(f"{installed.path} does not take the libavfilter in {prefix}/lib: report this")
    lost = sorted(_filters(installed.path) - filters)
    names = prefix / "filters-left-out.txt"
    names.write_text("".join(f"{name}\n" for name in lost), "utf-8")
    if lost:
        say("note", f"{len(lost)} filters are left out, for them use plain ffmpeg: see {names}")
    return launcher


def has_assembler() -> bool:
    """Return whether there is one, and say so if one is missed."""
    found = bool(shutil.which("nasm") or shutil.which("yasm"))
    if not found and os.uname().machine == "x86_64":
        say("note", "without nasm some filters run slower: apt-get install nasm")
    return found


def make_plugin(
    installed: Installed,
    source: tuple[Path, str],
    core: Core,
    cache: Path,
    *,
    jobs: int,
    lean: bool,
    soname: str | None = None,
) -> Path:
    """Make the library for an ffmpeg from a tarball and its sha256, return where it is.

    `soname` is what the library calls itself, if not what FFmpeg does.
    """
    kind = ("lean" if lean else "native") + ("-pyav" if soname else "")
    folder = cache / f"plugin-{installed.release}-{kind}"
    options = configure_options(installed, lean=lean, assembler=has_assembler())
    if soname:
        options.append(f"--extra-ldsoflags=-Wl,-soname,{soname}")
    with alone_in(folder):
        workshop = Workshop(folder, Log(folder / "build.log"))
        workshop.prepare(installed, *source, core)
        workshop.configure(options)
        return workshop.compile(installed.soname, jobs)
