"""What the tests of the C programs and of the package share."""

import os
from pathlib import Path

import pytest

from log_writer import Writer

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def build_dir() -> Path:
    """Folder of the C build: $VMT_BUILD_DIR, else build/ in the repository."""
    folder = Path(os.environ.get("VMT_BUILD_DIR") or ROOT / "build")
    if not folder.is_dir():
        pytest.fail(f"there is no C build in '{folder}'; run `make build`", pytrace=False)
    return folder.resolve()


@pytest.fixture(scope="session")
def writer(build_dir: Path) -> Writer:
    """What writes logs with the C library."""
    return Writer(build_dir / "tests/c/report/write_log")
