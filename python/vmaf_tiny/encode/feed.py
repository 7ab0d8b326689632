"""The source on its way to encoders: upright frames with time stamps, shared by renditions."""

import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import Any

import av
import numpy as np
from av.error import FFmpegError
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

from vmaf_tiny.containers import BACK
from vmaf_tiny.encode.codecs import Shape
from vmaf_tiny.encode.seen import Seen
from vmaf_tiny.encode.segment import Segment
from vmaf_tiny.errors import InputError
from vmaf_tiny.frames import Source, VideoInfo
from vmaf_tiny.luma import Image, no_luma, pixels
from vmaf_tiny.preflight import bar_warnings
from vmaf_tiny.survey import Survey

_USUAL_RATE = Fraction(25)  # where the source does not say
_FINEST = 65535  # of a time base, as MPEG-4 has it, where that is fine enough
_FINE_ENOUGH = 2000  # time stamps per second
_SLOWEST = Fraction(1, 1001)
_SNAP = 0.0006  # seconds: what containers that count milliseconds are off by
_RANGES = {"limited": ColorRange.MPEG, "full": ColorRange.JPEG, None: ColorRange.UNSPECIFIED}
_DEPTHS = (8, 9, 10, 12, 14, 16)
_TURNS = {1: "cclock", 3: "clock"}


class Clock:
    """From the time of a picture to the time stamp that encoders get.

    Time stamps count from the first picture. Pictures that come at a steady rate, but for the
    rounding of their container, get time stamps at exactly that rate.

    Parameters
    ----------
    rate
        Pictures per second, nominal; None: unknown.
    start
        Seconds at which the first picture is shown; None: of the one that comes first.
    """

    def __init__(self, rate: Fraction | None, start: float | None = None) -> None:
        self.rate = max((rate or _USUAL_RATE).limit_denominator(1001), _SLOWEST)
        finer = max(1, _FINEST // self.rate.numerator)
        if finer * self.rate < _FINE_ENOUGH:
            finer = round(100000 / self.rate)
        self._finer = finer
        self.time_base = 1 / (self.rate * finer)
        self._start = start
        self._last: int | None = None

    def stamp(self, index: int, time: float | None) -> int:
        """Return the time stamp of the next picture.

        Raises
        ------
        InputError
            Its time is not later than that of the one before, or is unknown while others are
            known.
        """
        if time is None:
            if self._start is not None:
                raise InputError(
                    f"picture {index} of the source has no time stamp, others have: remux it with"
                    " time stamps for all first"
                )
            return index * self._finer
        if self._start is None:
            self._start = time
        passed = time - self._start
        number = round(passed * self.rate)
        steady = abs(passed - number / self.rate) <= _SNAP
        stamp = number * self._finer if steady else round(passed / self.time_base)
        if self._last is not None and stamp <= self._last:
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
    beside
        Whether it is beside the segment: only a reference for the motion of its neighbour.
    """

    index: int
    stamp: int
    time: float | None
    frame: av.VideoFrame
    uses: int = 1
    beside: bool = False
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
    try:
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
    except (FFmpegError, ValueError):
        raise no_luma(frame.format.name) from None
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
    segment
        What is read of it; None: all.
    seen
        What was done to it before, and what a look into it tells.
    warnings
        What the user must know of it, whatever that tells.

    Attributes
    ----------
    info : VideoInfo
        What the source is like once it is upright.
    stored : VideoInfo
        What it is like as it is read.
    seen : Seen
        As given.
    edits, conversions : tuple of str
        What is done to its pictures before all else, and then before they are encoded, for people.
    clock : Clock
        What time stamps mean.
    pix_fmt : str
        Pixel format of the frames.
    tags : tuple of int
        Range, transfer, matrix and primaries that encodes of it are tagged with.
    """

    def __init__(
        self,
        source: Source,
        segment: Segment | None = None,
        seen: Seen | None = None,
        warnings: Sequence[str] = (),
    ) -> None:
        self.stored = info = source.info
        self.seen = seen or Seen()
        self._warnings = tuple(warnings)
        self.edits = tuple(self.seen.edit.said(info.role))
        turned = f"{info.role} turned by {90 * info.turns} degrees counterclockwise"
        self.conversions = (*self.edits, *([turned] if info.turns else []))
        self._source = source
        self._segment = segment
        self._upright = _Turner(info.turns)
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

    @property
    def count(self) -> int | None:
        """How many pictures are to be encoded; an estimate unless it is a segment."""
        return self._segment.pictures if self._segment else self.info.frame_count

    @property
    def survey(self) -> Survey:
        """What a look into it told, which is waited for."""
        return self.seen.survey

    @property
    def warnings(self) -> tuple[str, ...]:
        """What the user must know of it, but for damages."""
        return (*self._warnings, *bar_warnings(self.stored, self.survey))

    @property
    def damages(self) -> int:
        """How often damage was found so far, where it was accepted."""
        return self._source.damages

    def shots(self) -> Iterator[Shot]:
        """Read all pictures, or those of the segment and the ones beside it.

        Raises
        ------
        InputError
            The source cannot be read on, its time stamps do not increase, or what is in the
            segment is not what its container said.
        """
        if self._segment:
            return self._of_segment(self._segment)
        return self._all()

    def _all(self) -> Iterator[Shot]:
        for index, time, image in self._source.images():
            frame = self._upright(_frame_of(image, self.pix_fmt))
            stamp = self.clock.stamp(index, time)
            _stamp(frame, stamp, self.clock.time_base, self.tags)
            yield Shot(index, stamp, time, frame)

    def _of_segment(self, segment: Segment) -> Iterator[Shot]:
        """Read a segment, whose first picture has time stamp 0."""
        first = None
        for k, (time, frame) in enumerate(self._expected(segment)):
            if k < segment.before - 1:
                continue
            stamp = self.clock.stamp(k, time)
            number = k - segment.before
            if number == 0:
                first = stamp
            stamp = -1 if first is None else stamp - first
            frame = self._upright(_frame_of(frame, self.pix_fmt))
            _stamp(frame, stamp, self.clock.time_base, self.tags)
            yield Shot(number, stamp, time, frame, beside=not 0 <= number < segment.pictures)

    def _expected(self, segment: Segment) -> Iterator[tuple[float | None, av.VideoFrame]]:
        """Decode exactly the pictures of a segment.

        Where a container has no index, as MPEG-TS, a key frame is found by going back too far.
        """
        count = 0
        for seconds in BACK:
            self._source.seek(segment.seek, seconds)
            for _, time, image in self._source.images():
                assert isinstance(image, av.VideoFrame)
                if image.pts is not None and image.pts < segment.stamps[0]:
                    continue
                if image.pts != segment.stamps[count]:
                    break
                base = image.time_base or Fraction(1)
                # Where pictures are counted for their times, they were counted from the key frame.
                counted = self.stored.timestamps == "constant" and time is not None
                if counted:
                    time = float((image.pts - segment.origin) * base)
                if count == 0:
                    self.clock = Clock(
                        self.clock.rate, 0.0 if counted else float(segment.origin * base)
                    )
                count += 1
                yield time, image
                if count == len(segment.stamps):
                    return
            if count:
                break
        raise InputError(
            f"{self.info.label} does not decode to the pictures that its container tells of, in"
            f" segment {segment.number}: encode it without segments"
        )


def color_tags(info: VideoInfo) -> tuple[int, int, int, int]:
    """Return range, transfer, matrix and primaries of a source in FFmpeg's numbers.

    RGB becomes BT.709 of limited range.
    """
    matrices = {"bt709": 1, "fcc": 4, "bt601": 6, "smpte240m": 7, "bt2020": 9}
    transfer = ColorTrc[info.transfer.upper()] if info.transfer else 2
    primaries = ColorPrimaries[info.primaries.upper()] if info.primaries else 2
    if info.family == "rgb":
        return int(ColorRange.MPEG), int(transfer), 1, int(primaries)
    # Full range that goes without saying, as of gray, would not in other formats.
    range_ = _RANGES[info.range if info.range_said or info.range == "full" else None]
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
        if not self._turns:
            return frame
        if self._graph is None:
            self._graph = self._build(frame)
        self._graph.push(frame)
        turned = self._graph.pull()
        assert isinstance(turned, av.VideoFrame)
        return turned

    def _build(self, frame: av.VideoFrame) -> Graph:
        graph = Graph()
        begin = graph.add_buffer(
            width=frame.width,
            height=frame.height,
            format=frame.format,
            time_base=frame.time_base or Fraction(1, 25),
        )
        if self._turns == 2:
            turns = [graph.add("hflip"), graph.add("vflip")]
        else:
            turns = [graph.add("transpose", f"dir={_TURNS[self._turns]}")]
        graph.link_nodes(begin, *turns, graph.add("buffersink"))
        graph.configure()
        return graph
