"""What is done to a video before anything else: cropped, turned, deinterlaced, put in range.

libavfilter does it.
"""

import itertools
import re
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple, Self, TypeAlias

import av
import numpy as np
from av.filter import Graph

from vmaf_tiny.errors import InputError, OptionError
from vmaf_tiny.luma import Image, Range, first_plane, pixels

Turn: TypeAlias = Literal["0", "90", "180", "270", "hflip", "vflip"]
Fields: TypeAlias = Literal["frame", "field"]

_TURNS: dict[str, tuple[tuple[str, str], ...]] = {
    "0": (),
    "90": (("transpose", "clock"),),
    "180": (("hflip", ""), ("vflip", "")),
    "270": (("transpose", "cclock"),),
    "hflip": (("hflip", ""),),
    "vflip": (("vflip", ""),),
}
TURNS = tuple(_TURNS)
"""Degrees clockwise, or what is mirrored."""

FIELDS = ("frame", "field")
"""A picture for each frame, or for each field."""

_SAID = {
    "deinterlace": "deinterlaced by bwdif, a picture per {}",
    "crop": "cropped to {}",
    "rotate": "turned: {}",
    "range": "brought to {} range by swscale",
}
_DEGREES = " degrees clockwise"

_NATIVE = "le" if sys.byteorder == "little" else "be"


class Box(NamedTuple):
    """A part of a picture: size, and where its upper left corner is, in samples."""

    width: int
    height: int
    x: int
    y: int

    def __str__(self) -> str:
        return ":".join(map(str, self))

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read W:H:X:Y.

        Raises
        ------
        OptionError
            It is something else.
        """
        if not re.fullmatch(r"\d+:\d+:\d+:\d+", text):
            raise OptionError(f"cannot crop to {text!r}: give W:H:X:Y in samples, or auto")
        return cls(*map(int, text.split(":")))


@dataclass(frozen=True)
class Edit:
    """What is done to the pictures of a video, in this order; by default nothing.

    Attributes
    ----------
    deinterlace
        ``"frame"`` or ``"field"``: by bwdif, to a picture for each frame or for each field.
    crop
        What is kept of stored pictures; ``"auto"``: all but black bars.
    rotate
        One of `TURNS`, done to what is stored, instead of what the video says of its turn.
    range
        What range pictures are brought to, from what they say, by swscale.
    """

    deinterlace: Fields | None = None
    crop: Box | Literal["auto"] | None = None
    rotate: Turn | None = None
    range: Range | None = None

    def __post_init__(self) -> None:
        for name, value, known in (
            ("deinterlace", self.deinterlace, FIELDS),
            ("rotate", self.rotate, TURNS),
            ("range", self.range, ("limited", "full")),
        ):
            if value is not None and value not in known:
                raise OptionError(f"unknown {name} {value!r}: choose one of {', '.join(known)}")

    def __bool__(self) -> bool:
        return self != Edit()

    def filters(self) -> list[tuple[str, str]]:
        """Return names and arguments of filters."""
        chain = []
        if self.deinterlace:
            chain.append(("bwdif", f"mode=send_{self.deinterlace}:deint=all"))
        if isinstance(self.crop, Box):
            chain.append(("crop", f"{self.crop}:exact=1"))
        chain.extend(_TURNS[self.rotate or "0"])
        if self.range:
            chain.append(("scale", f"out_range={self.range}:flags=bicubic+accurate_rnd"))
        return chain

    def said(self, role: str) -> list[str]:
        """Say for people what is done to one side; `parse` reads it."""
        values = {
            "deinterlace": self.deinterlace,
            "crop": self.crop if isinstance(self.crop, Box) else None,
            "rotate": self.rotate and self.rotate + ("" if "flip" in self.rotate else _DEGREES),
            "range": self.range,
        }
        return [f"{role} {_SAID[name].format(value)}" for name, value in values.items() if value]

    @classmethod
    def parse(cls, lines: Iterable[str], *roles: str) -> Self:
        """Return what lines tell of one side, whatever its role; `said` wrote some of them."""
        told: dict[str, Any] = {}
        for line, (name, form), role in itertools.product(lines, _SAID.items(), roles):
            before, after = f"{role} {form}".split("{}")
            if line.startswith(before) and line.endswith(after):
                told[name] = line[len(before) :].removesuffix(after)
        if "crop" in told:
            told["crop"] = Box.parse(told["crop"])
        if "rotate" in told:
            told["rotate"] = told["rotate"].removesuffix(_DEGREES)
        return cls(**told)


def edited(images: Iterator[Image], edit: Edit, label: str) -> Iterator[Image]:
    """Give images as they are after an edit.

    Parameters
    ----------
    images
        Frames or luma planes of one kind.
    edit
        What is done; `Edit.crop` is no longer ``"auto"``.
    label
        Name of the video in messages.

    Raises
    ------
    InputError
        It cannot be done to these images.
    """
    return _edited(images, edit, label) if edit.filters() else images


def _edited(images: Iterator[Image], edit: Edit, label: str) -> Iterator[Image]:
    first = next(images, None)
    if first is None:
        return
    plane = not isinstance(first, av.VideoFrame)
    if plane and edit.range:
        raise InputError(f"{label} is planes, of which no range is known: convert them before")
    graph = _graph(_frame(first), edit, label)
    number = 0
    image: Image | None = first
    while image is not None:
        frame = _frame(image)
        if plane:
            frame.pts = number
        try:
            graph.vpush(frame)
        except av.FFmpegError as error:  # another size, say, which a graph does not take
            raise InputError(f"{label} cannot be edited at picture {number}: {error}") from None
        yield from _ready(graph, first, plane)
        number += 1
        image = next(images, None)
    graph.vpush(None)
    yield from _ready(graph, first, plane)


def _ready(graph: Graph, first: Image, plane: bool) -> Iterator[Image]:
    while True:
        try:
            frame = graph.vpull()
        except (av.BlockingIOError, av.EOFError):
            return
        yield first_plane(frame, 8 * first.itemsize) if plane else frame  # type: ignore[union-attr]


def _frame(image: Image) -> av.VideoFrame:
    if isinstance(image, av.VideoFrame):
        return image
    form = "gray" if image.dtype == np.uint8 else f"gray16{_NATIVE}"
    return av.VideoFrame.from_ndarray(np.ascontiguousarray(image), form)


def _graph(frame: av.VideoFrame, edit: Edit, label: str) -> Graph:
    if isinstance(edit.crop, Box):
        width, height, x, y = edit.crop
        if not (width and height and x + width <= frame.width and y + height <= frame.height):
            raise InputError(
                f"{label} is {frame.width}x{frame.height}: it cannot be cropped to {edit.crop}"
            )
    base = frame.time_base or "1/25"
    said = (
        f"video_size={frame.width}x{frame.height}:pix_fmt={frame.format.name}:time_base={base}"
        f":range={frame.color_range}:colorspace={frame.colorspace}"
    )
    if pixels(frame.format.name).family == "rgb":
        said = said.split(":range")[0]
    try:
        graph = Graph()
        chain = [("buffer", said), *edit.filters()]
        if edit.range:  # formats that mean full range would stay so
            chain.append(("format", "pix_fmts=" + frame.format.name.replace("yuvj", "yuv")))
        chain.append(("buffersink", ""))
        graph.link_nodes(*(graph.add(name, options) for name, options in chain)).configure()
    except (av.FFmpegError, ValueError) as error:
        raise InputError(f"{label} cannot be edited: {error}") from None
    return graph
