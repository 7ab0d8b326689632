"""What the filter refuses, in which words, and that it leaves nothing behind."""

import os

import pytest
from launched import DISTORTED, REFERENCE

TAGGED = "[0]setparams={}[d];[1]setparams={}[r];[d][r]{{}}"


def refused(ffmpeg, folder, *arguments, **how):
    """Score, which must fail without a trace, and return what was said."""
    log, video = folder / "log", folder / "video.mkv"
    options = ":".join(filter(None, (*arguments, f"log_path={log}")))
    ran = ffmpeg.score(
        how.pop("distorted", DISTORTED),
        how.pop("reference", REFERENCE),
        options,
        to=how.pop("to", ("-f", "null", "-")),
        **how,
    )
    assert ran.status not in (0, -11, -6, 139, 134)
    assert ran.score is None
    assert not log.exists()
    assert not video.exists()
    return ran.said


@pytest.mark.parametrize(
    ("option", "words"),
    [
        ("pool=median", "pool=median is not known: choose one of min, max, mean"),
        ("pool=harmonic", "harmonic_mean"),
        ("log_fmt=yaml", "log_fmt=yaml is not known: choose one of xml, json, csv, sub"),
        ("cpu=z80", "cpu=z80 is not known: choose one of best"),
        ("mode=quick", "mode=quick is not known: choose one of exact, fast"),
        ("n_subsample=0", "n_subsample"),
        ("n_threads=-1", "n_threads"),
        ("device=abacus", "abacus"),
        ("model=nobody", "nobody"),
    ],
)
def test_a_bad_option_writes_nothing(ffmpeg, tmp_path, option, words):
    said = refused(ffmpeg, tmp_path, option, to=(tmp_path / "video.mkv",))
    assert words in said


def test_odd_strings_do_not_reach_the_terminal(ffmpeg, tmp_path):
    said = refused(ffmpeg, tmp_path, "pool=me\n\x1bdian")
    assert "pool=me is not known: choose one of min" in said and "dian is" not in said
    said = refused(ffmpeg, tmp_path, "model=no\n\x07body")
    assert r"no\n\x07body" in said


def test_a_corrupt_model_writes_nothing(ffmpeg, tmp_path):
    model = tmp_path / "model.onnx"
    model.write_bytes(os.urandom(2000))
    said = refused(ffmpeg, tmp_path, f"model={model}", to=(tmp_path / "video.mkv",))
    assert str(model) in said


def test_a_model_outside_the_jail_is_refused(ffmpeg, tmp_path):
    (tmp_path / "jail").mkdir()
    model = tmp_path / "model.onnx"
    model.write_bytes(b"")
    env = {"VMAF_TINY_MODEL_DIR": str(tmp_path / "jail")}
    refused(ffmpeg, tmp_path, f"model={model}", env=env)


def test_without_onnx_runtime_it_says_what_to_do(ffmpeg, tmp_path):
    missing = tmp_path / "libonnxruntime.so"
    said = refused(ffmpeg, tmp_path, env={"VMAF_TINY_ORT_LIB": str(missing)})
    assert str(missing) in said


def test_different_sizes_name_the_filter_to_insert(ffmpeg, tmp_path):
    said = refused(ffmpeg, tmp_path, reference=REFERENCE.replace("160x120", "320x240"))
    assert "160x120" in said
    assert "scale=320:240" in said


def test_too_small_a_video_is_refused(ffmpeg, tmp_path):
    tiny = REFERENCE.replace("160x120", "32x32")
    assert "32" in refused(ffmpeg, tmp_path, distorted=tiny, reference=tiny)


@pytest.mark.parametrize(
    ("distorted", "reference", "word"),
    [("yuv420p", "yuv420p10le", "distorted"), ("gray12le", "yuv422p", "reference")],
)
def test_different_depths_name_the_filter_to_insert(ffmpeg, tmp_path, distorted, reference, word):
    graph = f"[0]format={distorted}[d];[1]format={reference}[r];[d][r]{{}}"
    said = refused(ffmpeg, tmp_path, graph=graph)
    larger = {"distorted": reference, "reference": distorted}[word]
    assert f"bring the {word}" in said
    assert f"format={larger}" in said


def test_a_log_that_cannot_be_written_fails_the_run(ffmpeg, tmp_path):
    ran = ffmpeg.score(DISTORTED, REFERENCE, f"log_path={tmp_path}/missing/log")
    assert ran.status != 0
    assert "missing/log" in ran.said
    assert ran.score is None


def test_a_failure_leaves_an_older_log_alone(ffmpeg, tmp_path):
    log = tmp_path / "log"
    log.write_text("of yesterday")
    ran = ffmpeg.score(
        DISTORTED,
        REFERENCE,
        f"log_path={log}",
        graph="[1]setrange=pc[r];[0][r]{}",
    )
    assert ran.status != 0
    assert log.read_text() == "of yesterday"


# Same samples throughout, whatever the tags say: the score must not depend on them.
SAME = [
    ("range=unknown", "range=unknown"),
    ("colorspace=bt470bg", "colorspace=bt709"),
    ("colorspace=unknown", "colorspace=bt709"),
    ("colorspace=bt709", "colorspace=unknown"),
    ("range=tv", "range=unknown"),
    ("range=pc", "range=pc"),
    ("color_primaries=bt709", "color_primaries=bt2020"),
    ("color_trc=bt709", "color_trc=smpte170m"),
]


@pytest.mark.parametrize("tags", SAME, ids=" vs ".join)
def test_tags_never_change_samples(ffmpeg, tmp_path, tags):
    untagged = ffmpeg.logged(DISTORTED, REFERENCE, path=tmp_path / "log")
    tagged = ffmpeg.logged(DISTORTED, REFERENCE, path=tmp_path / "log", graph=TAGGED.format(*tags))
    assert tagged.rows == untagged.rows


@pytest.mark.parametrize(
    ("tags", "what"),
    [
        (("colorspace=bt470bg", "colorspace=bt709"), "colour matrix differs"),
        (("color_primaries=bt709", "color_primaries=bt2020"), "colour primaries differs"),
        (("color_trc=bt709", "color_trc=smpte170m"), "colour transfer differs"),
    ],
)
def test_different_tags_are_warned_about_once(ffmpeg, tags, what):
    said = ffmpeg.score(DISTORTED, REFERENCE, graph=TAGGED.format(*tags)).said
    assert said.count(what) == 1


def test_a_missing_tag_is_no_difference(ffmpeg):
    tags = ("colorspace=unknown", "colorspace=bt709")
    assert "differs" not in ffmpeg.score(DISTORTED, REFERENCE, graph=TAGGED.format(*tags)).said


@pytest.mark.parametrize("tags", [("range=pc", "range=tv"), ("range=unknown", "range=pc")])
def test_a_different_range_is_refused_unless_allowed(ffmpeg, tmp_path, tags):
    graph = TAGGED.format(*tags)
    assert "allow_range=1" in refused(ffmpeg, tmp_path, graph=graph)
    untagged = ffmpeg.logged(DISTORTED, REFERENCE, path=tmp_path / "log")
    allowed = ffmpeg.logged(
        DISTORTED, REFERENCE, "allow_range=1", path=tmp_path / "log", graph=graph
    )
    assert allowed.rows == untagged.rows


def test_full_range_formats_are_full_range(ffmpeg, tmp_path):
    graph = "[0]scale=out_range=pc,format=yuvj420p[d];[d][1]{}"
    assert "allow_range=1" in refused(ffmpeg, tmp_path, graph=graph)


@pytest.mark.parametrize("transfer", ["smpte2084", "arib-std-b67"])
@pytest.mark.parametrize("sides", [(0, 1), (0,), (1,)])
def test_hdr_is_refused_unless_allowed(ffmpeg, tmp_path, transfer, sides):
    tags = [f"color_trc={transfer if side in sides else 'bt709'}" for side in (0, 1)]
    graph = TAGGED.format(*tags)
    said = refused(ffmpeg, tmp_path, graph=graph)
    assert transfer in said
    assert "allow_hdr=1" in said
    assert ffmpeg.score(DISTORTED, REFERENCE, "allow_hdr=1", graph=graph).score is not None


def test_a_video_that_changes_its_range_on_the_way_is_noticed(ffmpeg):
    graph = f"[1]setrange=pc[b];[0][b]concat[d];{REFERENCE}[r];[d][r]{{}}"
    ran = ffmpeg.score(REFERENCE, REFERENCE, graph=graph, before=("-loglevel", "verbose"))
    # FFmpeg 7 and later make the two parts alike before they come here
    converted = "auto_scale" in ran.said
    assert (ran.score is None) != converted
    assert ("allow_range=1" in ran.said) != converted
