"""Options of the command, in groups that commands share.

What is written under a field is its line of help.
"""

from dataclasses import asdict, dataclass, fields
from pathlib import PurePath
from typing import TYPE_CHECKING, Annotated, Any, Literal

from cyclopts import Group, Parameter
from cyclopts.types import NonNegativeInt, PositiveFloat, PositiveInt
from cyclopts.validators import Number, mutually_exclusive

from vmaf_tiny._core import LOG_FORMATS, MODES, Model
from vmaf_tiny.errors import OptionError

if TYPE_CHECKING:
    from vmaf_tiny.conditions import Models
    from vmaf_tiny.frames import RawFormat

VIDEO = Group("Videos", sort_key=1)
RAW = Group("Raw video", help="What a file without a header is like.", sort_key=2)
MODEL = Group("Model", sort_key=3)
WORK = Group("Work", sort_key=4)
OUTPUT = Group("Output", sort_key=5)
BENCH = Group("Benchmark", sort_key=6)
ENCODE = Group("Renditions", help="Every combination is made.", sort_key=1)

TABLE = "parquet"
"""Format of tables of features, which is no log."""

FORMAT = Group(show=False, validator=mutually_exclusive)

FLAG = Parameter(negative=(), show_default=False)


def _joined(values: tuple[object, ...]) -> str:
    """Return a list as it is written on the command line."""
    return ",".join(map(str, values))


LIST = Parameter(negative=(), show_default=False)
LISTED = Parameter(negative=(), show_default=_joined)
FEW = Parameter(validator=Number(gte=1, lte=1000))


def is_no_option(_: type, value: str | tuple[str, ...] | None) -> None:
    """Refuse an option where a path should be; ``-`` alone is a path."""
    for path in (value,) if isinstance(value, str) else value or ():
        if path.startswith("-") and path != "-":
            raise ValueError(f"{path} is an option, not a path.")


PATH = Parameter(allow_leading_hyphen=True, validator=is_no_option)
PATHS = Parameter(
    allow_leading_hyphen=True, validator=is_no_option, negative=(), show_default=False
)


@Parameter(name="*", group=VIDEO)
@dataclass(frozen=True)
class PairOptions:
    """How two videos are brought together, and what is not refused."""

    pairing: Literal["auto", "time", "index"] = "auto"
    """Which pictures belong together; auto: by time for containers, by index for raw video."""

    align: Literal["check", "fix", "off"] = "check"
    """check: warn if pictures are not compared with their own, by what they show; fix: read both
    videos once before, and pair pictures by what they show if need be."""

    allow_hdr: Annotated[bool, FLAG] = False
    """Score PQ or HLG video, although the model knows SDR only."""

    allow_range_mismatch: Annotated[bool, FLAG, Parameter(alias="--allow-range")] = False
    """Compare full-range with limited-range video as they are."""

    allow_interlaced: Annotated[bool, FLAG] = False
    """Compare interlaced with progressive video as they are."""

    allow_matrix: Annotated[bool, FLAG] = False
    """Turn RGB into luma by BT.601 where the other video does not say its matrix."""

    allow_stretch: Annotated[bool, FLAG] = False
    """Compare a picture that is stretched, as it is."""

    allow_bars: Annotated[bool, FLAG] = False
    """Compare with black bars on one side, as it is."""

    allow_damage: Annotated[bool, FLAG] = False
    """Score what can be decoded of damaged or cut-off video."""

    def arguments(self) -> dict[str, Any]:
        """Return what `vmaf_tiny.score` takes of these."""
        allowances = {
            "hdr": self.allow_hdr,
            "range": self.allow_range_mismatch,
            "interlaced": self.allow_interlaced,
            "matrix": self.allow_matrix,
            "stretch": self.allow_stretch,
            "bars": self.allow_bars,
            "damage": self.allow_damage,
        }
        return {
            "pairing": self.pairing,
            "align": self.align,
            "allow": {name for name, allowed in allowances.items() if allowed},
        }


@Parameter(name="*", group=RAW)
@dataclass(frozen=True)
class RawShape:
    """What video without a header is like, but for its bits."""

    width: Annotated[PositiveInt | None, Parameter(alias="-w")] = None
    """Luma samples per row."""

    height: Annotated[PositiveInt | None, Parameter(alias="-h")] = None
    """Luma rows."""

    pixel_format: Annotated[str | None, Parameter(alias="-p")] = None
    """420, 422, 444 or 400 for planar video, or FFmpeg's name, such as nv12; without it 420."""

    fps: PositiveFloat | None = None
    """Pictures per second, for time stamps."""

    def format(self, bits: int | None) -> "RawFormat | None":
        """Return the format of raw video of so many bits per sample; None: nothing is said."""
        from vmaf_tiny.frames import RawFormat

        if all(getattr(self, field.name) is None for field in fields(self)):
            return None
        if self.width is None or self.height is None:
            raise OptionError(
                "raw video needs both -w and -h; other video needs none of its options"
            )
        return RawFormat(self.width, self.height, self.pixel_format or "420", bits, self.fps)


@Parameter(name="*", group=RAW)
@dataclass(frozen=True)
class RawOptions(RawShape):
    """What video without a header is like."""

    bits: Annotated[PositiveInt | None, Parameter(alias="-b")] = None
    """Bits per sample, 8 to 16; above 8, two bytes, the low one first; without it 8."""

    def arguments(self) -> dict[str, Any]:
        """Return what `vmaf_tiny.score` takes of these."""
        raw = self.format(self.bits)
        return {"raw": raw} if raw else {}


@Parameter(name="*", group=MODEL)
@dataclass(frozen=True)
class ModelChoice:
    """Which model, and where it runs."""

    tiny_model: Annotated[str, Parameter(alias="--model")] = "vmaf_tiny_v2"
    """Id that `vmaf-tiny models` lists, or the path of an .onnx file."""

    tiny_device: Literal["auto", "cpu", "cuda", "openvino", "rocm"] = "auto"
    """Where it runs; auto tries cuda, openvino, rocm and cpu."""

    model_dir: Annotated[str | None, PATH] = None
    """Folder of the registry.json to trust, instead of the package's own."""

    no_clip: Annotated[bool, FLAG] = False
    """Let scores leave 0 to 100."""

    tiny_threads: NonNegativeInt = 0
    """Threads of ONNX Runtime; 0: 1."""

    ort_lib: Annotated[str | None, PATH] = None
    """Path of libonnxruntime, instead of that of the onnxruntime package."""

    verify: Annotated[bool, FLAG] = False
    """Refuse a model that is not in the registry."""

    def options(self) -> dict[str, Any]:
        """Return what `Model` takes of these."""
        return {
            "model_dir": self.model_dir,
            "device": self.tiny_device,
            "ort_library": self.ort_lib,
            "threads": self.tiny_threads,
            "registered_only": self.verify,
            "clip": not self.no_clip,
        }


@Parameter(name="*", group=MODEL)
@dataclass(frozen=True)
class LoopModelOptions(ModelChoice):
    """Which model scores renditions, of which it can be told encoder, preset and CRF."""

    blind: Annotated[bool, FLAG] = False
    """Tell a model that is conditioned on the encoder nothing of it, rather than encoder, preset
    and CRF of each rendition."""

    def models(self) -> "Models":
        """Return what loads the model, told of each encode or of none."""
        from vmaf_tiny.conditions import BLIND, Models

        return Models(self.tiny_model, told=BLIND if self.blind else None, **self.options())


@Parameter(name="*", group=MODEL)
@dataclass(frozen=True)
class ModelOptions(ModelChoice):
    """Which model, where it runs, and what it is told."""

    codec: str | None = None
    """Encoder of the distorted video, such as libx264, for models that are conditioned on it;
    blind for a score without that knowledge."""

    preset: str | None = None
    """Preset of that encoder."""

    crf: str | None = None
    """CRF of that encoder."""

    def open(self) -> Model:
        """Load the model."""
        return Model(self.tiny_model, **self.options(), **self._told())

    def arguments(self) -> dict[str, Any]:
        """Return what `vmaf_tiny.score` takes of these."""
        options = self.options()
        options["model_threads"] = options.pop("threads")
        return {"model": self.tiny_model, **options, **self._told()}

    def models(self) -> "Models":
        """Return what loads the model for encodes of which the encoder is known or told here."""
        from vmaf_tiny.conditions import Conditions, Models

        given = self.codec, self.preset, self.crf
        told = Conditions(*given) if any(value is not None for value in given) else None
        return Models(self.tiny_model, told=told, **self.options())

    def _told(self) -> dict[str, Any]:
        return {"codec": self.codec, "preset": self.preset, "crf": self.crf}


@Parameter(name="*", group=WORK)
@dataclass(frozen=True)
class WorkOptions:
    """How the features are computed."""

    threads: NonNegativeInt = 0
    """Threads; 0: one per processor."""

    subsample: PositiveInt = 1
    """Score every N-th picture only; motion still compares true neighbours."""

    mode: Literal["exact", "fast"] = "exact"
    """exact: features equal to libvmaf's; fast: pictures of about 960x540 and more from some
    of their rows, off by hundredths of a point."""

    cpu: str = "best"
    """Kernels to compute with; `vmaf-tiny doctor` lists them. All give the same scores."""

    def arguments(self) -> dict[str, Any]:
        """Return what `vmaf_tiny.score` takes of these."""
        return asdict(self)


@Parameter(name="*", group=OUTPUT)
@dataclass(frozen=True)
class OutputOptions:
    """Where the scores go."""

    output: Annotated[str | None, PATH, Parameter(alias="-o")] = None
    """Log of every picture; - is standard output. The ending tells the format; .parquet is a table
    of features for `vmaf-tiny rescore`, not rounded."""

    json: Annotated[bool, FLAG, Parameter(group=(OUTPUT, FORMAT))] = False
    """The log is JSON."""

    xml: Annotated[bool, FLAG, Parameter(group=(OUTPUT, FORMAT))] = False
    """The log is XML."""

    csv: Annotated[bool, FLAG, Parameter(group=(OUTPUT, FORMAT))] = False
    """The log is CSV."""

    sub: Annotated[bool, FLAG, Parameter(group=(OUTPUT, FORMAT))] = False
    """The log is subtitles."""

    quiet: Annotated[bool, FLAG, Parameter(alias="-q")] = False
    """No progress and no table, only the score."""

    def log(self) -> tuple[str, str] | None:
        """Return path and format of the log, or None if there is to be none."""
        asked = next((name for name in LOG_FORMATS if getattr(self, name)), None)
        if self.output is None:
            return ("-", asked) if asked else None
        format = asked or PurePath(self.output).suffix.lstrip(".").lower()
        if format not in (*LOG_FORMATS, TABLE):
            flags = " or ".join(f"--{name}" for name in LOG_FORMATS)
            raise OptionError(f"-o {self.output} does not tell the format of the log: add {flags}")
        return self.output, format


@Parameter(name="*")
@dataclass(frozen=True)
class SweepOptions:
    """What is made of a source, and how; options that take a list are repeated or have commas.

    A value for one of several encoders is written after its name, such as
    ``--preset libsvtav1=8``.
    """

    encoder: Annotated[tuple[str, ...], LISTED, Parameter(group=ENCODE)] = ("libx264",)
    """Encoders by FFmpeg's names; PyAV has libx264, libx265, libsvtav1, libvpx-vp9 and more."""

    crf: Annotated[tuple[str, ...], LIST, Parameter(group=ENCODE)] = ()
    """Constant rate factors, such as 18:40:2 (both ends are in it) or 20,26,32."""

    qp: Annotated[tuple[str, ...], LIST, Parameter(group=ENCODE)] = ()
    """Constant quantisers, written alike."""

    bitrate: Annotated[tuple[str, ...], LIST, Parameter(group=ENCODE)] = ()
    """Bitrates, such as 800k,1.5M."""

    preset: Annotated[tuple[str, ...], LIST, Parameter(group=ENCODE)] = ()
    """Presets, such as medium,slow."""

    size: Annotated[tuple[str, ...], LIST, Parameter(group=ENCODE)] = ()
    """Sizes, such as 1280x720; without it that of the source, at which all are compared."""

    pix_fmt: Annotated[tuple[str, ...], LIST, Parameter(group=ENCODE)] = ()
    """Pixel formats, such as yuv420p10le; without it the nearest to the source's."""

    option: Annotated[tuple[str, ...], LIST, Parameter(group=ENCODE, alias="-O")] = ()
    """More for the encoder, by FFmpeg's names: tune=film, x264-params=..., once for each."""


@Parameter(name="*", group=BENCH)
@dataclass(frozen=True)
class BenchOptions:
    """What is measured; options that take a list are repeated."""

    size: Annotated[tuple[str, ...], LISTED] = ("1920x1080",)
    """Sizes of synthetic pictures."""

    bits: Annotated[tuple[PositiveInt, ...], LIST, Parameter(alias="-b")] = ()
    """Bits per sample of synthetic pictures, without it 8 and 10; or of raw video, without it 8."""

    cpu: Annotated[tuple[str, ...], LIST] = ()
    """CPU levels; without it all, the best first."""

    mode: Annotated[tuple[str, ...], LISTED] = MODES
    """Modes."""

    threads: Annotated[tuple[PositiveInt, ...], LISTED] = (1, 2)
    """Numbers of threads."""

    renditions: Annotated[tuple[PositiveInt, ...], LISTED] = (1, 4)
    """Numbers of renditions of one reference."""

    pictures: Annotated[int, FEW] = 12
    """Pictures in a round, all of which are held in memory."""

    rounds: Annotated[int, FEW] = 5
    """Rounds."""

    no_peer: Annotated[bool, FLAG] = False
    """Do not look for an ffmpeg with libvmaf."""

    json: Annotated[str | None, PATH] = None
    """File to write every round to, with what measured it."""
