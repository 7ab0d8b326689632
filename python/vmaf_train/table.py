# SPDX-License-Identifier: BSD-2-Clause-Patent
"""Tables of feature rows in parquet files.

Columns: ``source`` (what splits go by), ``dis_basename``, ``frame_index``, ``codec``, ``vmaf``
(the teacher's score), then the features.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa  # type: ignore[import-untyped, unused-ignore]
import pyarrow.parquet as pq  # type: ignore[import-untyped, unused-ignore]

from vmaf_train.errors import TableError
from vmaf_train.features import FEATURES, FULL_FEATURES
from vmaf_train.files import write_atomically

SCHEMA = pa.schema(
    [
        ("source", pa.string()),
        ("dis_basename", pa.string()),
        ("frame_index", pa.int32()),
        ("codec", pa.string()),
        ("vmaf", pa.float64()),
        *((name, pa.float64()) for name in FEATURES),
        ("preset", pa.string()),
        ("crf", pa.float64()),
    ]
)


def schema_of(full: bool) -> pa.Schema:
    """Columns of a table; `full` names those beside the six features, too."""
    beside = [name for name in FULL_FEATURES if name not in FEATURES]
    more = [pa.field(name, pa.float64()) for name in beside]
    return pa.schema([*SCHEMA, *more]) if full else SCHEMA


@dataclasses.dataclass(frozen=True)
class Rows:
    """Feature rows with the teacher's answer.

    Parameters
    ----------
    features : ndarray of float64, [rows, 6]
        In the order of :data:`vmaf_train.features.FEATURES`.
    vmaf : ndarray of float64, [rows]
        Teacher's score, 0 to 100.
    source, codec, preset : ndarray of str, [rows]
        What the picture is of, the encoder and its preset. Empty strings where the table has no
        such column or value.
    crf : ndarray of float64, [rows]
        Constant rate factor; NaN where there is none.
    """

    features: npt.NDArray[np.float64]
    vmaf: npt.NDArray[np.float64]
    source: npt.NDArray[np.str_]
    codec: npt.NDArray[np.str_]
    preset: npt.NDArray[np.str_]
    crf: npt.NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.vmaf)

    def take(self, chosen: npt.NDArray[np.bool_]) -> Rows:
        """Rows where `chosen` is true."""
        return dataclasses.replace(
            self, **{f.name: getattr(self, f.name)[chosen] for f in dataclasses.fields(self)}
        )

    def of_sources(self, sources: Sequence[str]) -> Rows:
        """Rows of the named sources."""
        return self.take(np.isin(self.source, np.array(sources, dtype=str)))

    def sources(self) -> list[str]:
        """Names of the sources, sorted."""
        return [str(name) for name in np.unique(self.source)]


def read_rows(path: Path, features: Sequence[str] = FEATURES, limit: int | None = None) -> Rows:
    """Read a table.

    Parameters
    ----------
    limit : int, optional
        Take the first rows only.

    Raises
    ------
    TableError
        If the file is missing or no parquet, a column is missing, or a value is not finite.
    """
    try:
        file = pq.ParquetFile(path)
    except (OSError, pa.ArrowException) as error:
        raise TableError(f"cannot read {path}: {str(error).splitlines()[0]}") from error
    with file:
        present = file.schema_arrow.names
        missing = [name for name in (*features, "vmaf") if name not in present]
        if missing:
            raise TableError(f"{path} lacks the column(s) {', '.join(missing)}")
        about = [name for name in ("source", "codec", "preset", "crf") if name in present]
        table = file.read([*features, "vmaf", *about])
    if limit is not None:
        table = table.slice(0, limit)
    if table.num_rows == 0:
        raise TableError(f"{path} has no rows")
    try:
        values = np.stack(
            [table[name].to_numpy().astype(np.float64) for name in (*features, "vmaf")], axis=1
        )
    except (TypeError, ValueError) as error:
        raise TableError(f"{path}: a column is not numeric: {error}") from error
    if not np.isfinite(values).all():
        row, column = (int(i) for i in np.argwhere(~np.isfinite(values))[0])
        name = (*features, "vmaf")[column]
        raise TableError(f"{path}: {name} of row {row} is not a finite number")
    return Rows(
        values[:, :-1],
        values[:, -1],
        source=_texts(table, "source"),
        codec=_texts(table, "codec"),
        preset=_texts(table, "preset"),
        crf=_numbers(table, "crf"),
    )


def rows_without_origin(features: npt.NDArray[np.float64], vmaf: npt.NDArray[np.float64]) -> Rows:
    """Rows of which nothing is known but features[n, 6] and scores[n]."""
    nothing = np.full(len(vmaf), "", dtype=str)
    return Rows(features, vmaf, nothing, nothing, nothing, np.full(len(vmaf), np.nan))


def _texts(table: pa.Table, name: str) -> npt.NDArray[np.str_]:
    if name not in table.column_names:
        return np.full(table.num_rows, "", dtype=str)
    return np.array([text or "" for text in table[name].to_pylist()], dtype=str)


def _numbers(table: pa.Table, name: str) -> npt.NDArray[np.float64]:
    if name not in table.column_names:
        return np.full(table.num_rows, np.nan)
    values = table[name].cast(pa.float64()).to_numpy(zero_copy_only=False)
    return np.asarray(values, np.float64)


def write_table(path: Path, groups: Sequence[pa.Table]) -> None:
    """Write a parquet file atomically, one row group per table.

    Columns beside the schema's come after them, if all tables have them.
    """
    known = schema_of(full=True)
    common = set(known.names if groups else ()).intersection(*(g.schema.names for g in groups))
    names = [name for name in known.names if name in SCHEMA.names or name in common]
    schema = pa.schema([known.field(name) for name in names])

    def write(temporary: Path) -> None:
        with pq.ParquetWriter(temporary, schema, compression="zstd") as writer:
            for group in groups:
                writer.write_table(group.select(schema.names).cast(schema), row_group_size=1 << 20)

    write_atomically(path, write)
