# SPDX-License-Identifier: BSD-2-Clause-Patent
"""From a corpus manifest to a table of feature rows.

The work is cut into units (a short reference with all its distortions). A finished unit is a
parquet file that appears atomically in a parts folder, named after its recipe; what is there is
not done again, so a run that was stopped goes on where it was. The parts become the row groups of
one table.
"""

from __future__ import annotations

import concurrent.futures
import dataclasses
import hashlib
import json
import sys
import time
from pathlib import Path

import numpy as np
import pyarrow as pa  # type: ignore[import-untyped, unused-ignore]
import pyarrow.parquet as pq  # type: ignore[import-untyped, unused-ignore]

from vmaf_train.core import check_equal, features_of
from vmaf_train.corpus import Unit, check_files, read_corpus
from vmaf_train.distort import Recipe, distort, recipes_for
from vmaf_train.errors import TrainError
from vmaf_train.features import FEATURES
from vmaf_train.libvmaf import measure
from vmaf_train.material import luma_of, reference_pictures
from vmaf_train.table import SCHEMA, write_table


@dataclasses.dataclass(frozen=True)
class Extracted:
    """What a table holds, and the libvmaf that measured it."""

    rows: int
    units: int
    distortions: int
    sources: list[str]
    codecs: list[str]
    licenses: dict[str, list[str]]
    libvmaf: str


def extract(corpus: Path, data: Path, parts: Path, out: Path, workers: int = 2) -> Extracted:
    """Measure every distortion of every unit and write the table.

    Parameters
    ----------
    corpus : Path
        Manifest.
    data : Path
        Folder that the manifest's paths are relative to.
    parts : Path
        Folder of finished units; kept.
    out : Path
        The table.
    workers : int
        Processes.

    Raises
    ------
    TrainError
        If material is missing or a unit fails; finished units stay.
    """
    units = read_corpus(corpus)
    check_files(units, data)
    todo = [unit for unit in units if not part_path(unit, parts).is_file()]
    _extract_units(todo, data, parts, workers)
    groups = [pq.read_table(part_path(unit, parts)) for unit in units]
    write_table(out, groups)
    flat = [np.full((64, 64), 128, np.uint8)]
    return Extracted(
        rows=sum(group.num_rows for group in groups),
        units=len(units),
        distortions=sum(len(recipes_for(unit)) for unit in units),
        sources=sorted({unit.source for unit in units}),
        codecs=sorted({recipe.codec for unit in units for recipe in recipes_for(unit)}),
        licenses=_licenses(units),
        libvmaf=measure(flat, flat).version,
    )


def _licenses(units: list[Unit]) -> dict[str, list[str]]:
    """Whose material there is, by licence."""
    credits: dict[str, set[str]] = {}
    for unit in units:
        if unit.kind != "synthetic":
            credits.setdefault(unit.license, set()).add(unit.credit)
    return {name: sorted(credits[name]) for name in sorted(credits)}


def _extract_units(todo: list[Unit], data: Path, parts: Path, workers: int) -> None:
    started = time.monotonic()
    with concurrent.futures.ProcessPoolExecutor(workers) as pool:
        jobs = {pool.submit(extract_unit, unit, data, parts): unit for unit in todo}
        for done, job in enumerate(concurrent.futures.as_completed(jobs), start=1):
            try:
                rows = job.result()
            except TrainError as error:
                pool.shutdown(cancel_futures=True)
                raise TrainError(f"{jobs[job].name}: {error}") from error
            elapsed = time.monotonic() - started
            left = elapsed / done * (len(todo) - done)
            print(
                f"[{done}/{len(todo)}] {jobs[job].name}: {rows} rows, {left:.0f} s to go",
                file=sys.stderr,
                flush=True,
            )


def extract_unit(unit: Unit, data: Path, parts: Path) -> int:
    """Measure all distortions of one unit and write its part; returns the number of rows."""
    reference = reference_pictures(unit, data)
    planes = [luma_of(picture) for picture in reference]
    tables = []
    for recipe in recipes_for(unit):
        distorted = [luma_of(picture) for picture in distort(recipe, reference)]
        features, measured = features_of(planes, distorted, unit.depth), measure(planes, distorted)
        check_equal(features, measured.features)
        rows = len(measured.vmaf)
        columns: dict[str, object] = {
            "source": [unit.source] * rows,
            "dis_basename": [f"{unit.name}__{recipe.name}"] * rows,
            "frame_index": list(range(rows)),
            "codec": [recipe.codec] * rows,
            "vmaf": measured.vmaf,
        }
        columns |= {name: features[:, i] for i, name in enumerate(FEATURES)}
        columns["preset"] = pa.array([recipe.preset or None] * rows, pa.string())
        columns["crf"] = pa.array([recipe.crf] * rows, pa.float64())
        tables.append(pa.table(columns))
    part = pa.concat_tables(tables)
    write_table(part_path(unit, parts), [part])
    return int(part.num_rows)


def part_path(unit: Unit, parts: Path) -> Path:
    """Where a unit's rows go; another take or other recipes give another name."""
    recipes = [_told(recipe) for recipe in recipes_for(unit)]
    take = _told(dataclasses.replace(unit, license="", credit=""))
    content = json.dumps([SCHEMA.names, take, recipes], sort_keys=True)
    digest = hashlib.sha256(content.encode()).hexdigest()[:12]
    return parts / f"{unit.name}.{digest}.parquet"


def _told(what: Unit | Recipe) -> dict[str, object]:
    """Fields that are not what they are by default: a new one renames no part."""
    return {
        field.name: getattr(what, field.name)
        for field in dataclasses.fields(what)
        if getattr(what, field.name) != field.default
    }
