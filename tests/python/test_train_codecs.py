"""The codec block: order, ordinals and what is unknown, as the models were trained on it."""

import numpy as np
import pytest

import train_support as support  # noqa: F401
from vmaf_train.codecs import CODECS_12, CODECS_16, PRESETS
from vmaf_train.models import MODELS

# The order is part of the models: a new encoder goes to the end.
# fmt: off
TWELVE = [
    "libx264", "libx265", "libsvtav1", "libvvenc", "libvpx-vp9", "h264_nvenc", "hevc_nvenc",
    "av1_nvenc", "h264_qsv", "hevc_qsv", "av1_qsv", "unknown",
]
SIXTEEN = [
    "libx264", "libaom-av1", "libx265", "h264_nvenc", "hevc_nvenc", "av1_nvenc", "h264_amf",
    "hevc_amf", "av1_amf", "h264_qsv", "hevc_qsv", "av1_qsv", "libvvenc", "libsvtav1",
    "h264_videotoolbox", "hevc_videotoolbox",
]
# fmt: on


def test_the_vocabularies_are_what_they_were():
    assert list(CODECS_12.vocabulary[:12]) == TWELVE
    assert list(CODECS_16.vocabulary[:16]) == SIXTEEN
    assert (CODECS_12.width, CODECS_16.width) == (14, 18)
    assert MODELS["fr_regressor_v2"].codec is CODECS_12
    assert MODELS["fr_regressor_v3"].codec is CODECS_16


@pytest.mark.parametrize(
    ("codec", "preset", "ordinal"),
    [
        ("libx264", "ultrafast", 0), ("libx264", "placebo", 9), ("libx265", "medium", 5),
        ("libsvtav1", "4", 4), ("libsvtav1", "12", 9), ("libvvenc", "faster", 1),
        ("libvvenc", "slower", 8), ("libvpx-vp9", "realtime", 0), ("libvpx-vp9", "best", 9),
        ("h264_nvenc", "p1", 0), ("hevc_nvenc", "p5", 6), ("av1_nvenc", "p7", 9),
        ("h264_qsv", "veryfast", 2), ("av1_qsv", "veryslow", 8), ("libx264", "nonsense", 5),
        ("libx264", None, 5),
    ],
)  # fmt: skip
def test_presets_have_ordinals(codec, preset, ordinal):
    block = CODECS_12.encode(codec, preset, 21)
    assert block[:12].tolist() == [name == codec for name in TWELVE]
    assert block[12:].tolist() == [ordinal / 9, 21 / 63]


def test_nvenc_has_the_ordinals_of_its_seven_presets():
    assert list(PRESETS["h264_nvenc"].values()) == [0, 2, 3, 5, 6, 7, 9]


@pytest.mark.parametrize(
    ("alias", "codec"),
    [("h264", "libx264"), ("x265", "libx265"), ("av1", "libsvtav1"), ("vp9", "libvpx-vp9")],
)
def test_aliases(alias, codec):
    assert (CODECS_12.encode(alias, None, 30) == CODECS_12.encode(codec, None, 30)).all()


def test_what_is_not_in_the_vocabulary_is_blind():
    blind = [0.0] * 11 + [1.0, 0.5, 0.5]
    for codec in ("none", "mjpeg", "", "unknown"):
        assert CODECS_12.encode(codec, "medium", 30).tolist() == blind
    assert CODECS_16.encode("libvpx-vp9", "good", 30).tolist() == [1.0] + [0.0] * 15 + [0.5, 0.5]


def test_a_table_of_encodes_becomes_blocks():
    blocks = CODECS_12.encode_all(
        ["libx264", "none", "libx264"], ["slow", "", ""], np.array([63, np.nan, np.nan])
    )
    assert blocks.shape == (3, 14)
    assert blocks[0, 12:].tolist() == [6 / 9, 1.0]
    assert (blocks[1] == CODECS_12.blind).all()
    assert blocks[2, 12:].tolist() == [5 / 9, 0.5]


def test_drawn_blocks_are_blocks():
    drawn = CODECS_16.draw(2000, np.random.default_rng(0))
    assert (drawn[:, :16].sum(axis=1) == 1).all()
    assert ((drawn >= 0) & (drawn <= 1)).all()
    assert (drawn[:, :16].sum(axis=0) > 50).all()


def test_a_sidecar_has_all_that_encodes_a_block():
    about = CODECS_16.sidecar()
    assert about["encoder_vocab"] == SIXTEEN
    assert about["encoder_presets"]["libx264"]["slow"] == 6
    assert about["crf_range"] == [0, 63]
    assert about["codec_blind"] == CODECS_16.blind.tolist()
    assert set(about["encoder_aliases"].values()) <= set(SIXTEEN)
