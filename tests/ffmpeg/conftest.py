"""What the tests of the filter share."""

import os
from pathlib import Path

import pytest
from launched import ROOT, FFmpeg


@pytest.fixture(scope="session")
def ffmpeg() -> FFmpeg:
    """The launcher: $VMT_FFMPEG, else the one below build/."""
    name = "vmaf-tiny-ffmpeg"
    places = [ROOT / "build" / folder / name for folder in ("ffmpeg", "ffmpeg-lean")]
    if os.environ.get("VMT_FFMPEG"):
        places = [Path(os.environ["VMT_FFMPEG"])]
    found = [path for path in places if path.is_file()]
    if not found:
        pytest.fail("there is no ffmpeg with the filter: run `make plugin`", pytrace=False)
    return FFmpeg(found[0].absolute())
