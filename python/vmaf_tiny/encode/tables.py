"""Results of renditions as files: JSON with all, tables by picture or by rendition."""

import csv
import io
import json
import math
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from cattrs import structure

from vmaf_tiny._core import FEATURES
from vmaf_tiny.encode.rendition import Rendition
from vmaf_tiny.encode.result import EncoderInfo, RenditionResult, absolute
from vmaf_tiny.errors import MALFORMED, InputError, OptionError
from vmaf_tiny.files import write_text
from vmaf_tiny.result import Provenance, Result, amount, check_read
from vmaf_tiny.table import need_pyarrow, write_table

SCHEMA_VERSION = 1
"""Of what is written: raised when a reader of the one before would read it wrongly."""

FORMATS = ("json", "parquet", "frames.csv", "csv")
"""By the ending of a file."""

SCHEMA = "results.schema.json"
"""JSON Schema of what is written as JSON, a file beside this one."""

KIND = "vmaf-tiny renditions"
"""Says in JSON what it is."""

_Made = TypeVar("_Made")


def write_results(
    path: str | os.PathLike[str],
    results: Sequence[RenditionResult],
    *,
    notes: Mapping[str, Any] | None = None,
) -> None:
    """Write results; the ending of the name tells the format. A file appears whole or not at all.

    ``.json`` has everything and comes back by `read_results`; ``.parquet`` is a table of features,
    see `vmaf_tiny.table`, a row for each picture; ``.frames.csv`` has such rows, too, and ``.csv``
    has one for each rendition.

    Parameters
    ----------
    path
        Where to.
    results
        What to write.
    notes
        More to say in JSON, such as BD-rates: what JSON has.

    Raises
    ------
    OptionError
        The ending is unknown, or Parquet is asked for without pyarrow.
    """
    form = results_format(path)
    if form == "json":
        write_document(path, to_dict(results, notes))
    elif form == "csv":
        write_text(path, _csv([summary(made) for made in results]))
    elif form == "frames.csv":
        write_text(path, _csv([row for made in results for row in _frames(made)]))
    else:
        write_table(path, [made.scored for made in results])


def write_document(path: str | os.PathLike[str], document: Mapping[str, Any]) -> None:
    """Write what `to_dict` of results, searches and ladders returns; ``"-"`` is standard output."""
    write_text(path, json.dumps(document, allow_nan=False) + "\n")


def results_format(path: str | os.PathLike[str], also: Sequence[str] = ()) -> str:
    """Return the format that a name tells.

    Parameters
    ----------
    path
        Of a file to write.
    also
        Other endings that the caller knows, for the message.

    Raises
    ------
    OptionError
        It tells none, or what writes it is not installed.
    """
    name = Path(path).name.lower()
    form = next((form for form in FORMATS if name.endswith(f".{form}")), None)
    if form is None:
        endings = ", ".join((*(f".{name}" for name in FORMATS), *also))
        raise OptionError(f"{path} does not tell the format of the results: end it in {endings}")
    if form == "parquet":
        need_pyarrow()
    return form


def is_document(path: str | os.PathLike[str]) -> bool:
    """Return whether a file is JSON that a sweep, search or ladder wrote, not one log."""
    path = Path(path)
    return path.suffix.lower() == ".json" and f'"{KIND}"'.encode() in path.read_bytes()


def read_results(path: str | os.PathLike[str]) -> list[RenditionResult]:
    """Read what `write_results` wrote as JSON, or the renditions of a search or ladder.

    Raises
    ------
    InputError
        It is something else, or of a newer version.
    """
    return read_document(path, from_dict)


def read_document(
    path: str | os.PathLike[str], make: Callable[[Mapping[str, Any]], _Made]
) -> _Made:
    """Read what `write_document` wrote, and return what is made of it.

    Raises
    ------
    InputError
        It is something else, or of a newer version, or nothing can be made of it.
    """
    try:
        document = json.loads(Path(path).read_bytes(), parse_constant=_refuse)
        if document["kind"] != KIND:
            raise KeyError(document["kind"])
        if document["schema_version"] > SCHEMA_VERSION:
            raise InputError(
                f"{path} is of version {document['schema_version']}, this reads up to"
                f" {SCHEMA_VERSION}: update vmaf-tiny"
            )
        return make(document)
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}") from None
    except MALFORMED:
        raise InputError(
            f"{path} is no file of renditions: give one that sweep, search or ladder wrote"
        ) from None


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is no number")


def to_dict(
    results: Iterable[RenditionResult], notes: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """Return results as what JSON has; nothing in it is NaN or infinite."""
    return {
        "kind": KIND,
        "schema_version": SCHEMA_VERSION,
        **({"notes": dict(notes)} if notes else {}),
        "renditions": [rendition_to_dict(result) for result in results],
    }


def from_dict(document: Mapping[str, Any]) -> list[RenditionResult]:
    """Return what `to_dict` was made from."""
    return [rendition_from_dict(each) for each in document["renditions"]]


def rendition_to_dict(made: RenditionResult) -> dict[str, Any]:
    """Return one result as what JSON has: what is said of it, and ``frames``, a list a column."""
    result = made.result
    return {
        **summary(made),
        "rendition": made.rendition.to_dict(),
        "source": absolute(made.source),
        "source_sha256": made.source_sha256,
        "encoder": asdict(made.encoder),
        "encode_seconds": made.encode_seconds,
        "header": made.header,
        "segments": made.segments,
        "kept": absolute(made.kept) if made.kept else None,
        "worst_window": asdict(made.worst_window()),
        "pooled": result.pooled,
        "score_fps": result.fps,
        "warnings": list(result.warnings),
        "provenance": asdict(result.provenance),
        "frames": {
            "index": result.index.tolist(),
            "time": [None if math.isnan(time) else time for time in result.times.tolist()],
            "vmaf": result.scores.tolist(),
            **{name: result.features[:, k].tolist() for k, name in enumerate(FEATURES)},
            "bytes": made.sizes.tolist(),
            "keyframe": made.keyframes.tolist(),
        },
    }


def rendition_from_dict(values: Mapping[str, Any]) -> RenditionResult:
    """Return what `rendition_to_dict` was made from."""
    frames = values["frames"]
    if len({len(column) for column in frames.values()}) != 1:
        raise ValueError("columns differ in length")
    times = [math.nan if time is None else time for time in frames["time"]]
    scores = np.array(frames["vmaf"], np.float64)
    features = np.array([frames[name] for name in FEATURES], np.float64).T.copy()
    duration = amount(values["duration"])
    check_read(scores, features, np.array(times, np.float64))
    if not amount(8 * amount(values["bytes"]) / duration):
        raise ValueError("an encode has bytes")
    result = Result(
        scores=scores,
        features=features,
        index=np.array(frames["index"], np.int64),
        times=np.array(times, np.float64),
        fps=amount(values["score_fps"]),
        provenance=structure(values["provenance"], Provenance),
        warnings=tuple(map(str, values["warnings"])),
    )
    return RenditionResult(
        rendition=Rendition.from_dict(values["rendition"]),
        source=str(values["source"]),
        result=result,
        bytes=int(amount(values["bytes"])),
        duration=duration,
        encode_seconds=amount(values["encode_seconds"]),
        pictures=int(amount(values["pictures"])),
        sizes=np.array(frames["bytes"], np.int64),
        keyframes=np.array(frames["keyframe"], np.bool_),
        encoder=structure(values["encoder"], EncoderInfo),
        kept=Path(values["kept"]) if values["kept"] else None,
        header=int(amount(values["header"])),
        segments=int(amount(values["segments"])),
        source_sha256=str(values.get("source_sha256", "")),
    )


def summary(made: RenditionResult) -> dict[str, Any]:
    """Return a row for a table of renditions: what was asked for, size, speed, pooled score."""
    worst, rendition = made.worst_window(), made.rendition
    return {
        "label": rendition.label,
        "encoder_name": rendition.encoder,
        "preset": rendition.preset,
        "crf": rendition.crf,
        "qp": rendition.qp,
        "target_bitrate": rendition.bitrate,
        "width": made.encoder.width,
        "height": made.encoder.height,
        "pix_fmt": made.encoder.pix_fmt,
        "pictures": made.pictures,
        "duration": made.duration,
        "bytes": made.bytes,
        "bitrate": made.bitrate,
        "encode_fps": made.encode_fps,
        "score": made.score,
        **{f"vmaf_{name}": value for name, value in made.pooled.items()},
        "worst_start": worst.start,
        "worst_end": worst.end,
        "worst_score": worst.score,
        "model_id": made.result.provenance.model.id,
        "model_sha256": made.result.provenance.model.sha256,
        "mode": made.result.provenance.mode,
    }


def _frames(made: RenditionResult) -> Iterator[dict[str, Any]]:
    """Give a row for each picture."""
    frames = rendition_to_dict(made)["frames"]
    for values in zip(*frames.values(), strict=True):
        yield {"label": made.rendition.label, **dict(zip(frames, values, strict=True))}


def _csv(rows: Sequence[Mapping[str, Any]]) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]) if rows else ["label"], lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()
