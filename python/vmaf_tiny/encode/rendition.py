"""What to encode: an encoder and how it is set."""

import math
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Self

from cattrs import structure

from vmaf_tiny.conditions import Conditions
from vmaf_tiny.errors import OptionError

_HIGHEST = 10**12  # bits per second, which FFmpeg can count and no encoder reaches
_SMALLEST = 16  # samples; encoders refuse less with words that say less


@dataclass(frozen=True)
class Rendition:
    """An encode to be made: an encoder, one quality and the rest of its settings.

    Attributes
    ----------
    encoder
        FFmpeg's name of an encoder that PyAV has, such as ``"libx264"`` or ``"libsvtav1"``.
    crf
        Constant rate factor, on the encoder's own scale; fractions where it takes them.
    qp
        Constant quantiser, on the encoder's own scale.
    bitrate
        Average bits per second. At most one of the three; without any, the encoder's default.
    preset
        The encoder's name or number of a preset; None: its default.
    size
        Width and height to encode at; None: those of the source, upright.
    pix_fmt
        FFmpeg's name of the pixel format to encode; None: of those that the encoder takes, the
        one nearest to the source's.
    options
        More options by FFmpeg's names, as after ``-`` on its command line, such as
        ``{"tune": "film", "g": "48", "x264-params": "scenecut=0"}``.

    Raises
    ------
    OptionError
        Two qualities are given or a value makes no sense for any encoder.

    Examples
    --------
    >>> Rendition("libx264", crf=23, preset="medium", size=(1280, 720)).label
    'libx264 medium crf 23 1280x720'
    """

    encoder: str = "libx264"
    crf: float | None = None
    qp: int | None = None
    bitrate: int | None = None
    preset: str | None = None
    size: tuple[int, int] | None = None
    pix_fmt: str | None = None
    options: Mapping[str, str] = field(default_factory=dict, hash=False)

    def __post_init__(self) -> None:
        given = [name for name in ("crf", "qp", "bitrate") if getattr(self, name) is not None]
        if len(given) > 1:
            raise OptionError(f"{self.encoder} is given {' and '.join(given)}: give one of them")
        if self.crf is not None and not math.isfinite(self.crf):
            raise OptionError(f"crf {self.crf} is no quality: give a number")
        if self.bitrate is not None and not 0 < self.bitrate <= _HIGHEST:
            raise OptionError(
                f"{self.bitrate} bits per second: give more than 0, up to {_HIGHEST:.0e}"
            )
        if self.size is not None:
            size = int(self.size[0]), int(self.size[1])
            if min(size) < _SMALLEST or max(size) >= 1 << 16:
                raise OptionError(f"{size[0]}x{size[1]} cannot be encoded: give a true size")
            object.__setattr__(self, "size", size)
        if self.preset is not None:
            object.__setattr__(self, "preset", str(self.preset))
        options = {str(name): str(value) for name, value in sorted(self.options.items())}
        object.__setattr__(self, "options", options)

    @property
    def quality(self) -> str:
        """The quality for people, such as ``"crf 23"`` or ``"2500 kbit/s"``."""
        if self.crf is not None:
            return f"crf {self.crf:g}"
        if self.qp is not None:
            return f"qp {self.qp}"
        if self.bitrate is not None:
            return f"{self.bitrate / 1000:g} kbit/s"
        return "default quality"

    @property
    def label(self) -> str:
        """All of it in a line for people."""
        return self._line(self.quality)

    @property
    def curve(self) -> str:
        """What stays the same along a rate-distortion curve: the label without the quality."""
        return self._line("")

    def _line(self, quality: str) -> str:
        parts = [self.encoder, self.preset or "", quality]
        parts.append(f"{self.size[0]}x{self.size[1]}" if self.size else "")
        parts.append(self.pix_fmt or "")
        parts += [f"{name}={value}" for name, value in self.options.items()]
        return " ".join(part for part in parts if part)

    @property
    def conditions(self) -> Conditions:
        """What a model that is conditioned on the encoder is told."""
        crf = None if self.crf is None else f"{self.crf:g}"
        preset = self.preset
        if self.encoder.startswith("libvpx"):  # whose presets for models are its deadlines
            preset = self.options.get("deadline", self.options.get("quality"))
        return Conditions(self.encoder, preset, crf)

    @property
    def stem(self) -> str:
        """The label as part of the name of a file."""
        return re.sub(r"[^\w.=-]+", "_", self.label.replace("crf ", "crf").replace("qp ", "qp"))

    def to_dict(self) -> dict[str, Any]:
        """Return it as what JSON has."""
        values = asdict(self)
        return {**values, "size": list(self.size) if self.size else None}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """Return what `to_dict` was made from."""
        return structure(values, cls)
