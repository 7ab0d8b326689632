"""Decode the video of a file, a pipe or a PyAV container, and notice when it is damaged."""

import errno
import io
import os
import re
from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from stat import S_ISDIR, S_ISREG
from typing import Any, Literal, TypeAlias, cast

import av
from av.codec.context import Flags
from av.container import InputContainer
from av.error import FFmpegError, InvalidDataError
from av.packet import Packet
from av.stream import Disposition
from av.video.stream import VideoStream

from vmaf_tiny import ffmpeg_log
from vmaf_tiny.cropping import container_crop
from vmaf_tiny.edit import Edit, edited
from vmaf_tiny.errors import InputError, OptionError
from vmaf_tiny.luma import Range, pixels

MediaSpec: TypeAlias = str | os.PathLike[str] | InputContainer | VideoStream

Timestamps: TypeAlias = Literal["own", "constant", "none"]
"""Each frame has its own, there is one rate for all, or nothing is known."""

_PYAV = int(av.__version__.partition(".")[0])
_STDIN = "-"
_CHROMA = {"420": "yuv420p", "422": "yuv422p", "444": "yuv444p", "gray": "gray", "400": "gray"}
_RAW_SUFFIXES = frozenset({"", ".yuv", ".raw", ".y", ".luma", ".gray", ".i420", ".nv12", ".p010"})
BACK = (0.0, 2.0, 10.0, 1e5)
"""Seconds to go back further for a key frame where a container has no index, as MPEG-TS; the last
is the start of anything."""

_LASTS = re.compile(r"(\d{1,6}):(\d\d):(\d\d(?:\.\d{1,9})?)")  # what Matroska says of a stream
_NO_TIMESTAMPS = 0x80  # AVFMT_NOTIMESTAMPS
# Formats of one rate for all frames, from which FFmpeg makes up time stamps.
_CONSTANT = re.compile(r"rawvideo|yuv4mpegpipe|image2|image2pipe|.*_pipe")


@dataclass(frozen=True)
class RawFormat:
    """What a raw video is like, which it cannot say itself.

    Attributes
    ----------
    width, height
        Size of the luma plane in samples.
    format
        ``"420"``, ``"422"``, ``"444"`` or ``"gray"`` for planar video, or FFmpeg's name of a pixel
        format, such as ``"nv12"``.
    bits
        Bits per sample, 8 to 16; above 8, samples take two bytes, little end first. None: 8, or
        what the pixel format says.
    fps
        Frames per second; None: unknown.
    range
        ``"limited"`` or ``"full"``; None: as usual, limited for YUV and full for gray and RGB.

    Raises
    ------
    OptionError
        A value is out of range or `bits` contradicts `format`.
    """

    width: int
    height: int
    format: str = "420"
    bits: int | None = None
    fps: Fraction | int | float | None = None
    range: Range | None = None

    def __post_init__(self) -> None:
        if not (0 < self.width < 1 << 16 and 0 < self.height < 1 << 16):
            raise OptionError(f"raw video of {self.width}x{self.height}: give its true size")
        if self.bits is not None and not 8 <= self.bits <= 16:
            raise OptionError(f"{self.bits} bits per sample: use 8 to 16")
        if self.fps is not None and not 1e-6 < self.fps < 1e6:
            raise OptionError(
                f"{self.fps} frames per second: use a rate above 0.000001, below 1000000"
            )
        if self.range not in (None, "limited", "full"):
            raise OptionError(f"unknown range {self.range!r}: use limited or full")
        try:
            named = pixels(self.pixel_format).bits
        except InputError as error:
            raise OptionError(str(error)) from None
        if self.format not in _CHROMA and self.bits not in (None, named):
            raise OptionError(f"{self.format} has {named} bits, not {self.bits}: give one of both")

    @property
    def depth(self) -> int:
        """Bits per sample, 8 to 16."""
        if self.bits is not None:
            return self.bits
        return 8 if self.format in _CHROMA else pixels(self.format).bits

    @property
    def pixel_format(self) -> str:
        """FFmpeg's name of a pixel format with this layout, though maybe of more bits."""
        name = _CHROMA.get(self.format, self.format)
        return name if self.format not in _CHROMA or self.depth == 8 else f"{name}16le"

    @property
    def rate(self) -> Fraction | None:
        """Frames per second as a fraction; 23.976 and its kin mean what they stand for."""
        if self.fps is None:
            return None
        if not isinstance(self.fps, float):
            return Fraction(self.fps)
        if self.fps < 1:  # a picture every so many seconds
            return 1 / Fraction(1 / self.fps).limit_denominator(1001)
        ntsc = Fraction(round(self.fps * 1.001) * 1000, 1001)
        return ntsc if abs(ntsc - self.fps) < 0.005 else Fraction(self.fps).limit_denominator(1001)


def raw_for(spec: object, raw: RawFormat | None) -> RawFormat | None:
    """Return the raw format if it is meant for this video.

    One format is given for both videos, of which one may be a container: by their names, standard
    input and files with an ending of raw video are raw.
    """
    path = isinstance(spec, str | os.PathLike) and os.fspath(spec)
    is_raw = path and (path == _STDIN or Path(path).suffix.lower() in _RAW_SUFFIXES)
    return raw if is_raw else None


def read_once(spec: object) -> bool:
    """Return whether a path is of what can be read only once: standard input, a pipe, a device."""
    if not isinstance(spec, str | os.PathLike):
        return False
    kind = _kind(os.fspath(spec))
    return os.fspath(spec) == _STDIN or bool(kind and not S_ISREG(kind) and not S_ISDIR(kind))


def _kind(path: str) -> int:
    """Return the mode of what is at a path; 0 of an address, or if it cannot be told."""
    try:
        return Path(path).stat().st_mode
    except (OSError, ValueError):
        return 0


class _Chunks:
    """Time stamps of AVI, which has none but the numbers of its chunks, one for each frame.

    A chunk that is empty stands for a frame that was dropped. FFmpeg's time stamps tell of these
    as well, but where chunks hold two frames or none ("packed" B-frames) they are in no order; so
    they are believed as far as empty chunks, or frames that are lost to damage, explain them.
    """

    def __init__(self) -> None:
        self._expected: int | None = None  # of the next packet
        self._missing = 0
        self._frames = 0
        self._first = self._last = 0

    def count(self, packet: "Packet[VideoStream]") -> None:
        """Take a packet in the order of decoding."""
        if packet.dts is not None:
            if self._expected is not None:
                self._missing += max(0, packet.dts - self._expected)
            self._expected = packet.dts + (packet.duration or 1)

    def stamp(self, frame: av.VideoFrame, damages: int) -> None:
        """Give a frame the time stamp of its place, in the order of presentation."""
        step = frame.duration or 1
        if not self._frames:
            self._first = self._last = (frame.pts or 0) - step
        self._frames += 1
        most = self._first + step * (self._frames + damages) + self._missing
        stamp = most if frame.pts is None else min(frame.pts, most)
        frame.pts = self._last = max(stamp, self._last + step)


class Media:
    """The video stream of a container, to be decoded once.

    Parameters
    ----------
    spec
        Path, URL, ``"-"`` for standard input, or a container or video stream of PyAV, which stays
        open when this is closed.
    role
        Name of this video in messages, such as ``"reference"``.
    raw
        What a raw video is like; None: not raw.
    threads
        Threads of the decoder; 0: as FFmpeg sees fit.
    damaged
        Go on after damage, and count it, rather than raise.
    probe
        Decode a picture as it is opened, so that all that FFmpeg can tell is known; else only what
        the container says.

    Raises
    ------
    InputError
        There is no such file or no video in it that can be decoded.

    Attributes
    ----------
    name : str
        Of the file, without its folder.
    container, stream : InputContainer, VideoStream
        Of PyAV.
    format, codec : str
        FFmpeg's names.
    timestamps : Timestamps
        What is known of the time of a frame before the first is decoded.
    rate : Fraction or None
        Frames per second, on average.
    sample_aspect : Fraction or None
        Width over height of a pixel; None: not said.
    duration : float or None
        Seconds.
    frame_count : int or None
        Estimate of the number of frames.
    crop : Box or None
        What is left of stored pictures, as the container says; None: all.
    notes : list of str
        What the user should know.
    """

    def __init__(
        self,
        spec: MediaSpec,
        *,
        role: str,
        raw: RawFormat | None = None,
        threads: int = 0,
        damaged: bool = False,
        probe: bool = True,
    ) -> None:
        self.name = _name(spec)
        self.label = f"{role} {self.name}"
        self.raw = raw
        self.notes: list[str] = []
        self.damages = 0
        self._damaged = damaged
        self._own = isinstance(spec, str | os.PathLike)
        if isinstance(spec, VideoStream):
            self.container, self.stream = _input(spec, self.label), spec
        else:
            self.container = _open(spec, raw, self.label, probe)
            try:
                self.stream = self._choose()
            except InputError:
                if self._own:
                    self.container.close()
                raise
        self._prepare(threads)

    def _choose(self) -> VideoStream:
        """Return the stream to decode."""
        streams = self.container.streams
        if self.container.format.name == "tty":  # FFmpeg's reading of any text file
            raise InputError(f"{self.label} is text: give a video")
        # A cover picture is no video.
        videos = [s for s in streams.video if not s.disposition & Disposition.attached_pic]
        if not videos:
            types = {"a cover picture" if s in streams.video else s.type for s in streams}
            kinds = ", ".join(sorted(types)) or "none"
            raise InputError(f"{self.label} has no video (its streams: {kinds}): give a video")
        best = streams.best("video")
        stream = best if isinstance(best, VideoStream) and best in videos else videos[0]
        if len(videos) > 1:
            self.notes.append(
                f"{self.label} has {len(videos)} video streams; stream {stream.index} was taken"
            )
        return stream

    def _prepare(self, threads: int) -> None:
        stream, decoder = self.stream, self.stream.codec_context
        if decoder is None:
            raise InputError(f"{self.label}: FFmpeg has no decoder for it: convert it to another")
        if not decoder.is_open:
            decoder.thread_type = "AUTO"
            decoder.thread_count = threads
            # Else what is cut off on the left is rounded down, and the picture is too wide.
            decoder.flags |= Flags.unaligned
        self.format = self.container.format.name
        self.codec = decoder.name
        self.crop = container_crop(self.container, stream)
        if self.crop:
            self.notes.append(f"{self.label} is cropped to {self.crop}, as its container says")
        self.rate = stream.average_rate or stream.guessed_rate
        if self.raw:
            self.rate = self.raw.rate
        self.timestamps = self._timestamps()
        self.sample_aspect = stream.sample_aspect_ratio or None
        self._end = None if self.timestamps == "none" else _claimed_end(self.container, stream)
        self.duration = self._end
        if stream.duration is not None and stream.time_base:
            self.duration = float(stream.duration * stream.time_base)
        self.frame_count: int | None = stream.frames or None
        if self.frame_count is None and self.duration and self.rate:
            self.frame_count = round(self.duration * self.rate)

    def _timestamps(self) -> Timestamps:
        if _CONSTANT.fullmatch(self.format):
            return "constant" if self.rate else "none"
        elementary = self.container.format.flags & _NO_TIMESTAMPS
        return "none" if elementary else "own"

    @property
    def tags(self) -> tuple[int, int, int, int]:
        """Range, transfer, matrix and primaries as the container has them, in FFmpeg's numbers."""
        decoder = self.stream.codec_context
        return (
            decoder.color_range,
            decoder.color_trc,
            decoder.colorspace,
            decoder.color_primaries,
        )

    def frames(self) -> Iterator[av.VideoFrame]:
        """Decode, once, and crop as the container says.

        Raises
        ------
        InputError
            The data is damaged or ends too soon, unless damage was accepted.
        """
        return self.cropped(self._frames())

    def cropped(self, frames: Iterator[av.VideoFrame]) -> Iterator[av.VideoFrame]:
        """Give decoded frames cropped as the container says."""
        if self.crop is None:
            return frames
        return cast(Iterator[av.VideoFrame], edited(frames, Edit(crop=self.crop), self.label))

    def _frames(self) -> Iterator[av.VideoFrame]:
        shown: int | None = None  # not the frame, whose time stamp whoever takes it may change
        lasts, base = 0, Fraction(0)
        end_of_data = 0
        chunks = _Chunks() if self.format == "avi" else None
        for packet in self.packets():
            if packet.size:
                self._check_raw(packet)
                self._check_samples(packet)
                end_of_data = (packet.pos or 0) + packet.size
            if chunks:
                chunks.count(packet)
            for frame in self._decoded(packet):
                if chunks:
                    chunks.stamp(frame, self.damages)
                shown, lasts, base = frame.pts, frame.duration or 0, frame.time_base or base
                yield frame
        seconds = None if shown is None else float(shown * base)
        if self.format == "yuv4mpegpipe" and 0 < end_of_data < self._size():
            self._damage(seconds, "its last frame is cut off")
        self._check_end(seconds, float(lasts * base))

    def seek(self, stamp: int, back: float = 0.0) -> None:
        """Go to a key frame, so that `frames` begins there, if the container can do that.

        Parameters
        ----------
        stamp
            Time stamp of the key frame, in units of the stream.
        back
            Seconds to go back further.
        """
        units = round(back / self.stream.time_base) if self.stream.time_base else 0
        self.container.seek(stamp - units, stream=self.stream, backward=True)

    def packets(self) -> "Iterator[Packet[VideoStream]]":
        """Demux, once; the last packet is empty and flushes the decoder."""
        try:
            yield from self.container.demux(self.stream)
        except FFmpegError as error:
            self._damage(None, f"reading fails ({_reason(error)})")

    def _decoded(self, packet: "Packet[VideoStream]") -> list[av.VideoFrame]:
        if packet.is_corrupt:
            self._damage(_packet_seconds(packet), "data is missing")
        try:
            frames = packet.decode()
        except FFmpegError as error:
            self._damage(_packet_seconds(packet), f"decoding fails ({_reason(error)})")
            return []
        for frame in frames:
            if frame.is_corrupt:
                self._damage(_seconds(frame), "a frame decodes with errors")
        return frames

    def _check_raw(self, packet: "Packet[VideoStream]") -> None:
        """Refuse a raw file that is not made of frames of this size, at its first packet."""
        size = self._size()
        if not self.raw or packet.pos or size <= 0:
            return
        whole, rest = divmod(size, packet.size)
        if packet.is_corrupt or rest:
            shape = f"{self.raw.width}x{self.raw.height} {self.raw.format} of {self.raw.depth} bits"
            raise InputError(
                f"{self.label} is {size} bytes, which is no whole number of frames of {shape}:"
                " check width, height, pixel format and bits"
            )
        self.frame_count = whole

    def _check_samples(self, packet: "Packet[VideoStream]") -> None:
        """Refuse samples that are not compressed and more than a picture has.

        FFmpeg would take the first of them. Rows and planes may be padded.
        """
        if self.codec != "rawvideo":
            return
        decoder = self.stream.codec_context
        bits = decoder.format.padded_bits_per_pixel if decoder.format else 0
        padding = 16 * (decoder.width + decoder.height) + 1024  # the latter for a palette
        if bits and packet.size > decoder.width * decoder.height * bits // 8 + padding:
            self._damage(
                _packet_seconds(packet),
                f"its packet has {packet.size} bytes, more than a picture of"
                f" {decoder.width}x{decoder.height} {decoder.pix_fmt}",
            )

    def _check_end(self, seconds: float | None, lasts: float) -> None:
        """Refuse a video that ends before the time that it says it does.

        `seconds` and `lasts` are of the last frame: when it is shown, and for how long.
        """
        if seconds is None or self._end is None:
            return
        interval = 1 / float(self.rate) if self.rate else 0.04
        if seconds + max(lasts, interval) < self._end - 2.5 * interval:
            self._damage(seconds, f"it ends there, not at {self._end:.2f} s as it says")

    def _damage(self, seconds: float | None, what: str) -> None:
        """Raise, or count what is wrong with the data."""
        self.damages += 1
        if not self._damaged:
            where = "" if seconds is None else f" at {seconds:.2f} s"
            raise InputError(
                f"{self.label} is damaged{where}: {what}: get it whole, or allow damage"
                " (--allow-damage) to score what can be decoded"
            )

    def _size(self) -> int:
        """Return the size of the data in bytes, or a negative number if that is unknown."""
        return self.container.size or -1

    def close(self) -> None:
        """Close what was opened; safe to call twice."""
        if self._own:
            # PyAV frees a decoder with the interpreter's lock held and waits for its threads; one
            # that logs waits for that lock. Flushing waits for them without it.
            if self.stream.codec_context is not None:
                self.stream.codec_context.flush_buffers()
            self.container.close()


def _name(spec: MediaSpec) -> str:
    if isinstance(spec, VideoStream):
        spec = spec.container.name
    elif isinstance(spec, InputContainer):
        spec = spec.name
    text = os.fspath(spec)
    return "standard input" if text == _STDIN else Path(text).name or text


def _input(stream: VideoStream, label: str) -> InputContainer:
    if not isinstance(stream.container, InputContainer):
        raise InputError(f"{label} is being written: give a stream of a container opened to read")
    return stream.container


def _open(
    spec: str | os.PathLike[str] | InputContainer, raw: RawFormat | None, label: str, probe: bool
) -> InputContainer:
    if isinstance(spec, InputContainer):
        return spec
    path = os.fspath(spec)
    # Unbuffered: a thread that waits in a buffered standard input would stall the exit.
    file = io.FileIO(0, closefd=False) if path == _STDIN else _url(path, raw, label)
    options = {} if probe else {"skip_frame": "all"}
    is_file = S_ISREG(_kind(path))
    if is_file:
        options["pattern_type"] = "none"  # of a picture with a % in its name: it is no sequence
    if raw:
        options["video_size"] = f"{raw.width}x{raw.height}"
        options["pixel_format"] = raw.pixel_format
        options["framerate"] = str(raw.rate or 25)
    # PyAV before 19 fails at metadata that are not UTF-8, unless it is told what to do.
    more: dict[str, Any] = {"metadata_errors": "replace"} if _PYAV < 19 else {}
    try:
        # What is logged of one file must not meet the log of another. A pipe may be waited for.
        with ffmpeg_log.LOCK if is_file else nullcontext():
            container: InputContainer = av.open(
                file,
                "r",
                format="rawvideo" if raw else None,
                options=options,
                buffer_size=1 << 20,
                **more,
            )
        return container
    except InvalidDataError:
        raise InputError(
            f"{label} is no video that FFmpeg can read: it may be cut off or still being written;"
            " raw video needs width, height, pixel format and bits"
        ) from None
    except FFmpegError as error:
        raise InputError(
            f"{label} cannot be opened: {_reason(error)}: check that it exists and may be read"
        ) from None


def _url(path: str, raw: RawFormat | None, label: str) -> str:
    """Return what FFmpeg opens, once it is clear that this can go well."""
    if not path:
        raise InputError(f"{label}: the path is empty: give a file")
    try:
        there = Path(path).exists()
    except OSError as error:
        there = False  # such as an address that is longer than any name
        if error.errno != errno.ENAMETOOLONG:
            reason = error.strerror
            raise InputError(f"{label} cannot be opened: {reason}: check its path") from None
    if not there:
        if "://" in path or "%" in path:  # an address or a numbered sequence of pictures
            return path
        raise InputError(f"{label}: there is no such file: check the path {path}")
    if Path(path).is_dir():
        raise InputError(f"{label} is a folder: give a file")
    if Path(path).is_file() and not Path(path).stat().st_size:
        raise InputError(f"{label} is empty: check what wrote it")
    if Path(path).suffix.lower() == ".yuv" and not raw:
        raise InputError(
            f"{label} is raw video, which does not say what it is like: give width, height, pixel"
            " format and bits"
        )
    return f"file:{path}"  # so that a colon in it is no protocol


def _claimed_end(container: InputContainer, stream: VideoStream) -> float | None:
    """Return when the stream ends in seconds, as its container says, if it does."""
    if stream.duration is not None and stream.time_base:
        return float((stream.duration + (stream.start_time or 0)) * stream.time_base)
    said = _LASTS.fullmatch(stream.metadata.get("DURATION", ""))
    if said:
        return int(said[1]) * 3600 + int(said[2]) * 60 + float(said[3])
    if container.duration and len(container.streams) == 1:
        return container.duration / av.time_base
    return None


def _seconds(frame: av.VideoFrame) -> float | None:
    return None if frame.pts is None else frame.time


def _packet_seconds(packet: "Packet[VideoStream]") -> float | None:
    time = packet.pts if packet.pts is not None else packet.dts
    return None if time is None or not packet.time_base else float(time * packet.time_base)


def _reason(error: FFmpegError) -> str:
    return (error.strerror or str(error)).splitlines()[0]
