"""Look at a few pictures and time stamps of a video before it is read."""

import os
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import av
import numpy as np
import numpy.ma  # which np.median loads: of two threads that do so at once, one may fail
from av.error import FFmpegError
from numpy.typing import NDArray

from vmaf_tiny.bars import FEWEST, lit_edges, picture_area
from vmaf_tiny.containers import Media, RawFormat
from vmaf_tiny.edit import Box, Edit, edited
from vmaf_tiny.errors import VmafTinyError
from vmaf_tiny.frames import as_images
from vmaf_tiny.luma import Conversion, Converter, Image, Luma, pixels

_PICTURES = 10
_INDEXED = ("yuv4mpegpipe",)
_PATIENCE = 1.0  # seconds for looking for key frames
_FEW = 3  # pictures that key frames must give, else the start is decoded
_START = 48  # packets
_PACKETS = 250
_JITTER = 0.25  # of the usual time between pictures
_ROUNDED = 0.0011  # seconds: containers that count milliseconds
_RARE = 0.02  # share of times between pictures that may differ: gaps, not a variable rate


@dataclass(frozen=True)
class Survey:
    """What a few pictures and time stamps tell.

    Attributes
    ----------
    area
        The picture without black bars, as edited; None: this cannot be told.
    steps
        Shortest and longest time between pictures in seconds, in the first ten seconds or so;
        None: unknown.
    variable
        Whether the time between pictures varies, more than now and then; None: unknown.
    """

    area: Box | None = None
    steps: tuple[float, float] | None = None
    variable: bool | None = None


def survey(spec: object, raw: RawFormat | None, edit: Edit) -> Survey:
    """Look at a video that can be opened again, or at a sequence of pictures.

    Nothing is said of what is read only once, nor of what cannot be read, which whoever reads
    it will say.

    Parameters
    ----------
    spec
        A video as `open_source` takes it.
    raw
        What a raw video is like.
    edit
        What is done to it.
    """
    try:
        if isinstance(spec, str | os.PathLike) and Path(spec).is_file():
            return _look_into(spec, raw, edit)
        if isinstance(spec, Sequence | np.ndarray) and not isinstance(spec, str):
            chosen = np.unique(np.linspace(0, max(len(spec) - 1, 0), _PICTURES).astype(int))
            pictures = as_images((spec[n] for n in chosen.tolist() if len(spec)), "video")
            return Survey(area=picture_area(*_looked_at(pictures, raw, edit)))
    except (VmafTinyError, FFmpegError, OSError, ArithmeticError, ValueError, TypeError):
        pass
    return Survey()


def _looked_at(
    pictures: Iterable[Image], raw: RawFormat | None, edit: Edit
) -> tuple[list[Luma], int]:
    """Return luma planes of one size and their bits, until they leave no room for bars."""
    still = Edit(crop=None if edit.crop == "auto" else edit.crop, rotate=edit.rotate)
    lumas: list[Luma] = []
    bits, telling = 8, 0
    lit = np.zeros(4, bool)
    for picture in pictures:
        for image in edited(iter([picture]), still, "video"):
            if isinstance(image, av.VideoFrame):
                bits = raw.depth if raw else pixels(image.format.name).bits
                luma = Converter(Conversion(bits=bits))(image)
            else:
                bits = raw.depth if raw and image.itemsize == 2 else 8
                luma = image
            if luma.size and (not lumas or luma.shape == lumas[0].shape):
                lumas.append(luma)
                edges = lit_edges(luma, bits)
                if edges is not None:
                    telling += 1
                    lit |= edges
        # A bar is black in every picture, so that no other one could bring it back.
        if telling >= FEWEST and lit.all():
            break
    return lumas, bits


def _look_into(path: str | os.PathLike[str], raw: RawFormat | None, edit: Edit) -> Survey:
    """Survey a file."""
    media = _open(path, raw)
    try:
        # Where a container has no index, FFmpeg would read all of it to seek.
        indexed = media.timestamps == "own" or media.format in _INDEXED
        seekable = bool(indexed and media.duration and media.stream.time_base)
        start = _read_start(media)
        lumas: list[Luma] = []
        bits = 8
        if seekable and not start.few_keys:
            lumas, bits = _looked_at(media.cropped(_key_frames(media, start.time)), raw, edit)
        if len(lumas) < _FEW and seekable:
            media.stream.codec_context.flush_buffers()
            media.seek(start.time)
        elif len(lumas) < _FEW:
            media.close()
            media = _open(path, raw)
        if len(lumas) < _FEW:
            lumas, bits = _looked_at(media.cropped(_first_pictures(media)), raw, edit)
        return replace(_judged(start.steps), area=picture_area(lumas, bits))
    finally:
        media.close()


def _open(path: str | os.PathLike[str], raw: RawFormat | None) -> Media:
    media = Media(path, role="video", raw=raw, threads=1, damaged=True, probe=False)
    if media.crop:  # which goes by whole samples of chroma, so that the format must be known
        media.close()
        media = Media(path, role="video", raw=raw, threads=1, damaged=True)
    # Bars show without.
    media.stream.codec_context.options = {"skip_loop_filter": "all"}
    return media


def _key_frames(media: Media, start: int) -> Iterator[av.VideoFrame]:
    """Give pictures from all over a video that begins at a time stamp."""
    stream, container, decoder = media.stream, media.container, media.stream.codec_context
    due = time.monotonic() + _PATIENCE
    seen: set[int | None] = {None}
    units = (media.duration or 0) / (stream.time_base or 1)
    for number in range(_PICTURES):
        if time.monotonic() > due:
            break
        container.seek(start + int(units * (number + 0.5) / _PICTURES), stream=stream)
        packet = next((one for one in container.demux(stream) if one.is_keyframe), None)
        if packet is not None and packet.size and packet.pts not in seen:
            seen.add(packet.pts)
            # A decoder keeps pictures back until it knows that no more will come.
            yield from packet.decode() or decoder.decode(None)


def _first_pictures(media: Media) -> Iterator[av.VideoFrame]:
    """Give some of the first pictures, those that are cheap to decode if there are such."""
    media.stream.codec_context.skip_frame = "BIDIR"
    due = 0
    for number, packet in enumerate(media.container.demux(media.stream)):
        last = not packet.size or number == _START
        for frame in media.stream.codec_context.decode(None if last else packet):
            if number >= due or last:
                due = number + _START // _PICTURES
                yield frame
        if last:
            break


@dataclass(frozen=True)
class _Start:
    """What the first packets of a video tell.

    Attributes
    ----------
    time
        The first time stamp, in units of the stream.
    steps
        Seconds between pictures.
    few_keys
        Whether the video ends with them, and has too few key frames for bars to be looked for in.
    """

    time: int
    steps: NDArray[np.float64]
    few_keys: bool


def _read_start(media: Media) -> _Start:
    if media.timestamps != "own" or not media.stream.time_base:
        return _Start(media.stream.start_time or 0, np.zeros(0), False)
    times: set[int] = set()
    keys, ended = 0, False
    # Not the packets, which may be pictures.
    for packet, _ in zip(media.container.demux(media.stream), range(_PACKETS), strict=False):
        keys += packet.is_keyframe
        ended = not packet.size
        if packet.pts is not None:
            times.add(packet.pts)
    # The last in order of decoding may wait for others that come before them.
    known = sorted(times)[: max(len(times) - 20, min(len(times), 20))]
    steps = np.diff(known).astype(np.float64) * float(media.stream.time_base)
    return _Start(min(times, default=0), steps, ended and keys < _FEW)


def _judged(steps: NDArray[np.float64]) -> Survey:
    if len(steps) < 2:
        return Survey()
    usual = float(np.median(steps))
    off = np.abs(steps - usual) > max(_JITTER * usual, _ROUNDED)
    return Survey(steps=(float(steps.min()), float(steps.max())), variable=bool(off.mean() > _RARE))
