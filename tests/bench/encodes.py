"""Clips that the benchmarks encode."""

from collections.abc import Iterable, Iterator
from typing import Any, BinaryIO

import av
import numpy as np

from vmaf_tiny.luma import Luma, first_plane

RATE = 25

# What makes encoders quick; the rate of VP9 is free but for the quality.
QUICK = {
    "libx264": {"preset": "veryfast"},
    "libx265": {"preset": "veryfast", "x265-params": "log-level=error"},
    "libvpx-vp9": {"deadline": "realtime", "cpu-used": "6", "b": "0"},
    "libsvtav1": {"preset": "10"},
}


def with_gray(planes: Iterable[Luma], bits: int) -> Iterator[av.VideoFrame]:
    """Make frames of luma planes of one even size and of 8 or 10 bits, with gray for colours."""
    pixel_format = "yuv420p" if bits == 8 else f"yuv420p{bits}le"
    for plane in planes:
        height, width = plane.shape
        gray = np.full((height // 2, width), 1 << (bits - 1), plane.dtype)
        yield av.VideoFrame.from_ndarray(np.concatenate([plane, gray]), format=pixel_format)


def encode(
    target: str | BinaryIO,
    frames: Iterable[av.VideoFrame],
    crf: int,
    preset: str | None = None,
    encoder: str = "libx264",
) -> None:
    """Encode frames, all of one size and format, into Matroska.

    Parameters
    ----------
    target
        Path, or a file to write.
    frames
        Such as from `with_gray`.
    crf, preset
        As the encoder has them; a quick preset unless given.
    encoder
        One of `QUICK`.
    """
    with av.open(target, "w", format="matroska") as container:
        stream: Any = container.add_stream(encoder, rate=RATE)
        more = {"preset": preset} if preset else {}
        stream.options = {**QUICK[encoder], **more, "crf": str(crf)}
        for n, frame in enumerate(frames):
            if n == 0:
                stream.width, stream.height = frame.width, frame.height
                stream.pix_fmt = frame.format.name
            frame.pts = n
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


def decode(source: str | BinaryIO, bits: int) -> list[Luma]:
    """Return the luma planes of a clip that `encode` wrote."""
    with av.open(source, "r") as container:
        return [first_plane(frame, bits).copy() for frame in container.decode(video=0)]
