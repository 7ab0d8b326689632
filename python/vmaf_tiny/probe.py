"""What a file of an encode tells: how many bytes the video takes, for how long."""

import os
from dataclasses import dataclass
from pathlib import Path

from vmaf_tiny.containers import Media
from vmaf_tiny.errors import InputError
from vmaf_tiny.result import Result
from vmaf_tiny.table import Scored


@dataclass(frozen=True)
class Weight:
    """What a video weighs.

    Attributes
    ----------
    encoder
        Name of the codec, as the file does not tell the encoder.
    width, height
        In samples, as encoded.
    size
        Bytes of its packets, without sound and container.
    duration
        Seconds from the first picture's start to the last one's end; None: unknown.
    """

    encoder: str
    width: int
    height: int
    size: int
    duration: float | None


def weigh(path: str | os.PathLike[str]) -> Weight | None:
    """Add up the packets of a video without decoding them; None if it is no video file."""
    try:
        media = Media(path, role="video", damaged=True)
    except InputError:
        return None
    try:
        stream, size, starts, ends = media.stream, 0, [], []
        for packet in media.packets():
            size += packet.size
            if packet.pts is not None and packet.time_base:
                starts.append(float(packet.pts * packet.time_base))
                ends.append(starts[-1] + float((packet.duration or 0) * packet.time_base))
        rate, frames = stream.average_rate, len(starts)
        duration = max(ends) - min(starts) if frames else None
        if duration is not None and rate:  # where the last packet does not say how long it is
            duration = max(duration, frames / float(rate))
        codec = stream.codec_context
        return Weight(codec.name, codec.width, codec.height, size, duration or None)
    finally:
        media.close()


def describe(result: Result, reference: str, distorted: str) -> Scored:
    """Return a result with what the files tell.

    Parameters
    ----------
    result
        Of the two videos.
    reference, distorted
        Paths, or what else was scored, such as ``"-"``.
    """
    files = [
        str(Path(path).resolve()) if Path(path).is_file() else "" for path in (reference, distorted)
    ]
    weight = weigh(files[1]) if files[1] else None
    return Scored(
        name=Path(distorted).stem or distorted,
        result=result,
        reference=files[0],
        distorted=files[1],
        **vars(weight) if weight else {},
    )
