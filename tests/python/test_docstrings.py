"""The examples of docstrings give what they say."""

import doctest
from importlib import import_module
from pathlib import Path

import pytest

PYTHON = Path(__file__).parents[2] / "python"
# It must come before PyAV, and loads what `make plugin-pyav` makes.
ALONE = "vmaf_tiny.avfilter"


def modules():
    """Return the names of modules with examples."""
    paths = [path for name in ("vmaf_tiny", "vmaf_train") for path in (PYTHON / name).rglob("*.py")]
    names = {
        ".".join(path.relative_to(PYTHON).with_suffix("").parts).removesuffix(".__init__")
        for path in paths
        if ">>> " in path.read_text()
    }
    return sorted(names - {ALONE})


def test_there_are_examples():
    assert {"vmaf_tiny._core", "vmaf_tiny.score", "vmaf_tiny.scorer"} < set(modules())


@pytest.mark.parametrize("name", modules())
def test_examples(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert doctest.testmod(import_module(name)).failed == 0
