"""What a picture is like: size, pixel format, what its colour tags say, which way is up."""

import math
import struct
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, Literal

import av
from av.video.reformatter import ColorPrimaries, ColorTrc

from vmaf_tiny.errors import InputError
from vmaf_tiny.luma import Luma, Range, pixels

UNTAGGED = (0, 2, 2, 2)
"""Range, transfer, matrix and primaries, in FFmpeg's numbers, when nothing is said."""

_UNSPECIFIED = 2
_RANGES: dict[int, Range] = {1: "limited", 2: "full"}
_MATRICES = {
    1: "bt709",
    4: "fcc",
    5: "bt601",
    6: "bt601",
    7: "smpte240m",
    8: "ycgco",
    9: "bt2020",
    10: "bt2020",
    14: "ictcp",
    15: "ipt-c2",
}


@dataclass(frozen=True, kw_only=True)
class Look:
    """What a picture is like.

    Attributes
    ----------
    width, height
        In samples, as stored, before any turn.
    pixel_format
        FFmpeg's name, or ``"luma"`` for arrays.
    family
        ``"yuv"``, ``"gray"`` or ``"rgb"``.
    bits
        Bits per sample, 8 to 16.
    alpha
        Whether it has transparency.
    range, range_said
        Where black and white lie: None for RGB and for arrays of which it is not known; and
        whether the picture says so rather than FFmpeg's rule.
    transfer, matrix, primaries
        Names; None: not said.
    interlaced
        Whether it is made of two fields.
    turns, mirrored
        Quarter turns counterclockwise, and whether mirrored, to be done before display.
    """

    width: int
    height: int
    pixel_format: str
    family: Literal["yuv", "gray", "rgb"]
    bits: int
    alpha: bool = False
    range: Range | None = None
    range_said: bool = False
    transfer: str | None = None
    matrix: str | None = None
    primaries: str | None = None
    interlaced: bool = False
    turns: int = 0
    mirrored: bool = False

    @property
    def hdr(self) -> str | None:
        """Name of the HDR transfer; None: not HDR, as far as it says."""
        hdr = {"smpte2084": "PQ", "arib_std_b67": "HLG"}.get(self.transfer or "")
        return hdr or ("PQ" if self.matrix in ("ictcp", "ipt-c2") else None)


def look_of_plane(plane: Luma, bits: int, said: Range | None) -> Look:
    """Return what a luma plane is like, with what else is known of it."""
    height, width = plane.shape
    return Look(
        width=width,
        height=height,
        pixel_format="luma",
        family="gray",
        bits=bits,
        range=said,
        range_said=said is not None,
    )


def look_of_frame(
    frame: av.VideoFrame,
    label: str,
    *,
    bits: int | None = None,
    said: Range | None = None,
    tags: tuple[int, int, int, int] = UNTAGGED,
) -> Look:
    """Return what a frame is like.

    Parameters
    ----------
    frame
        Of any pixel format.
    label
        Name of its video, for messages.
    bits, said
        Bits per sample and range, where they are known better than the frame says.
    tags
        Range, transfer, matrix and primaries where the frame does not say.

    Raises
    ------
    InputError
        No luma can be had from it, or it is turned by other than quarter turns.
    """
    form = pixels(frame.format.name)
    turns, mirrored = _orientation(frame, label)
    said = said or _RANGES.get(frame.color_range or tags[0])
    if said is None and form.name.startswith("yuvj"):
        said = "full"
    usual: Range = "full" if form.family == "gray" else "limited"  # as swscale has it
    own = (frame.color_trc, frame.colorspace, frame.color_primaries)
    transfer, matrix, primaries = (
        tag if value == _UNSPECIFIED else value for value, tag in zip(own, tags[1:], strict=True)
    )
    return Look(
        width=frame.width,
        height=frame.height,
        pixel_format=form.name,
        family=form.family,
        bits=bits or form.bits,
        alpha=form.alpha,
        range=None if form.family == "rgb" else said or usual,
        range_said=said is not None,
        transfer=_tag(ColorTrc, transfer),
        matrix=_MATRICES.get(matrix),
        primaries=_tag(ColorPrimaries, primaries),
        interlaced=frame.interlaced_frame,
        turns=turns,
        mirrored=mirrored,
    )


def _tag(names: type[IntEnum], value: int) -> str | None:
    """Return the name of a tag's value, or None if it says nothing."""
    known = {member.value: member.name.lower() for member in names}
    return None if value == _UNSPECIFIED else known.get(value)


def _orientation(frame: av.VideoFrame, label: str) -> tuple[int, bool]:
    """Return quarter turns counterclockwise and whether the frame is mirrored."""
    matrix: Any = frame.side_data.get("DISPLAYMATRIX")  # a buffer, which its stub does not say
    if matrix is None:
        return 0, False
    a, b, _, c, d = struct.unpack("=5i", bytes(matrix)[:20])
    mirrored = a * d < b * c
    if b == c == 0:
        return (0 if a > 0 else 2), mirrored
    if a == d == 0:
        return (1 if b < 0 else 3), mirrored
    degrees = round(math.degrees(math.atan2(-b, a)))
    raise InputError(
        f"{label} is shown turned by about {degrees} degrees: turn it upright by quarters"
    )
