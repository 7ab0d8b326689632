"""Read the logs that `Result.write` and libvmaf write."""

import csv
import json
import math
import os
import re
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vmaf_tiny._core import FEATURES
from vmaf_tiny.errors import MALFORMED, InputError
from vmaf_tiny.result import Provenance, Result, check_read
from vmaf_tiny.table import Scored

ROUNDED = "features come from a log, rounded to six decimals"
"""What is said of results that come from a log."""

_PREFIX = "integer_"  # of features that have a floating-point twin in libvmaf
_LIMIT = "_egl_"  # between the name of a feature and its gain limit
_SAID = re.compile(r"(?P<name>.+) \((?P<what>[^()]*)\)")  # a video in a report
_FPS = re.compile(r"([\d.]+) fps")

_Rows = list[tuple[int, dict[str, Any]]]


def read_log(path: str | os.PathLike[str]) -> Scored:
    """Read a log, of vmaf-tiny or of libvmaf.

    Times are those of the frame rate that the log names, if it names one.

    Parameters
    ----------
    path
        Of a ``.json`` or ``.csv`` file.

    Raises
    ------
    InputError
        It cannot be read, or lacks a feature or the scores.
    """
    path = Path(path)
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path} cannot be read: {error}") from None
    try:
        rows, block = _csv(text) if path.suffix.lower() == ".csv" else _json(text)
        limits = _limits(rows[0][1] if rows else {})
        features = np.array([[_value(row, name) for name in FEATURES] for _, row in rows])
        scores = np.array([row["vmaf"] for _, row in rows], float)
    except KeyError as error:
        raise InputError(
            f"{path} lacks {error}: give a log or a table of features of vmaf-tiny or libvmaf"
        ) from None
    except (*MALFORMED, csv.Error) as error:
        raise InputError(f"{path} is no log of vmaf-tiny or libvmaf: {_why(error)}") from None
    try:
        index = np.array([index for index, _ in rows], np.int64)
        return _scored(path, index, features, scores, block | limits)
    except MALFORMED as error:
        raise InputError(f"{path} tells of itself what cannot be: {_why(error)}") from None


def _why(error: Exception) -> str:
    """Return a reason in few words."""
    return str(error)[:200] or type(error).__name__


def _json(text: str) -> tuple[_Rows, dict[str, Any]]:
    log = json.loads(text)
    return [(int(f["frameNum"]), f["metrics"]) for f in log["frames"]], log.get("vmaf_tiny", {})


def _csv(text: str) -> tuple[_Rows, dict[str, Any]]:
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    rows = [
        {key: float(value) for key, value in row.items() if key and value}
        for row in csv.DictReader(lines)
    ]
    return [(int(row["Frame"]), row) for row in rows], {}


def _value(row: dict[str, Any], name: str) -> float:
    return float(row[name] if name in row else row[_key(row, name)])


def _key(row: dict[str, Any], name: str) -> str:
    """Return how a log calls a feature: with its gain limit, where that is not the usual one."""
    key = _PREFIX + name
    limited = (other for other in row if other.startswith(f"{key}{_LIMIT}"))
    return key if key in row else next(limited, key)


def _limits(row: dict[str, Any]) -> dict[str, float]:
    """Return the gain limits that the names of features tell."""
    named = {"vif_gain_limit": "vif_scale0", "adm_gain_limit": "adm2"}
    told = {limit: _key(row, name).partition(_LIMIT)[2] for limit, name in named.items()}
    return {limit: float(text) for limit, text in told.items() if text}


def _scored(
    path: Path,
    index: NDArray[np.int64],
    features: NDArray[np.float64],
    scores: NDArray[np.float64],
    block: dict[str, Any],
) -> Scored:
    from cattrs import structure

    notes = structure(block.get("notes", {}), dict[str, str])
    videos = {role: _said(notes.get(role, "")) for role in ("reference", "distorted")}
    rate = _FPS.search(videos["reference"][1])
    fps = float(rate[1]) if rate else 0.0
    times = index / fps if fps else np.full(len(index), math.nan)
    check_read(scores, features, times)
    warnings = (*filter(None, notes.get("warnings", "").split("; ")), ROUNDED)
    told = {
        "version": block.get("version", ""),
        "model": _model(block),
        "cpu": block.get("cpu", ""),
        "threads": int(notes.get("threads", 0)),
        "subsample": int(notes.get("subsample", 1)),
        "mode": notes.get("mode", "exact"),
        "width": block.get("width", 0),
        "height": block.get("height", 0),
        "bits": 0,
        "command": notes.get("command", ""),
        "created": notes.get("created", ""),
        "reference": notes.get("reference", ""),
        "distorted": notes.get("distorted", ""),
        "conversions": tuple(filter(None, notes.get("conversions", "").split("; "))),
        "vif_gain_limit": block.get("vif_gain_limit", 100.0),
        "adm_gain_limit": block.get("adm_gain_limit", 100.0),
    }
    provenance = structure(told, Provenance)
    return Scored(
        name=path.stem,
        result=Result(scores, features, index, times, 0.0, provenance, warnings),
        reference=_find(videos["reference"][0], path.parent),
        distorted=_find(videos["distorted"][0], path.parent),
    )


def _said(text: str) -> tuple[str, str]:
    """Return name and description of a video as a report has it."""
    found = _SAID.fullmatch(text)
    return (found["name"], found["what"]) if found else (text, "")


def _find(name: str, folder: Path) -> str:
    """Return the path of a video: beside the log or in the working folder; or empty."""
    places = (folder / name, Path(name)) if name else ()
    return next((str(place) for place in places if place.is_file()), "")


def _model(block: dict[str, Any]) -> dict[str, Any]:
    """Return what a log tells of its model, by the names of `ModelInfo`."""
    return {
        "id": block.get("model", ""),
        "path": block.get("model_path", ""),
        "sha256": block.get("sha256", ""),
        "teacher": block.get("teacher", ""),
        "license": block.get("license", ""),
        "provider": block.get("provider", ""),
        "ort_version": block.get("ort_version", ""),
        "ort_library": block.get("ort_library", ""),
        "registered": block.get("registered", False),
        "clipped": block.get("clipped", True),
        "codec": block.get("codec", ""),
        "preset": block.get("preset", ""),
        "crf": block.get("crf", ""),
        "vif_gain_limit": block.get("vif_gain_limit", 100.0),
        "adm_gain_limit": block.get("adm_gain_limit", 100.0),
    }
