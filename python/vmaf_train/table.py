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
from vmaf_train.features import FEATURES
from vmaf_train.files import write_atomically

SCHEMA = pa.schema(
    [
        ("source", pa.string()),
        ("dis_basename", pa.string()),
        ("frame_index", pa.int32()),
        ("codec", pa.string()),
        ("vmaf", pa.float64()),
        *((name, pa.float64()) for name in FEATURES),
    ]
)


@dataclasses.dataclass(frozen=True)
class Rows:
    """Feature rows with the teacher's answer.

    Parameters
    ----------
    features : ndarray of float64, [rows, 6]
        In the order of :data:`vmaf_train.features.FEATURES`.
    vmaf : ndarray of float64, [rows]
        Teacher's score, 0 to 100.
    source : ndarray of str, [rows]
        Empty strings where the table has no such column.
    """

    features: npt.NDArray[np.float64]
    vmaf: npt.NDArray[np.float64]
    source: npt.NDArray[np.str_]

    def __len__(self) -> int:
        return len(self.vmaf)

    def take(self, chosen: npt.NDArray[np.bool_]) -> Rows:
        """Rows where `chosen` is true."""
        return Rows(self.features[chosen], self.vmaf[chosen], self.source[chosen])

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
        columns = [*features, "vmaf", *(["source"] if "source" in present else [])]
        table = file.read(columns)
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
    if "source" in present:
        source = np.array([name or "" for name in table["source"].to_pylist()], dtype=str)
    else:
        source = np.full(len(values), "", dtype=str)
    return Rows(values[:, :-1], values[:, -1], source)


def write_table(path: Path, groups: Sequence[pa.Table]) -> None:
    """Write a parquet file atomically, one row group per table."""

    def write(temporary: Path) -> None:
        with pq.ParquetWriter(temporary, SCHEMA, compression="zstd") as writer:
            for group in groups:
                writer.write_table(group.select(SCHEMA.names).cast(SCHEMA), row_group_size=1 << 20)

    write_atomically(path, write)
