"""Tables of features: what scoring leaves behind so that any model can score it again.

One row is one picture of one encode. The columns are those of the tables that models are trained
on, and four more: ``encode``, the number of the encode in the file, ``time`` in seconds, ``bytes``
of the picture's packet, and ``keyframe``, whether decoding can begin there; all null where unknown.
How the features came about is in the file's metadata under `KEY`, as JSON.
"""

import json
import os
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vmaf_tiny._core import FEATURES
from vmaf_tiny.conditions import Conditions
from vmaf_tiny.errors import MALFORMED, InputError, OptionError
from vmaf_tiny.files import printable, write_atomically
from vmaf_tiny.result import Provenance, Result

KEY = "vmaf_tiny"
"""Of the metadata that tells how the features came about."""

SCHEMA = "vmaf-tiny-features-1"
"""Name of the layout; another number means that old readers cannot read it."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Scored:
    """An encode with its scores, as a file of results has it.

    Attributes
    ----------
    name
        What it is called in tables and charts.
    result
        Scores and features of its pictures.
    reference, distorted
        Paths of the videos; empty where they are no files.
    series
        Name of the curve that it is a point of, such as ``"libx264 medium"``; or empty.
    encoder, preset
        Such as ``"libx264"`` and ``"medium"``; of a file, the codec's name; empty where unknown.
    quality
        What was asked for, such as ``"crf 23"``; empty where unknown.
    conditions
        What a model that is conditioned on the encoder is told of it, as far as it is known.
    width, height
        In samples, as encoded; 0: unknown.
    size
        Bytes of the video, without sound and container; None: unknown.
    duration
        Seconds; None: unknown.
    sizes, keyframes
        ``int64`` and ``bool`` arrays of shape (n,): bytes of each scored picture's packet, and
        whether decoding can begin there; None: unknown.
    """

    name: str
    result: Result
    reference: str = ""
    distorted: str = ""
    series: str = ""
    encoder: str = ""
    preset: str = ""
    quality: str = ""
    conditions: Conditions = field(default_factory=Conditions)
    width: int = 0
    height: int = 0
    size: int | None = None
    duration: float | None = None
    sizes: NDArray[np.int64] | None = None
    keyframes: NDArray[np.bool_] | None = None

    @property
    def bitrate(self) -> float | None:
        """Bits per second of the video; None: unknown."""
        return 8 * self.size / self.duration if self.size and self.duration else None


def write_table(path: str | os.PathLike[str], encodes: Iterable[Scored]) -> None:
    """Write features, scores and how they came about as a parquet file.

    A file appears whole or not at all. Features and scores are not rounded.

    Parameters
    ----------
    path
        Where to.
    encodes
        In the order in which they are to be read.

    Raises
    ------
    OptionError
        pyarrow is not installed.
    VmafTinyError
        The file cannot be written.
    """
    pa, pq = need_pyarrow()
    scored = list(encodes)
    told = {"schema": SCHEMA, "encodes": [_told(one) for one in scored]}
    metadata = {KEY: json.dumps(told, allow_nan=False)}
    schema = _schema(pa).with_metadata(metadata)

    def write(temporary: Path) -> None:
        with pq.ParquetWriter(temporary, schema, compression="zstd") as writer:
            for number, one in enumerate(scored):
                writer.write_table(_rows(pa, schema, number, one))

    write_atomically(path, write)


def _schema(pa: ModuleType) -> Any:
    name = pa.dictionary(pa.int32(), pa.string())
    return pa.schema(
        [
            ("encode", pa.int32()),
            ("source", name),
            ("dis_basename", name),
            ("frame_index", pa.int64()),
            ("time", pa.float64()),
            ("codec", name),
            ("vmaf", pa.float64()),
            *((feature, pa.float64()) for feature in FEATURES),
            ("bytes", pa.int64()),
            ("keyframe", pa.bool_()),
        ]
    )


def _rows(pa: ModuleType, schema: Any, number: int, one: Scored) -> Any:
    """Return the rows of one encode, a row group of their own."""
    result = one.result
    count = len(result.scores)
    names = {
        "source": Path(one.reference).stem,
        "dis_basename": Path(one.distorted).name or one.name,
        "codec": one.encoder,
    }
    columns: dict[str, Any] = {
        name: pa.DictionaryArray.from_arrays(pa.array(np.zeros(count, np.int32)), [printable(text)])
        for name, text in names.items()
    }
    columns |= {
        "encode": np.full(count, number, np.int32),
        "frame_index": result.index,
        "time": pa.array(result.times, from_pandas=True),  # null where it is NaN
        "vmaf": result.scores,
        **dict(zip(FEATURES, result.features.T.copy(), strict=True)),
        "bytes": pa.nulls(count) if one.sizes is None else one.sizes,
        "keyframe": pa.nulls(count) if one.keyframes is None else one.keyframes,
    }
    return pa.table([columns[name] for name in schema.names], schema=schema)


def _told(one: Scored) -> dict[str, Any]:
    """Return all but the rows."""
    told = asdict(replace(one, result=None, sizes=None, keyframes=None))  # type: ignore[arg-type]
    del told["sizes"], told["keyframes"]
    told["result"] = {
        "fps": one.result.fps,
        "warnings": one.result.warnings,
        "provenance": asdict(one.result.provenance),
    }
    return told


def read_table(path: str | os.PathLike[str]) -> list[Scored]:
    """Read what `write_table` wrote.

    Raises
    ------
    InputError
        It cannot be read, or is no table of features.
    OptionError
        pyarrow is not installed.
    """
    pa, pq = need_pyarrow()
    try:
        table = pq.read_table(path)
    except (OSError, pa.ArrowException) as error:
        raise InputError(f"{path} cannot be read: {str(error).splitlines()[0]}") from None
    missing = [name for name in ("frame_index", *FEATURES) if name not in table.column_names]
    if missing:
        raise InputError(
            f"{path} has no column {missing[0]}: give a table that vmaf-tiny wrote by -o"
        )
    try:
        told = json.loads((table.schema.metadata or {})[KEY.encode()])
        if told["schema"] != SCHEMA:
            raise InputError(f"{path} is laid out as {told['schema']}, not {SCHEMA}")
        return [_read(table, number, each) for number, each in enumerate(told["encodes"])]
    except MALFORMED as error:
        raise InputError(
            f"{path} does not tell how its features came about ({error}): give a table that"
            " vmaf-tiny wrote by -o"
        ) from None


def _read(table: Any, number: int, told: dict[str, Any]) -> Scored:
    """Return one encode of a table."""
    from cattrs import structure

    rows = table.filter(np.asarray(table["encode"]) == number)
    about = told.pop("result")
    result = Result(
        scores=_column(rows, "vmaf"),
        features=np.stack([_column(rows, name) for name in FEATURES], 1),
        index=rows["frame_index"].to_numpy(),
        times=rows["time"].to_numpy(),
        fps=about["fps"],
        provenance=structure(about["provenance"], Provenance),
        warnings=tuple(about["warnings"]),
    )
    conditions = Conditions(**told.pop("conditions", {}))
    return Scored(
        result=result,
        conditions=conditions,
        sizes=_known(rows, "bytes"),
        keyframes=_known(rows, "keyframe"),
        **told,
    )


def _known(rows: Any, name: str) -> Any:
    """Return a column that may be missing or null."""
    if name not in rows.column_names or rows[name].null_count:
        return None
    return rows[name].to_numpy()


def _column(rows: Any, name: str) -> Any:
    values = rows[name].to_numpy()
    if not len(values) or not np.isfinite(values).all():
        raise ValueError(f"{name} has no values or some that are no numbers")
    return values


def need_pyarrow() -> tuple[ModuleType, ModuleType]:
    """Return pyarrow and its module for parquet files.

    Raises
    ------
    OptionError
        It is not installed.
    """
    try:
        import pyarrow  # type: ignore[import-untyped, unused-ignore]
        import pyarrow.parquet  # type: ignore[import-untyped, unused-ignore]
    except ImportError:
        raise OptionError(
            "parquet files need pyarrow: pip install 'vmaf-tiny[parquet]', or use .json"
        ) from None
    return pyarrow, pyarrow.parquet
