# SPDX-License-Identifier: BSD-2-Clause-Patent
"""The codec block: which encoder made the video, with which preset and CRF, as numbers.

One value per encoder of a vocabulary, 1 for the one in use, then ``preset_norm`` and ``crf_norm``.
The order is part of every model trained on it: new encoders go to the end.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]

PRESET_MAX, PRESET_UNKNOWN = 9, 5
CRF_RANGE = (0, 63)

_X26X = dict(
    zip(
        ("ultrafast", "superfast", "veryfast", "faster", "fast", "medium", "slow", "slower",
         "veryslow", "placebo"),
        range(10),
        strict=True,
    )
)  # fmt: skip
_NVENC = dict(zip(("p1", "p2", "p3", "p4", "p5", "p6", "p7"), (0, 2, 3, 5, 6, 7, 9), strict=True))
_QSV = dict(
    zip(
        ("veryfast", "faster", "fast", "medium", "slow", "slower", "veryslow"),
        range(2, 9),
        strict=True,
    )
)
PRESETS: dict[str, dict[str, int]] = {
    "libx264": _X26X,
    "libx265": _X26X,
    "libsvtav1": {str(preset): min(preset, 9) for preset in range(14)},
    "libvvenc": {"faster": 1, "fast": 3, "medium": 5, "slow": 7, "slower": 8},
    "libvpx-vp9": {"realtime": 0, "good": 5, "best": 9},
    **{f"{codec}_nvenc": _NVENC for codec in ("h264", "hevc", "av1")},
    **{f"{codec}_qsv": _QSV for codec in ("h264", "hevc", "av1")},
}
"""Ordinals of presets, 0 for the fastest; an encoder that is missing has none that are known."""

ALIASES = {
    "h264": "libx264",
    "x264": "libx264",
    "hevc": "libx265",
    "x265": "libx265",
    "av1": "libsvtav1",
    "vvc": "libvvenc",
    "vp9": "libvpx-vp9",
}


@dataclasses.dataclass(frozen=True)
class CodecBlock:
    """The block of one family of models.

    Parameters
    ----------
    input : str
        Name of the model's second input.
    vocabulary : tuple of str
        Encoders in order.
    """

    input: str
    vocabulary: tuple[str, ...]

    @property
    def width(self) -> int:
        """Values in a block."""
        return len(self.vocabulary) + 2

    @property
    def blind(self) -> Array:
        """Block of whoever does not know what made the video."""
        slot = self.vocabulary.index("unknown") if "unknown" in self.vocabulary else 0
        block = np.zeros(self.width)
        block[slot], block[-2:] = 1.0, 0.5
        return block

    def encode(self, codec: str, preset: str | None, crf: float | None) -> Array:
        """Block of an encode; one that the vocabulary does not have is blind."""
        codec = ALIASES.get(codec, codec)
        if codec not in self.vocabulary or codec == "unknown":
            return self.blind
        ordinal = PRESETS.get(codec, {}).get(preset or "", PRESET_UNKNOWN)
        block = np.zeros(self.width)
        block[self.vocabulary.index(codec)] = 1.0
        block[-2] = ordinal / PRESET_MAX
        low, high = CRF_RANGE
        block[-1] = 0.5 if crf is None else (crf - low) / (high - low)
        return block

    def encode_all(
        self, codecs: Sequence[str], presets: Sequence[str], crfs: npt.NDArray[np.float64]
    ) -> Array:
        """Blocks[n, width] of n encodes; an empty preset and a CRF of NaN are unknown ones."""
        known: dict[tuple[str, str, float], Array] = {}
        blocks = np.empty((len(codecs), self.width))
        for row, key in enumerate(zip(codecs, presets, crfs.tolist(), strict=True)):
            codec, preset, crf = key
            if key not in known:  # NaN is not equal to itself: encoded anew, and right
                known[key] = self.encode(codec, preset, None if np.isnan(crf) else crf)
            blocks[row] = known[key]
        return blocks

    def draw(self, count: int, rng: np.random.Generator) -> Array:
        """Random blocks[count, width]: any encoder, preset and CRF."""
        blocks = np.zeros((count, self.width))
        blocks[np.arange(count), rng.integers(0, len(self.vocabulary), count)] = 1.0
        blocks[:, -2] = rng.integers(0, PRESET_MAX + 1, count) / PRESET_MAX
        blocks[:, -1] = rng.random(count)
        blocks[rng.random(count) < 0.2] = self.blind
        return blocks

    def sidecar(self) -> Mapping[str, Any]:
        """Everything that encodes the block, as a sidecar says it."""
        return {
            "encoder_vocab": list(self.vocabulary),
            "encoder_aliases": {k: v for k, v in ALIASES.items() if v in self.vocabulary},
            "encoder_presets": {k: PRESETS[k] for k in self.vocabulary if k in PRESETS},
            "preset_max": PRESET_MAX,
            "preset_unknown": PRESET_UNKNOWN,
            "crf_range": list(CRF_RANGE),
            "codec_blind": self.blind.tolist(),
        }


_NVENC_CODECS = ("h264_nvenc", "hevc_nvenc", "av1_nvenc")
_QSV_CODECS = ("h264_qsv", "hevc_qsv", "av1_qsv")

CODECS_12 = CodecBlock(
    "codec",
    ("libx264", "libx265", "libsvtav1", "libvvenc", "libvpx-vp9", *_NVENC_CODECS, *_QSV_CODECS,
     "unknown"),
)  # fmt: skip
CODECS_16 = CodecBlock(
    "codec_block",
    ("libx264", "libaom-av1", "libx265", *_NVENC_CODECS, "h264_amf", "hevc_amf", "av1_amf",
     *_QSV_CODECS, "libvvenc", "libsvtav1", "h264_videotoolbox", "hevc_videotoolbox"),
)  # fmt: skip
