#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause-Patent
"""Make the plug-in that gives the ffmpeg of this machine the filter vmaf_tiny."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from installed import find_installed
from plugin import check_tools, find_core, find_onnxruntime, install, make_plugin
from report import Fault, say
from source import get_tarball

_ROOT = Path(__file__).resolve().parents[2]


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "vmaf-tiny"
    parser = argparse.ArgumentParser(description=__doc__)
    add = parser.add_argument
    add("--ffmpeg", default="ffmpeg", help="the ffmpeg to make it for (default: the one on PATH)")
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
        default=_ROOT / "build" / "ffmpeg",
        metavar="DIR",
        help="where the plug-in goes (default: build/ffmpeg)",
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
        help="only the filters that go with scoring, in a quarter of the time",
    )
    add(
        "--jobs",
        type=int,
        default=len(os.sched_getaffinity(0)),
        metavar="N",
        help="compilers at a time (default: one per processor)",
    )
    return parser.parse_args(arguments)


def _build(options: argparse.Namespace) -> Path:
    check_tools()
    core = find_core(options.core.resolve())
    installed = find_installed(options.ffmpeg)
    say("ffmpeg", f"{installed.path} {installed.version}, libavfilter {installed.avfilter}")
    onnxruntime: Path | None = options.ort_library or find_onnxruntime()
    if not onnxruntime:
        say(
            "note",
            "no ONNX Runtime found: pip install onnxruntime and run this with that Python, "
            "or set VMAF_TINY_ORT_LIB",
        )
    elif not onnxruntime.is_file():
        raise Fault(f"{onnxruntime} is not there: give ONNX Runtime's library to --ort-library")
    cache = options.cache.resolve()
    tarball, sha256 = get_tarball(installed.release, cache, options.tarball)
    say("source", f"{tarball}, sha256 {sha256[:12]}...")
    library = make_plugin(
        installed, (tarball, sha256), core, cache, jobs=options.jobs, lean=options.lean
    )
    return install(
        library,
        installed,
        options.prefix.resolve(),
        options.models,
        onnxruntime and onnxruntime.absolute(),
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line, return its exit status."""
    options = _parse(arguments)
    try:
        launcher = _build(options)
    except Fault as fault:
        print(f"build.py: {fault}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    say("ready", f"{launcher} -i distorted.mp4 -i reference.mp4 -lavfi vmaf_tiny -f null -")
    return 0


if __name__ == "__main__":
    sys.exit(main())
