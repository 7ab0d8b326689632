# SPDX-License-Identifier: BSD-2-Clause-Patent
"""From a corpus to a table of feature rows.

The work is cut into units (a short reference with all its distortions). A finished unit is a
parquet file that appears atomically in a parts folder, named after its recipe; what is there is
not done again, so a run that was stopped or killed goes on where it was. The parts become the row
groups of one table.
"""

from __future__ import annotations

import concurrent.futures
import dataclasses
import fcntl
import hashlib
import json
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pyarrow as pa  # type: ignore[import-untyped, unused-ignore]
import pyarrow.parquet as pq  # type: ignore[import-untyped, unused-ignore]

from vmaf_train.corpus import Unit, check_files
from vmaf_train.distort import Recipe, distort, recipes_for
from vmaf_train.errors import TrainError
from vmaf_train.features import FEATURES
from vmaf_train.material import encoded_pairs, picture_of_luma, reference_pictures
from vmaf_train.measure import Measured, measure
from vmaf_train.table import schema_of, write_table


@dataclasses.dataclass(frozen=True)
class Extracted:
    """What a table holds, and the libvmaf that measured it."""

    rows: int
    units: int
    distortions: int
    sources: list[str]
    codecs: list[str]
    licenses: dict[str, list[str]]
    columns: list[str]
    libvmaf: str


@dataclasses.dataclass(frozen=True)
class _Job:
    """What a worker needs to measure a unit."""

    data: Path
    parts: Path
    full: bool


def extract(
    units: Sequence[Unit],
    data: Path,
    parts: Path,
    out: Path,
    workers: int = 2,
    full: bool = False,
) -> Extracted:
    """Measure every distortion of every unit and write the table.

    Parameters
    ----------
    units : sequence of Unit
        Of a corpus.
    data : Path
        Folder that their paths are relative to.
    parts : Path
        Folder of finished units; kept.
    out : Path
        The table.
    workers : int
        Processes.
    full : bool
        Whether to add the features beside the six that libvmaf knows.

    Raises
    ------
    TrainError
        If material is missing, a unit fails, or another run is at work in the parts folder;
        finished units stay.
    """
    check_files(units, data)
    with _alone(parts):
        todo = [unit for unit in units if not part_path(unit, parts, full).is_file()]
        _extract_units(todo, _Job(data, parts, full), workers)
        groups = [pq.read_table(part_path(unit, parts, full)) for unit in units]
    write_table(out, groups)
    flat = picture_of_luma(np.full((64, 64), 128, np.uint8))
    return Extracted(
        rows=sum(group.num_rows for group in groups),
        units=len(units),
        distortions=sum(len(recipes_for(unit)) for unit in units),
        sources=sorted({unit.source for unit in units}),
        codecs=sorted({recipe.codec for unit in units for recipe in recipes_for(unit)}),
        licenses=_licenses(units),
        columns=groups[0].column_names,
        libvmaf=measure([(flat, flat)]).version,
    )


def _licenses(units: Sequence[Unit]) -> dict[str, list[str]]:
    """Whose material there is, by licence."""
    credits: dict[str, set[str]] = {}
    for unit in units:
        if unit.kind != "synthetic":
            credits.setdefault(unit.license, set()).add(unit.credit)
    return {name: sorted(credits[name]) for name in sorted(credits)}


@contextmanager
def _alone(parts: Path) -> Iterator[None]:
    """Keep others out of the parts folder, and sweep away what a killed run was writing."""
    try:
        parts.mkdir(parents=True, exist_ok=True)
        lock = (parts / ".lock").open("w")
    except OSError as error:
        raise TrainError(f"cannot write {parts}: {error.strerror}; see --parts") from error
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise TrainError(f"another run is at work in {parts}; let it finish") from error
        for half in parts.glob(".*.parquet.*"):
            half.unlink()
        yield


def _extract_units(todo: list[Unit], job: _Job, workers: int) -> None:
    started = time.monotonic()
    with concurrent.futures.ProcessPoolExecutor(workers) as pool:
        jobs = {pool.submit(extract_unit, unit, job): unit for unit in todo}
        try:
            for done, future in enumerate(concurrent.futures.as_completed(jobs), start=1):
                try:
                    rows = future.result()
                except TrainError as error:
                    raise TrainError(f"{jobs[future].name}: {error}") from error
                except concurrent.futures.process.BrokenProcessPool as error:
                    raise TrainError(
                        "a worker was killed, perhaps for want of memory; run again with fewer "
                        "--workers to go on"
                    ) from error
                left = (time.monotonic() - started) / done * (len(todo) - done)
                print(
                    f"[{done}/{len(todo)}] {jobs[future].name}: {rows} rows, {left:.0f} s to go",
                    file=sys.stderr,
                    flush=True,
                )
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def extract_unit(unit: Unit, job: _Job) -> int:
    """Measure all distortions of one unit and write its part; returns the number of rows."""
    tables = [_table(unit, recipe, measured) for recipe, measured in _measurements(unit, job)]
    part = pa.concat_tables(tables)
    write_table(part_path(unit, job.parts, job.full), [part])
    return int(part.num_rows)


def _measurements(unit: Unit, job: _Job) -> Iterator[tuple[Recipe, Measured]]:
    reference = [] if unit.encodes else reference_pictures(unit, job.data)
    for recipe in recipes_for(unit):
        if recipe.file:
            yield recipe, measure(encoded_pairs(unit, recipe.file, job.data), job.full)
        else:
            pairs = zip(reference, distort(recipe, reference), strict=True)
            yield recipe, measure(pairs, job.full)


def _table(unit: Unit, recipe: Recipe, measured: Measured) -> pa.Table:
    rows = len(measured.vmaf)
    columns: dict[str, object] = {
        "source": [unit.source] * rows,
        "dis_basename": [recipe.name if recipe.file else f"{unit.name}__{recipe.name}"] * rows,
        "frame_index": list(range(rows)),
        "codec": [recipe.codec] * rows,
        "vmaf": measured.vmaf,
        **{name: measured.features[:, i] for i, name in enumerate(FEATURES)},
        "preset": pa.array([recipe.preset or None] * rows, pa.string()),
        "crf": pa.array([recipe.crf] * rows, pa.float64()),
        **{name: pa.array(v, from_pandas=True) for name, v in measured.more.items()},
    }
    return pa.table(columns)


def part_path(unit: Unit, parts: Path, full: bool = False) -> Path:
    """Where a unit's rows go; another take or other recipes give another name."""
    recipes = [_told(recipe) for recipe in recipes_for(unit)]
    take = _told(dataclasses.replace(unit, license="", credit=""))
    content = json.dumps([schema_of(full).names, take, recipes], sort_keys=True)
    digest = hashlib.sha256(content.encode()).hexdigest()[:12]
    return parts / f"{unit.name}.{digest}.parquet"


def _told(what: Unit | Recipe) -> dict[str, object]:
    """Fields that are not what they are by default: a new one renames no part."""
    return {
        field.name: getattr(what, field.name)
        for field in dataclasses.fields(what)
        if getattr(what, field.name) != field.default
    }
