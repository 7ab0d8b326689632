# SPDX-License-Identifier: BSD-2-Clause-Patent
"""A whole ffmpeg with the filter, from the source of a release or from a tree of the user's.

Least: what this project's tests need, quickly compiled. Lean: what scoring needs, in a few minutes.
Full: all of FFmpeg's own components. Lean and full have the encoders and decoders whose libraries
this machine has.
"""

from __future__ import annotations

import json
import re
import shlex
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from plugin import (
    LEAN,
    Core,
    alone_in,
    compiler_options,
    has_assembler,
    install_models,
    run_make,
)
from report import Fault, Log, output_of, say
from source import PINS, Unreachable, get_tarball
from tree import SOURCES, add_filter, unpack, write_if_changed

_LEAN = {
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
"""What a lean one has. A release that lacks one of these goes without."""

_LEAST = {
    "decoder": "ffv1 h264 mpeg4 rawvideo wrapped_avframe",
    "demuxer": "concat matroska mov yuv4mpegpipe",
    "parser": "h264 mpeg4video",
    "protocol": "file pipe",
    "encoder": "ffv1 mpeg4 pcm_s16le rawvideo wrapped_avframe",
    "muxer": "framemd5 matroska mov mp4 null yuv4mpegpipe",
    "indev": "lavfi",
    "filter": LEAN,
}
"""What the least one has."""

_LIBRARIES = {
    "dav1d": ("libdav1d", "--enable-decoder=libdav1d"),
    "x264": ("libx264", "--enable-encoder=libx264"),
    "x265": ("libx265", "--enable-encoder=libx265"),
    "SvtAv1Enc": ("libsvtav1", "--enable-encoder=libsvtav1"),
    "vpx": ("libvpx", "--enable-encoder=libvpx_vp9"),
    "aom": ("libaom", "--enable-encoder=libaom_av1"),
    "opus": ("libopus", "--enable-encoder=libopus"),
    "zimg": ("libzimg", "--enable-filter=zscale"),
}
"""Libraries by pkg-config's names: what configure calls them, what a lean one has of them."""


@dataclass(frozen=True)
class Wanted:
    """What is to be made.

    Attributes
    ----------
    what : str
        Release ("9.0.2"), its beginning ("9.0"), path of a tarball or of a source tree.
    extent : {"least", "lean", "full"}
        How much is in it.
    shared : bool
        With shared libraries and headers, for programs to be built with.
    sanitize : bool
        With AddressSanitizer; its filter with UndefinedBehaviorSanitizer, as the core may be too.
    """

    what: str
    extent: str = "lean"
    shared: bool = False
    sanitize: bool = False

    def kind(self) -> str:
        """Name the variant, for folders."""
        return "-".join([self.extent, *["shared"] * self.shared, *["sanitize"] * self.sanitize])


def known_releases(beginning: str) -> list[str]:
    """Return the releases that are pinned and begin so, newest first; "newest" is any.

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
    return sorted(found, key=lambda release: [int(n) for n in release.split(".")], reverse=True)


def newest_tarball(beginning: str, cache: Path, given: Path | None) -> tuple[str, Path, str]:
    """Return the newest release that begins so and can be had, its tarball and sha256."""
    *newer, oldest = known_releases(beginning)
    for release in newer:
        try:
            return release, *get_tarball(release, cache, given)
        except Unreachable as fault:
            say("note", str(fault))
    return oldest, *get_tarball(oldest, cache, given)


def present_libraries() -> list[str]:
    """Return the pkg-config names of the libraries that this machine has."""
    if not shutil.which("pkg-config"):
        say("note", "without pkg-config no other libraries are used: apt-get install pkg-config")
        return []
    found = [
        name
        for name in _LIBRARIES
        if subprocess.run(["pkg-config", "--exists", name], check=False).returncode == 0
    ]
    missing = [switch for name, (switch, _) in _LIBRARIES.items() if name not in found]
    if missing:
        say("note", f"goes without {', '.join(missing)}: not on this machine (their -dev packages)")
    return found


def whole_options(wanted: Wanted, prefix: Path, libraries: list[str], assembler: bool) -> list[str]:
    """Return what it is configured with, the core aside; libraries by their pkg-config names."""
    options = [
        "--disable-autodetect",
        "--disable-doc",
        "--disable-debug",
        "--disable-ffplay",
        *compiler_options(),
        *["--enable-gpl"] * bool({"x264", "x265"}.intersection(libraries)),
        *(f"--enable-{_LIBRARIES[name][0]}" for name in libraries),
    ]
    if wanted.extent != "full":
        options += ["--disable-everything", "--disable-network"]
        components = _LEAST if wanted.extent == "least" else _LEAN
        options += [
            f"--enable-{kind}={','.join(names.split())}" for kind, names in components.items()
        ]
        options += [_LIBRARIES[name][1] for name in libraries]
    if wanted.extent == "least":
        options += ["--disable-ffprobe", "--optflags=-O1"]
    if wanted.shared:
        options += [f"--prefix={prefix}", "--enable-shared", "--disable-static"]
    if wanted.sanitize:
        options += ["--toolchain=gcc-asan", "--disable-stripping"]
    if not assembler:
        # With inline assembly alone, swscale of 7.1 and 8.1 scales differently each time.
        options += ["--disable-x86asm", "--disable-inline-asm"]
    return options


def _has_zlib() -> bool:
    test = ["cc", "-include", "zlib.h", "-x", "c", "-fsyntax-only", "/dev/null"]
    return subprocess.run(test, capture_output=True, check=False).returncode == 0


def machine_options(wanted: Wanted, prefix: Path) -> list[str]:
    """Return what to configure with here, the core aside, and say what is missing."""
    if wanted.extent == "least":
        return whole_options(wanted, prefix, [], assembler=False)
    options = whole_options(wanted, prefix, present_libraries(), has_assembler())
    if _has_zlib():
        options.append("--enable-zlib")
    else:
        say("note", "goes without zlib (PNG, some MKV): apt-get install zlib1g-dev")
    return options


def _get_tree(wanted: Wanted, cache: Path, tarball: Path | None) -> tuple[Path, str]:
    """Return a source tree and what to call it."""
    given = Path(wanted.what)
    if given.is_dir():
        return given.resolve(), given.resolve().name
    if given.is_file():
        release = given.name.removesuffix(".tar.xz").removesuffix(".orig")
        release = release.removeprefix("ffmpeg-").removeprefix("ffmpeg_")
        tarball, sha256 = get_tarball(release, cache, given)
    else:
        release, tarball, sha256 = newest_tarball(wanted.what, cache, tarball)
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


def _flags(build: Path, name: str) -> str:
    """Return a variable as configure left it for make."""
    text = (build / "ffbuild" / "config.mak").read_text("utf-8")
    found = re.search(rf"^{name}=(.*)$", text, re.M)
    if not found:
        raise Fault(f"FFmpeg's configure left no {name} in {build}/ffbuild/config.mak")
    return found[1]


def _compile(log: Log, wanted: Wanted, build: Path, prefix: Path, jobs: int) -> None:
    """Make it and install it.

    A static one depends on its prefix only here, so that what is compiled serves any; it looks for
    ONNX Runtime beside itself.
    """
    if wanted.sanitize:  # the filter, and nothing else of FFmpeg
        objects = [f"libavfilter/{name[:-2]}.o" for name in SOURCES if name.endswith(".c")]
        flags = f"CFLAGS={_flags(build, 'CFLAGS')} -fsanitize=undefined"
        run_make(log, build, [*objects, flags], jobs)
    if wanted.shared:
        settings, target = [], "install"
    else:
        beside = "-Wl,-rpath,'$$ORIGIN/../lib'"
        settings = [f"LDEXEFLAGS={_flags(build, 'LDEXEFLAGS')} {beside}", f"BINDIR={prefix}/bin"]
        target = "install-progs"
    run_make(log, build, settings, jobs)
    if not log.run(["make", target, *settings], build):
        raise log.fault("installing failed")


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
        linked = [f"-Wl,-rpath,{prefix}/lib"] * wanted.shared
        linked += ["-fsanitize=undefined"] * wanted.sanitize
        _configure(
            log,
            tree,
            build,
            [
                *machine_options(wanted, prefix),
                f"--extra-cflags=-I{header.parent}",
                f"--extra-ldflags={' '.join(linked)}",
                f"--extra-libs={archive} -lm -ldl -lpthread",
            ],
        )
        _compile(log, wanted, build, prefix, jobs)
    install_models(models, prefix)
    _link_onnxruntime(prefix, onnxruntime)
    program = prefix / "bin" / "ffmpeg"
    if "vmaf_tiny" not in output_of([str(program), "-hide_banner", "-h", "filter=vmaf_tiny"]):
        raise Fault(f"{program} does not run or lacks the filter: see {folder / 'build.log'}")
    return program
