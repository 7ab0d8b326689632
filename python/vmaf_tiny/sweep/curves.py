"""How much more or less one curve costs than another at the same score: Bjøntegaard deltas."""

import math
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from vmaf_tiny.encode.result import RenditionResult
from vmaf_tiny.errors import OptionError

FEWEST = 4
"""Points that a curve must have."""

METHOD = "akima"


@dataclass(frozen=True)
class BdRate:
    """A curve against the first one.

    Attributes
    ----------
    anchor, test
        Names of the curves: what stays the same along each.
    rate
        Percent of bitrate more (less if negative) for the same score, on average; None: it cannot
        be had, see `reason`.
    score
        Points more for the same bitrate, on average; None as above.
    reason
        Why there is none, or what speaks against it; else empty.
    """

    anchor: str
    test: str
    rate: float | None
    score: float | None
    reason: str = ""


def curves_of(results: Sequence[RenditionResult]) -> dict[str, list[RenditionResult]]:
    """Return results by curve, each from the lowest bitrate up."""
    curves: dict[str, list[RenditionResult]] = {}
    for made in results:
        curves.setdefault(made.rendition.curve, []).append(made)
    return {name: sorted(points, key=lambda m: m.bitrate) for name, points in curves.items()}


def bd_rates(results: Sequence[RenditionResult]) -> list[BdRate]:
    """Compare every curve with the first one that there is.

    Raises
    ------
    OptionError
        The library for it is not installed.
    """
    curves = curves_of(results)
    if len(curves) < 2:
        return []
    bd = _library()
    (anchor, base), *others = curves.items()
    return [_compare(bd, anchor, base, name, points) for name, points in others]


def has_library() -> bool:
    """Whether BD-rates can be had."""
    try:
        _library()
    except OptionError:
        return False
    return True


def _library() -> Any:
    try:
        return import_module("bjontegaard.functions")
    except ImportError:
        raise OptionError("BD-rates need bjontegaard: pip install 'vmaf-tiny[bdrate]'") from None


def _compare(
    bd: Any,
    anchor: str,
    base: Sequence[RenditionResult],
    test: str,
    points: Sequence[RenditionResult],
) -> BdRate:
    base, points = _rising(base), _rising(points)
    short = next((c for c, p in ((anchor, base), (test, points)) if len(p) < FEWEST), None)
    if short is not None:
        return BdRate(
            anchor, test, None, None, f"{short} has fewer than {FEWEST} points of rising score"
        )
    columns = [
        [made.bitrate for made in base],
        [made.score for made in base],
        [made.bitrate for made in points],
        [made.score for made in points],
    ]
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        rate = float(bd.bd_rate(*columns, METHOD, require_matching_points=False))
        score = float(bd.bd_psnr(*columns, METHOD, require_matching_points=False))
    reason = str(said[0].message).partition(" You can")[0] if said else ""
    if not math.isfinite(rate):
        return BdRate(anchor, test, None, None, reason or "the curves do not overlap")
    return BdRate(anchor, test, rate, score if math.isfinite(score) else None, reason)


def _rising(points: Sequence[RenditionResult]) -> list[RenditionResult]:
    """Return the points whose score is above all that cost less, as interpolation needs."""
    kept: list[RenditionResult] = []
    for made in points:
        if not kept or (made.score > kept[-1].score and made.bitrate > kept[-1].bitrate):
            kept.append(made)
    return kept
