"""From a frame to its luma plane: as it is where that can be, converted where it must be."""

import functools
import re
import sys
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

import av
import numpy as np
from av.error import FFmpegError
from av.video.format import VideoFormat
from av.video.reformatter import ColorRange, Colorspace, Interpolation, VideoReformatter
from numpy.typing import NDArray

from vmaf_tiny.errors import InputError

Luma: TypeAlias = NDArray[Any]
"""A luma plane of shape (height, width): ``uint8`` for 8 bits, ``uint16`` above."""

Image: TypeAlias = av.VideoFrame | Luma

Range: TypeAlias = Literal["limited", "full"]

MATRICES = {
    "bt709": Colorspace.ITU709,
    "bt601": Colorspace.ITU601,
    "bt2020": Colorspace.BT2020,
    "smpte240m": Colorspace.SMPTE240M,
    "fcc": Colorspace.FCC,
}
"""Ways from RGB to luma that swscale knows."""

# Several threads of swscale write over the first samples of each other's slices where rows are
# padded less than its vectors reach, as those of PyAV's frames are.
_THREADS = 1
_NATIVE = "le" if sys.byteorder == "little" else "be"
_PLANAR = re.compile(r"(yuv[aj]?4\d\dp|gray)(\d+[lb]e)?|nv\d\d([lb]e)?")
_GRAY = re.compile(r"gray|ya\d|mono")
_NO_LUMA = re.compile(r"xyz|.*f(16|32)")


@dataclass(frozen=True, slots=True)
class Pixels:
    """What a pixel format means here.

    Attributes
    ----------
    name
        FFmpeg's name.
    family
        ``"yuv"``, ``"gray"`` or ``"rgb"``, where paletted is ``"rgb"``.
    bits
        Bits per sample of the luma that it has or becomes, 8 to 16.
    direct
        Whether its first plane is luma as the core takes it.
    alpha
        Whether it has transparency.
    """

    name: str
    family: Literal["yuv", "gray", "rgb"]
    bits: int
    direct: bool
    alpha: bool

    @property
    def planar(self) -> str:
        """Name of a format with a luma plane, and with the same luma unless this one is RGB."""
        name = {"yuv": "yuv420p", "gray": "gray", "rgb": "yuv444p"}[self.family]
        return name if self.bits == 8 else f"{name}{self.bits}{_NATIVE}"


@functools.cache
def pixels(name: str) -> Pixels:
    """Return what a pixel format means here.

    Parameters
    ----------
    name
        FFmpeg's name, such as ``"yuv420p10le"``.

    Raises
    ------
    InputError
        FFmpeg does not know the format or no luma of 8 to 16 bits can be had from it.
    """
    try:
        form = VideoFormat(name, 64, 64)
    except ValueError:
        raise InputError(
            f"unknown pixel format {name!r}: use one of FFmpeg's, such as yuv420p"
        ) from None
    depths = [component.bits for component in form.components]
    if not depths or max(depths) > 16 or form.is_bayer or _NO_LUMA.match(name):
        raise no_luma(name)
    rgb = form.is_rgb or form.has_palette
    family: Literal["yuv", "gray", "rgb"]
    family = "rgb" if rgb else "gray" if _GRAY.match(name) else "yuv"
    bits = max(8, *depths)
    native = bits == 8 or form.is_big_endian == (_NATIVE == "be")
    direct = native and _PLANAR.fullmatch(name) is not None
    alpha = any(component.is_alpha for component in form.components)
    return Pixels(name, family, bits, direct, alpha)


def no_luma(name: str) -> InputError:
    """Return the error for a pixel format that cannot be read."""
    return InputError(
        f"no luma can be had from pixel format {name}: convert it first, such as with"
        " ffmpeg -pix_fmt yuv444p16le"
    )


def first_plane(frame: av.VideoFrame, bits: int) -> Luma:
    """Return the first plane of a frame without a copy.

    The array keeps the plane, and that the frame, so the decoder cannot reuse the memory.

    Parameters
    ----------
    frame
        Of a pixel format whose first plane has one sample per pixel.
    bits
        Bits per sample; above 8, samples are ``uint16``.
    """
    plane: Any = frame.planes[0]  # a buffer, which its stub does not say
    samples = np.frombuffer(plane, np.uint16 if bits > 8 else np.uint8)
    step = plane.line_size // samples.itemsize
    rows = samples.reshape(plane.height, abs(step))[:, : plane.width]
    rows.flags.writeable = False
    return rows if step > 0 else rows[::-1]  # upside down in memory


@dataclass(frozen=True)
class Conversion:
    """What is done to the pictures of one side; by default, nothing that can be left out.

    Attributes
    ----------
    matrix, range
        How RGB becomes luma: a key of `MATRICES` and where black and white lie. Not for YUV and
        gray, whose luma is taken as it is.
    turns
        Quarter turns counterclockwise.
    shift
        Bits to add at the lower end of each sample.
    full
        Whether added bits repeat the upper ones, so that full-range white stays white, rather
        than being 0.
    size
        Width and height to scale to; None: as it is.
    bits
        Bits per sample in the end.
    """

    bits: int
    matrix: str = "bt709"
    range: Range = "limited"
    turns: int = 0
    shift: int = 0
    full: bool = False
    size: tuple[int, int] | None = None


class Converter:
    """Turns the frames or planes of one video into luma planes that can be compared.

    One thread at a time. The scaler is swscale's bicubic, just as FFmpeg's
    ``scale=w:h:flags=bicubic`` has it.

    Parameters
    ----------
    conversion
        What to do.
    """

    def __init__(self, conversion: Conversion) -> None:
        self._conversion = conversion
        self._format = VideoReformatter()
        self._scale = VideoReformatter()

    def __call__(self, image: Image) -> Luma:
        """Return the luma plane of an image, which may be its own memory.

        Raises
        ------
        InputError
            No luma can be had from the image's pixel format.
        """
        todo = self._conversion
        luma = self._luma(image) if isinstance(image, av.VideoFrame) else image
        if todo.turns:
            luma = np.ascontiguousarray(np.rot90(luma, todo.turns))
        if todo.shift:
            luma = deepen(luma, todo.bits - todo.shift, todo.bits, full=todo.full)
        if todo.size and todo.size != luma.shape[::-1]:
            luma = self._scaled(luma, *todo.size)
        return luma

    def _luma(self, frame: av.VideoFrame) -> Luma:
        form = pixels(frame.format.name)
        if form.direct:
            return first_plane(frame, form.bits)
        try:
            return first_plane(self._planar(frame, form), form.bits)
        except (FFmpegError, ValueError):  # swscale reads not all formats
            raise no_luma(form.name) from None

    def _planar(self, frame: av.VideoFrame, form: Pixels) -> av.VideoFrame:
        if form.family == "rgb":
            full = self._conversion.range == "full"
            return self._format.reformat(
                frame,
                format=form.planar,
                dst_colorspace=MATRICES[self._conversion.matrix],
                src_color_range=ColorRange.JPEG,
                dst_color_range=ColorRange.JPEG if full else ColorRange.MPEG,
                interpolation=Interpolation.BICUBIC | Interpolation.ACCURATE_RND,
                threads=_THREADS,
            )
        # Saying the same range on both sides keeps swscale from touching a sample.
        return self._format.reformat(
            frame,
            format=form.planar,
            src_color_range=ColorRange.MPEG,
            dst_color_range=ColorRange.MPEG,
            threads=_THREADS,
        )

    def _scaled(self, luma: Luma, width: int, height: int) -> Luma:
        bits = self._conversion.bits
        depth = bits if bits in (8, 9, 10, 12, 14) else 16  # the depths that swscale knows
        # As gray, a plane is scaled alone: no chroma to carry, no range to convert.
        form = "gray" if depth == 8 else f"gray{depth}{_NATIVE}"
        scaled = self._scale.reformat(
            av.VideoFrame.from_ndarray(luma, form),  # a copy, as swscale reads past the end
            width=width,
            height=height,
            interpolation=Interpolation.BICUBIC,
            threads=_THREADS,
        )
        plane = first_plane(scaled, bits)
        # Bicubic overshoots; swscale clips to its own depth only.
        return plane if depth == bits else np.minimum(plane, np.uint16((1 << bits) - 1))


def deepen(luma: Luma, bits: int, to_bits: int, *, full: bool) -> Luma:
    """Return a plane with more bits per sample.

    Parameters
    ----------
    luma
        Plane of any shape.
    bits, to_bits
        Bits per sample before and after, 8 <= `bits` < `to_bits` <= 16.
    full
        Repeat the upper bits below, as full range asks for; else shift in zeros, which is exact
        for limited range, whose black and white are 16 and 235 times a power of two.
    """
    shift = to_bits - bits
    deep = np.left_shift(luma, shift, dtype=np.uint16)
    if full:
        deep |= luma >> (bits - shift)
    return deep
