# SPDX-License-Identifier: BSD-2-Clause-Patent
"""A whole ffmpeg with the filter, from the source of a release or from a tree of the user's.

Lean: what scoring needs, in a few minutes. Full: all of FFmpeg's own components, and the encoders
and decoders whose libraries this machine has.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from plugin import LEAN, Core, alone_in, has_assembler, install_models, run_make
from report import Fault, Log, output_of, say
from source import PINS, get_tarball
from tree import SOURCES, add_filter, unpack, write_if_changed

_COMPONENTS = {
    "decoder": """
        aac ac3 av1 dnxhd eac3 ffv1 ffvhuff flac h264 hevc huffyuv mjpeg mp3 mpeg1video mpeg2video
        mpeg4 opus pcm_s16be pcm_s16le pcm_s24le png prores rawvideo utvideo v210 vc1 vorbis vp8 vp9
        vvc wmv3 wrapped_avframe
    """,
    "demuxer": """
        asf av1 avi concat flv h264 hevc image2 image2pipe ivf m4v matroska mov mpegps mpegts
        mpegvideo mxf nut obu ogg rawvideo vvc wav yuv4mpegpipe
    """,
    "parser": """
        aac ac3 av1 dnxhd flac h264 hevc mjpeg mpeg4video mpegaudio mpegvideo opus png vc1 vorbis
        vp8 vp9 vvc
    """,
    "bsf": """
        av1_frame_merge av1_frame_split extract_extradata h264_mp4toannexb hevc_mp4toannexb
        mpeg4_unpack_bframes null setts vp9_superframe vp9_superframe_split vvc_mp4toannexb
    """,
    "protocol": "data fd file pipe",
    "encoder": "ffv1 mpeg2video mpeg4 pcm_s16le png rawvideo wrapped_avframe",
    "muxer": "framecrc framemd5 image2 matroska mov mp4 null nut rawvideo yuv4mpegpipe",
    "indev": "lavfi",
    "filter": LEAN,
}
"""What a lean ffmpeg has. A release that lacks one of these goes without."""

_LEAN = {"dav1d": "libdav1d"}
_FULL = {
    **_LEAN,
    "x264": "libx264",
    "x265": "libx265",
    "SvtAv1Enc": "libsvtav1",
    "vpx": "libvpx",
    "aom": "libaom",
    "opus": "libopus",
    "zimg": "libzimg",
}
"""Libraries by their pkg-config names, with what configure calls them."""


@dataclass(frozen=True)
class Wanted:
    """What is to be made.

    Attributes
    ----------
    what : str
        Release ("9.0.2"), its beginning ("9.0"), path of a tarball or of a source tree.
    full : bool
        Not only what scoring needs.
    shared : bool
        With shared libraries and headers, for programs to be built with.
    sanitize : bool
        With AddressSanitizer; its filter with UndefinedBehaviorSanitizer, as the core may be too.
    """

    what: str
    full: bool
    shared: bool
    sanitize: bool

    def kind(self) -> str:
        """Name the variant, for folders."""
        words = ["full" if self.full else "lean"]
        words += ["shared"] * self.shared + ["sanitize"] * self.sanitize
        return "-".join(words)


def newest_release(beginning: str) -> str:
    """Return the newest release that is pinned and begins so; "newest" is any.

    Raises
    ------
    Fault
        There is none.
    """
    pins: dict[str, str] = json.loads(PINS.read_text("utf-8"))
    wanted = [] if beginning == "newest" else beginning.split(".")
    found = [release for release in pins if release.split(".")[: len(wanted)] == wanted]
    if not found:
        raise Fault(
            f"FFmpeg {beginning} is not known: choose one of {', '.join(pins)}, or give the path "
            "of a tarball or source tree"
        )
    return max(found, key=lambda release: [int(number) for number in release.split(".")])


def present_libraries(full: bool) -> list[str]:
    """Return configure's switches for the libraries that this machine has."""
    if not shutil.which("pkg-config"):
        say("note", "without pkg-config no other libraries are used: apt-get install pkg-config")
        return []
    names = _FULL if full else _LEAN
    found = {
        name: switch
        for name, switch in names.items()
        if subprocess.run(["pkg-config", "--exists", name], check=False).returncode == 0
    }
    missing = [switch for name, switch in names.items() if name not in found]
    if missing:
        say("note", f"goes without {', '.join(missing)}: not on this machine (their -dev packages)")
    gpl = ["--enable-gpl"] if {"x264", "x265"} & found.keys() else []
    return [*gpl, *(f"--enable-{switch}" for switch in found.values())]


def whole_options(wanted: Wanted, prefix: Path, libraries: list[str], assembler: bool) -> list[str]:
    """Return what it is configured with, the core aside."""
    options = [
        f"--prefix={prefix}",
        "--disable-autodetect",
        "--disable-doc",
        "--disable-debug",
        "--disable-ffplay",
        "--enable-zlib",
        *libraries,
    ]
    if not wanted.full:
        options += ["--disable-everything", "--disable-network"]
        options += [
            f"--enable-{kind}={','.join(names.split())}" for kind, names in _COMPONENTS.items()
        ]
        options += ["--enable-decoder=libdav1d"] if "--enable-libdav1d" in libraries else []
    if wanted.shared:
        options += ["--enable-shared", "--disable-static"]
    if wanted.sanitize:
        options += ["--toolchain=gcc-asan", "--disable-stripping"]
    elif "CC" in os.environ:
        options.append(f"--cc={os.environ['CC']}")
    if not assembler:
        options.append("--disable-x86asm")
    return options


def _has_zlib() -> bool:
    test = ["cc", "-include", "zlib.h", "-x", "c", "-fsyntax-only", "/dev/null"]
    return subprocess.run(test, capture_output=True, check=False).returncode == 0


def _get_tree(wanted: Wanted, cache: Path, tarball: Path | None) -> tuple[Path, str]:
    """Return a source tree and what to call it."""
    given = Path(wanted.what)
    if given.is_dir():
        return given.resolve(), given.resolve().name
    if given.is_file():
        tarball, release = given, given.name.removesuffix(".tar.xz").removesuffix(".orig")
        release = release.removeprefix("ffmpeg-").removeprefix("ffmpeg_")
    else:
        release = newest_release(wanted.what)
    tarball, sha256 = get_tarball(release, cache, tarball)
    say("source", f"{tarball}, sha256 {sha256[:12]}...")
    tree = cache / f"tree-{release}"
    with alone_in(cache / f"lock-{release}"):
        stamp = tree / ".tarball-sha256"
        if not stamp.is_file() or stamp.read_text("utf-8") != sha256:
            say("unpack", str(tarball))
            unpack(tarball, tree)
            stamp.write_text(sha256, "utf-8")
    return tree, release


def _configure(log: Log, tree: Path, build: Path, options: list[str]) -> None:
    command = [str(tree / "configure"), *options]
    stamp = build / "configured"
    if stamp.is_file() and stamp.read_text("utf-8") == shlex.join(command):
        return
    say("configure", f"in {build}")
    shutil.rmtree(build, ignore_errors=True)
    build.mkdir(parents=True)
    if not log.run(command, build):
        raise log.fault("FFmpeg's configure failed")
    if "CONFIG_VMAF_TINY_FILTER=yes\n" not in (build / "ffbuild/config.mak").read_text("utf-8"):
        raise log.fault("FFmpeg's configure left the filter out")
    stamp.write_text(shlex.join(command), "utf-8")


def _sanitize_filter(log: Log, build: Path, jobs: int) -> None:
    """Compile the filter, and nothing else of FFmpeg, with UndefinedBehaviorSanitizer."""
    flags = re.search(r"^CFLAGS=(.*)$", (build / "ffbuild/config.mak").read_text("utf-8"), re.M)
    if not flags:
        raise log.fault("FFmpeg's configure left no CFLAGS")
    objects = [f"libavfilter/{name[:-2]}.o" for name in SOURCES if name.endswith(".c")]
    run_make(log, build, [*objects, f"CFLAGS={flags[1]} -fsanitize=undefined"], jobs)


def _link_onnxruntime(prefix: Path, onnxruntime: Path | None) -> None:
    """Put ONNX Runtime where the program looks for it, under the name that it asks for."""
    link = prefix / "lib" / "libonnxruntime.so.1"
    link.parent.mkdir(parents=True, exist_ok=True)
    if onnxruntime:
        link.unlink(missing_ok=True)
        link.symlink_to(onnxruntime)


def make_whole(
    wanted: Wanted,
    core: Core,
    prefix: Path | None,
    cache: Path,
    *,
    models: Path,
    onnxruntime: Path | None,
    tarball: Path | None,
    jobs: int,
) -> Path:
    """Make it, return the program. `prefix` defaults to build/ffmpeg-RELEASE."""
    tree, release = _get_tree(wanted, cache, tarball)
    if (tree / "config.h").is_file():
        raise Fault(f"{tree} was configured in place: run `make distclean` there first")
    folder = cache / f"whole-{release}-{wanted.kind()}"
    if prefix is None:
        prefix = Path(__file__).resolve().parents[2] / "build" / f"ffmpeg-{release}"
    with alone_in(folder):
        log = Log(folder / "build.log")
        add_filter(tree)
        header, archive = folder / "core" / "vmaf_tiny.h", folder / "core" / "libvmaf_tiny.a"
        header.parent.mkdir(exist_ok=True)
        write_if_changed(header, core.header.read_bytes())
        build = folder / "build"
        if write_if_changed(archive, core.archive.read_bytes()):
            # make does not know of the archive
            for old in [*build.glob("ff*_g"), *build.glob("libavfilter/*.so.*")]:
                old.unlink()
        libraries = present_libraries(wanted.full)
        options = whole_options(wanted, prefix, libraries, has_assembler())
        if not _has_zlib():
            say("note", "goes without zlib (PNG, some MKV): apt-get install zlib1g-dev")
            options.remove("--enable-zlib")
        undefined = " -fsanitize=undefined" if wanted.sanitize else ""
        _configure(
            log,
            tree,
            build,
            [
                *options,
                f"--extra-cflags=-I{header.parent}",
                f"--extra-ldflags=-Wl,-rpath,{prefix}/lib{undefined}",
                f"--extra-libs={archive} -lm -ldl -lpthread",
            ],
        )
        if wanted.sanitize:
            _sanitize_filter(log, build, jobs)
        run_make(log, build, [], jobs)
        targets = ["install"] if wanted.shared else ["install-progs"]
        if not log.run(["make", *targets], build):
            raise log.fault("installing failed")
    install_models(models, prefix)
    _link_onnxruntime(prefix, onnxruntime)
    program = prefix / "bin" / "ffmpeg"
    if "vmaf_tiny" not in output_of([str(program), "-hide_banner", "-h", "filter=vmaf_tiny"]):
        raise Fault(f"{program} does not run or lacks the filter: see {folder / 'build.log'}")
    return program
