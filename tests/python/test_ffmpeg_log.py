"""Listening to FFmpeg's log, whose level is the process's."""

import random
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import av
import av.logging
import pytest

import clips
from vmaf_tiny.ffmpeg_log import hears, listened


def settled() -> int | None:
    """Return PyAV's level once nothing is going to change it."""
    time.sleep(0.3)
    level: int | None = av.logging.get_level()
    return level


@pytest.fixture(autouse=True)
def silent() -> Iterator[None]:
    settled()
    av.logging.set_level(None)
    yield
    settled()
    av.logging.set_level(None)


def test_what_is_logged_is_heard_and_nothing_after() -> None:
    with listened(av.logging.INFO) as logs:
        av.logging.log(av.logging.INFO, "x", "first")
        with listened(av.logging.ERROR) as inner:
            av.logging.log(av.logging.ERROR, "x", "second")
            av.logging.log(av.logging.INFO, "x", "not this")
        assert hears(av.logging.INFO)
    av.logging.log(av.logging.INFO, "x", "nor this")
    assert [text for _, _, text in logs] == ["first"]
    assert [text for _, _, text in inner] == ["second"]
    assert not hears(av.logging.PANIC) and settled() is None


def test_the_level_of_a_program_stays(
    capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    av.logging.set_level(av.logging.WARNING)
    with listened(av.logging.INFO):
        pass
    assert av.logging.get_level() == av.logging.WARNING and not hears(av.logging.INFO)
    av.logging.set_level(None)
    with listened(av.logging.INFO):
        pass
    av.logging.log(av.logging.INFO, "x", "to nobody")
    av.logging.set_level(av.logging.ERROR)  # before it is silent again
    assert hears(av.logging.ERROR)
    with listened(av.logging.INFO):
        pass
    assert settled() == av.logging.ERROR and capfd.readouterr() == ("", "")
    with av.logging.Capture(local=False) as logs:
        av.logging.log(av.logging.ERROR, "x", "to the program")
    assert [text for _, _, text in logs] == ["to the program"]
    av.logging.log(av.logging.ERROR, "x", "to its log")
    assert [record.getMessage() for record in caplog.records] == ["to its log"]


@pytest.mark.slow
def test_threads_that_log_meanwhile_do_not_fail(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    video = clips.write(tmp_path / "video.mp4", clips.planes(20) * 10)
    data, rng = bytearray(video.read_bytes()), random.Random(1)
    for _ in range(300):
        data[rng.randrange(len(data) // 10, len(data) * 8 // 10)] ^= 255
    video.write_bytes(data)
    end = time.monotonic() + 3

    def decode() -> None:
        while time.monotonic() < end:
            with av.open(video) as container:
                container.streams.video[0].thread_type = "AUTO"
                for packet in container.demux(video=0):
                    with suppress(av.FFmpegError):
                        packet.decode()

    threads = [threading.Thread(target=decode) for _ in range(2)]
    for thread in threads:
        thread.start()
    heard = 0
    while time.monotonic() < end:
        with listened(av.logging.ERROR) as logs:
            time.sleep(0.0001)
        heard += len(logs)
    for thread in threads:
        thread.join()
    assert heard and capfd.readouterr() == ("", "")
