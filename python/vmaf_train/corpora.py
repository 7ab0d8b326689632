# SPDX-License-Identifier: BSD-2-Clause-Patent
"""Corpora by their published layout: a folder as it is unpacked becomes the units of a corpus.

============== ===================================================================================
netflix        Netflix Public Dataset: ``ref/BigBuckBunny_25fps.yuv`` and its encodes,
               ``dis/BigBuckBunny_20_288_375.yuv``, all 1920x1080 yuv420p
konvid-1k      KoNViD-1k: ``KoNViD_1k_videos/<number>.mp4``
bvi-dvc        BVI-DVC, classes A to D: ``<class><scene>_<width>x<height>_<rate>fps_10bit_420.yuv``
               or ``.mp4``; the four sizes of a scene are one source
local          any clips and stills below a folder; stills are filmed by pan, zoom and shake
============== ===================================================================================
"""

from __future__ import annotations

import dataclasses
import re
import sys
from collections.abc import Callable, Iterable
from pathlib import Path

import av

from vmaf_train.corpus import MOVES, SMALLEST, Unit, read_corpus
from vmaf_train.errors import TrainError

CLIPS = {".avi", ".ivf", ".m2ts", ".m4v", ".mkv", ".mov", ".mp4", ".mpg", ".ts", ".webm", ".y4m"}
STILLS = {".bmp", ".jpeg", ".jpg", ".png", ".tif", ".tiff", ".webp"}

NETFLIX_SIZE = (1920, 1080)

_FRAMES = 20
_HDR = {16, 18}  # transfer of PQ and HLG, as in ITU-T H.273
_LARGEST_STILL = (960, 540)


def read_units(corpus: str, data: Path) -> list[Unit]:
    """Units of a manifest, or of one of :data:`LOADERS` by its name.

    Raises
    ------
    TrainError
        If the manifest is wrong, or the folder does not have that layout.
    """
    if corpus not in LOADERS:
        return read_corpus(Path(corpus))
    if not data.is_dir():
        raise TrainError(f"{data} is no folder; give the one of the corpus with --data")
    units = LOADERS[corpus](data)
    if not units:
        raise TrainError(f"{data} has nothing of the corpus {corpus}; see --help")
    return units


def netflix(data: Path) -> list[Unit]:
    """Take references with the encodes that come with them, every picture."""
    width, height = NETFLIX_SIZE
    references = _files(data, {".yuv"}, "ref")
    encodes = _files(data, {".yuv"}, "dis")
    units = []
    for path in references:
        scene = path.stem.split("_")[0]
        its = [other for other in encodes if other.stem.split("_")[0] == scene]
        if not its:
            raise TrainError(f"{path} has no encodes beside it in dis")
        units.append(
            Unit(
                name=path.stem,
                source=scene,
                kind="clip",
                origin=_below(path, data),
                width=width,
                height=height,
                frames=0,
                raw=f"{width}x{height} yuv420p",
                encodes=tuple(_below(other, data) for other in its),
                encoder="h264",
                stamp=_stamp(path, *its),
                credit="Netflix Public Dataset",
            )
        )
    return units


def konvid_1k(data: Path) -> list[Unit]:
    """Take twenty pictures of every clip."""
    return [
        _take(path, data, f"konvid_{path.stem}", "KoNViD-1k", _probe(path))
        for path in _files(data, {".mp4"})
        if path.stem.isdigit()
    ]


def bvi_dvc(data: Path) -> list[Unit]:
    """Take twenty pictures of every clip, in ten bits."""
    named = re.compile(r"([ABCD])(.+)_(\d+)x(\d+)_(\d+)fps_10bit_420")
    units = []
    for path in _files(data, {".yuv", *CLIPS}):
        match = named.fullmatch(path.stem)
        if match is None:
            continue
        size_class, scene, width, height, _ = match.groups()
        units.append(
            Unit(
                name=path.stem,
                source=f"bvi_{scene}",
                kind="clip",
                origin=_below(path, data),
                width=int(width),
                height=int(height),
                frames=_FRAMES,
                raw=f"{width}x{height} yuv420p10le" if path.suffix == ".yuv" else "",
                depth=10,
                every={"A": 8, "B": 4, "C": 2, "D": 2}[size_class],
                stamp=_stamp(path),
                credit="BVI-DVC",
            )
        )
    return units


def local(data: Path) -> list[Unit]:
    """Make two takes of every clip, the second in the middle at half the rate, and filmed stills.

    Clips in PQ or HLG are left out, and said so: the teacher knows standard dynamic range only.
    """
    units: list[Unit] = []
    for path in _files(data, CLIPS):
        about, source = _probe(path), _below(path, data).rsplit(".", 1)[0]
        if about.hdr:
            print(f"{path}: left out, it is high dynamic range", file=sys.stderr)
            continue
        take = _take(path, data, source, data.name, about)
        units.append(take)
        middle = about.pictures // 2
        if middle + 2 * _FRAMES <= about.pictures:
            name = f"{take.name}-{middle}x2"
            units.append(dataclasses.replace(take, name=name, start=middle, step=2))
    for path in _files(data, STILLS):
        units += _filmed(path, data)
    return units


def _files(data: Path, suffixes: Iterable[str], folder: str = "") -> list[Path]:
    """Files of a kind at any depth, sorted; hidden ones and what lies beside are none."""
    found = sorted(path for path in data.rglob("*") if path.suffix.lower() in set(suffixes))
    return [
        path
        for path in found
        if path.is_file()
        and not any(part.startswith(".") for part in path.relative_to(data).parts)
        and (not folder or path.parent.name == folder)
    ]


@dataclasses.dataclass(frozen=True)
class _About:
    """What a file says of its pictures."""

    width: int
    height: int
    depth: int
    pictures: int
    hdr: bool


def _probe(path: Path) -> _About:
    try:
        with av.open(str(path)) as container:
            stream = container.streams.video[0]
            width, height = stream.width, stream.height
            bits = stream.format.components[0].bits if stream.format else 8
            hdr = stream.codec_context.color_trc in _HDR
            # Of Matroska and others only the packets tell how many there are.
            count = stream.frames or sum(packet.size > 0 for packet in container.demux(stream))
    except (av.FFmpegError, IndexError) as error:
        raise TrainError(f"cannot read {path}: {error}; take it out of the folder") from error
    if min(width, height) < SMALLEST or not count:
        raise TrainError(
            f"{path} has {count} pictures of {width}x{height}, which is too little; take it out of "
            "the folder"
        )
    return _About(width, height, 10 if bits > 8 else 8, count, hdr)


def _take(path: Path, data: Path, source: str, credit: str, about: _About) -> Unit:
    """Twenty pictures from the first one, or as many as there are."""
    return Unit(
        name=_plain(source),
        source=source,
        kind="clip",
        origin=_below(path, data),
        width=about.width // 2 * 2,
        height=about.height // 2 * 2,
        frames=min(_FRAMES, about.pictures),
        depth=about.depth,
        stamp=_stamp(path),
        credit=credit,
    )


def _filmed(path: Path, data: Path) -> list[Unit]:
    about, source = _probe(path), _below(path, data).rsplit(".", 1)[0]
    # Smaller than the still, so that the camera has room.
    width, height = (
        max(64, min(largest, side * 4 // 5)) // 2 * 2
        for side, largest in zip((about.width, about.height), _LARGEST_STILL, strict=True)
    )
    return [
        Unit(
            name=f"{_plain(source)}-{move}",
            source=source,
            kind="still",
            origin=_below(path, data),
            width=width,
            height=height,
            frames=_FRAMES,
            move=move,
            stamp=_stamp(path),
            credit=data.name,
        )
        for move in MOVES
    ]


def _below(path: Path, data: Path) -> str:
    return path.relative_to(data).as_posix()


def _plain(name: str) -> str:
    """Make a name that a file may have."""
    return re.sub(r"[^A-Za-z0-9._-]", "_", name)


def _stamp(*paths: Path) -> str:
    """Size and time of files: another content is another unit."""
    stats = [path.stat() for path in paths]
    return " ".join(f"{stat.st_size}-{stat.st_mtime_ns}" for stat in stats)


LOADERS: dict[str, Callable[[Path], list[Unit]]] = {
    "netflix": netflix,
    "konvid-1k": konvid_1k,
    "bvi-dvc": bvi_dvc,
    "local": local,
}
