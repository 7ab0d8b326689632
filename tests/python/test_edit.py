"""What is done to videos first, and what is known of them before they are compared."""

import json
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clips import frame_of, noisy, plane, planes, write, write_y4m
from vmaf_tiny import Box, Edit, InputError, OptionError, examine, score
from vmaf_tiny.edit import FIELDS, TURNS
from vmaf_tiny.frames import RawFormat, open_source
from vmaf_tiny.luma import Conversion, Converter

COUNT = 12


def lumas_of(spec, edit, raw=None):
    with open_source(spec, edit=edit, raw=raw) as source:
        info = source.info
        return info, [p.luma for p in source.pictures(Converter(Conversion(bits=info.bits)))]


def barred(lumas, bar=16):
    return [np.pad(luma, ((bar, bar), (0, 0)), constant_values=16) for luma in lumas]


def equal(result, other):
    return np.array_equal(result.scores, other.scores)


@pytest.fixture(scope="module")
def good():
    return planes(COUNT)


@pytest.fixture(scope="module")
def bad(good):
    return [noisy(luma, 20, seed=n) for n, luma in enumerate(good)]


# ---------------------------------------------------------------------------------------- edits


@pytest.mark.parametrize("bits", [8, 10, 16])
@pytest.mark.parametrize("kind", ["planes", "frames"])
def test_crop(kind, bits):
    lumas = planes(3, bits=bits)
    form = {8: "yuv420p", 10: "yuv420p10le", 16: "gray16le"}[bits]
    spec = lumas if kind == "planes" else [frame_of(luma, form) for luma in lumas]
    raw = RawFormat(160, 128, bits=bits) if kind == "planes" else None
    info, found = lumas_of(spec, Edit(crop=Box(101, 75, 7, 5)), raw)
    assert (info.width, info.height, info.bits) == (101, 75, bits)
    assert all(np.array_equal(a, b[5:80, 7:108]) for a, b in zip(found, lumas, strict=True))


@pytest.mark.parametrize(
    ("turn", "expected"),
    [
        ("0", lambda luma: luma),
        ("90", lambda luma: np.rot90(luma, -1)),
        ("180", lambda luma: np.rot90(luma, 2)),
        ("270", np.rot90),
        ("hflip", np.fliplr),
        ("vflip", np.flipud),
    ],
)
def test_turns(tmp_path, good, turn, expected):
    path = write(tmp_path / "a.mp4", good, rotation=90)
    info, found = lumas_of(path, Edit(rotate=turn))
    assert (info.turns, info.mirrored) == (0, False)
    assert np.array_equal(found[0], expected(good[0]))
    assert len(found) == COUNT


@pytest.mark.parametrize(("fields", "count"), [("frame", 12), ("field", 24)])
def test_deinterlacing(tmp_path, fields, count):
    woven = []
    for n in range(12):
        luma = plane(2 * n)
        luma[1::2] = plane(2 * n + 1)[1::2]
        woven.append(luma)
    path = write_y4m(tmp_path / "a.y4m", woven, "It A1:1 C420jpeg")
    info, found = lumas_of(path, Edit(deinterlace=fields))
    assert not info.interlaced and len(found) == count == info.frame_count
    assert info.rate == 25 * count // 12
    expected = planes(24)[:: 24 // count]
    shown = woven if fields == "frame" else [luma for luma in woven for _ in range(2)]
    kept = [slice(n % 2 if fields == "field" else 0, None, 2) for n in range(count)]
    for luma, whole, rows in zip(found, shown, kept, strict=True):
        assert np.array_equal(luma[rows], whole[rows])
    errors = [np.abs(a.astype(int) - b).mean() for a, b in zip(found, expected, strict=True)]
    before = [np.abs(a.astype(int) - b).mean() for a, b in zip(shown, expected, strict=True)]
    assert np.mean(errors) < 0.8 * np.mean(before)
    if fields == "field":
        other = write(tmp_path / "b.mp4", expected, rate=50)
        result = score(path, other, edit=(Edit(deinterlace="field"), None))
        assert len(result.scores) == 24 and result.score > 60
        assert result.provenance.alignment.right


def test_range(tmp_path):
    full = [np.full((64, 64), level, np.uint8) for level in (0, 255, 128)]
    path = write(tmp_path / "a.mkv", full, color_range=2)
    info, found = lumas_of(path, Edit(range="limited"))
    assert info.range == "limited" and info.range_said
    assert [int(luma[5, 5]) for luma in found] == [16, 235, 126]


@pytest.mark.parametrize(
    ("edit", "words"),
    [
        ({"crop": Box(161, 10, 0, 0)}, "cannot be cropped to 161:10:0:0"),
        ({"crop": Box(0, 10, 0, 0)}, "cannot be cropped"),
        ({"range": "full"}, "no range is known"),
    ],
)
def test_edits_that_cannot_be(good, edit, words):
    with pytest.raises(InputError, match=words):
        lumas_of(good, Edit(**edit))


@pytest.mark.parametrize("edit", [{"rotate": "45"}, {"deinterlace": "yes"}, {"range": "tv"}])
def test_unknown_edits(edit):
    with pytest.raises(OptionError, match=r"unknown .*: choose one of"):
        Edit(**edit)


@pytest.mark.parametrize("text", ["1:2:3", "a:b:c:d", "-1:2:3:4", ""])
def test_unreadable_crop(text):
    with pytest.raises(OptionError, match=r"give W:H:X:Y in samples, or auto"):
        Box.parse(text)


# ----------------------------------------------------------------------------------------- bars


def test_bars_on_one_side_are_refused_and_cropped(tmp_path, good, bad):
    expected = score(good, bad)
    plain = write(tmp_path / "plain.mkv", bad)
    wide = write(tmp_path / "wide.mkv", barred(good))
    with pytest.raises(InputError, match=r"reference wide\.mkv has black bars around 160:128:0:16"):
        score(wide, plain)
    for crop in (Box(160, 128, 0, 16), "auto"):
        result = score(wide, plain, edit=(Edit(crop=crop), None))
        assert equal(result, expected)
        assert "reference cropped to 160:128:0:16" in result.provenance.conversions
    with pytest.raises(InputError, match="--crop distorted=160:128:0:16, or allow bars"):
        score(good, barred(bad))
    assert equal(score(good, barred(bad), edit=(None, Edit(crop="auto"))), expected)
    allowed = score(good, barred(bad), allow=["bars", "stretch"])
    assert any("black bars" in text for text in allowed.warnings)


def test_bars_on_both_sides_are_as_they_are(good, bad):
    assert score(barred(good), barred(bad)).warnings == ()
    with pytest.raises(InputError, match="has less or others: crop them off by --crop auto"):
        score(barred(good, 16), [np.pad(luma, ((24, 8), (0, 0))) for luma in bad])


def test_small_renditions_of_barred_video_have_the_same_bars(good):
    small = [np.ascontiguousarray(luma[::2, ::2]) for luma in barred(good)]
    assert score(barred(good), small).warnings == ()


def test_dark_pictures_are_no_bars(good):
    rows, columns = np.mgrid[:128, :160]
    glow = (150 * np.exp(-((rows - 64) ** 2 + (columns - 80) ** 2) / 900) + 16).astype(np.uint8)
    lumas = [noisy(glow, 3, seed=n) for n in range(8)]
    assert score(lumas, [glow] * 8).warnings == ()


def test_bars_cannot_be_looked_for_in_what_is_read_once(good):
    with pytest.raises(InputError, match=r"no black bars can be looked for in the reference"):
        score(iter(good), good, edit=(Edit(crop="auto"), None))


# --------------------------------------------------------------------------------------- repairs


def test_repairs_that_refusals_name(tmp_path, good):
    full = write(tmp_path / "full.mkv", good, color_range=2)
    limited = write(tmp_path / "limited.mkv", good, color_range=1)
    with pytest.raises(InputError, match="--range distorted=full"):
        score(full, limited)
    assert score(full, limited, edit=(None, Edit(range="full"))).warnings == ()
    mirrored = write(tmp_path / "mirrored.mp4", good, rotation=0, mirrored=True)
    with pytest.raises(InputError, match="--rotate reference=hflip"):
        score(mirrored, limited)
    flipped = [np.ascontiguousarray(np.fliplr(luma)) for luma in good]
    result = score(mirrored, flipped, edit=(Edit(rotate="hflip"), None))
    assert result.score > 95
    woven = write_y4m(tmp_path / "woven.y4m", good, "It A1:1 C420jpeg")
    with pytest.raises(InputError, match="--deinterlace reference=frame"):
        score(woven, limited)
    assert score(woven, limited, edit=(Edit(deinterlace="frame"), None)).warnings == ()
    turned = [np.ascontiguousarray(np.rot90(luma)) for luma in good]
    with pytest.raises(InputError, match="--rotate distorted=90"):
        score(good, turned)
    assert score(good, turned, edit=(None, Edit(rotate="90"))).score > 95


def test_scale(good):
    small = [np.ascontiguousarray(luma[::2, ::2]) for luma in good]
    result = score(good, small, scale="distorted")
    assert (result.provenance.width, result.provenance.height) == (80, 64)
    assert result.provenance.conversions == ("reference scaled to 80x64 by swscale bicubic",)
    result = score(good, small, scale=(120, 96))
    assert len(result.provenance.conversions) == 2 and result.provenance.width == 120
    with pytest.raises(OptionError, match="cannot scale to 'big'"):
        score(good, small, scale="big")


# ------------------------------------------------------------------------------------ the table


def values(found, name):
    (check,) = [check for check in found.checks if check.name == name]
    return check.reference, check.distorted, check.differs


def test_what_is_known_before(tmp_path, good):
    one = write(tmp_path / "one.mp4", good, aspect=Fraction(4, 3), color_range=1, color_trc=1)
    other = write(tmp_path / "other.mkv", barred(good), rate=50)
    found = examine(one, other)
    assert values(found, "size") == ("160x128", "160x160", True)
    assert values(found, "aspect")[0] == "1.667:1, samples 4:3"
    assert values(found, "bars") == ("none", "around 160:128:0:16", True)
    assert values(found, "rate") == ("25 fps", "50 fps", True)
    assert values(found, "range")[:2] == ("limited", "limited (untagged)")
    assert values(found, "transfer") == ("bt709", "unknown", False)
    assert values(found, "times")[0] == "constant, 40.0 to 40.0 ms"
    assert values(found, "fields") == ("progressive", "progressive", False)
    assert values(found, "duration") == ("0.480 s", "0.240 s", True)
    assert "has black bars" in found.refusal
    assert examine(one, other, edit=(None, Edit(crop="auto"))).refusal is None


def test_variable_rate_is_seen(tmp_path):
    lumas = planes(40)
    times = np.cumsum([0, *([40, 40, 17, 90] * 10)])[:40].tolist()
    path = write(tmp_path / "a.mkv", lumas, times=times, time_base=Fraction(1, 1000))
    assert values(examine(path), "times")[0].startswith("variable, 17.0 to 90.0 ms")
    gap = [40 * n + 400 * (n > 30) for n in range(40)]
    path = write(tmp_path / "b.mkv", lumas, times=gap, time_base=Fraction(1, 1000))
    assert values(examine(path), "times")[0].startswith("constant")


def test_source_of_encodes_to_come(tmp_path, good):
    found = examine(write(tmp_path / "a.mkv", good))
    assert found.refusal is None and found.warnings == ()
    assert all(check.distorted == "" and not check.differs for check in found.checks)
    hdr = write(tmp_path / "hdr.mkv", good, color_trc=16)
    assert "reference hdr.mkv is HDR (PQ), and models know SDR" in examine(hdr).refusal
    assert examine(hdr, allow=["hdr"]).refusal is None
    woven = write_y4m(tmp_path / "woven.y4m", good, "It A1:1 C420jpeg")
    assert "--deinterlace reference=frame" in examine(woven).refusal
    assert "is interlaced" in examine(woven, allow=["interlaced"]).warnings[0]


def test_reports_have_the_table(tmp_path, good, bad):
    seen = []
    result = score(good, bad, preflight=seen.append)
    assert seen == [result.provenance.checks]
    note = json.loads(result.provenance.notes()["preflight"])
    assert note["size"] == ["160x128", "160x128"] and note["bars"] == ["none", "none"]
    result.write(tmp_path / "log.json")
    log = json.loads((tmp_path / "log.json").read_text())
    assert "aligned" in json.dumps(log) and "160x128" in json.dumps(log)
    json.dumps(result.to_dict())


@given(
    st.builds(
        Edit,
        deinterlace=st.sampled_from([None, *FIELDS]),
        crop=st.none() | st.builds(Box, *[st.integers(0, 9999)] * 4),
        rotate=st.sampled_from([None, *TURNS]),
        range=st.sampled_from([None, "limited", "full"]),
    ),
    st.sampled_from(["reference", "distorted", "source"]),
)
def test_what_is_said_of_an_edit_tells_all_of_it(edit, role):
    others = ["other cropped to 1:2:3:4", f"{role} brought from 8 to 10 bits by left shift",
              f"{role} turned by 90 degrees counterclockwise"]  # fmt: skip
    lines = [*others, *edit.said(role)]
    assert Edit.parse(lines, role) == Edit.parse(lines, "none", role) == edit
    assert Edit.parse(lines, "nobody") == Edit()
