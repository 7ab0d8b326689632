"""Many renditions from few words: every encoder with every preset, size and quality."""

import itertools
import re
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any

from vmaf_tiny.encode.rendition import Rendition
from vmaf_tiny.errors import OptionError

_UNITS = {"": 1, "k": 1_000, "m": 1_000_000}


def grid(
    encoders: Sequence[str] = ("libx264",),
    *,
    crf: Iterable[float] = (),
    qp: Iterable[int] = (),
    bitrate: Iterable[int] = (),
    presets: Iterable[str | None] = (None,),
    sizes: Iterable[tuple[int, int] | None] = (None,),
    pix_fmts: Iterable[str | None] = (None,),
    options: Mapping[str, str] | None = None,
) -> list[Rendition]:
    """Return every combination, curve by curve.

    Examples
    --------
    >>> [each.label for each in grid(crf=[20, 30], presets=["fast", "slow"])]
    ['libx264 fast crf 20', 'libx264 fast crf 30', 'libx264 slow crf 20', 'libx264 slow crf 30']
    """
    qualities: list[dict[str, Any]] = [
        *({"crf": value} for value in crf),
        *({"qp": value} for value in qp),
        *({"bitrate": value} for value in bitrate),
    ] or [{}]
    curves = itertools.product(encoders, list(presets), list(sizes), list(pix_fmts))
    return [
        Rendition(
            encoder=encoder,
            preset=preset,
            size=size,
            pix_fmt=pix_fmt,
            options=options or {},
            **quality,
        )
        for encoder, preset, size, pix_fmt in curves
        for quality in qualities
    ]


def numbers(text: str) -> list[float]:
    """Return the numbers that a text means: ``"18:40:2"`` with both ends, or ``"20,26,32"``.

    Raises
    ------
    OptionError
        It means none.

    Examples
    --------
    >>> numbers("18:24:2"), numbers("30,35.5")
    ([18.0, 20.0, 22.0, 24.0], [30.0, 35.5])
    """
    found: list[float] = []
    for part in text.split(","):
        try:
            bounds = [Decimal(bound.strip()) for bound in part.split(":")]
            if not all(map(Decimal.is_finite, bounds)):
                raise InvalidOperation
        except InvalidOperation:
            raise OptionError(f"{text!r} is no range: write 18:40:2 or 20,26,32") from None
        if len(bounds) == 1:
            found.append(float(bounds[0]))
            continue
        first, last, *more = bounds
        step = more[0] if more else Decimal(1)
        if len(more) > 1 or not step or (last - first) * step < 0:
            raise OptionError(f"{text!r} is no range: write first:last:step, such as 18:40:2")
        count = int((last - first) / step)
        if count > 1000:
            raise OptionError(f"{text!r} means {count + 1} values: take larger steps")
        found += [float(first + step * k) for k in range(count + 1)]
    return found


def bits_per_second(text: str) -> list[int]:
    """Return bitrates such as ``"800k,1.5M"`` in bits per second.

    Raises
    ------
    OptionError
        One is none.
    """
    found = []
    for part in text.split(","):
        match = re.fullmatch(r"([\d.]+)([kKmM]?)", part.strip())
        try:
            value = float(match[1]) * _UNITS[match[2].lower()] if match else 0
        except ValueError:
            value = 0
        if value < 1:
            raise OptionError(f"{part!r} is no bitrate: write 800k or 1.5M")
        found.append(round(value))
    return found


def size_of(text: str) -> tuple[int, int]:
    """Return a size such as ``"1280x720"``.

    Raises
    ------
    OptionError
        It is none.
    """
    match = re.fullmatch(r"(\d+)x(\d+)", text.strip().lower())
    if not match:
        raise OptionError(f"{text!r} is no size: write 1280x720")
    return int(match[1]), int(match[2])
