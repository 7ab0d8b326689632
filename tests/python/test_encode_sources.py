"""Sources with faults: what loops refuse, repair and warn of, as `score` does."""

import json
import pickle
import threading
from fractions import Fraction

import numpy as np
import pytest

import clips
import vmaf_tiny
from vmaf_tiny.cli import main
from vmaf_tiny.edit import Box, Edit
from vmaf_tiny.encode import Rendition, encode_and_score
from vmaf_tiny.encode.source import survey_source
from vmaf_tiny.errors import InputError, OptionError
from vmaf_tiny.frames import RawFormat
from vmaf_tiny.inputs import examine
from vmaf_tiny.ladder import build_ladder
from vmaf_tiny.search import search
from vmaf_tiny.sweep import Store, sweep

# x264 makes the same encode twice only at widths that are multiples of 128.
WIDTH, HEIGHT = 256, 144
RENDITIONS = [Rendition(crf=28, preset="ultrafast"), Rendition(crf=36, preset="ultrafast")]


@pytest.fixture(scope="module")
def lumas():
    return [clips.noisy(clips.plane(n, WIDTH, HEIGHT), seed=n) for n in range(12)]


@pytest.fixture(scope="module")
def barred(lumas, tmp_path_factory):
    wide = [np.pad(luma, ((24, 24), (0, 0)), constant_values=16) for luma in lumas]
    return clips.write(tmp_path_factory.mktemp("source") / "barred.mkv", wide)


@pytest.fixture(scope="module")
def woven(lumas, tmp_path_factory):
    return clips.write_y4m(
        tmp_path_factory.mktemp("source") / "woven.y4m", lumas, "It A1:1 C420jpeg"
    )


def encode(source, folder, **options):
    """Encode and check that scores are those of the kept encodes, to the bit."""
    made = encode_and_score(source, RENDITIONS, keep=folder, **options)
    arguments = {name: value for name, value in options.items() if name != "edit"}
    edit = (options.get("edit"), None)
    for each in made:
        again = vmaf_tiny.score(source, each.kept, edit=edit, **arguments)
        for name in ("scores", "features", "times"):
            assert np.array_equal(getattr(each.result, name), getattr(again, name)), name
        how, other = each.result.provenance, again.provenance
        assert (how.width, how.height, how.bits) == (other.width, other.height, other.bits)
        assert [text.split(" ", 1)[1] for text in how.edits] == [
            text.split(" ", 1)[1] for text in other.edits
        ]
    return made


def values(made, name):
    """Return what a rendition's table of the preflight has, of both sides."""
    (check,) = [check for check in made.result.provenance.checks if check.name == name]
    return check.reference, check.distorted


# --------------------------------------------------------------------------------------- refused


def test_hdr_is_refused_unless_allowed(lumas, tmp_path):
    hdr = clips.write(tmp_path / "hdr.mkv", lumas, color_trc=16)
    with pytest.raises(InputError, match=r"source hdr\.mkv is HDR \(PQ\).*tone-map it to SDR"):
        encode_and_score(hdr, RENDITIONS)
    for made in encode(hdr, tmp_path / "kept", allow=["hdr"]):
        (warning,) = made.result.warnings
        assert "source hdr.mkv is HDR (PQ)" in warning and "rendition" not in warning
        assert values(made, "transfer") == ("PQ", "PQ")


def test_interlaced_video_is_refused_deinterlaced_or_allowed(woven, tmp_path):
    with pytest.raises(InputError, match=r"is interlaced.*, as by --deinterlace frame, or allow"):
        encode_and_score(woven, RENDITIONS)
    for fields, count in (("frame", 12), ("field", 24)):
        for made in encode(woven, tmp_path / fields, edit=Edit(deinterlace=fields)):
            assert made.pictures == count and made.result.warnings == ()
            assert made.duration == pytest.approx(12 / 25)
            assert values(made, "fields") == ("progressive", "progressive")
    for made in encode(woven, tmp_path / "woven", allow=["interlaced"]):
        (warning,) = made.result.warnings
        assert "would be encoded and compared as if it were not" in warning


def test_mirrored_video_is_refused_and_flipped(lumas, tmp_path):
    path = clips.write(tmp_path / "mirrored.mp4", lumas, rotation=0, mirrored=True)
    with pytest.raises(InputError, match="is shown mirrored: mirror it first, as by --rotate hfl"):
        encode_and_score(path, RENDITIONS)
    (fine, _) = encode(path, tmp_path / "kept", edit=Edit(rotate="hflip"))
    flipped = [np.ascontiguousarray(np.fliplr(luma)) for luma in lumas]
    assert vmaf_tiny.score(flipped, fine.kept).scores == pytest.approx(fine.result.scores, abs=1e-9)


def test_what_preflight_says_of_a_source_is_what_loops_say(woven, barred):
    assert "--deinterlace reference=frame" in examine(woven).refusal
    (warning,) = examine(barred).warnings
    assert "--crop reference=auto" in warning


def test_damage_is_refused_unless_allowed(barred, tmp_path):
    cut = tmp_path / "cut.mkv"
    cut.write_bytes(barred.read_bytes()[: barred.stat().st_size * 2 // 3])
    with pytest.raises(InputError, match="damaged"):
        encode_and_score(cut, RENDITIONS)
    for made in encode_and_score(cut, RENDITIONS, allow=["damage"]):
        assert 0 < made.pictures < 12
        assert any("source cut.mkv is damaged" in text for text in made.result.warnings)


# -------------------------------------------------------------------------------------- repaired


def test_bars_are_warned_of_and_cropped_off(barred, lumas, tmp_path):
    # The bars of small pictures that are encoded badly end elsewhere.
    for made in encode(barred, tmp_path / "barred", allow=["bars"]):
        (warning,) = made.result.warnings
        assert "black bars around 256:144:0:24" in warning and "by --crop auto" in warning
    plain = clips.write(tmp_path / "plain.mkv", lumas)
    expected = encode(plain, tmp_path / "plain")
    for crop in ("auto", Box(256, 144, 0, 24)):
        made = encode(barred, tmp_path / str(crop).replace(":", "x"), edit=Edit(crop=crop))
        for each, other in zip(made, expected, strict=True):
            assert np.array_equal(each.result.features, other.result.features)
            assert each.bytes == other.bytes and each.result.warnings == ()
            assert each.result.provenance.edits == ("source cropped to 256:144:0:24",)
            assert values(each, "bars")[0] == "none"


def test_dark_video_has_no_bars_to_look_for(tmp_path):
    dark = clips.write(tmp_path / "dark.mkv", [np.full((HEIGHT, WIDTH), 17, np.uint8)] * 4)
    with pytest.raises(InputError, match=r"looked for in the source.*: give --crop W:H:X:Y"):
        encode_and_score(dark, RENDITIONS, edit=Edit(crop="auto"))


@pytest.mark.parametrize("turn", ["90", "180", "270", "vflip", "0"])
def test_turns(lumas, tmp_path, turn):
    path = clips.write(tmp_path / "turned.mp4", lumas, rotation=90)
    for made in encode(path, tmp_path / "kept", edit=Edit(rotate=turn)):
        size = (WIDTH, HEIGHT) if turn in ("180", "vflip", "0") else (HEIGHT, WIDTH)
        assert (made.encoder.width, made.encoder.height) == size
        assert made.result.provenance.edits


def test_a_turned_source_says_that_it_was_turned(lumas, tmp_path):
    path = clips.write(tmp_path / "turned.mp4", lumas, rotation=90)
    for made in encode(path, tmp_path / "kept"):
        said = "source turned by 90 degrees counterclockwise"
        assert made.result.provenance.conversions == (said,)
        assert values(made, "turn") == ("90 degrees counterclockwise", "upright")


@pytest.mark.parametrize("tag", [1, 2])
def test_range(lumas, tmp_path, tag):
    path = clips.write(tmp_path / "range.mkv", lumas, color_range=tag)
    name = {1: "limited", 2: "full"}
    for made in encode(path, tmp_path / "kept"):
        assert values(made, "range") == (name[tag], name[tag])
        assert made.result.warnings == ()
    other = name[3 - tag]
    for made in encode(path, tmp_path / "other", edit=Edit(range=other)):
        assert values(made, "range") == (other, other)
        assert made.result.warnings == ()


def test_anamorphic_video_keeps_its_shape(lumas, tmp_path):
    path = clips.write(tmp_path / "wide.mkv", lumas, aspect=Fraction(4, 3))
    renditions = [Rendition(crf=30, size=size) for size in ((128, 72), (170, 72), None)]
    for made in encode_and_score(path, renditions, keep=tmp_path / "kept"):
        again = vmaf_tiny.score(path, made.kept)
        assert np.array_equal(made.result.scores, again.scores)
        assert made.result.warnings == again.warnings == ()
        shown = values(made, "aspect")
        assert shown[0] == "2.37:1, samples 4:3"
        assert shown[1].startswith("2.37:1")


def test_a_variable_rate_is_seen_and_kept(tmp_path):
    lumas = clips.planes(40, WIDTH, HEIGHT)
    times = np.cumsum([0, *([40, 40, 17, 90] * 10)])[:40].tolist()
    path = clips.write(tmp_path / "a.mkv", lumas, times=times, time_base=Fraction(1, 1000))
    for made in encode(path, tmp_path / "kept"):
        assert values(made, "times")[0].startswith("variable, 17.0 to 90.0 ms")
        assert made.result.times == pytest.approx(np.array(times) / 1000)


def test_scale_is_the_size_of_comparison(barred, tmp_path):
    edit = Edit(crop="auto")
    small = Rendition(crf=28, size=(128, 72), preset="ultrafast")
    renditions = [*RENDITIONS, small]
    for scale, sizes in (
        ((200, 112), [(200, 112)] * 3),
        ("distorted", [(256, 144), (256, 144), (128, 72)]),
    ):
        made = encode_and_score(
            barred, renditions, keep=tmp_path / str(scale), edit=edit, scale=scale
        )
        for each, size in zip(made, sizes, strict=True):
            again = vmaf_tiny.score(barred, each.kept, edit=(edit, None), scale=scale)
            assert np.array_equal(each.result.features, again.features)
            how = each.result.provenance
            assert (how.width, how.height) == size
    with pytest.raises(OptionError, match="cannot scale to 'big'"):
        encode_and_score(barred, RENDITIONS, scale="big")


def test_planes_and_raw_video_are_edited_too(lumas, tmp_path):
    raw = RawFormat(WIDTH, HEIGHT, fps=25)
    edit = Edit(crop=Box(128, 128, 8, 16))
    path = clips.write_raw(tmp_path / "a.yuv", lumas)
    expected = encode(path, tmp_path / "raw", edit=edit, raw=raw)
    made = encode_and_score(lumas, RENDITIONS, edit=edit, raw=raw)
    for one, other in zip(made, expected, strict=True):
        assert np.array_equal(one.result.features, other.result.features)


# ------------------------------------------------------------------------------------- the loops


def test_a_sweep_repairs_and_keys_by_the_repair(barred, woven, tmp_path):
    store = tmp_path / "store"
    plain = sweep(barred, RENDITIONS, store=store)
    cropped = sweep(barred, RENDITIONS, store=store, edit=Edit(crop="auto"))
    with Store(store) as results:
        assert len(results) == 4
    same = sweep(barred, RENDITIONS, store=store, edit=Edit(crop=Box(256, 144, 0, 24)))
    scaled = sweep(barred, RENDITIONS, store=store, edit=Edit(crop="auto"), scale=(128, 72))
    with Store(store) as results:
        assert len(results) == 6
    for k in range(2):
        assert cropped[k].score != plain[k].score
        assert np.array_equal(cropped[k].result.features, same[k].result.features)
        assert scaled[k].result.provenance.width == 128
    with pytest.raises(InputError, match="--deinterlace frame"):
        sweep(woven, RENDITIONS)
    assert sweep(woven, RENDITIONS, edit=Edit(deinterlace="frame"))[0].pictures == 12
    with pytest.raises(OptionError, match="cannot be split"):
        sweep(woven, RENDITIONS, edit=Edit(deinterlace="frame"), segment=0.2)


def test_segments_of_what_is_cropped_and_turned(lumas, tmp_path):
    source = clips.write(tmp_path / "keys.mp4", lumas, options={"g": "4"}, rotation=90)
    edit = Edit(crop=Box(240, 128, 8, 8), rotate="270")
    made = sweep(source, RENDITIONS, edit=edit, segment=0.1, keep=tmp_path / "kept")
    for each in made:
        assert each.segments == 3 and (each.encoder.width, each.encoder.height) == (128, 240)
        again = vmaf_tiny.score(source, each.kept, edit=(edit, None))
        assert np.array_equal(each.result.features, again.features)


def test_ladders_and_searches_repair(barred, woven, tmp_path):
    edit = Edit(crop="auto")
    ladder = build_ladder(barred, sizes=[144, 72], crf=[30], edit=edit, keep=tmp_path)
    assert (ladder.width, ladder.height) == (256, 144)
    assert [(p.encoder.width, p.encoder.height) for p in ladder.points] == [(256, 144), (128, 72)]
    for point in ladder.points:
        again = vmaf_tiny.score(barred, point.kept, edit=(edit, None))
        assert np.array_equal(point.result.features, again.features)
    small = build_ladder(barred, sizes=[144], crf=[30], edit=edit, scale=(128, 72))
    assert (small.width, small.height) == (128, 72)
    with pytest.raises(OptionError, match="compared at one"):
        build_ladder(barred, sizes=[144], crf=[30], scale="distorted")
    found = search(barred, 80, crf=(20, 40), edit=edit, samples=0)
    assert found.made.result.provenance.edits == ("source cropped to 256:144:0:24",)
    for work in (
        lambda: build_ladder(woven, sizes=[144], crf=[30]),
        lambda: search(woven, 80),
    ):
        with pytest.raises(InputError, match="--deinterlace frame"):
            work()


def test_samples_of_a_search_are_edited(tmp_path):
    lumas = [clips.noisy(clips.plane(n, WIDTH, 96), 3 + n // 40, n) for n in range(200)]
    wide = [np.pad(luma, ((16, 16), (0, 0)), constant_values=16) for luma in lumas]
    source = clips.write(tmp_path / "long.mkv", wide, options={"g": "25"})
    plain = clips.write(tmp_path / "plain.mkv", lumas, options={"g": "25"})
    options = {"samples": 3, "chunk": 0.8, "crf": (15, 45)}
    found = search(source, 85, edit=Edit(crop="auto"), **options)
    expected = search(plain, 85, **options)
    assert not all(probe.whole for probe in found.found.probes)
    assert [(p.crf, p.score) for p in found.found.probes] == [
        (p.crf, p.score) for p in expected.found.probes
    ]


@pytest.mark.parametrize(
    "command",
    [
        ["sweep", "--crf", "30", "--no-store"],
        ["ladder", "--sizes", "144", "--crf", "30"],
        ["search", "--target", "80", "--samples", "0", "--probes", "2"],
    ],
    ids=lambda command: command[0],
)
def test_the_commands_have_the_options(command, barred, woven, tmp_path, capfd):
    name, *rest = command
    assert main([name, str(woven), *rest]) == 1
    assert "--deinterlace frame, or allow interlaced" in capfd.readouterr().err
    assert main([name, str(woven), *rest, "--deinterlace", "frame"]) in (0, 3)
    assert "interlaced" not in capfd.readouterr().err
    assert main([name, str(woven), *rest, "--allow-interlaced"]) in (0, 3)
    assert "warning: source woven.y4m is interlaced" in capfd.readouterr().err
    output = tmp_path / "results.json"
    repairs = ["--crop", "auto", "--rotate", "180", "--range", "full", "--scale", "128x72"]
    assert main([name, str(barred), *rest, *repairs, "-o", str(output)]) in (0, 3)
    assert "black bars" not in capfd.readouterr().err
    if name == "sweep":
        (made,) = json.loads(output.read_text())["renditions"]
        assert "source cropped to 256:144:0:24" in made["provenance"]["edits"]
    assert main([name, str(barred), *rest, "--crop", "much"]) == 2
    assert "give W:H:X:Y" in capfd.readouterr().err


def test_a_source_is_looked_into_once(barred, monkeypatch):
    seen = []
    from vmaf_tiny import inputs

    known = survey_source(barred, None, Edit(crop="auto"))
    monkeypatch.setattr(inputs, "survey", lambda *a: seen.append(a))
    (made, _) = encode_and_score(barred, RENDITIONS, edit=known)
    assert not seen and values(made, "bars")[0] == "none"


def test_a_file_is_looked_into_while_it_is_read(barred, monkeypatch):
    from vmaf_tiny import inputs

    looks = []
    really = inputs.survey

    def look(*arguments):
        looks.append(threading.current_thread())
        return really(*arguments)

    monkeypatch.setattr(inputs, "survey", look)
    seen = survey_source(barred, None, None)
    assert looks == []
    for _ in range(2):
        (made, _) = encode_and_score(barred, RENDITIONS, edit=seen)
        assert values(made, "bars")[0] == "around 256:144:0:24"
        assert any("black bars around" in warning for warning in made.result.warnings)
    assert pickle.loads(pickle.dumps(seen)).survey == seen.survey
    assert len(looks) == 1 and looks[0] is not threading.current_thread()
    assert not looks[0].is_alive()


def test_what_a_look_fails_of_is_told(barred, monkeypatch):
    from vmaf_tiny import inputs

    def fail(*_):
        raise MemoryError("looked too far")

    monkeypatch.setattr(inputs, "survey", fail)
    with pytest.raises(MemoryError, match="too far"):
        encode_and_score(barred, RENDITIONS)
