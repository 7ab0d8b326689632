"""Clips that the benchmarks encode."""

from collections.abc import Iterable
from typing import Any, BinaryIO

import av
import numpy as np

from vmaf_tiny.luma import Luma, first_plane

RATE = 25


def encode(
    target: str | BinaryIO, planes: Iterable[Luma], bits: int, crf: int, preset: str = "veryfast"
) -> None:
    """Encode luma planes, with gray for colours, by x264 into Matroska.

    Parameters
    ----------
    target
        Path, or a file to write.
    planes
        Of one even size.
    bits
        Of the planes, 8 or 10.
    crf, preset
        As x264 has them.
    """
    pixel_format = "yuv420p" if bits == 8 else f"yuv420p{bits}le"
    with av.open(target, "w", format="matroska") as container:
        stream: Any = container.add_stream("libx264", rate=RATE)
        stream.pix_fmt = pixel_format
        stream.options = {"crf": str(crf), "preset": preset}
        for n, plane in enumerate(planes):
            height, width = plane.shape
            if n == 0:
                stream.width, stream.height = width, height
            gray = np.full((height // 2, width), 1 << (bits - 1), plane.dtype)
            frame = av.VideoFrame.from_ndarray(np.concatenate([plane, gray]), format=pixel_format)
            frame.pts = n
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


def decode(source: str | BinaryIO, bits: int) -> list[Luma]:
    """Return the luma planes of a clip that `encode` wrote."""
    with av.open(source) as container:
        return [first_plane(frame, bits).copy() for frame in container.decode(video=0)]
