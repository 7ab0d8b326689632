"""What the tests of the C programs and of the package share."""

import os
from collections.abc import Iterator
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


@pytest.fixture(scope="session", autouse=True)
def _own_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Keep commands from finding, or leaving, results in the user's own store."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        yield
