#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause-Patent
"""Give an ffmpeg the filter vmaf_tiny: this machine's, PyAV's, or one that is made whole."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

import wheel
from installed import find_installed
from plugin import Core, check_tools, find_core, find_onnxruntime, install, make_plugin
from report import Fault, say
from source import get_tarball
from whole import Wanted, make_whole

_ROOT = Path(__file__).resolve().parents[2]
_USE = "-i distorted.mp4 -i reference.mp4 -lavfi vmaf_tiny -f null -"


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "vmaf-tiny"
    parser = argparse.ArgumentParser(description=__doc__)
    add = parser.add_argument
    kind = parser.add_mutually_exclusive_group()
    kind.add_argument(
        "--ffmpeg",
        default="ffmpeg",
        metavar="PROGRAM",
        help="make a plug-in for this ffmpeg (default: the one on PATH)",
    )
    kind.add_argument("--pyav", action="store_true", help="make one for the PyAV of this Python")
    kind.add_argument(
        "--whole",
        metavar="RELEASE",
        help="make a whole ffmpeg: of a release like 9.0 or 9.0.2, newest for the newest that is "
        "known, or from a tarball or a source tree",
    )
    add(
        "--core",
        type=Path,
        default=_ROOT / "build",
        metavar="DIR",
        help="build folder or prefix of this project (default: build)",
    )
    add(
        "--prefix",
        type=Path,
        metavar="DIR",
        help="where it goes (default: build/ffmpeg, build/pyav or build/ffmpeg-RELEASE)",
    )
    add(
        "--cache",
        type=Path,
        default=cache,
        metavar="DIR",
        help=f"where sources and objects are kept (default: {cache})",
    )
    add(
        "--tarball",
        type=Path,
        metavar="FILE",
        help="the source of exactly the release of the ffmpeg (default: asks apt, then ffmpeg.org)",
    )
    add(
        "--models",
        type=Path,
        default=_ROOT / "model" / "tiny",
        metavar="DIR",
        help="folder of the models that go with it (default: model/tiny)",
    )
    add(
        "--ort-library",
        type=Path,
        metavar="FILE",
        help="libonnxruntime (default: that of the onnxruntime of this Python)",
    )
    add(
        "--lean",
        action="store_true",
        help="a plug-in with only the filters that go with scoring, in a quarter of the time",
    )
    extent = parser.add_mutually_exclusive_group()
    extent.add_argument(
        "--full",
        dest="extent",
        action="store_const",
        const="full",
        default="lean",
        help="a whole ffmpeg with everything (default: with what goes with scoring)",
    )
    extent.add_argument(
        "--least",
        dest="extent",
        action="store_const",
        const="least",
        help="a whole ffmpeg with what this project's tests need, in a third of the time",
    )
    add(
        "--or-whole",
        action="store_true",
        help="where no plug-in can be made, make a whole ffmpeg with the filter",
    )
    add("--shared", action="store_true", help="a whole ffmpeg with shared libraries and headers")
    add("--sanitize", action="store_true", help="a whole ffmpeg that checks itself, for tests")
    add(
        "--jobs",
        type=int,
        default=len(os.sched_getaffinity(0)),
        metavar="N",
        help="compilers at a time (default: one per processor)",
    )
    return parser.parse_args(arguments)


def _find_onnxruntime(given: Path | None) -> Path | None:
    found: Path | None = given or find_onnxruntime()
    if not found:
        say(
            "note",
            "no ONNX Runtime found: pip install onnxruntime and run this with that Python, "
            "or set VMAF_TINY_ORT_LIB",
        )
    elif not found.is_file():
        raise Fault(f"{found} is not there: give ONNX Runtime's library to --ort-library")
    return found and found.absolute()


def _build_whole(options: argparse.Namespace, release: str, core: Core, ort: Path | None) -> Path:
    """Make a whole ffmpeg, return the program."""
    return make_whole(
        Wanted(release, options.extent, options.shared, options.sanitize),
        core,
        options.prefix and options.prefix.resolve(),
        options.cache.resolve(),
        models=options.models,
        onnxruntime=ort,
        tarball=options.tarball,
        jobs=options.jobs,
    )


def _build_plugin(options: argparse.Namespace, core: Core, ort: Path | None) -> str:
    """Make a plug-in, return how to use it."""
    cache = options.cache.resolve()
    target = wheel.find_wheel() if options.pyav else find_installed(options.ffmpeg)
    say(
        "pyav" if options.pyav else "ffmpeg",
        f"{target.path} {target.version}, FFmpeg {target.release}, libavfilter {target.avfilter}",
    )
    prefix = (options.prefix or _ROOT / "build" / ("pyav" if options.pyav else "ffmpeg")).resolve()
    tarball, sha256 = get_tarball(target.release, cache, options.tarball)
    say("source", f"{tarball}, sha256 {sha256[:12]}...")
    library = make_plugin(
        target,
        (tarball, sha256),
        core,
        cache,
        jobs=options.jobs,
        lean=options.lean,
        soname=wheel.library_name(target) if options.pyav else None,
    )
    if options.pyav:
        wheel.install(library, target, prefix, options.models, ort)
        return "in Python, import vmaf_tiny.avfilter before av"
    launcher = install(library, target, prefix, options.models, ort)
    return f"{launcher} {_USE}"


def _build(options: argparse.Namespace) -> str:
    """Make what was asked for, return how to use it."""
    check_tools()
    core = find_core(options.core.resolve())
    ort = _find_onnxruntime(options.ort_library)
    if options.whole:
        return f"{_build_whole(options, options.whole, core, ort)} {_USE}"
    try:
        return _build_plugin(options, core, ort)
    except Fault as fault:
        if not options.or_whole:
            raise
        say("note", f"no plug-in: {fault}")
    program = _build_whole(options, "newest", core, ort)
    launcher = program.parents[1] / "vmaf-tiny-ffmpeg"
    launcher.unlink(missing_ok=True)
    launcher.symlink_to(program)
    return f"{launcher} {_USE}"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line, return its exit status."""
    options = _parse(arguments)
    try:
        use = _build(options)
    except Fault as fault:
        print(f"build.py: {fault}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    say("ready", use)
    return 0


if __name__ == "__main__":
    sys.exit(main())
