# SPDX-License-Identifier: BSD-2-Clause-Patent
"""Distortions: what happens to reference pictures before somebody looks at them.

A recipe is data: a size to go through, filters, an encoder with options. The pictures stay in
memory all the way.
"""

from __future__ import annotations

import dataclasses
import io
import os
import zlib
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from av.filter import Graph

from vmaf_tiny.encode.scheduling import scheduling_kept
from vmaf_train.corpus import Unit
from vmaf_train.errors import TrainError

RATE = 25
"""Pictures per second that encoders are told; it only steers their rate control."""

_TIME_BASE = Fraction(1, RATE)

# Encoders see no picture narrower or lower: x265 writes past its buffers at 42x34.
_SMALLEST = 64


@dataclasses.dataclass(frozen=True)
class Recipe:
    """One distortion.

    Parameters
    ----------
    name : str
        Unique in a unit, made of what follows.
    scale : float
        Width and height are multiplied by it before the encoder and restored after, 0 to 1.
    kernel : str
        Interpolation on the way down; the way up is bicubic.
    filters : tuple of str
        libavfilter filters ahead of the encoder, each ``"name=arguments"``.
    codec : str
        Encoder, or ``"none"``.
    options : tuple of (str, str)
        Its options.
    preset : str
        Which of the encoder's presets that is; empty where it has none.
    crf : int or None
        Constant rate factor among the options.
    hold : int
        Every picture is held for so many, those in between are lost; 1: none.
    file : str
        An encode that exists; nothing else applies then.
    """

    name: str
    scale: float = 1.0
    kernel: str = "bicubic"
    filters: tuple[str, ...] = ()
    codec: str = "none"
    options: tuple[tuple[str, str], ...] = ()
    preset: str = ""
    crf: int | None = None
    hold: int = 1
    file: str = ""


@dataclasses.dataclass(frozen=True)
class Encoder:
    """How to drive an encoder over its whole range of quality.

    Parameters
    ----------
    codec : str
        Name in FFmpeg.
    quality : str
        Name of the quality option; ``"qscale"`` stands for a fixed quantiser.
    best, worst : int
        Range of that option.
    count : int
        Recipes per unit that only encode, a third of them at a smaller size.
    presets : tuple of dict
        Option sets to choose from; the key ``"label"`` names the set.
    depths : tuple of int
        Bits per sample that it encodes.
    """

    codec: str
    quality: str
    best: int
    worst: int
    count: int
    presets: tuple[dict[str, str], ...] = ({"label": ""},)
    depths: tuple[int, ...] = (8, 10)


ENCODERS = (
    Encoder(
        codec="libx264",
        quality="crf",
        best=8,
        worst=51,
        # With macroblock trees the result depends on what was in memory before.
        presets=tuple(
            {"label": name, "preset": name, "mbtree": "0"}
            for name in ("ultrafast", "veryfast", "fast", "medium", "slow")
        ),
        count=7,
    ),
    Encoder(
        codec="libx265",
        quality="crf",
        best=8,
        worst=51,
        presets=tuple(
            {
                "label": name,
                "preset": name,
                "x265-params": "log-level=none:pools=none:frame-threads=1",
            }
            for name in ("ultrafast", "superfast", "fast", "medium")
        ),
        count=5,
    ),
    Encoder(
        codec="libsvtav1",
        quality="crf",
        best=8,
        worst=63,
        presets=tuple(
            {"label": name, "preset": name, "svtav1-params": "lp=1"}
            for name in ("7", "8", "10", "12")
        ),
        count=5,
    ),
    Encoder(
        codec="libvpx-vp9",
        quality="crf",
        best=4,
        worst=63,
        presets=(
            {"label": "realtime", "deadline": "realtime", "cpu-used": "7"},
            {"label": "good", "deadline": "good", "cpu-used": "6"},
        ),
        count=5,
        depths=(8,),
    ),
    Encoder(codec="mpeg2video", quality="qscale", best=2, worst=31, count=2, depths=(8,)),
    Encoder(codec="mjpeg", quality="qscale", best=2, worst=31, count=2, depths=(8,)),
)


def recipes_for(unit: Unit) -> list[Recipe]:
    """Draw the recipes of a unit: always the same for the same name, spread over all qualities."""
    if unit.encodes:
        return [Recipe(Path(f).stem, codec=unit.encoder, file=f) for f in unit.encodes]
    rng = np.random.default_rng(zlib.crc32(f"{unit.name} recipes".encode()))
    recipes = [Recipe("identical")]
    encoders = [encoder for encoder in ENCODERS if unit.depth in encoder.depths]
    modern = [encoder for encoder in encoders if encoder.quality == "crf"]
    for encoder in encoders:
        for stratum in range(encoder.count):
            scale = 1.0 if rng.random() > 1 / 3 else round(float(rng.uniform(0.25, 0.9)), 2)
            recipes.append(
                _encode(encoder, (stratum + rng.random()) / encoder.count, rng, scale=scale)
            )
    for kernel in ("bilinear", "bicubic", "lanczos", "area"):
        scale = round(float(rng.uniform(0.15, 0.95)), 2)
        recipes.append(Recipe(f"scale{scale}-{kernel}", scale, kernel))
    recipes += [_filter(spec) for spec in _filters(rng, unit.depth)]
    for spec in _filters(rng, unit.depth):
        encoder = modern[int(rng.integers(len(modern)))]
        if rng.random() < 0.5:
            recipes.append(_encode(encoder, float(rng.random()), rng, filters=(spec,)))
    recipes += [Recipe(f"hold{hold}", hold=hold) for hold in (2, int(rng.integers(3, 9)))]
    frozen = _encode(modern[int(rng.integers(len(modern)))], float(rng.random()), rng)
    recipes.append(dataclasses.replace(frozen, name=f"hold3-{frozen.name}", hold=3))
    return list({recipe.name: recipe for recipe in recipes}.values())[:: unit.every]


def distort(recipe: Recipe, reference: list[av.VideoFrame]) -> list[av.VideoFrame]:
    """Apply a recipe.

    Returns
    -------
    list of av.VideoFrame
        As many pictures as came in, of the format and size that came in.

    Raises
    ------
    TrainError
        If a filter or encoder fails or loses a picture.
    """
    width, height = reference[0].width, reference[0].height
    chain = list(recipe.filters)
    if recipe.scale != 1.0:
        small = (max(_SMALLEST, 2 * round(side * recipe.scale / 2)) for side in (width, height))
        chain.insert(0, "scale={}:{}:flags=".format(*small) + recipe.kernel)
    try:
        held = [reference[n - n % recipe.hold] for n in range(len(reference))]
        pictures = _run_filters(chain, held)
        if recipe.codec != "none":
            pictures = _decode(_encode_pictures(recipe, pictures), reference[0].format.name)
        if recipe.scale != 1.0:
            pictures = _run_filters([f"scale={width}:{height}:flags=bicubic"], pictures)
    except av.FFmpegError as error:
        raise TrainError(f"{recipe.name}: {error.strerror}") from error
    if len(pictures) != len(reference):
        raise TrainError(f"{recipe.name}: {len(pictures)} of {len(reference)} pictures came back")
    return pictures


def _filters(rng: np.random.Generator, depth: int) -> list[str]:
    """One filter of every kind, strengths drawn evenly on a scale that suits each."""
    white = 2**depth - 1
    unit = 2 ** (depth - 8)

    def draw(low: float, high: float) -> float:
        return round(float(np.exp(rng.uniform(np.log(low), np.log(high)))), 3)

    contrast, offset = draw(0.5, 2), round(float(rng.uniform(-25, 25)))
    gamma = draw(0.7, 1.4)
    specs = [
        f"gblur=sigma={draw(0.3, 1.2)}",
        f"gblur=sigma={draw(1.2, 6)}",
        f"noise=c0s={round(draw(2, 12))}:c0f=t",
        f"noise=c0s={round(draw(12, 60))}:c0f=t",
        f"noise=c0s={round(draw(4, 40))}",
        f"unsharp=la={draw(0.2, 3)}",
        f"lutyuv=y=clip((val-{128 * unit})*{contrast}+{128 * unit}\\,0\\,{white})",
        f"lutyuv=y=clip(val+{offset * unit}\\,0\\,{white})",
        f"lutyuv=y={white}*pow(val/{white}\\,{gamma})",
    ]
    # FFmpeg's noise knows 8 bits only.
    return [spec for spec in specs if depth == 8 or not spec.startswith("noise")]


def _filter(spec: str) -> Recipe:
    return Recipe(_label(spec), filters=(spec,))


def _encode(
    encoder: Encoder,
    badness: float,
    rng: np.random.Generator,
    scale: float = 1.0,
    filters: tuple[str, ...] = (),
) -> Recipe:
    quality = encoder.best + round(badness * (encoder.worst - encoder.best))
    preset = dict(encoder.presets[int(rng.integers(len(encoder.presets)))])
    label = preset.pop("label")
    parts = [*map(_label, filters), encoder.codec, *([label] if label else [])]
    parts.append(f"{encoder.quality}{quality}")
    if scale != 1.0:
        parts.append(f"scale{scale}")
    if encoder.quality == "qscale":
        options = {"qmin": str(quality), "qmax": str(quality)}
    else:
        options = {encoder.quality: str(quality)}
    return Recipe(
        "-".join(parts),
        scale,
        filters=filters,
        codec=encoder.codec,
        options=tuple((preset | options).items()),
        preset=label,
        crf=quality if encoder.quality == "crf" else None,
    )


def _label(spec: str) -> str:
    return "".join(c for c in spec.replace("=", "_") if c.isalnum() or c in "._+-*")


def _run_filters(chain: list[str], pictures: list[av.VideoFrame]) -> list[av.VideoFrame]:
    if not chain:
        return pictures
    graph = Graph()
    graph.threads = 1
    first = pictures[0]
    nodes = [
        graph.add_buffer(
            width=first.width, height=first.height, format=first.format, time_base=_TIME_BASE
        )
    ]
    for spec in chain:
        name, _, arguments = spec.partition("=")
        nodes.append(graph.add(name, arguments))
    nodes.append(graph.add("buffersink"))
    graph.link_nodes(*nodes).configure()
    filtered = []
    for n, picture in enumerate(pictures):
        picture.pts, picture.time_base = n, _TIME_BASE
        graph.vpush(picture)
        filtered.append(graph.vpull())
    return filtered


def _encode_pictures(recipe: Recipe, pictures: list[av.VideoFrame]) -> io.BytesIO:
    # SVT-AV1 has no option to be quiet; its environment variable is read when it starts.
    os.environ.setdefault("SVT_LOG", "1")
    packets = io.BytesIO()
    pix_fmt = "yuvj420p" if recipe.codec == "mjpeg" else pictures[0].format.name
    with av.open(packets, "w", format="matroska") as container:
        stream = container.add_stream(recipe.codec, rate=RATE, options=dict(recipe.options))
        assert isinstance(stream, av.VideoStream)
        stream.width, stream.height = pictures[0].width, pictures[0].height
        stream.pix_fmt = pix_fmt
        stream.bit_rate = 0
        stream.thread_count = 1
        with scheduling_kept():
            stream.codec_context.open()
        for n, picture in enumerate(pictures):
            picture = _relabel(picture, pix_fmt)
            picture.pts, picture.time_base = n, _TIME_BASE
            container.mux(stream.encode(picture))
        container.mux(stream.encode(None))
    packets.seek(0)
    return packets


def _decode(packets: io.BytesIO, pix_fmt: str) -> list[av.VideoFrame]:
    with av.open(packets, "r") as container:
        container.streams.video[0].thread_type = "NONE"
        return [_relabel(picture, pix_fmt) for picture in container.decode(video=0)]


def _relabel(picture: av.VideoFrame, pix_fmt: str) -> av.VideoFrame:
    """Copy the samples as they are: a change of range on the way would be a distortion."""
    return av.VideoFrame.from_ndarray(picture.to_ndarray(), format=pix_fmt)
