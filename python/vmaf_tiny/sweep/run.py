"""Encode and score many renditions of a source: resumable, in as many processes as wanted."""

import os
from collections.abc import Callable, Sequence
from typing import Unpack

from vmaf_tiny._core import Model
from vmaf_tiny.conditions import Models
from vmaf_tiny.encode.rendition import Rendition
from vmaf_tiny.encode.result import RenditionResult
from vmaf_tiny.units import WorkProgress
from vmaf_tiny.units.options import UnitOptions, open_units


def sweep(
    source: str | os.PathLike[str],
    renditions: Sequence[Rendition],
    model: str | os.PathLike[str] | Model | Models = "vmaf_tiny_v2",
    *,
    keep: str | os.PathLike[str] | None = None,
    progress: Callable[[WorkProgress], None] | None = None,
    finished: Callable[[RenditionResult], None] | None = None,
    **options: Unpack[UnitOptions],
) -> list[RenditionResult]:
    """Encode a source in many ways and score every encode.

    What was stored is not computed again: a run that was killed goes on where it was, and several
    runs may share a store.

    Parameters
    ----------
    source
        Path of a file.
    renditions
        What to make, such as from `grid`. All encoders are tried before work starts.
    model
        As for `vmaf_tiny.score`.
    keep
        Folder to keep the encodes in; None: they are not kept.
    progress
        Called now and then, from one thread at a time.
    finished
        Called with each result as soon as it is whole, in the order in which that happens.
    **options
        See `vmaf_tiny.units.options.UnitOptions`: how encodes are scored, in which processes or on
        which cluster, and where results are kept.

    Returns
    -------
    results
        One for each rendition, in their order.

    Raises
    ------
    OptionError
        An encoder refuses what it is told, or an option has a wrong value.
    InputError
        The source cannot be read, or must not be compared with what is to be made of it.

    Examples
    --------
    >>> from vmaf_tiny.sweep import bd_rates, grid, sweep
    >>> renditions = grid(crf=[20, 26, 32, 38], presets=["veryfast", "medium"])
    >>> results = sweep("source.mkv", renditions, store="results.sqlite")  # doctest: +SKIP
    >>> print(bd_rates(results)[0].rate)  # doctest: +SKIP
    -21.3
    """
    with open_units(source, model, options) as units:
        return units.make(renditions, keep=keep, progress=progress, finished=finished)
