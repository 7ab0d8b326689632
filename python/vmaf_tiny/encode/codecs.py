"""Open encoders and their decoders, and hear what encoders say when they refuse."""

import functools
import math
import os
import re
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from fractions import Fraction
from importlib import metadata
from typing import IO

import av
import av.logging
from av.codec import Codec
from av.codec.codec import UnknownCodecError, find_best_pix_fmt_of_list
from av.codec.context import Flags
from av.container import OutputContainer
from av.error import FFmpegError
from av.video.codeccontext import VideoCodecContext
from av.video.stream import VideoStream

from vmaf_tiny import ffmpeg_log
from vmaf_tiny.encode.rendition import Rendition
from vmaf_tiny.encode.scheduling import scheduling_kept
from vmaf_tiny.errors import OptionError
from vmaf_tiny.luma import pixels

_LAMBDA = 118  # FF_QP2LAMBDA: native encoders take a quantiser times this
_X265_SMALLEST = 64  # libx265 writes past its buffers below


@dataclass(frozen=True)
class Shape:
    """What the pictures that an encoder gets are like.

    Attributes
    ----------
    width, height
        In samples.
    pix_fmt
        FFmpeg's name.
    rate, time_base
        Pictures per second, nominal; and seconds that a time stamp counts.
    aspect
        Width over height of a pixel; None: not said.
    tags
        Range, transfer, matrix and primaries in FFmpeg's numbers.
    """

    width: int
    height: int
    pix_fmt: str
    rate: Fraction
    time_base: Fraction
    aspect: Fraction | None = None
    tags: tuple[int, int, int, int] = (0, 2, 2, 2)


@dataclass(frozen=True)
class _Manner:
    """How an encoder is told quality and preset: options by name, ``{}`` is the value."""

    crf: Mapping[str, str] | None = None
    crf_range: tuple[float, float] | None = None
    qp: Mapping[str, str] | None = None
    qp_range: tuple[float, float] = (-math.inf, math.inf)  # beyond, another is taken silently
    preset: str = "preset"
    packed: str = ""  # the option that holds the library's own, as a=b:c=d
    own_threads: tuple[str, ...] = ()  # library's options for threads; of {0}, and {1}: frames


_PLAIN: Mapping[str, str] = {"crf": "{}"}
_MANNERS = {
    "libx264": _Manner(_PLAIN, (-12, 51), {"qp": "{}"}, (0, 69)),
    "libx264rgb": _Manner(_PLAIN, (0, 51), {"qp": "{}"}, (0, 69)),
    "libx265": _Manner(
        _PLAIN,
        (0, 51),
        {"qp": "{}"},
        (0, 51),
        packed="x265-params",
        own_threads=("pools={0}", "frame-threads={1}"),
    ),
    "libsvtav1": _Manner(
        _PLAIN, (0, 63), {"qp": "{}"}, (0, 63), packed="svtav1-params", own_threads=("lp={0}",)
    ),
    "libvpx-vp9": _Manner(
        _PLAIN, (0, 63), {"crf": "{}", "qmin": "{}", "qmax": "{}"}, (0, 63), preset="cpu-used"
    ),
    "libaom-av1": _Manner(
        _PLAIN, (0, 63), {"crf": "{}", "qmin": "{}", "qmax": "{}"}, (0, 63), preset="cpu-used"
    ),
    "h264_nvenc": _Manner(
        {"cq": "{}", "rc": "vbr"}, (1, 51), {"qp": "{}", "rc": "constqp"}, (0, 51)
    ),
    "hevc_nvenc": _Manner(
        {"cq": "{}", "rc": "vbr"}, (1, 51), {"qp": "{}", "rc": "constqp"}, (0, 51)
    ),
    "av1_nvenc": _Manner(
        {"cq": "{}", "rc": "vbr"}, (1, 63), {"qp": "{}", "rc": "constqp"}, (0, 255)
    ),
    "h264_qsv": _Manner({"global_quality": "{}"}, (1, 51)),
    "hevc_qsv": _Manner({"global_quality": "{}"}, (1, 51)),
    "av1_qsv": _Manner({"global_quality": "{}"}, (1, 51)),
}
_NATIVE = _Manner(None, None, {"global_quality": "lambda", "flags": "+qscale"}, (0, 277))
_MPEG = replace(_NATIVE, qp_range=(1, 31))
_MANNERS |= dict.fromkeys(
    ("mpeg1video", "mpeg2video", "mpeg4", "mjpeg", "h263", "h263p", "flv", "msmpeg4", "msmpeg4v2",
     "wmv1", "wmv2"),
    _MPEG,
)  # fmt: skip


@dataclass(frozen=True)
class Encoder:
    """An encoder that has been opened.

    Attributes
    ----------
    context
        PyAV's; it takes frames of `shape`.
    shape
        What it takes.
    options
        All that it was told.
    threads
        How many threads it was told to use; what it encodes may depend on it.
    """

    context: VideoCodecContext
    shape: Shape
    options: Mapping[str, str] = field(default_factory=dict)
    threads: int = 1


def encoder_threads(width: int, height: int) -> int:
    """Return threads for an encoder, which depend on the picture alone.

    What x264 and x265 write depends on their number of threads. So it is not the machine's number
    of processors: every machine makes the same encode.
    """
    return max(1, min(8, round(math.sqrt(width * height) / 360)))


def choose_pix_fmt(rendition: Rendition, source: str) -> str:
    """Return the pixel format to encode: the one asked for, or the nearest to the source's.

    Parameters
    ----------
    source
        FFmpeg's name of the source's pixel format.

    Raises
    ------
    OptionError
        PyAV has no such encoder, or no luma can be had from the format.
    """
    known = [form.name for form in _codec(rendition.encoder).video_formats or ()]
    if rendition.pix_fmt is not None:
        pixels(rendition.pix_fmt)
        if known and rendition.pix_fmt not in known:
            raise OptionError(
                f"{rendition.encoder} takes no {rendition.pix_fmt}: choose one of"
                f" {', '.join(known)}"
            )
        return rendition.pix_fmt
    usable = [name for name in known if not name.startswith("yuvj")] or known
    plain = source.replace("yuvj", "yuv")  # the range is in the tags
    if not usable or plain in usable:
        return plain
    best, _ = find_best_pix_fmt_of_list(usable, plain)
    return best.name if best else usable[0]


def _codec(name: str) -> Codec:
    try:
        codec = Codec(name, "w")
    except (UnknownCodecError, ValueError):
        raise OptionError(
            f"PyAV has no encoder {name!r}: choose one that it has, such as libx264, libx265,"
            " libsvtav1 or libvpx-vp9"
        ) from None
    if codec.type != "video":
        raise OptionError(f"{name} encodes {codec.type}: choose an encoder of video")
    return codec


def open_encoder(rendition: Rendition, shape: Shape, container: OutputContainer) -> Encoder:
    """Open an encoder as the stream of a container.

    Parameters
    ----------
    rendition
        How it is set.
    shape
        What it gets.
    container
        What its packets may be written to.

    Raises
    ------
    OptionError
        It does not work; the message has the encoder's own words.
    """
    codec = _codec(rendition.encoder)
    if codec.name == "libx265" and min(shape.width, shape.height) < _X265_SMALLEST:
        raise OptionError(
            f"{rendition.label}: libx265 encodes no picture below {_X265_SMALLEST}x{_X265_SMALLEST}"
            f" rightly, this is {shape.width}x{shape.height}: choose another size or encoder"
        )
    threads = encoder_threads(shape.width, shape.height)
    options = _options(rendition, codec, threads)
    try:
        stream = container.add_stream(codec.name, rate=shape.rate)
    except ValueError as error:
        raise OptionError(f"{rendition.label}: {error}") from None
    assert isinstance(stream, VideoStream)
    context = stream.codec_context
    _set(stream, shape, rendition)
    if "threads" not in options:
        context.thread_count = threads
    context.options = dict(options)
    words = _open(context)
    if words is None:
        left = sorted(set(context.options) & set(options))
        words = f"it has no option {left[0]!r}" if left else None
    if words is not None:
        raise OptionError(f"{rendition.label}: {rendition.encoder} refuses: {words}")
    return Encoder(context, shape, options, int(options.get("threads", threads)))


def _set(stream: VideoStream, shape: Shape, rendition: Rendition) -> None:
    context = stream.codec_context
    context.width, context.height, context.pix_fmt = shape.width, shape.height, shape.pix_fmt
    context.time_base, context.framerate = shape.time_base, shape.rate
    stream.time_base = shape.time_base
    if shape.aspect:
        context.sample_aspect_ratio = shape.aspect
    context.color_range, context.color_trc = shape.tags[0], shape.tags[1]
    context.colorspace, context.color_primaries = shape.tags[2], shape.tags[3]
    context.bit_rate = rendition.bitrate or 0
    context.flags |= Flags.global_header
    context.thread_type = "AUTO"


def _options(rendition: Rendition, codec: Codec, threads: int) -> dict[str, str]:
    """Return all options by FFmpeg's names."""
    manner = _MANNERS.get(codec.name) or _generic(codec)
    options: dict[str, str] = {}
    if rendition.crf is not None:
        low, high = manner.crf_range or (float("-inf"), float("inf"))
        if not low <= rendition.crf <= high:
            raise OptionError(f"{rendition.label}: the CRF of {codec.name} is {low:g} to {high:g}")
        options |= _filled(rendition, "CRF", manner.crf, f"{rendition.crf:g}")
    if rendition.qp is not None:
        low, high = manner.qp_range
        if not low <= rendition.qp <= high:
            raise OptionError(f"{rendition.label}: the QP of {codec.name} is {low:g} to {high:g}")
        options |= _filled(rendition, "QP", manner.qp, str(rendition.qp))
    if rendition.preset is not None:
        options[manner.preset] = rendition.preset
    options |= rendition.options
    if manner.packed and "threads" not in options:
        packed = options.get(manner.packed, "")
        frames = 1 + (threads > 2)
        said = {part.partition("=")[0] for part in packed.split(":")}
        own = [form.format(threads, frames) for form in manner.own_threads]
        parts = [packed, *(part for part in own if part.partition("=")[0] not in said)]
        options[manner.packed] = ":".join(part for part in parts if part)
    if codec.name == "libx265" and "log-level" not in options["x265-params"]:
        options["x265-params"] += ":log-level=error"
    return options


def _generic(codec: Codec) -> _Manner:
    """Return how an encoder that is not in the table is told its quality."""
    created = codec.create("video")
    names = {option.name for option in created.supported_options.private}
    crf = _PLAIN if "crf" in names else None
    qp = {"qp": "{}"} if "qp" in names else _NATIVE.qp
    return _Manner(crf, None, qp)


def _filled(
    rendition: Rendition, what: str, form: Mapping[str, str] | None, value: str
) -> dict[str, str]:
    if form is None:
        raise OptionError(
            f"{rendition.label}: {rendition.encoder} has no {what}: give another kind of quality"
        )
    scaled = {"lambda": str(round(float(value) * _LAMBDA))}
    return {name: scaled.get(text, text.format(value)) for name, text in form.items()}


def _open(context: VideoCodecContext) -> str | None:
    """Open an encoder; return its words if it refuses or ignores what it was told."""
    # SVT-AV1 tells its life on standard error unless it is asked not to.
    os.environ.setdefault("SVT_LOG", "1")
    with overheard(av.logging.WARNING) as heard, scheduling_kept():
        try:
            context.open(strict=False)
        except (FFmpegError, ValueError, OSError) as error:
            return heard.words() or str(error)
        ignored = [line for line in heard.lines() if re.search(_IGNORED, line)]
    return ignored[0] if ignored else None


_IGNORED = re.compile(r"^(Unknown option|Error parsing option)")


class _Heard:
    """What libraries said: FFmpeg by its log, others on standard error."""

    def __init__(self, file: IO[bytes], logs: list[tuple[int, str, str]]) -> None:
        self._file = file
        self._logs = logs

    def lines(self) -> list[str]:
        """Return the lines of FFmpeg's log."""
        return [line.strip() for _, _, text in self._logs for line in text.splitlines()]

    def text(self) -> str:
        """Return what was written to standard error."""
        self._file.seek(0)
        return self._file.read().decode(errors="replace")

    def words(self) -> str:
        """Return in a line why it went wrong."""
        said = re.findall(r"^\w+ ?\[error\]: *(.+)$", self.text(), re.M)
        seen = dict.fromkeys([*said, *self.lines()])
        return " ".join("; ".join(line for line in seen if line).replace(":; ", ": ").split())


@contextmanager
def overheard(level: int) -> Iterator[_Heard]:
    """Listen to libraries, which write to the process's standard error, for a moment.

    Only while nothing else runs that may want to write there.
    """
    with ffmpeg_log.LOCK, tempfile.TemporaryFile() as file:
        sys.stderr.flush()
        saved = None
        with suppress(OSError):  # it may be closed
            saved = os.dup(2)
            os.dup2(file.fileno(), 2)
        try:
            with ffmpeg_log.listened(level) as logs:
                yield _Heard(file, logs)
        finally:
            if saved is not None:
                os.dup2(saved, 2)
                os.close(saved)


def open_decoder(encoder: Encoder) -> VideoCodecContext:
    """Return a decoder for what an encoder writes, as a container of it would be decoded."""
    name = encoder.context.codec.canonical_name
    # By id, FFmpeg takes the first in its list, which for AV1 is not the one of this name.
    decoder = Codec({"av1": "libdav1d"}.get(name, name), "r").create("video")
    decoder.extradata = encoder.context.extradata
    decoder.width, decoder.height = encoder.shape.width, encoder.shape.height
    # Several threads would only delay: the renditions keep the processors busy.
    decoder.thread_count = 1
    return decoder


@functools.cache
def encoder_version(name: str) -> str:
    """Return which build of an encoder this is, as far as it says, and what it is called through.

    Parameters
    ----------
    name
        FFmpeg's name.
    """
    codec = ".".join(map(str, av.library_versions["libavcodec"]))
    own = _of_file("libSvtAv1Enc") if name == "libsvtav1" else _banner(name)
    return ", ".join(filter(None, (own, f"libavcodec {codec}", f"PyAV {av.__version__}")))


def _of_file(stem: str) -> str:
    """Return the name of a library that came with PyAV, which has version and hash in it."""
    files = metadata.files("av") or ()
    return next((file.name for file in files if file.name.startswith(stem)), "")


def _banner(name: str) -> str:
    """Encode a gray picture and return the version that the encoder tells of itself."""
    with suppress(FFmpegError, ValueError, OSError), overheard(av.logging.INFO) as heard:
        context = _codec(name).create("video")
        context.width = context.height = 128
        context.pix_fmt = choose_pix_fmt(Rendition(name), "yuv420p")
        context.time_base, context.framerate = Fraction(1, 25), Fraction(25)
        frame = av.VideoFrame(128, 128, context.pix_fmt)
        frame.pts = 0
        written = b"".join(bytes(p) for f in (frame, None) for p in context.encode(f))
        del context  # at which x265 talks once more
        return _told("\n".join((heard.text(), *heard.lines(), written.decode("latin-1"))))
    return ""  # it will say why when it is used


def _told(text: str) -> str:
    known = (
        r"(x264) - core (\d+(?: r\d+\w*)?(?: \w{7})?)",
        r"(HEVC) encoder version (\S+)",
        r"^()(v\d+\.\d+\.\d+\S*)$",  # libvpx,
    )
    found = next((m for form in known if (m := re.search(form, text, re.M))), None)
    return " ".join(found.groups()).replace("HEVC", "x265").strip() if found else ""


def crf_range(encoder: str) -> tuple[float, float] | None:
    """Return the lowest and the highest CRF of an encoder; None: it has none that is known.

    Raises
    ------
    OptionError
        PyAV has no such encoder.
    """
    manner = _MANNERS.get(_codec(encoder).name)
    return manner.crf_range if manner else None
