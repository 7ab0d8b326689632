"""The page on retraining, from the first command to the last, on three tiny clips."""

import json
import re
import shlex
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import clips
import train_support as support

PAGE = support.ROOT / "python" / "vmaf_train" / "README.md"
# What makes it quick; everything else is as the page has it.
QUICK = {"extract": ["--every", "5"], "train": ["--epochs", "30", "--polish", "40"]}


def commands():
    text = "".join(re.findall(r"^```sh\n(.*?)^```$", PAGE.read_text(), re.M | re.S))
    lines = [shlex.split(line, comments=True) for line in text.replace("\\\n", "").splitlines()]
    return [line for line in lines if line[0] != "pip"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("retrain")
    (folder / "clips").mkdir()
    for n in range(3):  # the name of the first puts it into the test split
        planes = [np.roll(plane, 7 * n, axis=1) for plane in clips.planes(12)]
        clips.write(folder / "clips" / f"clip_000{n}.mp4", planes)
    clips.write(folder / "encode.mp4", clips.planes(12), options={"qp": "40"})
    return folder


@pytest.mark.slow
def test_the_page_makes_a_model_that_scores(folder):
    said = {}
    for line in commands():
        words = [str(Path(sys.executable).parent / line[0]), *line[1:]]
        words += QUICK.get(line[1], [])
        done = subprocess.run(words, cwd=folder, capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, (line, done.stderr)
        said[" ".join(line[:2])] = done.stdout
    assert list(said) == [
        "vmaf-train extract", "vmaf-train train", "vmaf-train export", "vmaf-train validate",
        "vmaf-train eval", "vmaf-train registry", "vmaf-tiny clips/clip_0000.mp4",
    ]  # fmt: skip
    (row,) = json.loads((folder / "models" / "registry.json").read_text())["models"]
    assert row["id"] == "studio_v1"
    assert "studio_v1" in said["vmaf-tiny clips/clip_0000.mp4"]
    assert re.search(r"\d+\.\d+", said["vmaf-tiny clips/clip_0000.mp4"])
