"""Score features again, by another model: no video is decoded, no feature computed."""

import os
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from vmaf_tiny._core import Model
from vmaf_tiny.conditions import Conditions
from vmaf_tiny.errors import InputError, OptionError
from vmaf_tiny.logs import read_log
from vmaf_tiny.result import Result
from vmaf_tiny.table import Scored, read_table

_LOGS = (".json", ".csv")
_TABLES = (".parquet",)


def read_results(paths: Iterable[str | os.PathLike[str]]) -> list[Scored]:
    """Read what scoring left behind.

    Parameters
    ----------
    paths
        Of tables of features (``.parquet``), of renditions (``.json``), and of logs of vmaf-tiny
        or libvmaf (``.json``, ``.csv``).

    Returns
    -------
    encodes
        In the order of the files and, within them, of the tables.

    Raises
    ------
    InputError
        A file cannot be read or has no features.
    OptionError
        A file is of another kind.
    """
    encodes: list[Scored] = []
    for path in paths:
        kind = Path(path).suffix.lower()
        if kind not in _LOGS + _TABLES:
            kinds = ", ".join(_TABLES + _LOGS)
            raise OptionError(f"{path} is no file of results: give files that end in {kinds}")
        if not Path(path).is_file():
            raise InputError(f"there is no file {path}")
        if kind in _TABLES:
            encodes += read_table(path)
        else:
            encodes += _renditions(path) if kind == ".json" else [read_log(path)]
    return encodes


def _renditions(path: str | os.PathLike[str]) -> list[Scored]:
    """Read JSON: all renditions of a sweep, or one log."""
    from vmaf_tiny.encode import tables

    if not tables.is_document(path):
        return [read_log(path)]
    return [made.scored for made in tables.read_results(path)]


def conditions_of(one: Scored) -> Conditions:
    """Return what a model is told of an encode: what is known of it, or was told before."""
    before = one.result.provenance.model
    if one.conditions.codec is None and before.codec:
        return Conditions(before.codec, before.preset or None, before.crf or None)
    return one.conditions


def rescore(result: Result, model: Model) -> Result:
    """Score the features of a result by another model.

    Parameters
    ----------
    result
        Any, computed or read from a file.
    model
        A loaded model.

    Returns
    -------
    result
        The same features with the scores of the model.

    Raises
    ------
    InputError
        The features are not what the model has learned from.
    ModelError
        The model fails.

    Examples
    --------
    >>> import numpy as np
    >>> from vmaf_tiny import Model, score
    >>> pictures = np.random.default_rng(0).integers(0, 256, (3, 64, 64), np.uint8)
    >>> result = score(pictures, pictures // 2 + 64)
    >>> with Model(clip=False) as model:
    ...     again = rescore(result, model)
    >>> bool((again.features == result.features).all()), again.provenance.model.clipped
    (True, False)
    """
    how, info = result.provenance, model.info
    limits = {
        "VIF": (how.vif_gain_limit, info.vif_gain_limit),
        "ADM": (how.adm_gain_limit, info.adm_gain_limit),
    }
    for feature, (limit, wanted) in limits.items():
        if limit != wanted:
            raise InputError(
                f"{feature} features have a gain limit of {limit:g}, and {info.id} wants a limit of"
                f" {wanted:g}: score the videos again"
            )
    scores = model.score(result.rows())
    return replace(result, scores=scores, provenance=replace(how, model=model.info))
