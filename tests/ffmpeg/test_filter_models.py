"""Where the filter finds its models."""

import os
import shutil
import subprocess

import pytest
from launched import DISTORTED, REFERENCE, ROOT

MODELS = ROOT / "model" / "tiny"


@pytest.fixture
def score(ffmpeg):
    """Score as it is when no folder is named."""
    return ffmpeg.score(DISTORTED, REFERENCE).score


def test_a_program_on_path_finds_those_that_came_with_it(ffmpeg, score, tmp_path):
    inputs = ["-f", "lavfi", "-i", DISTORTED, "-f", "lavfi", "-i", REFERENCE]
    said = subprocess.run(
        [ffmpeg.launcher.name, *inputs, "-lavfi", "vmaf_tiny", "-f", "null", "-"],
        env={**os.environ, "PATH": f"{ffmpeg.launcher.parent}:{os.environ['PATH']}"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        cwd=tmp_path,
        check=True,
    ).stderr
    assert f"VMAF score: {score}" in said


@pytest.mark.parametrize("how", ["variable", "option"])
def test_they_may_come_from_one_named_folder(ffmpeg, score, tmp_path, how):
    folder = tmp_path / "models"
    shutil.copytree(MODELS, folder)

    def scored():
        if how == "option":
            return ffmpeg.score(DISTORTED, REFERENCE, f"model_dir={folder}")
        return ffmpeg.score(DISTORTED, REFERENCE, env={"VMAF_TINY_MODEL_DIR": str(folder)})

    assert scored().score == score
    (folder / "vmaf_tiny_v2.onnx").unlink()
    ran = scored()
    assert ran.status != 0
    assert str(folder) in ran.said


def test_a_path_is_a_model_too(ffmpeg, score):
    ran = ffmpeg.score(DISTORTED, REFERENCE, f"model={MODELS}/vmaf_tiny_v2.onnx")
    assert ran.score == score
