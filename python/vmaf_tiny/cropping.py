"""What a container says is to be cropped off: Matroska's PixelCrop, MP4's clean aperture.

FFmpeg's libraries read it and its command applies it; decoders do not. PyAV has no place for it
but the description of a container, as FFmpeg writes it to its log.
"""

import re
from collections.abc import Callable
from contextlib import nullcontext

import av.logging
from av.container import InputContainer
from av.video.stream import VideoStream

from vmaf_tiny.edit import Box
from vmaf_tiny.ffmpeg_log import hears, listened

_FORMATS = ("matroska", "mov")
_SAID = re.compile(r"^ +Frame Cropping: (\d+)/(\d+)/(\d+)/(\d+)$", re.MULTILINE | re.IGNORECASE)
_STREAM = re.compile(r"^ *Stream #\d+:(\d+)", re.MULTILINE)


def container_crop(container: InputContainer, stream: VideoStream) -> Box | None:
    """Return what is left of stored pictures after what the container says is cropped off.

    As in FFmpeg's command, it is rounded to whole samples of chroma.

    Returns
    -------
    box
        None: nothing is cropped off, or what is told cannot be.
    """
    if not any(name in _FORMATS for name in container.format.name.split(",")):
        return None
    decoder = stream.codec_context
    edges = _told(container).get(stream.index)
    if edges is None or not any(edges) or not decoder.width or not decoder.height:
        return None
    left, right, top, bottom = edges
    across, down = _chroma(decoder.pix_fmt)
    width = (decoder.width - left - right) // across * across
    height = (decoder.height - top - bottom) // down * down
    if width <= 0 or height <= 0:
        return None
    return Box(width, height, left // across * across, top // down * down)


def _told(container: InputContainer) -> dict[int, tuple[int, ...]]:
    """Return samples to crop off by stream: left, right, top, bottom."""
    text = _description(container)
    heads = [*_STREAM.finditer(text)]
    ends = [head.start() for head in heads[1:]] + [len(text)]
    found = {}
    for head, end in zip(heads, ends, strict=True):
        if said := _SAID.search(text, head.end(), end):
            found[int(head[1])] = tuple(map(int, said.groups()))
    return found


def _description(container: InputContainer) -> str:
    """Return what FFmpeg would log of a container; empty if PyAV cannot tell."""
    describe: Callable[[], str] = getattr(container, "dumps_format", lambda: "")
    # What other threads log meanwhile, nobody had asked for.
    with nullcontext() if hears(av.logging.INFO) else listened(av.logging.INFO):
        return describe()


def _chroma(pix_fmt: str | None) -> tuple[int, int]:
    """Return how many luma samples a sample of chroma covers, across and down."""
    if not pix_fmt:
        return 2, 2
    form = av.VideoFormat(pix_fmt, 64, 64)
    return 64 // form.chroma_width(64), 64 // form.chroma_height(64)
