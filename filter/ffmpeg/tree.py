# SPDX-License-Identifier: BSD-2-Clause-Patent
"""A source tree of FFmpeg with the filter in it."""

from __future__ import annotations

import lzma
import re
import shutil
import tarfile
import tempfile
from dataclasses import dataclass
from pathlib import Path

from report import Fault

SOURCES = (
    "vf_vmaf_tiny.c",
    "vmaf_tiny_check.c",
    "vmaf_tiny_check.h",
    "vmaf_tiny_context.h",
    "vmaf_tiny_formats.c",
    "vmaf_tiny_formats.h",
    "vmaf_tiny_held.c",
    "vmaf_tiny_held.h",
    "vmaf_tiny_result.c",
    "vmaf_tiny_result.h",
)
"""What is copied into a tree, as it is for every release."""

_HERE = Path(__file__).parent
_OBJECTS = " ".join(name.replace(".c", ".o") for name in SOURCES if name.endswith(".c"))


@dataclass(frozen=True)
class Insertion:
    """A line put in front of another.

    Attributes
    ----------
    path : str
        Of the file in the tree.
    present : str
        Pattern of the line itself, as it is or was for an older filter.
    anchor : str
        Pattern of the one line it goes in front of.
    line : str
        The line, with the groups of `anchor` as in `re.sub`.
    """

    path: str
    present: str
    anchor: str
    line: str


INSERTIONS = (
    Insertion(
        "libavfilter/allfilters.c",
        r"^extern const \w+ ff_vf_vmaf_tiny;$",
        r"^(extern const \w+) ff_vf_vmafmotion;$",
        r"\1 ff_vf_vmaf_tiny;",
    ),
    Insertion(
        "libavfilter/Makefile",
        r"^OBJS-\$\(CONFIG_VMAF_TINY_FILTER\).*$",
        r"^OBJS-\$\(CONFIG_VMAFMOTION_FILTER\)(\s+)\+=.*$",
        rf"OBJS-$(CONFIG_VMAF_TINY_FILTER)\1+= {_OBJECTS} framesync.o",
    ),
)


def insert_line(text: str, insertion: Insertion) -> str:
    """Return a text with the line inserted, once.

    Raises
    ------
    Fault
        The anchor is not there exactly once.
    """
    text = re.sub(insertion.present + r"\n", "", text, flags=re.M)
    anchors = list(re.finditer(insertion.anchor, text, re.M))
    if len(anchors) != 1:
        raise Fault(
            f"{insertion.path} has {len(anchors)} lines like {insertion.anchor!r} where the filter "
            "is to be registered, not one: this FFmpeg is too different"
        )
    at = anchors[0]
    return text[: at.start()] + at.expand(insertion.line) + "\n" + text[at.start() :]


def write_if_changed(path: Path, content: bytes) -> bool:
    """Write a file unless it has this content, so that make sees what has changed."""
    if path.is_file() and path.read_bytes() == content:
        return False
    path.write_bytes(content)
    return True


def add_filter(tree: Path) -> None:
    """Put the filter into a tree. Does nothing the second time.

    Raises
    ------
    Fault
        The tree is not one of FFmpeg, or too different.
    """
    changed = {}
    for insertion in INSERTIONS:
        path = tree / insertion.path
        if not path.is_file():
            raise Fault(f"{tree} is no source tree of FFmpeg: it has no {insertion.path}")
        changed[path] = insert_line(path.read_text("utf-8"), insertion).encode()
    for path, content in changed.items():
        write_if_changed(path, content)
    for name in SOURCES:
        write_if_changed(tree / "libavfilter" / name, (_HERE / name).read_bytes())


def avfilter_version(tree: Path) -> str:
    """Return the version of a tree's libavfilter, e.g. "8.44.100"."""
    folder = tree / "libavfilter"
    files = [folder / name for name in ("version_major.h", "version.h")]
    text = "\n".join(path.read_text("utf-8") for path in files if path.is_file())
    numbers = []
    for part in ("MAJOR", "MINOR", "MICRO"):
        found = re.search(rf"^#define\s+LIBAVFILTER_VERSION_{part}\s+(\d+)", text, re.M)
        if not found:
            raise Fault(f"{tree} is no source tree of FFmpeg: it has no libavfilter/version.h")
        numbers.append(found[1])
    return ".".join(numbers)


def unpack(tarball: Path, tree: Path) -> None:
    """Unpack the only folder of a tarball as `tree`, which appears whole or not at all."""
    tree.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="unpack-", dir=tree.parent) as name:
        try:
            with tarfile.open(tarball) as archive:
                if hasattr(tarfile, "data_filter"):
                    archive.extractall(name, filter="data")
                else:
                    archive.extractall(name)
        except (tarfile.TarError, lzma.LZMAError, EOFError, OSError) as error:
            raise Fault(f"{tarball} cannot be unpacked ({error}): remove it") from error
        folders = [path for path in Path(name).iterdir() if path.is_dir()]
        if len(folders) != 1:
            raise Fault(f"{tarball} holds {len(folders)} folders, not one: is it FFmpeg's source?")
        if tree.exists():
            shutil.rmtree(tree)
        folders[0].rename(tree)
