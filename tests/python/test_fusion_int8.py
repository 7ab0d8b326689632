"""Models with 8-bit weights: asked for by id, trusted as the model itself."""

import shutil
from pathlib import Path

import numpy as np
import pytest

from vmaf_tiny import Model, ModelError
from vmaf_tiny._core import ROW

MODELS = Path(__file__).resolve().parents[2] / "model/tiny"


def rows(count: int = 50) -> np.ndarray:
    made = np.zeros(count, ROW)
    made["value"][:, :5] = np.linspace(0.3, 1, count)[:, None]
    made["value"][:, 5] = np.linspace(0, 20, count)
    return made


@pytest.mark.parametrize("name", ["vmaf_tiny_v3", "vmaf_tiny_v4"])
def test_the_8_bit_form_has_an_id_of_its_own(name: str) -> None:
    with Model(f"{name}.int8", registered_only=True) as small, Model(name) as whole:
        assert small.info.id == f"{name}.int8"
        assert small.info.registered
        assert Path(small.info.path).name == f"{name}.int8.onnx"
        assert small.info.sha256 != whole.info.sha256
        assert small.info.teacher == whole.info.teacher
        scores, exact = small.score(rows()), whole.score(rows())
    assert not np.array_equal(scores, exact)
    assert np.corrcoef(scores, exact)[0, 1] > 0.999


def test_its_path_is_known_too() -> None:
    with Model(MODELS / "vmaf_tiny_v3.int8.onnx", model_dir=MODELS, registered_only=True) as model:
        assert model.info.id == "vmaf_tiny_v3.int8"


def test_other_bytes_are_refused(tmp_path: Path) -> None:
    folder = shutil.copytree(MODELS, tmp_path / "tiny")
    shutil.copy(folder / "vmaf_tiny_v4.int8.onnx", folder / "vmaf_tiny_v3.int8.onnx")
    with pytest.raises(ModelError, match="sha256"):
        Model("vmaf_tiny_v3.int8", model_dir=folder)
    Model("vmaf_tiny_v3", model_dir=folder).close()


def test_a_digest_that_is_none_spoils_the_registry(tmp_path: Path) -> None:
    folder = shutil.copytree(MODELS, tmp_path / "tiny")
    registry = folder / "registry.json"
    registry.write_text(registry.read_text().replace('"int8_sha256": "d', '"int8_sha256": "D'))
    with pytest.raises(ModelError, match="int8_sha256"):
        Model("vmaf_tiny_v2", model_dir=folder)


def test_a_model_without_one_has_none() -> None:
    with pytest.raises(ModelError, match=r"vmaf_tiny_v2\.int8"):
        Model("vmaf_tiny_v2.int8")
