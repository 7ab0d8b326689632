"""Rules the tree keeps, checked so that nobody has to remember them."""

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LONGEST, WIDEST = 600, 100
TOP = {
    "LICENSE",
    "Makefile",
    "README.md",
    "examples",
    "filter",
    "meson.build",
    "model",
    "pyproject.toml",
    "python",
    "tests",
}


def tracked() -> list[Path]:
    listed = subprocess.check_output(["git", "ls-files", "-z"], cwd=ROOT, text=True)
    return [ROOT / name for name in listed.split("\0") if name and (ROOT / name).is_file()]


FILES = tracked()
SOURCES = [p for p in FILES if p.suffix in {".c", ".h", ".py"}]


def name(path: Path) -> str:
    return str(path.relative_to(ROOT))


def test_the_top_level_is_what_it_is():
    top = {path.relative_to(ROOT).parts[0] for path in FILES}
    assert {part for part in top if not part.startswith(".")} == TOP


@pytest.mark.parametrize("path", SOURCES, ids=name)
def test_a_file_is_short_and_clean(path):
    lines = path.read_text().splitlines()
    assert len(lines) <= LONGEST
    assert not [
        number
        for number, line in enumerate(lines, 1)
        if line != line.rstrip() or "\t" in line or len(line) > WIDEST
    ]


@pytest.mark.parametrize("path", [p for p in SOURCES if p.suffix in {".c", ".h"}], ids=name)
def test_c_says_its_licence_first(path):
    assert path.read_text().startswith("// SPDX-License-Identifier: BSD-2-Clause-Patent\n")


@pytest.mark.parametrize("path", SOURCES, ids=name)
def test_no_history_in_the_code(path):
    if path != Path(__file__):
        assert not re.search(r"\b(ADR-\d|TODO|FIXME|XXX)\b", path.read_text())


# What each room of the core may include from the others.
ROOMS = {
    "base": {"base"},
    "kernels": {"kernels"},
    "features": {"base", "kernels", "features"},
    "fusion": {"base", "fusion"},
    "report": {"base", "report"},
    "ffmpeg": set(),
}


@pytest.mark.parametrize("room", ROOMS)
def test_includes_go_one_way(room):
    strangers = []
    for path in (ROOT / "filter" / room).rglob("*.[ch]"):
        for include in re.findall(r'#include "(.+?)"', path.read_text()):
            folder = include.split("/")[0] if "/" in include else ""
            if folder in ROOMS and folder not in ROOMS[room]:
                strangers.append((name(path), include))
    assert strangers == []


def test_intrinsics_stay_in_the_vector_headers():
    pattern = re.compile(r"\b_mm\d*_|\bv[a-z]+q_[su]\d|immintrin|arm_neon|__asm__")
    users = {
        path.name
        for path in (ROOT / "filter").rglob("*.[ch]")
        if pattern.search(path.read_text()) and not path.name.startswith("vec_")
    }
    assert users == set()


def test_only_the_filter_knows_ffmpeg():
    users = {
        path.parent.name
        for path in (ROOT / "filter").rglob("*.[ch]")
        if re.search(r'#include [<"]lib(av|sw)', path.read_text())
    }
    assert users == {"ffmpeg"}


def test_only_core_sees_c():
    users = {
        name(path)
        for path in (ROOT / "python").rglob("*.py")
        if re.search(r"_native import|import _native", path.read_text())
    }
    assert users == {"python/vmaf_tiny/_core.py"}


def test_the_product_knows_nothing_of_the_trainer():
    users = [
        name(path)
        for path in (ROOT / "python" / "vmaf_tiny").rglob("*.py")
        if "vmaf_train" in path.read_text()
    ]
    assert users == []


def test_every_module_is_installed():
    """A module that the build does not list is missing from the wheel."""
    listed = (ROOT / "python" / "meson.build").read_text()
    packages = ("vmaf_tiny", "vmaf_train")
    modules = [path for p in packages for path in (ROOT / "python" / p).rglob("*.py")]
    assert [name(path) for path in modules if f"'{path.name}'" not in listed] == []


def test_make_help_names_every_target():
    """What is not in .PHONY does nothing once a file has its name."""
    makefile = (ROOT / "Makefile").read_text()
    targets = set(re.findall(r"^([a-z][\w-]*):", makefile, re.M))
    phony = re.search(r"^\.PHONY:((?:.*\\\n)*.*)", makefile, re.M)[1].replace("\\", "").split()
    assert set(phony) == targets and len(phony) == len(targets)
    said = subprocess.check_output(["make", "-s", "help"], cwd=ROOT, text=True)
    assert set(re.findall(r"^make (\S+)", said, re.M)) == targets - {"help"}
