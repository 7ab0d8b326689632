"""What encode-and-score cannot spare: decoding of the packets and features, each alone."""

import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path

import av
from av.packet import Packet
from av.video.codeccontext import VideoCodecContext
from av.video.stream import VideoStream

from vmaf_tiny._core import Context
from vmaf_tiny.encode import Rendition
from vmaf_tiny.encode.codecs import open_decoder
from vmaf_tiny.encode.feed import Feed
from vmaf_tiny.encode.lane import Lane
from vmaf_tiny.frames import open_source
from vmaf_tiny.luma import first_plane


def least(source: Path, renditions: Sequence[Rendition], modes: Sequence[str]) -> dict[str, float]:
    """Return seconds of a processor for decoding all encodes, and for features in each mode.

    Parameters
    ----------
    source
        What is encoded, of 8 bits.
    renditions
        Of the size of the source.
    modes
        Of features.
    """
    seconds = dict.fromkeys(("decoding", *modes), 0.0)

    def add(what: str, begun: float) -> None:
        seconds[what] += time.thread_time() - begun

    streams = [decoded(*one) for one in encoded(source, renditions)]
    with ExitStack() as stack:
        opened = stack.enter_context(open_source(source))
        size = opened.info.width, opened.info.height
        contexts = {
            mode: stack.enter_context(Context(*size, renditions=len(streams), threads=1, mode=mode))
            for mode in modes
        }
        for _, _, image in opened.images():
            assert isinstance(image, av.VideoFrame)
            begun = time.thread_time()
            frames = [next(stream) for stream in streams]
            add("decoding", begun)
            for mode, context in contexts.items():
                begun = time.thread_time()
                context.push(first_plane(image, 8), [first_plane(frame, 8) for frame in frames])
                while context.pull() is not None:
                    pass
                add(mode, begun)
    return seconds


def encoded(
    source: Path, renditions: Sequence[Rendition]
) -> list[tuple[VideoCodecContext, list["Packet[VideoStream]"]]]:
    """Return the packets of all encodes, each with a decoder as the engine opens it."""
    made: list[tuple[VideoCodecContext, list[Packet[VideoStream]]]] = []
    for rendition in renditions:
        with open_source(source, role="source") as opened:
            feed = Feed(opened)
            lane = Lane(rendition, feed, frozenset(), None)
            context = lane.encoder.context
            packets = [packet for shot in feed.shots() for packet in context.encode(shot.frame)]
            packets += context.encode(None)
            made.append((open_decoder(lane.encoder), packets))
            lane.close()
    return made


def decoded(
    decoder: VideoCodecContext, packets: list["Packet[VideoStream]"]
) -> Iterator[av.VideoFrame]:
    """Decode packets as pictures are asked for."""
    for packet in packets:
        yield from decoder.decode(packet)
    yield from decoder.decode(None)
