"""Test the package with the oldest and the newest of what it says it works with: FOLDER.

Each has an environment of its own in FOLDER, made by uv, which knows how to take the lowest release
that every bound allows; the oldest on the oldest Python of this machine, the newest on the newest,
be it on the path or one of pyenv's.
"""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import steps
from steps import ROOT

EXTRAS = "bdrate,dask,parquet,report,train"
TESTS = (
    "tests/python/test_core.py",
    "tests/python/test_encode.py",
    "tests/python/test_features.py",
    "tests/python/test_frames.py",
    "tests/python/test_ladder.py",
    "tests/python/test_luma.py",
    "tests/python/test_pairing.py",
    "tests/python/test_report.py",
    "tests/python/test_results_schema.py",
    "tests/python/test_score.py",
    "tests/python/test_search_curve.py",
    "tests/python/test_sweep.py",
    "tests/python/test_train_export.py",
    "tests/python/test_train_table.py",
    "tests/python/cli/test_cli.py",
    "tests/python/cli/test_cli_refusals.py",
)
TOOLS = ("pytest", "hypothesis")
SHOWN = ("numpy", "av", "onnxruntime", "scipy", "rich", "cyclopts", "pyarrow", "onnx", "bokeh")
# What needs the build tree or the sources beside the package.
LEAVE_OUT = "not memory and not docstrings and not sees_c and not complete"


ASKED = """import sys, sysconfig
print(*sys.version_info[:3])
print(sys.executable)
print(sysconfig.get_path("include"))"""
LISTED = """import importlib.metadata as m
for each in m.distributions():
    print(each.name, each.version)"""


def run(*command: str | Path) -> str:
    return steps.run(*command, environment=steps.without("PYTHON", "VMAF_TINY"))


def installed(python: Path) -> dict[str, str]:
    """Return the packages of an environment and their versions."""
    lines = run(python, "-c", LISTED).splitlines()
    return {name.lower(): version for name, version in (line.split() for line in lines)}


def test(uv: Path, name: str, base: str, folder: Path, resolution: str) -> str:
    """Make the environment, test in it, and return what it has and how many tests passed."""
    home = folder / name
    shutil.rmtree(home, ignore_errors=True)
    run(uv, "venv", "--quiet", "--python", base, home)
    python = home / "bin/python"
    install = (uv, "pip", "install", "--quiet", "--python", python)
    run(*install, "--resolution", resolution, f"{ROOT}[{EXTRAS}]")
    before = installed(python)
    run(*install, *TOOLS)
    after = installed(python)
    if moved := [each for each in before if after[each] != before[each]]:
        sys.exit(f"the tests' tools want other releases of {', '.join(moved)}")
    said = run(
        python, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-m", "not slow", "-k", LEAVE_OUT,
        *TESTS,
    )  # fmt: skip
    passed = re.findall(r"(\d+) passed", said)[-1]
    has = ", ".join(f"{what} {before[what]}" for what in SHOWN)
    release = run(python, "-V").split()[1]
    return f"{name} (Python {release}, {has}): {passed} tests passed"


def interpreters() -> list[str]:
    """Return the Pythons of this machine that fit, the oldest first."""
    root = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")
    found: dict[tuple[int, ...], str] = {}
    named = [shutil.which(f"python3.{minor}") for minor in range(11, 20)]
    for path in [*filter(None, named), *map(str, root.glob("versions/3.*/bin/python3"))]:
        done = subprocess.run([path, "-c", ASKED], capture_output=True, text=True)
        if done.returncode:
            continue
        release, executable, headers = done.stdout.splitlines()
        version = tuple(map(int, release.split()))
        if version >= (3, 11) and (Path(headers) / "Python.h").exists():
            found.setdefault(version, executable)
    return [found[release] for release in sorted(found)] or [sys.executable]


def main() -> int:
    """Test both ends."""
    folder = Path(sys.argv[1]).resolve()
    folder.mkdir(parents=True, exist_ok=True)
    tools = folder / "tools"
    if not (tools / "bin/uv").exists():
        run(sys.executable, "-m", "venv", tools)
        run(tools / "bin/python", "-m", "pip", "install", "-q", "uv")
    pythons = interpreters()
    found = [
        test(tools / "bin/uv", "oldest", pythons[0], folder, "lowest-direct"),
        test(tools / "bin/uv", "newest", pythons[-1], folder, "highest"),
    ]
    print("; ".join(found))
    return 0


if __name__ == "__main__":
    sys.exit(main())
