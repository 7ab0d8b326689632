"""Options of commands that encode a source: sweeps, ladders and searches."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Annotated, Any, Literal

from cyclopts import Group, Parameter
from cyclopts.types import NonNegativeFloat, NonNegativeInt, PositiveFloat, PositiveInt

from vmaf_tiny.cli.options import FLAG, LIST, OUTPUT, PATH, PATHS, VIDEO, WORK
from vmaf_tiny.errors import OptionError
from vmaf_tiny.files import check_writable

if TYPE_CHECKING:
    from vmaf_tiny.encode import Rendition

SEARCH = Group("Search", sort_key=1)
LADDER = Group("Ladder", sort_key=1)
ENCODER = Group("Encoder", sort_key=2)


@Parameter(name="*", group=ENCODER)
@dataclass(frozen=True)
class EncoderOptions:
    """What encodes, and how, but for the quality."""

    encoder: str = "libx264"
    """FFmpeg's name of an encoder that PyAV has: libx264, libx265, libsvtav1, libvpx-vp9…"""

    preset: str | None = None
    """The encoder's preset; without it its default."""

    pix_fmt: str | None = None
    """Pixel format to encode; without it the nearest to the source's."""

    option: Annotated[tuple[str, ...], LIST, Parameter(alias="-O")] = ()
    """More for the encoder by FFmpeg's names, such as tune=film; once for each."""

    def rendition(self, size: str | None = None) -> "Rendition":
        """Return it without a quality, maybe of a size."""
        from vmaf_tiny.encode import Rendition
        from vmaf_tiny.sweep.grid import size_of

        return Rendition(
            self.encoder,
            preset=self.preset,
            size=size_of(size) if size else None,
            pix_fmt=self.pix_fmt,
            options=encoder_options(self.option),
        )


@Parameter(name="*")
@dataclass(frozen=True)
class LoopOptions:
    """How a command that encodes and scores works, and what it keeps and tells."""

    mode: Annotated[Literal["exact", "fast"], Parameter(group=WORK)] = "exact"
    """exact: features equal to libvmaf's; fast: pictures of about 960x540 and more from some
    of their rows, off by hundredths of a point."""

    segment: Annotated[PositiveFloat | None, Parameter(group=WORK)] = None
    """Split the source at key frames into parts of at least so many seconds, encoded apart, so that
    workers share them."""

    workers: Annotated[NonNegativeInt, Parameter(group=WORK)] = 0
    """Processes to work in; 0: this one."""

    dask: Annotated[str | None, Parameter(group=WORK)] = None
    """Dask scheduler to work on, such as tcp://host:8786, or local."""

    upload: Annotated[bool, FLAG, Parameter(group=WORK)] = False
    """Send the source to Dask's workers; without it they read it at the same path."""

    threads: Annotated[NonNegativeInt, Parameter(group=WORK)] = 0
    """Threads for the features, of each worker; 0: one per processor."""

    cpu: Annotated[str, Parameter(group=WORK)] = "best"
    """Kernels to compute with; `vmaf-tiny doctor` lists them. All give the same scores."""

    allow_hdr: Annotated[bool, FLAG, Parameter(group=VIDEO)] = False
    """Score PQ or HLG video, although the model knows SDR only."""

    allow_interlaced: Annotated[bool, FLAG, Parameter(group=VIDEO)] = False
    """Encode interlaced video as if it were progressive, and compare it so."""

    allow_damage: Annotated[bool, FLAG, Parameter(group=VIDEO)] = False
    """Encode what can be decoded of a damaged or cut-off source."""

    allow_stretch: Annotated[bool, FLAG, Parameter(group=VIDEO)] = False
    """Encode at a size of another shape than the source's, and compare it stretched back."""

    keep: Annotated[str | None, PATH, Parameter(group=OUTPUT)] = None
    """Folder to keep the encodes in, as Matroska; of a search, that of the answer."""

    store: Annotated[str | None, PATH, Parameter(group=OUTPUT)] = None
    """File of results that were computed, which are not computed again; without it
    vmaf-tiny/results.sqlite in ~/.cache or $XDG_CACHE_HOME."""

    no_store: Annotated[bool, FLAG, Parameter(group=OUTPUT)] = False
    """Compute everything, keep nothing."""

    progress: Annotated[Literal["auto", "json", "none"], Parameter(group=OUTPUT)] = "auto"
    """auto: bars on a terminal, else a line now and then; json: events on standard error, one a
    line."""

    quiet: Annotated[bool, FLAG, Parameter(alias="-q", group=OUTPUT)] = False
    """No table, only the scores, one a line; of a ladder, those of its rungs; of a search, the
    CRF."""

    @property
    def place(self) -> Path | None:
        """The store; None: there is none."""
        from vmaf_tiny.units import default_store

        if self.no_store:
            return None
        return Path(self.store) if self.store else default_store()

    def arguments(self) -> dict[str, Any]:
        """Return what `sweep`, `build_ladder` and `search` take of these."""
        names = ("mode", "segment", "workers", "dask", "upload", "threads", "cpu", "keep")
        allowances = ("hdr", "interlaced", "damage", "stretch")
        return {
            **{name: getattr(self, name) for name in names},
            "allow": [name for name in allowances if getattr(self, f"allow_{name}")],
            "store": self.place,
        }


@Parameter(name="*")
@dataclass(frozen=True)
class BatchOptions(LoopOptions):
    """The same of a command that makes several renditions at once."""

    at_once: Annotated[NonNegativeInt, Parameter(group=WORK)] = 0
    """Renditions made from one decode of the source; 0: as many as memory allows, at most 8."""

    def arguments(self) -> dict[str, Any]:
        """Return what `sweep` and `build_ladder` take of these."""
        return {**super().arguments(), "at_once": self.at_once}


def encoder_options(texts: Sequence[str]) -> dict[str, str]:
    """Return options of an encoder that are written as ``name=value``."""
    options = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals or not name:
            raise OptionError(f"{text!r} is no option of an encoder: write name=value")
        options[name] = value
    return options


@Parameter(name="*", group=SEARCH)
@dataclass(frozen=True)
class SearchOptions:
    """What is looked for, and how."""

    target: PositiveFloat
    """Score to reach, up to 100, such as 93."""

    pool: str = "mean"
    """What of the scores of all pictures is to reach it: mean, harmonic_mean, min, p1, p5, p10 or
    p50, such as p5: all but the worst 5 % of the pictures."""

    tolerance: NonNegativeFloat = 0.3
    """Points below the target that are good enough, and above it that are near enough."""

    min_chunk: PositiveFloat | None = None
    """Score that the worst chunk must have as well."""

    chunk: PositiveFloat = 2.0
    """Seconds of a chunk, and of a sample."""

    samples: NonNegativeInt = 6
    """Samples that probes encode; 0: encode the whole each time."""

    crf: str | None = None
    """Lowest and highest CRF, and the step if it is not 1, such as 18:40 or 20:50:0.5."""

    first: float | None = None
    """CRF to begin with; without it the middle of the encoder's."""

    probes: PositiveInt = 5
    """Encodes at most; the first and the last are of the whole."""

    size: str | None = None
    """Size to encode at, such as 1280x720; without it that of the source, at which it is
    compared."""

    output: Annotated[tuple[str, ...], PATHS, Parameter(alias="-o", group=OUTPUT)] = ()
    """Files to write: .json has the answer, all probes and the encodes of the whole, .parquet and
    .frames.csv a row for each picture of these, .csv one for each; - is JSON on standard output.
    Give it once for each."""

    def arguments(self) -> dict[str, Any]:
        """Return what `search` takes of these."""
        names = (
            "target", "pool", "tolerance", "min_chunk", "chunk", "samples", "first", "probes",
        )  # fmt: skip
        values = {name: getattr(self, name) for name in names}
        if self.crf is not None:
            try:
                low, high, *step = (float(part) for part in self.crf.split(":"))
                (values["step"],) = step or [1.0]
            except ValueError:
                raise OptionError(f"--crf {self.crf}: write low:high, such as 18:40") from None
            values["crf"] = low, high
        return values


@Parameter(name="*", group=LADDER)
@dataclass(frozen=True)
class LadderOptions:
    """Of which sizes and qualities a ladder is built; lists have commas."""

    sizes: str = "1080,720,540,360"
    """Rows of pictures; those above the source's are left out."""

    crf: str | None = None
    """CRFs of each size, such as 18:40:4 (both ends are in it) or 20,26,32; without it six over
    the range that is of use."""

    scores: str | None = None
    """Scores to suggest rungs for: the cheapest encode that has each; without it and bitrates
    95,88,78,65,50."""

    bitrates: str | None = None
    """Bitrates to suggest rungs for, such as 800k,1.5M or in kbit/s: the best encode within
    each."""

    output: Annotated[tuple[str, ...], PATHS, Parameter(alias="-o", group=OUTPUT)] = ()
    """Files to write: .json has everything, .m3u8 the rungs for HLS, .mpd for DASH, .parquet and
    .frames.csv a row for each picture, .csv one for each encode; - is JSON on standard output. Give
    it once for each."""

    def arguments(self) -> dict[str, Any]:
        """Return what `build_ladder` takes of these."""
        from vmaf_tiny.sweep.grid import bits_per_second, numbers

        values: dict[str, Any] = {
            "sizes": [round(size) for size in _numbers("--sizes", self.sizes)],
            "skip_larger": True,
        }
        if self.crf is not None:
            values["crf"] = numbers(self.crf)
        if self.scores is not None:
            values["scores"] = _numbers("--scores", self.scores)
        if self.bitrates is not None:
            kilo = (f"{rate}k" if rate[-1:].isdigit() else rate for rate in _listed(self.bitrates))
            values["bitrates"] = bits_per_second(",".join(kilo))
        return values


def check_results(path: str, source: str, also: Sequence[str] = ()) -> None:
    """Refuse a file that results cannot be written to, before the work and not after it.

    Parameters
    ----------
    path
        Of the file; ``"-"`` is standard output.
    source
        What is read.
    also
        Endings of more than the formats of results.
    """
    from vmaf_tiny.encode.tables import results_format

    if path == "-":
        return
    if PurePath(path).suffix.lower() not in also:
        results_format(path, also)
    check_writable(path, [source])


def _listed(text: str) -> list[str]:
    return [part.strip() for part in text.split(",")]


def _numbers(name: str, text: str) -> list[float]:
    try:
        found = [float(part) for part in text.split(",")]
        if not all(map(math.isfinite, found)):
            raise ValueError
        return found
    except ValueError:
        raise OptionError(f"{name} {text}: write numbers with commas between them") from None
