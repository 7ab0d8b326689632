"""Sidecars: what they may say, and what the loader makes of it."""

import json
from pathlib import Path

import jsonschema
import pytest
from jsonschema import Draft202012Validator

MODELS = Path(__file__).resolve().parents[2] / "model/tiny"
SCHEMA = json.loads((MODELS / "sidecar.schema.json").read_text())
SHARED = Path(__file__).resolve().parents[3] / "shared/data/models"
VALIDATOR = Draft202012Validator(SCHEMA)


def test_the_schema_is_one() -> None:
    Draft202012Validator.check_schema(SCHEMA)


@pytest.mark.parametrize("model", sorted(MODELS.glob("*.onnx")), ids=lambda path: path.stem)
def test_what_ships_has_a_sidecar_of_the_schema(model: Path) -> None:
    VALIDATOR.validate(json.loads(model.with_suffix(".json").read_text()))


@pytest.mark.parametrize(
    "name", ["vmaf_tiny_v2", "fr_regressor_v1", "fr_regressor_v2", "fr_regressor_v3"]
)
def test_sidecars_of_others_pass(name: str) -> None:
    path = SHARED / f"{name}.json"
    if not path.is_file():
        pytest.skip("the shared models are not here")
    VALIDATOR.validate(json.loads(path.read_text()))


@pytest.mark.parametrize(
    "wrong",
    [
        {"features": ["vif_scale0", "adm2"]},
        {"feature_mean": [0.0] * 6},
        {"feature_mean": [0.0] * 6, "feature_std": [0.0] * 6},
        {"score_clip": [0]},
        {"vif_gain_limit": 0.5},
        {"encoder_vocab": []},
        {"encoder_vocab": ["a", "a"]},
        {"encoder_aliases": {"h264": "libx264"}},
        {"encoder_vocab": ["a"], "encoder_presets": {"a": {"slow": -1}}},
        {"encoder_vocab": ["a"], "crf_range": [63]},
        {"encoder_vocab": ["a"], "codec_blind": [1]},
    ],
    ids=json.dumps,
)
def test_what_is_no_sidecar_fails(wrong: dict[str, object]) -> None:
    with pytest.raises(jsonschema.ValidationError):
        VALIDATOR.validate(wrong)
