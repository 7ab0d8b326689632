"""Test the package with the oldest and the newest of what it says it works with: FOLDER.

Each has an environment of its own in FOLDER, made by pip; the oldest on Python 3.11.
"""

import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TESTS = (
    "tests/python/test_core.py",
    "tests/python/test_features.py",
    "tests/python/test_frames.py",
    "tests/python/test_luma.py",
    "tests/python/test_pairing.py",
    "tests/python/test_score.py",
    "tests/python/cli/test_cli.py",
    "tests/python/cli/test_cli_refusals.py",
)
TOOLS = ("pytest", "hypothesis", "imageio-ffmpeg", "onnx", "pyarrow")
SHOWN = ("numpy", "av", "onnxruntime", "cffi")
# What needs the build tree or the sources beside the package.
LEAVE_OUT = "not memory and not docstrings and not sees_c and not complete"


def run(*command: str | Path, cwd: Path = ROOT) -> str:
    done = subprocess.run(
        [str(part) for part in command],
        cwd=cwd,
        env={k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "VMAF_TINY"))},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    )
    if done.returncode:
        sys.stdout.write(done.stdout[-8000:])
        sys.exit(f"failed: {' '.join(str(part) for part in command)}")
    return done.stdout


def requirements() -> list[str]:
    return list(tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"])


def oldest() -> list[str]:
    """Return the requirements with every bound as the very version."""
    return [re.sub(r">=\s*", "==", re.sub(r",.*", "", text)) for text in requirements()]


def test(name: str, python: str, folder: Path, pins: list[str]) -> str:
    """Make the environment, test in it, and return what it has and how many tests passed."""
    home = folder / name
    shutil.rmtree(home, ignore_errors=True)
    run(python, "-m", "venv", home)
    pip = (home / "bin/python", "-m", "pip", "--disable-pip-version-check", "install", "-q")
    run(*pip, ROOT, *pins, *TOOLS)
    said = run(
        home / "bin/python", "-m", "pytest", "-q", "-p", "no:cacheprovider", "-k", LEAVE_OUT,
        *TESTS,
    )  # fmt: skip
    passed = re.findall(r"(\d+) passed", said)[-1]
    code = f"from importlib.metadata import version as v; print(*(v(n) for n in {SHOWN}))"
    versions = run(home / "bin/python", "-c", code).split()
    has = ", ".join(f"{what} {version}" for what, version in zip(SHOWN, versions, strict=True))
    release = run(home / "bin/python", "-V").split()[1]
    return f"{name} (Python {release}, {has}): {passed} tests passed"


def interpreters() -> list[str]:
    """Return the Pythons of this machine that fit, the oldest first."""
    names = [f"python3.{minor}" for minor in range(11, 20)]
    code = "import venv, ensurepip"
    there = [name for name in names if shutil.which(name)]
    works = [
        n for n in there if not subprocess.run([n, "-c", code], capture_output=True).returncode
    ]
    return works or [sys.executable]


def main() -> int:
    """Test both ends."""
    folder = Path(sys.argv[1]).resolve()
    folder.mkdir(parents=True, exist_ok=True)
    pythons = interpreters()
    found = [
        test("oldest", pythons[0], folder, oldest()),
        test("newest", pythons[-1], folder, []),
    ]
    print("; ".join(found))
    return 0


if __name__ == "__main__":
    sys.exit(main())
