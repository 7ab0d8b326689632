# SPDX-License-Identifier: BSD-2-Clause-Patent
"""The corpus manifest: which pictures are reference material, and under which licence.

A manifest is a TOML file. ``frames`` says how long a take is, ``every`` thins the distortions out
(every eighth, say, for a quick corpus); an entry or take may have its own, and a ``depth`` of 8 or
10 bits. ``[[clip]]`` names a video and the takes to cut from it,
``[[still]]`` an image and the camera moves that bring it to life, ``[[synthetic]]`` a generator of
:mod:`vmaf_train.synthetic`. A take becomes a :class:`Unit`: a short reference sequence that every
distortion is applied to.
"""

from __future__ import annotations

import dataclasses
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from vmaf_train.errors import TrainError
from vmaf_train.files import sha256_of
from vmaf_train.synthetic import GENERATORS

MOVES = ("pan", "zoom", "shake")
SMALLEST = 34
"""Smallest even side that the features are defined for."""


@dataclasses.dataclass(frozen=True)
class Unit:
    """A short reference sequence.

    Parameters
    ----------
    name : str
        Unique in the corpus, e.g. ``"bbb-0-960x540"``.
    source : str
        What the pictures come from; units of one source never part in a split.
    kind : str
        ``"clip"``, ``"still"`` or ``"synthetic"``.
    origin : str
        Path below the data folder; for ``"synthetic"`` the generator's name.
    width, height : int
        Of the reference, even.
    frames : int
        How many; motion compares neighbours. 0: all, of a unit with encodes.
    start, step : int
        First picture of the clip and distance between the pictures taken.
    move : str
        Camera move of a still, one of :data:`MOVES`.
    raw : str
        Size and pixel format of a file without a header, e.g. ``"480x270 yuv420p10le"``.
    sha256 : str
        Of the file; empty for ``"synthetic"`` and where nobody knows.
    encodes : tuple of str
        Files that hold distorted pictures already, which are measured instead of our distortions.
    encoder : str
        What made them.
    stamp : str
        What tells this content of the files from another, in place of a checksum.
    license, credit : str
        What the file may be used for, and whose it is.
    depth : int
        Bits per sample of the pictures, 8 or 10.
    every : int
        Apply every so many-th distortion only; 1: all.
    """

    name: str
    source: str
    kind: str
    origin: str
    width: int
    height: int
    frames: int
    start: int = 0
    step: int = 1
    move: str = ""
    raw: str = ""
    sha256: str = ""
    encodes: tuple[str, ...] = ()
    encoder: str = ""
    stamp: str = ""
    depth: int = 8
    every: int = 1
    license: str = ""
    credit: str = ""


def read_corpus(path: Path) -> list[Unit]:
    """Read a manifest.

    Returns
    -------
    list of Unit
        In the order of the file.

    Raises
    ------
    TrainError
        If the file is missing, is not TOML, lacks a key, asks for what there is not, or gives two
        units one name.
    """
    try:
        manifest = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, tomllib.TOMLDecodeError) as error:
        raise TrainError(f"cannot read the corpus manifest {path}: {error}") from error
    defaults = {"frames": 20, "every": 1, "depth": 8} | {
        name: manifest[name] for name in ("frames", "every", "depth") if name in manifest
    }
    units: list[Unit] = []
    try:
        for clip in manifest.get("clip", []):
            units += [_clip_unit(clip, defaults | clip | take) for take in clip["takes"]]
        for still in manifest.get("still", []):
            units += [_still_unit(defaults | still, move) for move in still["moves"]]
        for made in manifest.get("synthetic", []):
            units.append(_synthetic_unit(defaults | made))
    except KeyError as error:
        raise TrainError(f"{path}: an entry lacks the key {error}") from error
    for unit in units:
        _check(unit, path)
    names = [unit.name for unit in units]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise TrainError(f"{path}: units share the name {twice[0]}; change a take's start or size")
    return units


def check_files(units: Sequence[Unit], data: Path) -> None:
    """Compare every file of a corpus with its sha256.

    Raises
    ------
    TrainError
        For a file that is missing or differs.
    """
    for origin, sha256 in sorted({(u.origin, u.sha256) for u in units if u.kind != "synthetic"}):
        path = data / origin
        if not path.is_file():
            raise TrainError(f"{path} is missing; give the folder that has it with --data")
        if sha256 and sha256_of(path) != sha256:
            raise TrainError(f"{path} is not the file the corpus manifest names (sha256 differs)")


def _check(unit: Unit, path: Path) -> None:
    if unit.width % 2 or unit.height % 2 or min(unit.width, unit.height) < SMALLEST:
        raise TrainError(f"{path}: the size of {unit.name} must be even, {SMALLEST} or more")
    if unit.frames < 1 or unit.step < 1 or unit.start < 0 or unit.every < 1:
        raise TrainError(f"{path}: {unit.name} needs frames, step and every of 1 or more")
    if unit.depth not in (8, 10):
        raise TrainError(f"{path}: {unit.name}: the depth is 8 or 10 bits, not {unit.depth}")
    if unit.kind == "still" and unit.move not in MOVES:
        raise TrainError(f"{path}: {unit.name}: a still can {', '.join(MOVES)}")
    if unit.kind == "synthetic" and unit.origin not in GENERATORS:
        raise TrainError(f"{path}: {unit.name}: the generators are {', '.join(GENERATORS)}")


def _clip_unit(clip: dict[str, Any], take: dict[str, Any]) -> Unit:
    width, height = take["size"]
    start, step = int(take.get("start", 0)), int(take.get("step", 1))
    stem = Path(clip["path"]).stem.replace(".", "_")
    return Unit(
        name=f"{stem}-{start}x{step}-{_size(take)}",
        source=clip["source"],
        kind="clip",
        origin=clip["path"],
        width=width,
        height=height,
        frames=int(take["frames"]),
        depth=int(take["depth"]),
        every=int(take["every"]),
        start=start,
        step=step,
        raw=clip.get("raw", ""),
        sha256=clip.get("sha256", ""),
        license=clip.get("license", ""),
        credit=clip.get("credit", ""),
    )


def _still_unit(still: dict[str, Any], move: str) -> Unit:
    width, height = still["size"]
    return Unit(
        name=f"{Path(still['path']).stem}-{move}-{_size(still)}",
        source=still["source"],
        kind="still",
        origin=still["path"],
        width=width,
        height=height,
        frames=int(still["frames"]),
        depth=int(still["depth"]),
        every=int(still["every"]),
        move=move,
        sha256=still.get("sha256", ""),
        license=still.get("license", ""),
        credit=still.get("credit", ""),
    )


def _synthetic_unit(made: dict[str, Any]) -> Unit:
    width, height = made["size"]
    return Unit(
        name=f"{made['source']}-{_size(made)}",
        source=made["source"],
        kind="synthetic",
        origin=made["generator"],
        width=width,
        height=height,
        frames=int(made["frames"]),
        depth=int(made["depth"]),
        every=int(made["every"]),
    )


def _size(entry: dict[str, Any]) -> str:
    width, height = entry["size"]
    return f"{width}x{height}" + ("" if entry["depth"] == 8 else f"-{entry['depth']}bit")
