"""What encoding and scoring a rendition gives."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from vmaf_tiny.encode.rendition import Rendition
from vmaf_tiny.result import Result
from vmaf_tiny.table import Scored
from vmaf_tiny.windows import WINDOW, Window, worst_windows


@dataclass(frozen=True)
class EncoderInfo:
    """What made an encode.

    Attributes
    ----------
    name
        FFmpeg's name.
    version
        Of the encoder's library, as far as it says, and of PyAV.
    width, height, pix_fmt
        Of the pictures that were encoded.
    options
        All that it was told, by FFmpeg's names.
    threads
        That it was told to use, on which what it encodes may depend.
    """

    name: str
    version: str
    width: int
    height: int
    pix_fmt: str
    options: dict[str, str]
    threads: int


@dataclass(frozen=True, eq=False)
class RenditionResult:
    """An encode and its scores.

    Attributes
    ----------
    rendition
        What was asked for.
    source
        Path of the source; empty where it is no file.
    result
        Scores and features of each picture and pooled, warnings, and how they came about.
    bytes
        Size of the encode: packets and the encoder's header, without a container.
    duration
        Seconds that are shown.
    encode_seconds
        Time that the encoder was at work, by the clock; others may have been at work beside it.
    pictures
        Pictures that were encoded.
    sizes
        ``int64`` array of shape (n,): bytes of each scored picture's packet.
    keyframes
        ``bool`` array of shape (n,): whether decoding can begin there.
    encoder
        What made it.
    kept
        The file that it was kept in; None: it was not.
    header
        Bytes of the encoder's header, which are among `bytes`.
    segments
        In how many segments it was encoded, see `vmaf_tiny.encode.segments`.
    source_sha256
        Of the bytes of the source, where they were read for it, as sweeps do; else empty.
    """

    rendition: Rendition
    source: str
    result: Result
    bytes: int
    duration: float
    encode_seconds: float
    pictures: int
    sizes: NDArray[np.int64]
    keyframes: NDArray[np.bool_]
    encoder: EncoderInfo
    kept: Path | None = None
    header: int = 0
    segments: int = 1
    source_sha256: str = ""

    @property
    def bitrate(self) -> float:
        """Bits per second."""
        return 8 * self.bytes / self.duration

    @property
    def encode_fps(self) -> float:
        """Pictures encoded per second of `encode_seconds`."""
        return self.pictures / max(self.encode_seconds, 1e-9)

    @property
    def score(self) -> float:
        """The score: the mean over its pictures."""
        return self.result.score

    @property
    def pooled(self) -> dict[str, float]:
        """The score by each of `POOLINGS`, such as ``mean``, ``harmonic_mean`` or ``p5``."""
        return self.result.pooled["vmaf"]

    @property
    def scored(self) -> Scored:
        """The same as tables of features, charts and reports take it."""
        rendition, encoder = self.rendition, self.encoder
        return Scored(
            name=rendition.label,
            result=self.result,
            reference=absolute(self.source),
            distorted=absolute(self.kept or ""),
            series=rendition.curve,
            encoder=rendition.encoder,
            preset=rendition.preset or "",
            quality=rendition.quality,
            conditions=rendition.conditions,
            width=encoder.width,
            height=encoder.height,
            size=self.bytes,
            duration=self.duration,
            sizes=self.sizes,
            keyframes=self.keyframes,
        )

    def worst_window(self, seconds: float = WINDOW) -> Window:
        """Return the stretch of this length of the lowest mean score, the first of equals.

        A video that is shorter is one window. Without times, pictures count as evenly spread.

        Raises
        ------
        OptionError
            The length is not above 0.
        """
        result, step = self.result, self.duration / max(self.pictures, 1)
        unknown = np.isnan(result.times).any()
        times = np.asarray(result.index * step if unknown else result.times, np.float64)
        (worst,) = worst_windows(result.scores, times, seconds=seconds, step=step)
        return worst


def absolute(path: str | Path) -> str:
    """Return the whole path of a file that is there, and of anything else what it is."""
    return str(Path(path).resolve()) if path and Path(path).is_file() else str(path)
