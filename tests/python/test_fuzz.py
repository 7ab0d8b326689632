"""Every fuzz target survives its seeds and many inputs made of them, the same ones each time."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
RUNS = {
    "json": 500000,
    "log": 20000,
    "model": 20000,
    "onnx": 500000,
    "options": 50000,
    "picture": 3000,
    "registry": 30000,
    "sidecar": 30000,
}


@pytest.fixture(scope="module")
def seeds(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("seeds")
    subprocess.run([sys.executable, ROOT / "tests/fuzz/seeds.py", folder], check=True)
    # Those of the filter are run by tests/prove/test_options.py, in its libavfilter.
    assert sorted(p.name for p in folder.iterdir()) == sorted([*RUNS, "filter"])
    return folder


@pytest.mark.slow
@pytest.mark.parametrize("target", RUNS)
def test_target_survives(build_dir: Path, seeds: Path, tmp_path: Path, target: str) -> None:
    program = build_dir / f"tests/fuzz/fuzz_{target}"
    environment = os.environ | {
        "FUZZ_ORT": str(build_dir / "tests/c/fusion/libfake_ort.so"),
        "FUZZ_MODELS": str(ROOT / "model/tiny"),
    }
    done = subprocess.run(
        [program, "-seed=1", f"-runs={RUNS[target]}", seeds / target],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert (done.returncode, done.stderr) == (0, ""), done.stderr[-4000:]
    counts = dict(line.split("=") for line in done.stdout.splitlines())
    assert int(counts["executions"]) > RUNS[target]
    assert int(counts["taken"]) > RUNS[target] // 100, "hardly any input is taken"


def test_no_corpus_is_no_success(build_dir: Path, tmp_path: Path) -> None:
    program = build_dir / "tests/fuzz/fuzz_json"
    done = subprocess.run([program, tmp_path], capture_output=True, text=True)
    assert done.returncode == 2 and "no corpus" in done.stderr
