"""The source on its way to encoders: upright frames with time stamps, shared by renditions."""

import threading
from collections.abc import Iterator
from concurrent.futures import Future
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import Any

import av
import numpy as np
from av.filter import Graph
from av.video.frame import PictureType
from av.video.reformatter import (
    ColorPrimaries,
    ColorRange,
    Colorspace,
    ColorTrc,
    Interpolation,
    VideoReformatter,
)
from numpy.typing import NDArray

from vmaf_tiny.encode.codecs import Shape
from vmaf_tiny.errors import InputError
from vmaf_tiny.frames import Source, VideoInfo
from vmaf_tiny.luma import Image, pixels

_USUAL_RATE = Fraction(25)  # where the source does not say
_FINEST = 65535  # of a time base, as MPEG-4 has it, where that is fine enough
_FINE_ENOUGH = 2000  # time stamps per second
_SNAP = 0.0006  # seconds: what containers that count milliseconds are off by
_RANGES = {"limited": ColorRange.MPEG, "full": ColorRange.JPEG, None: ColorRange.UNSPECIFIED}
_DEPTHS = (8, 9, 10, 12, 14, 16)
_TURNS = {1: "cclock", 2: "", 3: "clock"}


class Clock:
    """From the time of a picture to the time stamp that encoders get.

    Time stamps count from the first picture. Pictures that come at a steady rate, but for the
    rounding of their container, get time stamps at exactly that rate.

    Parameters
    ----------
    rate
        Pictures per second, nominal; None: unknown.
    """

    def __init__(self, rate: Fraction | None) -> None:
        self.rate = (rate or _USUAL_RATE).limit_denominator(1001)
        finer = max(1, _FINEST // self.rate.numerator)
        if finer * self.rate < _FINE_ENOUGH:
            finer = round(100000 / self.rate)
        self._finer = finer
        self.time_base = 1 / (self.rate * finer)
        self._start: float | None = None
        self._last = -1

    def stamp(self, index: int, time: float | None) -> int:
        """Return the time stamp of the next picture.

        Raises
        ------
        InputError
            Its time is not later than that of the one before.
        """
        if time is None:
            return index * self._finer
        if self._start is None:
            self._start = time
        passed = time - self._start
        number = round(passed * self.rate)
        steady = abs(passed - number / self.rate) <= _SNAP
        stamp = number * self._finer if steady else round(passed / self.time_base)
        if stamp <= self._last:
            raise InputError(
                f"time stamps of the source do not increase at picture {index}: remux it with"
                " increasing ones first"
            )
        self._last = stamp
        return stamp


@dataclass(eq=False)
class Shot:
    """A picture of the source, and what was made of it for encoders.

    Attributes
    ----------
    index
        Counted from 0.
    stamp
        Time stamp that encoders get.
    time
        Seconds in the source; None: unknown.
    frame
        Upright, with `stamp`.
    uses
        How often `shaped` will be called; what was made is let go of then.
    """

    index: int
    stamp: int
    time: float | None
    frame: av.VideoFrame
    uses: int = 1
    _made: dict[tuple[int, int, str], Future[av.VideoFrame]] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def shaped(self, shape: Shape, reformatter: VideoReformatter) -> av.VideoFrame:
        """Return the frame at a size and in a pixel format; it is made once for all who ask."""
        key = shape.width, shape.height, shape.pix_fmt
        mine: Future[av.VideoFrame] = Future()
        with self._lock:
            made = self._made.setdefault(key, mine)
            self.uses -= 1
            if self.uses <= 0:
                self._made.clear()
        if made is not mine:
            return made.result()
        try:
            frame = _shaped(self.frame, shape, reformatter)
        except BaseException as error:
            mine.set_exception(error)
            raise
        mine.set_result(frame)
        return frame


def _shaped(frame: av.VideoFrame, shape: Shape, reformatter: VideoReformatter) -> av.VideoFrame:
    if (frame.width, frame.height, frame.format.name) == (shape.width, shape.height, shape.pix_fmt):
        return frame
    # Saying the same range on both sides keeps swscale from touching it.
    full = shape.tags[0] == ColorRange.JPEG
    range_ = ColorRange.JPEG if full else ColorRange.MPEG
    rgb = frame.format.is_rgb
    made = reformatter.reformat(
        frame,
        width=shape.width,
        height=shape.height,
        format=shape.pix_fmt,
        dst_colorspace=Colorspace.ITU709 if rgb else None,
        src_color_range=ColorRange.JPEG if rgb else range_,
        dst_color_range=range_,
        interpolation=Interpolation.BICUBIC,
        threads=1,  # more write over each other's slices
    )
    _stamp(made, frame.pts, frame.time_base, shape.tags)
    return made


def _stamp(
    frame: av.VideoFrame,
    stamp: int | None,
    time_base: Fraction | None,
    tags: tuple[int, int, int, int],
) -> None:
    frame.pts = stamp
    if time_base is not None:
        frame.time_base = time_base
    frame.pict_type = PictureType.NONE  # else encoders copy the source's
    frame.color_range = tags[0]


class Feed:
    """The pictures of a source, as encoders and the scorer take them.

    Parameters
    ----------
    source
        Open; what it is read for is this feed alone.

    Attributes
    ----------
    info : VideoInfo
        What the source is like once it is upright.
    clock : Clock
        What time stamps mean.
    pix_fmt : str
        Pixel format of the frames.
    tags : tuple of int
        Range, transfer, matrix and primaries that encodes of it are tagged with.
    """

    def __init__(self, source: Source) -> None:
        info = source.info
        if info.mirrored:
            raise InputError(f"{info.label} is shown mirrored: mirror it first")
        self._source = source
        self._turns = info.turns
        size = (info.height, info.width) if info.turns % 2 else (info.width, info.height)
        aspect = info.sample_aspect
        if aspect and info.turns % 2:
            aspect = 1 / aspect
        self.info: VideoInfo = replace(
            info, width=size[0], height=size[1], turns=0, sample_aspect=aspect
        )
        self.clock = Clock(info.rate)
        self.pix_fmt: str = _encodable(info)
        self.tags = color_tags(info)

    def shots(self) -> Iterator[Shot]:
        """Read all pictures."""
        upright = _Turner(self._turns) if self._turns else None
        for index, time, image in self._source.images():
            frame = _frame_of(image, self.pix_fmt)
            if upright:
                frame = upright(frame)
            stamp = self.clock.stamp(index, time)
            _stamp(frame, stamp, self.clock.time_base, self.tags)
            yield Shot(index, stamp, time, frame)


def color_tags(info: VideoInfo) -> tuple[int, int, int, int]:
    """Return range, transfer, matrix and primaries of a source in FFmpeg's numbers.

    RGB becomes BT.709 of limited range.
    """
    matrices = {"bt709": 1, "fcc": 4, "bt601": 6, "smpte240m": 7, "bt2020": 9}
    transfer = ColorTrc[info.transfer.upper()] if info.transfer else 2
    primaries = ColorPrimaries[info.primaries.upper()] if info.primaries else 2
    if info.family == "rgb":
        return int(ColorRange.MPEG), int(transfer), 1, int(primaries)
    range_ = _RANGES[info.range if info.range_said else None]
    return int(range_), int(transfer), matrices.get(info.matrix or "", 2), int(primaries)


def _encodable(info: VideoInfo) -> str:
    """Return the pixel format of frames that hold what the source's pictures do.

    Planes of luma get gray chroma; samples of 16 bits that use fewer are called what they are.
    """
    if info.pixel_format == "luma":
        name = "yuv420p"
    elif pixels(info.pixel_format).bits == info.bits:
        return info.pixel_format
    else:
        name = info.pixel_format.removesuffix("16le")
    if info.bits not in _DEPTHS:
        raise InputError(f"{info.label} has {info.bits} bits, which no encoder takes: deepen it")
    return name if info.bits == 8 else f"{name}{info.bits}le"


def _frame_of(image: Image, pix_fmt: str) -> av.VideoFrame:
    """Return a frame of this format with the samples of an image."""
    if isinstance(image, av.VideoFrame):
        if image.format.name == pix_fmt:
            return image
        given = [_samples(plane, 2) for plane in image.planes]
        width, height = image.width, image.height
    else:
        given = [image]
        height, width = image.shape
    frame = av.VideoFrame(width, height, pix_fmt)
    bits = pixels(pix_fmt).bits
    for number, plane in enumerate(frame.planes):
        target = _samples(plane, 1 + (bits > 8))
        if number < len(given):
            target[:, : plane.width] = given[number][: plane.height, : plane.width]
        else:
            target[:] = 1 << (bits - 1)
    return frame


def _samples(plane: Any, size: int) -> NDArray[Any]:
    """Return a plane of a frame as it lies in memory, to be written to."""
    samples = np.frombuffer(plane, np.uint16 if size == 2 else np.uint8)
    return samples.reshape(plane.height, plane.line_size // size)


class _Turner:
    """Turns frames by quarters counterclockwise, all planes of them."""

    def __init__(self, turns: int) -> None:
        self._turns = turns
        self._graph: Graph | None = None

    def __call__(self, frame: av.VideoFrame) -> av.VideoFrame:
        if self._graph is None:
            self._graph = self._build(frame)
        self._graph.push(frame)
        turned = self._graph.pull()
        assert isinstance(turned, av.VideoFrame)
        return turned

    def _build(self, frame: av.VideoFrame) -> Graph:
        graph = Graph()
        chain = [
            graph.add_buffer(
                width=frame.width,
                height=frame.height,
                format=frame.format,
                time_base=frame.time_base or Fraction(1, 25),
            )
        ]
        if self._turns == 2:
            chain += [graph.add("hflip"), graph.add("vflip")]
        else:
            chain.append(graph.add("transpose", f"dir={_TURNS[self._turns]}"))
        chain.append(graph.add("buffersink"))
        graph.link_nodes(*chain)
        graph.configure()
        return graph
