"""What proofs share. Short in `make test`; whole with VMT_PROVE=1, as `make prove` runs them."""

import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/python"))

WHOLE = os.environ.get("VMT_PROVE") == "1"


@pytest.fixture(scope="session")
def build_dir() -> Path:
    """Folder of the C build: $VMT_BUILD_DIR, else build/ in the repository."""
    return Path(os.environ.get("VMT_BUILD_DIR") or ROOT / "build").resolve()


@pytest.fixture
def amount() -> Callable[[int, int], int]:
    """Choose between how much is done in `make test` and in `make prove`."""
    return lambda short, whole: whole if WHOLE else short


@pytest.fixture
def figure(record_property: Callable[[str, object], None]) -> Callable[[str], None]:
    """Say in a few words what was found, for the table of `make prove`."""
    return lambda text: record_property("figure", text)


@pytest.fixture(scope="session")
def pair(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Ten pictures without loss, and coarsely encoded."""
    import clips  # found by the path that is set above

    folder = tmp_path_factory.mktemp("pair")
    planes = clips.planes(10)
    reference = clips.write(folder / "reference.mkv", planes)
    return reference, clips.write(folder / "encode.mp4", planes, options={"qp": "44"})
