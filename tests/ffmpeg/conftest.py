"""What the tests of the filter share."""

import os
from pathlib import Path

import pytest
from launched import ROOT, FFmpeg


def programs() -> list[FFmpeg]:
    """Those that $VMT_FFMPEG names, with colons between, else the plug-in's below build/."""
    named = os.environ.get("VMT_FFMPEG")
    if named:
        paths = [Path(name) for name in named.split(os.pathsep)]
        missing = [str(path) for path in paths if not path.is_file()]
        if missing:
            raise pytest.UsageError(f"VMT_FFMPEG: there is no {', '.join(missing)}")
    else:
        launchers = [
            ROOT / "build" / name / "vmaf-tiny-ffmpeg" for name in ("ffmpeg", "ffmpeg-lean")
        ]
        paths = [path for path in launchers if path.is_file()][:1]
    return [FFmpeg(path.absolute()) for path in paths]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run what needs an ffmpeg with each that there is."""
    if "ffmpeg" in metafunc.fixturenames:
        found = programs() or [None]
        names = [one.release if one else "missing" for one in found]
        metafunc.parametrize("ffmpeg", found, ids=names, indirect=True, scope="session")


@pytest.fixture(scope="session")
def ffmpeg(request: pytest.FixtureRequest) -> FFmpeg:
    """An ffmpeg with the filter."""
    if not request.param:
        pytest.fail("there is no ffmpeg with the filter: run `make plugin`", pytrace=False)
    return request.param
