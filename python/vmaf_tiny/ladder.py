"""Ladders: encodes of several sizes at one size of comparison, their hull, and rungs from it."""

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from fractions import Fraction
from typing import Any, Self, Unpack

import numpy as np
from cattrs import structure

from vmaf_tiny._core import Model
from vmaf_tiny.conditions import Models
from vmaf_tiny.encode import Rendition, RenditionResult
from vmaf_tiny.encode.codecs import crf_range
from vmaf_tiny.encode.tables import from_dict, to_dict
from vmaf_tiny.errors import OptionError
from vmaf_tiny.hull import upper_hull
from vmaf_tiny.result import amount
from vmaf_tiny.units import WorkProgress
from vmaf_tiny.units.options import UnitOptions, open_units

SIZES = (1080, 720, 540, 360)
"""Rows of the pictures of a usual ladder."""

SCORES = (95.0, 88.0, 78.0, 65.0, 50.0)
"""Scores of the rungs that are suggested unless others are asked for."""


@dataclass(frozen=True)
class Rung:
    """A rung that is suggested.

    Attributes
    ----------
    asked
        What for, such as ``"score 88"`` or ``"2500 kbit/s"``; all that it is for, with commas.
    point
        Number of the encode among all of the ladder.
    label
        Of its rendition.
    width, height
        In samples.
    bitrate, peak
        Bits per second: on average, and of the most costly second.
    score, p5
        Mean, and what a twentieth of the pictures score less than.
    """

    asked: str
    point: int
    label: str
    width: int
    height: int
    bitrate: float
    peak: float
    score: float
    p5: float


@dataclass(frozen=True, eq=False)
class Ladder:
    """Encodes of several sizes, all compared at the size of the source.

    Attributes
    ----------
    points
        All encodes with their scores.
    hull
        Numbers of those on the convex hull, by increasing bitrate.
    rungs
        What is suggested, by decreasing bitrate, none twice.
    width, height
        At which all were compared.
    unmet
        What rungs were asked for that no encode on the hull has, such as ``"score 98"``.
    """

    points: tuple[RenditionResult, ...]
    hull: tuple[int, ...]
    rungs: tuple[Rung, ...]
    width: int
    height: int
    unmet: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Return it as what JSON has."""
        points = [
            {**asdict(_rung("", n, made)), "on_hull": n in self.hull}
            | {"rendition": made.rendition.to_dict(), "pooled": made.pooled}
            for n, made in enumerate(self.points)
        ]
        for point in points:
            del point["asked"]
        return {
            **to_dict(self.points),
            "compared_at": [self.width, self.height],
            "points": points,
            "hull": list(self.hull),
            "rungs": [asdict(rung) for rung in self.rungs],
            "unmet": list(self.unmet),
        }

    @classmethod
    def from_dict(cls, document: Mapping[str, Any]) -> Self:
        """Return what `to_dict` was made from."""
        width, height = (int(amount(each)) for each in document["compared_at"])
        points = tuple(from_dict(document))
        hull = structure(document["hull"], tuple[int, ...])
        rungs = structure(document["rungs"], tuple[Rung, ...])
        if not {*hull, *(rung.point for rung in rungs)} <= set(range(len(points))):
            raise ValueError("there is no such point")
        unmet = structure(document.get("unmet", ()), tuple[str, ...])  # earlier ones did not tell
        return cls(points, hull, rungs, width, height, unmet)

    def hls(self) -> str:
        """Return the rungs as variants of an HLS multivariant playlist; addresses are to be set."""
        lines = ["#EXTM3U", "#EXT-X-VERSION:6", "#EXT-X-INDEPENDENT-SEGMENTS"]
        for rung in self.rungs:
            rate = self.points[rung.point].pictures / self.points[rung.point].duration
            lines += [
                f"#EXT-X-STREAM-INF:BANDWIDTH={round(rung.peak)},"
                f"AVERAGE-BANDWIDTH={round(rung.bitrate)},"
                f"RESOLUTION={rung.width}x{rung.height},FRAME-RATE={rate:.3f}",
                f"{_stem(rung)}.m3u8",
            ]
        return "\n".join(lines) + "\n"

    def dash(self) -> str:
        """Return the rungs as an AdaptationSet of a DASH manifest."""
        from xml.etree import ElementTree

        root = ElementTree.Element("AdaptationSet", contentType="video", segmentAlignment="true")
        for rung in self.rungs:
            made = self.points[rung.point]
            rate = Fraction(made.pictures / made.duration).limit_denominator(1001)
            ElementTree.SubElement(
                root,
                "Representation",
                id=_stem(rung),
                bandwidth=str(round(rung.peak)),
                width=str(rung.width),
                height=str(rung.height),
                frameRate=str(rate),
            )
        ElementTree.indent(root)
        return ElementTree.tostring(root, encoding="unicode") + "\n"


def _stem(rung: Rung) -> str:
    return f"{rung.height}p-{round(rung.bitrate / 1000)}k"


def build_ladder(
    source: str | os.PathLike[str],
    *,
    sizes: Sequence[int] = SIZES,
    rendition: Rendition | None = None,
    crf: Sequence[float] | None = None,
    scores: Sequence[float] = (),
    bitrates: Sequence[float] = (),
    skip_larger: bool = False,
    model: str | os.PathLike[str] | Model | Models = "vmaf_tiny_v2",
    keep: str | os.PathLike[str] | None = None,
    progress: Callable[[WorkProgress], None] | None = None,
    finished: Callable[[RenditionResult], None] | None = None,
    **options: Unpack[UnitOptions],
) -> Ladder:
    """Encode a source at several sizes and qualities and find what is worth its bits.

    All encodes are scaled back to the size of the source and compared there, so scores of all
    sizes mean the same. What was stored is not computed again, see `vmaf_tiny.sweep.sweep`.

    Parameters
    ----------
    source
        Path of a video.
    sizes
        Rows of pictures, none above those of the source; widths follow from its shape.
    rendition
        What to encode, without quality and size; None: libx264 as it is.
    crf
        Which to encode each size at; None: six over the range that is of use.
    scores, bitrates
        To suggest rungs for: the cheapest encode on the hull with at least the score, the best one
        with at most the bits per second. Without either, `SCORES`.
    skip_larger
        Leave out sizes above that of the source, rather than raise, unless all are.
    model, keep, progress, finished
        As for `vmaf_tiny.sweep.sweep`.
    **options
        See `vmaf_tiny.units.options.UnitOptions`: how encodes are scored, in which processes or on
        which cluster, and where results are kept.

    Raises
    ------
    OptionError
        A size or quality is out of range.
    InputError
        The source cannot be read.
    """
    rendition = rendition or Rendition("libx264")
    if any(q is not None for q in (rendition.crf, rendition.qp, rendition.bitrate)):
        raise OptionError(f"{rendition.label} has a quality: give those of the ladder as CRFs")
    if wrong := [score for score in scores if not 0 <= score <= 100]:
        raise OptionError(f"a rung for a score of {wrong[0]:g}: give 0 to 100")
    if options.get("scale") == "distorted":  # as the command's options may say
        raise OptionError("all sizes of a ladder are compared at one: give it, or leave it out")
    with open_units(source, model, options) as units:
        info = units.look()
        if skip_larger:
            sizes = [rows for rows in sizes if rows <= info.height] or sizes
        shapes = [_shape(rows, info.width, info.height) for rows in dict.fromkeys(sizes)]
        if not shapes:
            raise OptionError("no sizes: give rows of pictures, such as 1080,720,540,360")
        qualities = list(crf) if crf is not None else _qualities(rendition.encoder)
        wanted = [
            replace(rendition, size=shape, crf=quality) for shape in shapes for quality in qualities
        ]
        points = units.make(wanted, keep=keep, progress=progress, finished=finished)
    hull = upper_hull([p.bitrate for p in points], [p.score for p in points])
    rungs, unmet = suggest(points, hull, scores or (() if bitrates else SCORES), bitrates)
    compared = points[0].result.provenance
    return Ladder(tuple(points), tuple(hull), rungs, compared.width, compared.height, unmet)


def _shape(rows: int, width: int, height: int) -> tuple[int, int]:
    """Return a size of so many rows and the shape of the source, even on both sides."""
    if not 16 <= rows <= height:
        raise OptionError(
            f"{rows} rows: the source has {height}, and a ladder goes down from there"
        )
    even = 2 * (rows // 2)
    return 2 * round(width * even / height / 2), even


def _qualities(encoder: str) -> list[float]:
    known = crf_range(encoder)
    if known is None:
        raise OptionError(f"{encoder} has no CRF: choose another encoder")
    return [float(round(share * known[1])) for share in (0.36, 0.44, 0.52, 0.6, 0.68, 0.76)]


def suggest(
    points: Sequence[RenditionResult],
    hull: Sequence[int],
    scores: Sequence[float],
    bitrates: Sequence[float],
) -> tuple[tuple[Rung, ...], tuple[str, ...]]:
    """Return rungs from the hull: for scores the cheapest, for bitrates the best; none twice.

    Returns
    -------
    rungs
        By decreasing bitrate.
    unmet
        What was asked for that the hull does not reach.
    """
    asked = [
        *((f"score {score:g}", [n for n in hull if points[n].score >= score][:1])
          for score in scores),
        *((f"{rate / 1000:g} kbit/s", [n for n in hull if points[n].bitrate <= rate][-1:])
          for rate in bitrates),
    ]  # fmt: skip
    chosen: dict[int, list[str]] = {}
    for what, numbers in asked:
        for number in numbers:
            chosen.setdefault(number, []).append(what)
    rungs = [_rung(", ".join(what), n, points[n]) for n, what in chosen.items()]
    unmet = tuple(what for what, numbers in asked if not numbers)
    return tuple(sorted(rungs, key=lambda rung: -rung.bitrate)), unmet


def _rung(asked: str, number: int, made: RenditionResult) -> Rung:
    return Rung(
        asked,
        number,
        made.rendition.label,
        made.encoder.width,
        made.encoder.height,
        made.bitrate,
        peak(made),
        made.score,
        made.pooled["p5"],
    )


def peak(made: RenditionResult, seconds: float = 1.0) -> float:
    """Return the bits per second of the most costly stretch of this length."""
    per = max(1, round(seconds * made.pictures / made.duration))
    sizes = np.asarray(made.sizes, float)
    if len(sizes) <= per:
        return made.bitrate
    sums = np.convolve(sizes, np.ones(per), "valid")
    return max(float(8 * sums.max() / (per * made.duration / made.pictures)), made.bitrate)
