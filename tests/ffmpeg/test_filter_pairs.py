"""Which frames the filter compares, and where it stops."""

import pytest
from launched import DISTORTED, REFERENCE

ONE_SECOND = "testsrc2=size=160x120:rate=25:duration=1"
TWO_SECONDS = "testsrc2=size=160x120:rate=25:duration=2"


def test_containers_that_round_times_pair_rightly(ffmpeg, tmp_path):
    film = "testsrc2=size=160x120:rate=24000/1001:duration=4"
    files = mp4, mkv = tmp_path / "film.mp4", tmp_path / "film.mkv"
    made = ffmpeg.run(
        "-f", "lavfi", "-i", film, "-c:v", "mpeg4", "-video_track_timescale", 24000, mp4
    )
    assert made.status == 0, made.said
    assert ffmpeg.run("-i", mp4, "-c", "copy", mkv).status == 0
    for distorted, reference in (files, files[::-1]):
        logged = ffmpeg.logged(distorted, reference, path=tmp_path / "log")
        assert len(logged.rows) == 96
        assert min(row["vif_scale0"] for row in logged.rows) > 0.9999
        assert "another time" not in logged.ran.said


def test_a_shorter_distorted_video_ends_the_score(ffmpeg, tmp_path):
    logged = ffmpeg.logged(ONE_SECOND, TWO_SECONDS, path=tmp_path / "log")
    assert logged.numbers == list(range(25))
    assert "reference frame" not in logged.ran.said


def test_a_shorter_reference_is_told(ffmpeg, tmp_path):
    logged = ffmpeg.logged(TWO_SECONDS, ONE_SECOND, path=tmp_path / "log")
    assert len(logged.rows) == 50
    assert "25 of 50 frames, the first at 1.000 s, were compared" in logged.ran.said


@pytest.mark.parametrize("option", ["shortest=1", "eof_action=endall"])
def test_the_score_may_end_with_the_reference(ffmpeg, tmp_path, option):
    logged = ffmpeg.logged(TWO_SECONDS, ONE_SECOND, option, path=tmp_path / "log")
    assert logged.numbers == list(range(25))
    assert "another time" not in logged.ran.said


@pytest.mark.parametrize("option", ["repeatlast=0", "eof_action=pass"])
def test_frames_without_reference_pass_unscored(ffmpeg, tmp_path, option):
    logged = ffmpeg.logged(
        TWO_SECONDS,
        ONE_SECOND,
        option,
        path=tmp_path / "log",
        graph="[0][1]{},showinfo",
    )
    assert logged.numbers == list(range(25))
    assert "25 frames had no reference frame" in logged.ran.said
    assert "n:  49" in logged.ran.said


def test_different_rates_are_told(ffmpeg):
    slow = "testsrc2=size=160x120:rate=10:duration=1"
    ran = ffmpeg.score(ONE_SECOND, slow)
    assert ran.status == 0
    assert "insert fps" in ran.said


def test_no_common_frame_is_an_error(ffmpeg, tmp_path):
    late = "[1]setpts=PTS+10/TB[r];[0][r]{}"
    log = tmp_path / "log"
    ran = ffmpeg.score(ONE_SECOND, ONE_SECOND, f"log_path={log}", graph=late)
    assert ran.status != 0
    assert "no frame was scored" in ran.said
    assert ran.score is None
    assert not log.exists()


def test_only_the_part_that_is_enabled_is_scored(ffmpeg, tmp_path):
    logged = ffmpeg.logged(
        DISTORTED,
        REFERENCE,
        "enable='between(t,0.2,0.6)'",
        path=tmp_path / "log",
        graph="[0][1]{},showinfo",
    )
    assert logged.numbers == list(range(11))
    assert "n:  24" in logged.ran.said


def test_memory_does_not_grow(ffmpeg):
    most = []
    for frames in (100, 2000):
        source = f"testsrc2=size=320x180:rate=100:duration={frames / 100}"
        ran = ffmpeg.score(source, source)
        assert ran.status == 0
        most.append(ran.memory)
    assert most[1] <= 1.05 * most[0]


def test_decoding_does_not_outrun_scoring(ffmpeg):
    # frames of 1.4 MB that take no time to make: kept, they would be many times what is needed
    source = "color=gray:size=1280x720:rate=25:duration={}"
    most = [ffmpeg.score(source.format(s), source.format(s)).memory for s in (1, 6)]
    assert most[1] <= 1.2 * most[0]
