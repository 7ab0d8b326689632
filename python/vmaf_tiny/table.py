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
from vmaf_tiny.result import Provenance, Result, amount, check_read

KEY = "vmaf_tiny"
"""Of the metadata that tells how the features came about."""

SCHEMA = "vmaf-tiny-features-1"
"""Name of the layout; another number means that old readers cannot read it."""

_NAMES = ("source", "dis_basename", "codec")  # columns for others, which are not read
_OPTIONAL = ("bytes", "keyframe")
_TEXTS = ("name", "reference", "distorted", "series", "encoder", "preset", "quality")
_MOST_ROWS = 1 << 25  # two weeks of pictures; twelve columns of them take 3 GB


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
        with pq.ParquetFile(path) as file:
            wanted = [column for column in _schema(pa) if column.name not in _NAMES]
            _check_columns(file, wanted, path)
            table = file.read([column.name for column in wanted])
    except (OSError, pa.ArrowException) as error:
        raise InputError(f"{path} cannot be read: {str(error).splitlines()[0]}") from None
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


def _check_columns(file: Any, wanted: Iterable[Any], path: str | os.PathLike[str]) -> None:
    """Refuse a file whose columns are not those of `write_table`, before they are read."""
    found = {column.name: column.type for column in file.schema_arrow}
    for column in wanted:
        if column.name not in found and column.name not in _OPTIONAL:
            raise InputError(
                f"{path} has no column {column.name}: give a table that vmaf-tiny wrote by -o"
            )
        if found.get(column.name, column.type) != column.type:
            raise InputError(
                f"{path} has a column {column.name} of {found[column.name]}, not of {column.type}:"
                " give a table that vmaf-tiny wrote by -o"
            )
    rows = file.metadata.num_rows  # a few bytes may stand for any number of them
    if not 0 <= rows <= _MOST_ROWS:
        raise InputError(f"{path} has {rows} rows, more than {_MOST_ROWS}: divide it")


def _read(table: Any, number: int, told: dict[str, Any]) -> Scored:
    """Return one encode of a table."""
    from cattrs import structure

    rows = table.filter(np.asarray(table["encode"]) == number)
    if rows["frame_index"].null_count:
        raise ValueError("a picture has no number")
    about = told["result"]
    scores, times = rows["vmaf"].to_numpy(), rows["time"].to_numpy()
    features = np.stack([rows[name].to_numpy() for name in FEATURES], 1)
    check_read(scores, features, times)
    result = Result(
        scores=scores,
        features=features,
        index=rows["frame_index"].to_numpy(),
        times=times,
        fps=amount(about["fps"]),
        provenance=structure(about["provenance"], Provenance),
        warnings=tuple(map(str, about["warnings"])),
    )
    size, duration = (
        None if told.get(name) is None else amount(told[name]) for name in ("size", "duration")
    )
    if size and duration:
        amount(8 * size / duration)
    return Scored(
        result=result,
        conditions=structure(told.get("conditions", {}), Conditions),
        sizes=_known(rows, "bytes"),
        keyframes=_known(rows, "keyframe"),
        width=int(amount(told.get("width", 0))),
        height=int(amount(told.get("height", 0))),
        size=None if size is None else int(size),
        duration=duration,
        **{name: str(told.get(name, "")) for name in _TEXTS},
    )


def _known(rows: Any, name: str) -> Any:
    """Return a column that may be missing or null."""
    if name not in rows.column_names or rows[name].null_count:
        return None
    return rows[name].to_numpy()


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
