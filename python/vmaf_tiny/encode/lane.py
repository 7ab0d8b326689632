"""One rendition's way: encode, decode its packets in memory, scale back."""

import os
import queue
import threading
import time as clock
from collections.abc import Callable
from contextlib import nullcontext, suppress
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

import av
from av.container import OutputContainer
from av.error import FFmpegError
from av.packet import Packet
from av.video.reformatter import VideoReformatter
from av.video.stream import VideoStream

from vmaf_tiny.encode.codecs import (
    Encoder,
    Shape,
    choose_pix_fmt,
    encoder_version,
    open_decoder,
    open_encoder,
    overheard,
)
from vmaf_tiny.encode.feed import Feed, Shot
from vmaf_tiny.encode.packets import Packets
from vmaf_tiny.encode.rendition import Rendition
from vmaf_tiny.encode.result import EncoderInfo
from vmaf_tiny.encode.segment import LEAD_IN
from vmaf_tiny.errors import InputError, OptionError, VmafTinyError
from vmaf_tiny.files import remove_abandoned, writer
from vmaf_tiny.frames import VideoInfo
from vmaf_tiny.inputs import Scale
from vmaf_tiny.look import look_of_frame
from vmaf_tiny.luma import Converter, Luma, pixels
from vmaf_tiny.preflight import Plan, preflight

_DEPTH = 4  # pictures that wait for an encoder
_POLL = 0.1  # seconds between looks at whether to stop

Emit = Callable[[int, Luma], None]
"""Takes a decoded picture: its time stamp and its luma at the size of comparison."""


@dataclass
class Tally:
    """What an encode amounts to so far.

    Attributes
    ----------
    bytes
        Of packets and the encoder's header.
    header
        Of the latter alone.
    seconds
        That the encoder was at work.
    pictures
        Given to it.
    packets
        Their sizes and which are key frames.
    """

    bytes: int = 0
    header: int = 0
    seconds: float = 0.0
    pictures: int = 0
    packets: Packets = field(default_factory=Packets)


class Lane:
    """Takes pictures of the source and gives those that a viewer of the encode would see.

    `start` runs it in a thread of its own; `feed` gives it pictures, None at the end.

    Parameters
    ----------
    rendition
        What to make.
    feed
        Where pictures come from.
    allowed
        Names of `preflight.ALLOWANCES`.
    keep
        File to keep the encode in; None: it is not kept.
    scale
        The size of comparison, see `preflight`.

    Raises
    ------
    OptionError
        The encoder refuses.
    InputError
        The comparison would be wrong.

    Attributes
    ----------
    source : Feed
        Where pictures come from.
    info : VideoInfo
        What the encode is like.
    plan : Plan
        How it is compared with the source.
    tally : Tally
        What it amounts to.
    """

    def __init__(
        self,
        rendition: Rendition,
        feed: Feed,
        allowed: frozenset[str],
        keep: Path | None,
        scale: Scale = "reference",
    ) -> None:
        self.rendition = rendition
        self.tally = Tally()
        self.error: BaseException | None = None
        self.source = feed
        self._allowed = allowed
        self._scale = scale
        self._keep = keep
        self._part = unfinished(keep, os.getpid()) if keep else None
        self._thread: threading.Thread | None = None
        self._container = _container(self._part)
        try:
            shape = _shape(rendition, feed)
            self.encoder: Encoder = open_encoder(rendition, shape, self._container)
            # What it will be like, so that what must not be compared is refused at once.
            self.info: VideoInfo = self._expected(shape)
            self.plan: Plan = self._planned(self.info)
            self._version = encoder_version(rendition.encoder)
        except BaseException:
            self.close()
            raise
        self._reformatter = VideoReformatter()
        self._convert = Converter(self.plan.distorted)
        self._queue: queue.Queue[Shot | None] = queue.Queue(_DEPTH)
        self._stop = threading.Event()

    def _planned(self, info: VideoInfo) -> Plan:
        return preflight(self.source.info, info, allow=self._allowed, scale=self._scale, made=True)

    def _expected(self, shape: Shape) -> VideoInfo:
        form = pixels(shape.pix_fmt)
        source = self.source.info
        return VideoInfo(
            width=shape.width,
            height=shape.height,
            pixel_format=form.name,
            family=form.family,
            bits=form.bits,
            alpha=form.alpha,
            range=None if form.family == "rgb" else source.range or "limited",
            range_said=bool(shape.tags[0]),
            transfer=source.transfer,
            matrix="bt709" if source.family == "rgb" else source.matrix,
            primaries=source.primaries,
            role="rendition",
            name=self.rendition.label,
            codec=self.encoder.context.codec.canonical_name,
            sample_aspect=shape.aspect,
            rate=shape.rate,
            timestamps="own",
            frame_count=source.frame_count,
        )

    def start(self, emit: Emit, done: Callable[[], None]) -> None:
        """Begin to work; `done` is called at the end, also when it failed, see `error`."""

        def work() -> None:
            try:
                self._run(emit)
            except FFmpegError as error:
                reason = (error.strerror or str(error)).splitlines()[0]
                self.error = VmafTinyError(
                    f"{self.rendition.label}: encoding or decoding it fails: {reason}"
                )
            except BaseException as error:  # raised by who waits for the lane
                self.error = error
            finally:
                done()

        self._thread = threading.Thread(target=work, name="vmaf-tiny-encode", daemon=True)
        self._thread.start()

    def feed(self, shot: Shot | None) -> bool:
        """Give the next picture, waiting for room; return whether it was taken."""
        while not self._stop.is_set() and self.error is None:
            with suppress(queue.Full):
                self._queue.put(shot, timeout=_POLL)
                return True
        return False

    def _take(self) -> Shot | None:
        while not self._stop.is_set():
            with suppress(queue.Empty):
                return self._queue.get(timeout=_POLL)
        raise VmafTinyError("stopped")

    def _run(self, emit: Emit) -> None:
        decoder = None
        tally = self.tally
        context, shape = self.encoder.context, self.encoder.shape
        first = True
        while True:
            shot = self._take()
            frame = shot.shaped(shape, self._reformatter) if shot else None
            tally.pictures += shot is not None
            begun = clock.perf_counter()
            packets = context.encode(frame)
            tally.seconds += clock.perf_counter() - begun
            if decoder is None:
                decoder = open_decoder(self.encoder)
                tally.header = len(context.extradata or b"")
                tally.bytes += tally.header
            for packet in [*packets, *([None] if shot is None else [])]:
                if packet:
                    self._count(packet)
                for decoded in decoder.decode(packet):
                    if first:
                        self._meet(decoded)
                        first = False
                    self._check(decoded)
                    emit(decoded.pts or 0, self._convert(decoded))
                if packet and self._part:
                    self._write(packet)
            if shot is None:
                return

    def _write(self, packet: "Packet[VideoStream]") -> None:
        if self._container.format.name == "nut" and packet.pts is not None:
            late = round(LEAD_IN / self.encoder.shape.time_base)
            packet.pts += late
            packet.dts = None if packet.dts is None else packet.dts + late
        packet.stream = self._container.streams.video[0]
        self._container.mux(packet)

    def _count(self, packet: "Packet[VideoStream]") -> None:
        if packet.pts is None:
            raise VmafTinyError(f"{self.rendition.label}: a packet has no time stamp")
        self.tally.packets.add(packet.pts, packet.size, packet.is_keyframe)
        self.tally.bytes += packet.size

    def _meet(self, frame: av.VideoFrame) -> None:
        """Look at the first picture: it must be what was expected, or be compared otherwise."""
        look = look_of_frame(frame, self.info.label, tags=self.encoder.shape.tags)
        info = VideoInfo(**{**vars(self.info), **vars(look)})
        plan = self._planned(info)
        if plan.bits != self.plan.bits:
            raise InputError(
                f"{info.label} decodes as {look.pixel_format}, not {self.encoder.shape.pix_fmt}:"
                " choose another pixel format"
            )
        self.info, self.plan = info, plan
        self._convert = Converter(plan.distorted)

    def _check(self, frame: av.VideoFrame) -> None:
        size = self.encoder.shape.width, self.encoder.shape.height
        if (frame.width, frame.height) != size or frame.is_corrupt:
            raise VmafTinyError(
                f"{self.rendition.label}: what {self.rendition.encoder} encoded decodes wrongly"
                f" ({frame.width}x{frame.height}, not {size[0]}x{size[1]}): choose another encoder"
            )

    def wait(self) -> None:
        """Wait until the thread has ended, which is soon once it has got its last picture."""
        if self._thread is not None:
            self._thread.join()

    def finish(self) -> Path | None:
        """Close the encoder; return the file that the encode was kept in."""
        self._container.close()
        if self._part and self._keep:
            self._part.replace(self._keep)
            self._part = None
        return self._keep

    @property
    def described(self) -> EncoderInfo:
        """What made the encode."""
        encoder = self.encoder
        return EncoderInfo(
            self.rendition.encoder,
            self._version,
            encoder.shape.width,
            encoder.shape.height,
            encoder.shape.pix_fmt,
            dict(encoder.options),
            encoder.threads,
        )

    def stop(self) -> None:
        """Make the thread end soon."""
        self._stop.set()

    def close(self) -> None:
        """Stop and free; what was not finished is not kept."""
        if self._thread is not None:
            self._stop.set()
            self._thread.join()
        # Encoders that got nothing to encode may complain.
        silence = nullcontext() if self._thread else overheard(av.logging.PANIC)
        with suppress(Exception), silence:  # a file that is given up need not be whole
            self._container.close()
            self.__dict__.pop("encoder", None)
            del self._container
        if self._part:
            self._part.unlink(missing_ok=True)


def unfinished(keep: Path, process: int) -> Path:
    """Return what an encode is called while a process writes it."""
    return keep.with_name(f".{keep.name}.{writer(process)}.part")


def remove_unfinished(keep: Path) -> None:
    """Remove what processes of this machine that were killed have left of an encode."""
    remove_abandoned(keep.parent, f".{keep.name}.", ".part")


def _container(path: Path | None) -> OutputContainer:
    if path is None:
        return av.open("-", "w", format="null")
    try:
        # NUT keeps time stamps as they are, so it is what parts are made of.
        nut = path.name.split(".")[-3] == "nut"
        return av.open(str(path), "w", format="nut" if nut else "matroska")
    except OSError as error:
        raise OptionError(f"{path.parent} cannot be written to: {error.strerror}") from None


def _shape(rendition: Rendition, feed: Feed) -> Shape:
    info = feed.info
    width, height = rendition.size or (info.width, info.height)
    aspect = info.sample_aspect
    if rendition.size:  # what is shown keeps its shape
        shown = (aspect or 1) * Fraction(info.width, info.height)
        aspect = shown * Fraction(height, width)
    return Shape(
        width,
        height,
        choose_pix_fmt(rendition, feed.pix_fmt),
        feed.clock.rate,
        feed.clock.time_base,
        aspect.limit_denominator(65535) if aspect else None,
        feed.tags,
    )
