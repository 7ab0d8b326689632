"""Run models that take pictures, not features: a value for each picture of a video or pair."""

import os
import re
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

import av
import numpy as np
from av.video.format import VideoFormat
from av.video.reformatter import ColorRange, VideoReformatter
from numpy.typing import NDArray

from vmaf_tiny._core import Model, ModelInfo
from vmaf_tiny.containers import RawFormat, raw_for
from vmaf_tiny.errors import InputError, OptionError
from vmaf_tiny.frames import Picture, SourceSpec, VideoInfo, open_source
from vmaf_tiny.luma import Image, pixels
from vmaf_tiny.pairing import Pairing, choose, judge
from vmaf_tiny.planes import Planes

_PLANAR = re.compile(r"yuv[aj]?4\d\dp(\d+[lb]e)?")
_MATRICES = {"bt709": "bt709", "bt601": "bt601", "bt2020": "bt2020"}
_THREADS = 1


@dataclass(frozen=True, eq=False)
class PictureResult:
    """What a model says of the pictures of a video.

    Attributes
    ----------
    feature
        What the values are called, such as ``"saliency_mean"``.
    values
        ``float64`` array of shape (n,).
    index
        ``int64`` array of shape (n,): number of the picture, counted from 0.
    times
        ``float64`` array of shape (n,): seconds; NaN where unknown.
    matrix
        How colours became RGB, for each video.
    model
        What ran.
    warnings
        What may make the values mean less than they seem.
    """

    feature: str
    values: NDArray[np.float64]
    index: NDArray[np.int64]
    times: NDArray[np.float64]
    matrix: tuple[str, ...]
    model: ModelInfo
    warnings: tuple[str, ...] = ()

    @property
    def mean(self) -> float:
        """Over all pictures."""
        return float(self.values.mean())

    def to_dict(self) -> dict[str, Any]:
        """Return all of it as what JSON has, with None for what is unknown."""
        rows = zip(self.index.tolist(), self.times.tolist(), self.values.tolist(), strict=True)
        return {
            "feature": self.feature,
            "mean": self.mean,
            "matrix": list(self.matrix),
            "model": vars(self.model),
            "warnings": list(self.warnings),
            "frames": [
                {"index": i, "time": None if t != t else t, self.feature: v} for i, t, v in rows
            ],
        }


def measure_pictures(
    reference: SourceSpec,
    distorted: SourceSpec | None = None,
    model: str | os.PathLike[str] | Model = "dists_sq_placeholder_v0",
    *,
    device: str = "auto",
    ort_library: str | os.PathLike[str] | None = None,
    model_dir: str | os.PathLike[str] | None = None,
    raw: RawFormat | None = None,
    pairing: str = "auto",
    progress: Callable[[int], None] | None = None,
) -> PictureResult:
    """Run a model on the pictures of a video, or of a distorted one and its reference.

    Pictures become RGB by the matrix and range that the video says; a video that does not say has
    BT.709 from 1280 pixels across or 577 down, else BT.601, and limited range. A chroma sample
    stands for all pixels that share it. Nothing is scaled.

    Parameters
    ----------
    reference, distorted
        As for `score`; without `distorted` for a model that takes one picture.
    model, device, ort_library, model_dir, raw, pairing
        As for `score`.
    progress
        Called with the number of pictures so far.

    Raises
    ------
    InputError
        A video cannot be read, or its pictures cannot become RGB.
    ModelError
        The model cannot be used.
    OptionError
        The model takes features, or more or fewer pictures.
    """
    with ExitStack() as stack:
        if not isinstance(model, Model):
            opened = Model(model, model_dir=model_dir, device=device, ort_library=ort_library)
            model = stack.enter_context(opened)
        specs = [spec for spec in (reference, distorted) if spec is not None]
        _check_model(model.info, len(specs))
        sources = [
            stack.enter_context(open_source(spec, role=role, raw=raw_for(spec, raw)))
            for spec, role in zip(specs, ("reference", "distorted"), strict=False)
        ]
        infos = [source.info for source in sources]
        readers = [_Reader(info) for info in infos]
        warnings = [note for info in infos for note in info.notes]
        ahead = [source.read_ahead(reader) for source, reader in zip(sources, readers, strict=True)]
        found: list[tuple[int, float, float]] = []
        if len(infos) == 2:
            kind, said = choose(pairing, infos[0], infos[1])
            paired = Pairing(kind, infos[0], infos[1])
            groups: Any = paired.pairs(ahead[0], ahead[1])
            warnings += said
        else:
            paired, groups = None, ((picture,) for picture in ahead[0])
        for group in groups:
            found.append(_value(model, group))
            if progress:
                progress(len(found))
        warnings += judge(paired.report) if paired else []
        index, times, values = (np.array(column) for column in zip(*found, strict=True))
        return PictureResult(
            model.info.feature,
            values.astype(np.float64),
            index.astype(np.int64),
            times.astype(np.float64),
            tuple(reader.matrix for reader in readers),
            model.info,
            tuple(warnings),
        )


def _check_model(info: ModelInfo, count: int) -> None:
    if not info.pictures:
        raise OptionError(f"{info.id} takes features, not pictures: score with it")
    if info.pictures != count:
        wanted = "a reference and a distorted video" if info.pictures == 2 else "one video"
        raise OptionError(f"{info.id} takes {wanted}")


def _value(model: Model, group: tuple[Picture, ...]) -> tuple[int, float, float]:
    planes: list[Any] = [picture.luma for picture in group]  # what the reader has made of it
    value, _ = model.look(*planes)
    first = group[0]
    return first.index, float("nan") if first.time is None else first.time, value


class _Reader:
    """Turns the frames of one video into planes; one thread at a time."""

    def __init__(self, info: VideoInfo) -> None:
        if info.hdr:
            raise InputError(f"{info.label} is {info.hdr}, and such models know SDR only")
        self._info = info
        self._format = VideoReformatter()
        self.matrix = "rgb" if info.family == "rgb" else _matrix(info)

    def __call__(self, image: Image) -> Any:
        """Return the planes of a frame, or of an array, which is luma."""
        info, full = self._info, self._info.range == "full"
        if not isinstance(image, av.VideoFrame):
            return Planes((image,), info.bits, self.matrix, full)
        form = pixels(image.format.name)
        if form.family == "rgb":
            frame = self._reformatted(image, "gbrp", form.bits)
            green, blue, red = (_plane(frame, i, form.bits) for i in range(3))
            return Planes((red, green, blue), form.bits, "rgb", True)
        if form.family == "gray":
            frame = image if form.direct else self._reformatted(image, "gray", form.bits)
            return Planes((_plane(frame, 0, form.bits),), form.bits, self.matrix, full)
        across, down = _subsampling(image.format)
        frame = image
        if not (form.direct and _PLANAR.fullmatch(form.name)):
            name = {(0, 0): "yuv444p", (1, 0): "yuv422p", (1, 1): "yuv420p"}.get((across, down))
            if name is None:
                raise InputError(f"{info.label} is {form.name}: convert it to yuv420p first")
            frame = self._reformatted(image, name, form.bits)
        planes = tuple(_plane(frame, i, form.bits) for i in range(3))
        return Planes(planes, form.bits, self.matrix, full, (across, down))

    def _reformatted(self, frame: av.VideoFrame, name: str, bits: int) -> av.VideoFrame:
        """Return the same samples, laid out otherwise."""
        return self._format.reformat(
            frame,
            format=name if bits == 8 else f"{name}{bits}le",
            src_color_range=ColorRange.MPEG,
            dst_color_range=ColorRange.MPEG,
            threads=_THREADS,
        )


def _matrix(info: VideoInfo) -> str:
    if info.matrix is None:
        return "bt709" if info.width >= 1280 or info.height > 576 else "bt601"
    if info.matrix not in _MATRICES:
        raise InputError(f"{info.label} has matrix {info.matrix}, from which no RGB can be had")
    return _MATRICES[info.matrix]


def _subsampling(form: VideoFormat) -> tuple[int, int]:
    """Return the logarithms of how many pixels share a chroma sample, across and down."""
    across, down = 64 // form.chroma_width(64), 64 // form.chroma_height(64)
    return across.bit_length() - 1, down.bit_length() - 1


def _plane(frame: av.VideoFrame, number: int, bits: int) -> NDArray[Any]:
    """Return a plane of a frame without a copy."""
    plane: Any = frame.planes[number]
    samples = np.frombuffer(plane, np.uint16 if bits > 8 else np.uint8)
    step = plane.line_size // samples.itemsize
    rows = samples.reshape(plane.height, abs(step))[:, : plane.width]
    return rows if step > 0 else rows[::-1]
