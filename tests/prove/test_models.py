"""Every rule of the loader has a model that breaks it, refused before an ONNX Runtime is there."""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from fusion_models import Answer, Probe, mlp, register, sanitizers
from fusion_rules import FORBIDDEN, raw

MEMORY, SECONDS = 64 << 20, 0.1
BOUND = 300.0  # seconds, on a machine that is busy with other things

# The rules by what the models are called that break them; "files" below has the rest.
RULES = {
    "no model at all": ["empty", "text", "picture", "zeros", "cut short", "something behind"],
    "external data": ["external data", "external data outside", "external data by entry only"],
    "unknown operator": ["unknown", "scan", "random", "longer", "case"],
    "unknown domain": ["domain", "own domain", "ml"],
    "hidden in If and Loop": ["in a branch", "deep in branches", "in a loop", "domain in a loop"],
    "depth": ["too deep"],
    "loops": ["too many loops", "endless loop", "long loop", "long loops together"],
    "names, ranks, types": [
        "22 features",
        "a vector",
        "int input",
        "no input",
        "two columns",
        "no output",
    ],
    "NaN and infinity": ["nan", "infinity", "nan in a constant", "nan of halves"],
    "huge shapes": ["shape of terabytes", "expansion", "tiles", "padding", "declared shape"],
}


@pytest.fixture(scope="module")
def probe(build_dir: Path) -> Probe:
    return Probe(build_dir / "tests/c/fusion", Path("/nowhere/libonnxruntime.so"))


def jailed(probe: Probe, path: Path, jail: Path) -> Answer:
    return probe.open(path, VMAF_TINY_MODEL_DIR=jail)


def hostile_files(folder: Path, probe: Probe) -> dict[str, Answer]:
    """Files that are not what they seem, and ways out of the jail."""
    jail, sibling = folder / "models", folder / "models-evil"
    jail.mkdir()
    sibling.mkdir()
    register(jail, "good", mlp())
    good = jail / "good.onnx"
    shutil.copy(good, sibling / "a.onnx")
    (jail / "link.onnx").symlink_to(sibling / "a.onnx")
    (jail / "way").symlink_to(sibling)
    os.mkfifo(jail / "pipe.onnx")
    (jail / "device.onnx").symlink_to("/dev/zero")
    with (jail / "large.onnx").open("wb") as file:
        file.truncate((50 << 20) + 1)
    with (jail / "endless.onnx").open("wb") as file:
        file.truncate(1 << 40)
    answers = {
        "sibling of the jail": jailed(probe, sibling / "a.onnx", jail),
        "link out of the jail": jailed(probe, jail / "link.onnx", jail),
        "folder that is a link": jailed(probe, jail / "way" / "a.onnx", jail),
        "steps up": jailed(probe, jail / ".." / sibling.name / "a.onnx", jail),
        "jail that is missing": jailed(probe, good, folder / "nowhere"),
        "jail that is a file": jailed(probe, good, good),
        "pipe": probe.open(jail / "pipe.onnx", f"model_dir={jail}"),
        "device": probe.open(jail / "device.onnx", f"model_dir={jail}"),
        "folder": probe.open(jail, f"model_dir={jail}"),
        "50 MB and one byte": probe.open(jail / "large.onnx", f"model_dir={jail}"),
        "terabyte": probe.open(jail / "endless.onnx", f"model_dir={jail}"),
    }
    good.write_bytes(raw(mlp(seed=9)))
    answers["bytes swapped after registration"] = probe.open("good", f"model_dir={jail}")
    return answers


@pytest.mark.slow
def test_every_rule_has_a_model_that_breaks_it(
    probe: Probe, build_dir: Path, tmp_path: Path, figure: Callable[[str], None]
) -> None:
    assert {name for names in RULES.values() for name in names} <= set(FORBIDDEN)
    start = probe.open("", "model_dir=/nowhere")  # what the program itself takes
    answers = hostile_files(tmp_path, probe)
    for number, (name, (make, reason)) in enumerate(FORBIDDEN.items()):
        path = tmp_path / f"{number}.onnx"
        path.write_bytes(raw(make()))
        answers[name] = answer = probe.open(path, f"model_dir={tmp_path}")
        assert reason in answer.error, name
        path.unlink()
    for name, answer in answers.items():
        # Without an ONNX Runtime a model that was let through would say so, by another error.
        assert answer.rc < 0 and "onnxruntime" not in answer.error, (name, answer)
        assert answer.stderr == "" and 20 < len(answer.error) < 1024, (name, answer)
    slowest = max(answer.seconds for answer in answers.values())
    largest = max(answer.peak for answer in answers.values())
    if not sanitizers(build_dir):
        assert slowest - start.seconds < SECONDS and largest < MEMORY
    figure(
        f"{len(answers)} hostile models and files refused without an ONNX Runtime, slowest "
        f"{slowest * 1e3:.0f} ms, most memory {largest / 2**20:.1f} MiB"
    )


OPEN = """import sys
from vmaf_tiny import Model, VmafTinyError
try:
    Model(sys.argv[1])
except VmafTinyError as error:
    print(error)
"""


@pytest.mark.slow
def test_a_folder_that_becomes_a_link_while_a_model_is_opened(tmp_path: Path) -> None:
    """After it was found to be inside and before it is opened, which strace makes longer."""
    strace = shutil.which("strace")
    if not strace:
        assert os.environ.get("VMT_PROVE") != "1", "apt-get install strace"
        pytest.skip("apt-get install strace")
    inside, outside, calls = tmp_path / "jail/models", tmp_path / "outside", tmp_path / "calls"
    inside.mkdir(parents=True)
    outside.mkdir()
    for folder, seed in ((inside, 1), (outside, 2)):
        (folder / "model.onnx").write_bytes(raw(mlp(seed=seed)))
    with subprocess.Popen(
        [strace, "-f", "-qq", "-o", calls, "-P", inside / "model.onnx", "-e", "signal=none",
         "-e", "inject=openat:delay_enter=5000000", sys.executable, "-c", OPEN,
         inside / "model.onnx"],
        env=os.environ | {"VMAF_TINY_MODEL_DIR": str(tmp_path / "jail")},
        stdout=subprocess.PIPE,
        text=True,
    ) as process:  # fmt: skip
        deadline = time.monotonic() + BOUND
        # A call that has not come back has no end of its line yet.
        while "openat(" not in (calls.read_text() if calls.exists() else "").rpartition("\n")[2]:
            assert time.monotonic() < deadline and process.poll() is None
            time.sleep(0.01)
        inside.rename(tmp_path / "jail/before")
        inside.symlink_to(outside)
        said = process.communicate(timeout=BOUND)[0]
    assert "is replaced while it is opened" in said
