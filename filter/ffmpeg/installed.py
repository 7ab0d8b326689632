# SPDX-License-Identifier: BSD-2-Clause-Patent
"""Which ffmpeg this machine has: its release, its configuration, the libraries it loads."""

from __future__ import annotations

import re
import shutil
from dataclasses import dataclass
from pathlib import Path

from report import Fault, output_of

_CARRIED = ("--enable-gpl", "--enable-version3", "--toolchain=hardened")


@dataclass(frozen=True)
class Installed:
    """An ffmpeg that a plug-in can be made for.

    Attributes
    ----------
    path : Path
        Of the program.
    version : str
        As it names itself, e.g. "5.1.9-0+deb12u1".
    release : str
        Of FFmpeg, e.g. "5.1.9".
    avfilter : str
        Version of its libavfilter, e.g. "8.44.100".
    configuration : tuple of str
        Those of its configure options that a libavfilter for it should share.
    libraries : dict of str to Path
        FFmpeg's libraries that it loads, by soname, e.g. "libavfilter.so.8".
    """

    path: Path
    version: str
    release: str
    avfilter: str
    configuration: tuple[str, ...]
    libraries: dict[str, Path]

    @property
    def soname(self) -> str:
        """Of its libavfilter."""
        return f"libavfilter.so.{self.avfilter.split('.')[0]}"


def parse_version(text: str) -> tuple[str, str]:
    """Return the version and the FFmpeg release in the output of ``ffmpeg -version``.

    Raises
    ------
    Fault
        It is no release but a snapshot, or not FFmpeg at all.
    """
    named = re.match(r"ffmpeg version (\S+)", text)
    if not named:
        raise Fault("this ffmpeg does not say its version: give another with --ffmpeg")
    release = re.match(r"n?(\d+\.\d+(?:\.\d+)?)(?![\d.])", named[1])
    if not release:
        raise Fault(
            f"ffmpeg {named[1]} is a development snapshot, for which there is no source release: "
            "give another with --ffmpeg, or make a whole ffmpeg with the filter (make ffmpeg)"
        )
    return named[1], release[1]


def parse_library_version(text: str, library: str) -> str:
    """Return the version of a library at run time in the output of ``ffmpeg -version``."""
    found = re.search(rf"^{library}\s+[\d. ]+/\s*(\d+)\.\s*(\d+)\.\s*(\d+)", text, re.M)
    if not found:
        raise Fault(f"this ffmpeg does not say the version of {library}: give another --ffmpeg")
    return ".".join(found.groups())


def parse_configuration(text: str) -> tuple[str, ...]:
    """Return the configure options to share in the output of ``ffmpeg -version``."""
    found = re.search(r"^\s*configuration: (.*)$", text, re.M)
    given = found[1].split() if found else []
    return tuple(option for option in _CARRIED if option in given)


def parse_libraries(text: str) -> dict[str, Path]:
    """Return FFmpeg's libraries in the output of ``ldd``."""
    found = re.findall(r"^\s*(lib(?:av[a-z]+|sw[a-z]+|postproc)\.so\.\d+) => (/\S+)", text, re.M)
    ours = (
        "avutil",
        "avcodec",
        "avformat",
        "avfilter",
        "avdevice",
        "swscale",
        "swresample",
        "postproc",
    )
    return {soname: Path(path) for soname, path in found if soname[3:].split(".")[0] in ours}


def find_installed(program: str) -> Installed:
    """Look at an ffmpeg on PATH or at a path.

    Raises
    ------
    Fault
        There is none, or none that loads a libavfilter.
    """
    path = shutil.which(program)
    if path is None:
        raise Fault(
            f"there is no {program} here: apt-get install ffmpeg, or make a whole ffmpeg with the "
            "filter (make ffmpeg)"
        )
    text = output_of([path, "-version"])
    version, release = parse_version(text)
    libraries = parse_libraries(output_of(["ldd", path]))
    avfilter = parse_library_version(text, "libavfilter")
    installed = Installed(
        Path(path), version, release, avfilter, parse_configuration(text), libraries
    )
    if installed.soname not in libraries:
        raise Fault(
            f"{path} does not load {installed.soname} from a file (it is static, a snap or a "
            "script), so nothing can be put in front of it: give another with --ffmpeg, or make "
            "a whole ffmpeg with the filter (make ffmpeg)"
        )
    return installed
