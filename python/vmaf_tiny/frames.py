"""Pictures from whatever holds them: files, pipes, PyAV containers, frames, arrays."""

import itertools
import os
from collections.abc import Callable, Iterable, Iterator, Sized
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Self, TypeAlias

import av
import numpy as np
from av.container import InputContainer
from av.video.stream import VideoStream
from numpy.typing import ArrayLike

from vmaf_tiny.containers import Media, MediaSpec, RawFormat, Timestamps
from vmaf_tiny.edit import Edit, edited
from vmaf_tiny.errors import InputError, OptionError
from vmaf_tiny.look import Look, look_of_frame, look_of_plane
from vmaf_tiny.luma import Image, Luma, pixels
from vmaf_tiny.readahead import ReadAhead
from vmaf_tiny.signature import Signature, signature

__all__ = ["Picture", "RawFormat", "Source", "SourceSpec", "VideoInfo", "open_source"]

_HANDED_OVER = 1 << 19  # bytes of small pictures that go from thread to thread at once, about
_MOST = 8  # pictures, likewise

SourceSpec: TypeAlias = MediaSpec | Iterable[av.VideoFrame] | Iterable[ArrayLike]
"""What can be scored: a path, URL or ``"-"``; a container or video stream of PyAV; or pictures in
order, each a frame or a luma plane."""


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture on its way.

    Attributes
    ----------
    index
        Counted from 0.
    time
        Seconds; None: unknown.
    luma
        Luma plane, ``uint8`` for 8 bits and ``uint16`` above. It may be the decoder's memory.
    cells
        Its signature, if that was asked for.
    """

    index: int
    time: float | None
    luma: Luma
    cells: Signature | None = None


@dataclass(frozen=True, kw_only=True)
class VideoInfo(Look):
    """What a video is like, as its container and its first picture say.

    Attributes
    ----------
    role, name
        Such as ``"reference"`` and the name of the file.
    format, codec
        FFmpeg's names; empty for frames and planes.
    sample_aspect
        Width over height of a pixel; None: not said.
    rate
        Pictures per second, on average; None: unknown.
    timestamps
        Whether pictures have their own, or one rate is known for all, or nothing.
    duration
        Seconds; None: unknown.
    frame_count
        Estimate of the number of pictures; None: unknown.
    notes
        What the user should know.
    """

    role: str
    name: str
    format: str = ""
    codec: str = ""
    sample_aspect: Fraction | None = None
    rate: Fraction | None = None
    timestamps: Timestamps = "none"
    duration: float | None = None
    frame_count: int | None = None
    notes: tuple[str, ...] = ()

    @property
    def label(self) -> str:
        """Role and name, for messages."""
        return f"{self.role} {self.name}"

    def __str__(self) -> str:
        """Return a line for reports."""
        parts = [self.codec, f"{self.width}x{self.height}", self.pixel_format]
        if self.pixel_format == "luma" or pixels(self.pixel_format).bits != self.bits:
            parts.append(f"{self.bits} bits")
        parts.append(f"{self.range} range" if self.range else "")
        parts.append(f"{float(self.rate):.6g} fps" if self.rate else "")
        return f"{self.name} ({', '.join(part for part in parts if part)})"


class Source:
    """A video that is read once, front to back. Closes what it opened.

    Made by `open_source`.

    Attributes
    ----------
    info : VideoInfo
        What it is like; known without reading more than the first picture.
    """

    def __init__(
        self, images: Iterator[Image], info: VideoInfo, media: Media | None, edit: Edit
    ) -> None:
        self.info = info
        self._edit = edit
        self._images = images
        self._media = media
        self._ahead: ReadAhead[Picture] | None = None

    @property
    def damages(self) -> int:
        """How often damage was found so far, where it was accepted."""
        return self._media.damages if self._media else 0

    def pictures(
        self, convert: Callable[[Image], Luma], *, sign: int | None = None
    ) -> Iterator[Picture]:
        """Read all pictures.

        Parameters
        ----------
        convert
            Turns a frame or plane into the luma plane to give, such as a `luma.Converter`.
        sign
            Give signatures, too, of planes of so many bits per sample.

        Raises
        ------
        InputError
            The video is damaged, or its pictures change size or format.
        """
        for index, time, image in self.images():
            luma = convert(image)
            cells = None if sign is None else signature(luma, sign)
            yield Picture(index, time, luma, cells)

    def seek(self, stamp: int, back: float = 0.0) -> None:
        """Go to a key frame by its time stamp, or so many seconds before; read from there on.

        Raises
        ------
        OptionError
            This is no file of a container.
        """
        if self._media is None:
            raise OptionError(f"{self.info.label} is no file that can be read from the middle")
        self._media.seek(stamp, back)
        self._images = edited(self._media.frames(), self._edit, self.info.label)

    def images(self) -> Iterator[tuple[int, float | None, Image]]:
        """Read all pictures as they are: index, seconds and frame or plane; see `pictures`."""
        first: tuple[object, ...] = ()
        for index, image in enumerate(self._images):
            shape = _shape(image)
            first = first or shape
            if shape != first:
                raise InputError(
                    f"{self.info.label} changes at picture {index} from {_said(first)} to"
                    f" {_said(shape)}: cut it there and score the parts"
                )
            yield index, self._time(image, index), image

    def _time(self, image: Image, index: int) -> float | None:
        info = self.info
        if info.timestamps == "own":
            return _seconds(image)
        return index / float(info.rate) if info.timestamps == "constant" and info.rate else None

    def read_ahead(
        self, convert: Callable[[Image], Luma], *, sign: int | None = None
    ) -> Iterator[Picture]:
        """Read all pictures in a thread of its own, a few ahead; see `pictures`."""
        size = self.info.width * self.info.height * (2 if self.info.bits > 8 else 1)
        batch = min(max(_HANDED_OVER // size, 1), _MOST)
        self._ahead = ReadAhead(self.pictures(convert, sign=sign), batch=batch)
        return self._ahead

    def close(self) -> None:
        """Close what was opened; safe to call twice."""
        stopped = self._ahead is None or self._ahead.close()
        if self._media and stopped:  # a thread that still waits for a pipe keeps it open
            self._media.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()


def open_source(
    spec: SourceSpec,
    *,
    role: str = "reference",
    raw: RawFormat | None = None,
    decode_threads: int = 0,
    damaged: bool = False,
    edit: Edit | None = None,
) -> Source:
    """Open a video and look at its first picture.

    Parameters
    ----------
    spec
        A path, URL or ``"-"`` for standard input: any container that FFmpeg reads, y4m, or raw
        video; a container or video stream of PyAV, read from where it is; or frames of PyAV or
        luma planes in order, such as a list or a ``(n, height, width)`` array.
    role
        Name of this video in messages.
    raw
        What a raw video is like; None: not raw. Of planes it says bits, rate and range.
    decode_threads
        Threads of the decoder; 0: as FFmpeg sees fit.
    damaged
        Accept data that is damaged or cut off, and count that, rather than raise.
    edit
        What is done to its pictures first; the information is what they are like then.

    Raises
    ------
    InputError
        It cannot be read, or there is no picture in it.
    OptionError
        It is nothing that could be a video.
    """
    if isinstance(spec, str | os.PathLike | InputContainer | VideoStream):
        media = Media(spec, role=role, raw=raw, threads=decode_threads, damaged=damaged)
        try:
            return _from_media(media, role, edit or Edit())
        except BaseException:
            media.close()
            raise
    if not isinstance(spec, Iterable) or (isinstance(spec, np.ndarray) and spec.ndim != 3):
        raise OptionError(
            f"{role} is {type(spec).__name__}: give a path, a PyAV container or stream, or frames"
            " or luma planes in order"
        )
    return _from_pictures(spec, role, raw, edit or Edit())


def _from_media(media: Media, role: str, edit: Edit) -> Source:
    frames = edited(media.frames(), edit, media.label)
    first = next(frames, None)
    if not isinstance(first, av.VideoFrame):
        raise InputError(f"{media.label} has no picture that can be decoded: check what wrote it")
    raw = media.raw
    look = look_of_frame(
        first,
        media.label,
        bits=raw.depth if raw else None,
        said=raw.range if raw else None,
        tags=media.tags,
    )
    if edit.rotate:
        look = replace(look, turns=0, mirrored=False)
    per_frame = 2 if edit.deinterlace == "field" else 1
    unstamped = media.timestamps == "own" and first.pts is None
    info = VideoInfo(
        **vars(look),
        role=role,
        name=media.name,
        format=media.format,
        codec=media.codec,
        sample_aspect=media.sample_aspect,
        rate=media.rate and media.rate * per_frame,
        timestamps="none" if unstamped else media.timestamps,
        duration=media.duration,
        frame_count=media.frame_count and media.frame_count * per_frame,
        notes=tuple(media.notes),
    )
    images: Iterator[Image] = itertools.chain([first], frames)
    return Source(images, info, media, edit)


def _from_pictures(
    spec: Iterable[av.VideoFrame] | Iterable[ArrayLike],
    role: str,
    raw: RawFormat | None,
    edit: Edit,
) -> Source:
    images = edited(as_images(spec, role), edit, role)
    first = next(images, None)
    if first is None:
        raise InputError(f"{role} has no pictures: give at least one")
    timestamps: Timestamps = "constant" if raw and raw.rate else "none"
    said = raw.range if raw else None
    if isinstance(first, av.VideoFrame):
        look = look_of_frame(first, role, said=said)
        timestamps = timestamps if first.pts is None else "own"
    elif first.itemsize == 2 and (raw is None or raw.depth == 8):
        raise InputError(f"{role} has uint16 planes: say how many bits they use, by raw")
    else:
        look = look_of_plane(first, raw.depth if raw and first.itemsize == 2 else 8, said)
    if edit.rotate:
        look = replace(look, turns=0, mirrored=False)
    per_frame = 2 if edit.deinterlace == "field" else 1
    rate = raw.rate if raw else None
    info = VideoInfo(
        **vars(look),
        role=role,
        name="frames" if isinstance(first, av.VideoFrame) else "planes",
        rate=rate and rate * per_frame,
        timestamps=timestamps,
        frame_count=per_frame * len(spec) if isinstance(spec, Sized) else None,
    )
    return Source(itertools.chain([first], images), info, None, edit)


def as_images(spec: Iterable[av.VideoFrame] | Iterable[ArrayLike], role: str) -> Iterator[Image]:
    """Give frames as they are and all else as planes."""
    for index, item in enumerate(spec):
        if isinstance(item, av.VideoFrame):
            yield item
            continue
        plane = np.asarray(item)
        if plane.ndim != 2 or not plane.size or plane.dtype not in (np.uint8, np.uint16):
            raise InputError(
                f"{role} picture {index} is {plane.dtype}{list(plane.shape)}: give luma planes,"
                " uint8 or uint16 of shape [height, width]"
            )
        yield plane


def _seconds(image: Image) -> float | None:
    return image.time if isinstance(image, av.VideoFrame) and image.pts is not None else None


def _shape(image: Image) -> tuple[object, ...]:
    """Return what must not change from picture to picture."""
    if not isinstance(image, av.VideoFrame):
        return image.dtype, list(image.shape)
    return image.width, image.height, image.format.name, image.color_range, image.color_trc


def _said(shape: tuple[object, ...]) -> str:
    """Put a shape in words."""
    if len(shape) == 2:
        return f"{shape[0]}{shape[1]}"
    width, height, form, color_range, transfer = shape
    return f"{width}x{height} {form}, range {color_range}, transfer {transfer}"
