"""What is refused before the first comparison, what is converted, what is warned of.

Each rule is shown on files that are made for it.
"""

from fractions import Fraction

import numpy as np
import pytest

from clips import frame_of, plane, planes, write, write_y4m
from vmaf_tiny import _core
from vmaf_tiny.encode.engine import MOST
from vmaf_tiny.errors import InputError, OptionError
from vmaf_tiny.frames import RawFormat, open_source
from vmaf_tiny.luma import Converter
from vmaf_tiny.preflight import ALLOWANCES, LARGEST, SMALLEST, preflight


@pytest.fixture
def make(tmp_path):
    """Return a maker of videos of two pictures."""
    made = []

    def make(lumas=None, **options):
        path = tmp_path / f"{len(made)}{options.pop('suffix', '.mkv')}"
        made.append(path)
        return write(path, planes(2) if lumas is None else lumas, **options)

    return make


def plan(reference, distorted, allow=(), raw=(None, None)):
    with (
        open_source(reference, role="reference", raw=raw[0]) as one,
        open_source(distorted, role="distorted", raw=raw[1]) as other,
    ):
        return preflight(one.info, other.info, allow=allow)


def converted(spec, conversion, role="distorted"):
    with open_source(spec, role=role) as source:
        return next(source.pictures(Converter(conversion))).luma


def refused(name, reference, distorted, *words, raw=(None, None)):
    """Check that a pair is refused in words, and scored with a warning when allowed by name."""
    with pytest.raises(InputError) as error:
        plan(reference, distorted, raw=raw)
    text = str(error.value)
    assert text.endswith(f", or allow {name} (--allow-{name})") and "\n" not in text
    assert all(word in text for word in words)
    others = set(ALLOWANCES) - {name}
    with pytest.raises(InputError):
        plan(reference, distorted, allow=others, raw=raw)
    allowed = plan(reference, distorted, allow=[name], raw=raw)
    assert allowed.warnings and allowed.warnings[0].split(";")[0] in text
    return allowed


def test_alike_videos_are_compared_as_they_are(make):
    found = plan(make(), make())
    assert (found.width, found.height, found.bits) == (160, 128, 8)
    assert found.conversions == () and found.warnings == ()
    assert found.reference == found.distorted
    assert converted(frames := [frame_of(plane(0))], found.distorted).base is not None
    assert np.array_equal(converted(frames, found.distorted), plane(0))


# --------------------------------------------------------------------------------------- range


def test_full_against_limited_range(make):
    full, limited, silent = make(color_range=2), make(color_range=1), make()
    refused("range", full, limited, "full range", "limited range", "convert")
    refused("range", silent, full, "limited range (as usual, untagged)")
    assert plan(full, full).warnings == plan(limited, silent).warnings == ()


def test_gray_is_full_range_unless_it_says_so(tmp_path, make):
    gray = write_y4m(tmp_path / "gray.y4m", planes(2), "Ip Cmono")
    refused("range", make(), gray, "distorted gray.y4m has full range (as usual, untagged)")
    tagged = write_y4m(tmp_path / "tagged.y4m", planes(2), "Ip Cmono XCOLORRANGE=LIMITED")
    assert plan(make(), tagged).warnings == ()


def test_range_of_raw_video_can_be_said(tmp_path, make):
    (tmp_path / "a.yuv").write_bytes(bytes(160 * 128 * 3))
    full = make(color_range=2)
    refused("range", full, tmp_path / "a.yuv", raw=(None, RawFormat(160, 128)))
    assert plan(full, tmp_path / "a.yuv", raw=(None, RawFormat(160, 128, range="full")))


def test_planes_have_no_range_to_disagree_about(make):
    assert plan(make(color_range=2), planes(2)).warnings == ()


# ----------------------------------------------------------------------------------------- hdr


@pytest.mark.parametrize(("transfer", "name"), [(16, "PQ"), (18, "HLG")])
def test_hdr_on_either_side(make, transfer, name):
    hdr, sdr = make(color_trc=transfer), make(color_trc=1)
    refused("hdr", hdr, sdr, f"reference 0.mkv is HDR ({name})", "tone-map")
    refused("hdr", sdr, hdr, f"distorted 0.mkv is HDR ({name})")
    refused("hdr", hdr, hdr, "reference", "distorted")


def test_wide_colours_are_no_hdr(make):
    wide = make(color_trc=14, color_primaries=9, colorspace=9)
    assert plan(wide, wide).warnings == ()


# -------------------------------------------------------------------------------------- fields


def test_interlaced_on_one_side(tmp_path, make):
    woven = write_y4m(tmp_path / "woven.y4m", planes(2), "It A1:1 C420jpeg")
    refused("interlaced", woven, make(), "reference woven.y4m is interlaced", "deinterlace")
    refused("interlaced", make(), woven, "distorted woven.y4m is interlaced")
    (warning,) = plan(woven, woven).warnings
    assert "both videos are interlaced" in warning


# ----------------------------------------------------------------------------------------- rgb


def rgb_frames(n=2):
    """Return RGB pictures as frames, and their luma by BT.709 and BT.601, limited range."""
    rgb = np.random.default_rng(4).integers(0, 256, (64, 80, 3), dtype=np.uint8)
    frame = frame_of(plane(0, 80, 64)).reformat(format="rgb24")
    frame.planes[0].update(rgb_bytes(frame, rgb))
    by = {"bt709": (0.2126, 0.7152, 0.0722), "bt601": (0.299, 0.587, 0.114)}
    lumas = {name: rgb @ np.array(weights) for name, weights in by.items()}
    return [frame] * n, lumas


def rgb_bytes(frame, rgb):
    rows = np.zeros((frame.height, frame.planes[0].line_size), np.uint8)
    rows[:, : 3 * frame.width] = rgb.reshape(frame.height, -1)
    return rows.tobytes()


@pytest.mark.parametrize(("tag", "name"), [(1, "bt709"), (6, "bt601"), (5, "bt601")])
@pytest.mark.parametrize("color_range", [1, 2])
def test_rgb_becomes_luma_as_the_other_side_was_made(make, tag, name, color_range):
    frames, lumas = rgb_frames()
    other = make(planes(2, 80, 64), colorspace=tag, color_range=color_range)
    expected = lumas[name] if color_range == 2 else lumas[name] * 219 / 255 + 16
    for found, todo in (
        (plan(frames, other), "reference"),
        (plan(other, frames), "distorted"),
    ):
        assert found.warnings == ()
        range_ = "full" if color_range == 2 else "limited"
        matrix = f"BT.{name[2:]}"
        assert found.conversions == (
            f"{todo} turned from RGB into luma by {matrix}, {range_} range",
        )
        luma = converted(frames, getattr(found, todo))
        assert np.abs(luma - expected).max() <= 1.01


def test_rgb_against_video_of_unknown_matrix(make):
    frames, lumas = rgb_frames()
    other = make(planes(2, 80, 64))
    found = refused("matrix", frames, other, "reference frames is RGB", "does not say by which")
    assert "BT.601 was assumed" in found.warnings[0]
    luma = converted(frames, found.reference)
    assert np.abs(luma - (lumas["bt601"] * 219 / 255 + 16)).max() <= 1.01


def test_rgb_against_rgb():
    frames, lumas = rgb_frames()
    found = plan(frames, frames)
    assert found.warnings == () and len(found.conversions) == 2
    assert found.reference == found.distorted
    luma = converted(frames, found.reference)
    assert np.abs(luma - (lumas["bt709"] * 219 / 255 + 16)).max() <= 1.01


def test_other_colours_are_warned_of(make):
    one = make(colorspace=6, color_primaries=6, color_trc=6)
    other = make(colorspace=1, color_primaries=1, color_trc=1)
    (warning,) = plan(one, other).warnings
    assert "matrix bt601 and bt709" in warning and "primaries smpte170m and bt709" in warning
    assert "transfer" not in warning  # the curves of both are the same
    assert plan(one, make()).warnings == ()


def test_transparency_is_warned_of():
    alpha = [frame_of(plane(0), "yuva420p")] * 2
    (warning,) = plan(alpha, planes(2)).warnings
    assert "reference frames has transparency, which was ignored" in warning


# ------------------------------------------------------------------------------- size and depth


def test_distorted_is_scaled_to_the_reference(make):
    found = plan(make(), make(planes(2, 80, 64)))
    assert (found.width, found.height) == (160, 128)
    assert found.conversions == ("distorted scaled to 160x128 by swscale bicubic",)
    assert found.reference.size is None and found.distorted.size == (160, 128)
    assert found.warnings == ()
    found = plan(make(planes(2, 80, 64)), make())
    assert (found.width, found.height) == (80, 64)
    assert found.conversions == ("distorted scaled to 80x64 by swscale bicubic",)


def test_stretching(make):
    whole, cropped = make(), make(planes(2, 160, 100))
    refused("stretch", whole, cropped, "distorted 1.mkv of 160x100", "shape of 160x128", "--crop")


def test_rounded_sizes_and_anamorphic_video_are_no_stretching(make):
    assert plan(make(planes(2, 160, 90)), make(planes(2, 106, 60))).warnings == ()
    wide = make(planes(2, 160, 90), aspect=Fraction(1))
    narrow = make(planes(2, 120, 90), aspect=Fraction(4, 3))
    assert plan(wide, narrow).warnings == plan(narrow, wide).warnings == ()
    same_samples = make(planes(2, 60, 44), aspect=Fraction(1))
    assert plan(make(planes(2, 120, 90), aspect=Fraction(4, 3)), same_samples).warnings == ()


def test_picture_on_its_side(make):
    with pytest.raises(InputError, match=r"0\.mkv is 160x128, .*1\.mkv is 128x160: turn one"):
        plan(make(), make(planes(2, 128, 160)))


@pytest.mark.parametrize("sides", [("yuv420p", "yuv420p10le"), ("yuv420p10le", "yuv420p")])
def test_lesser_depth_is_brought_to_the_larger(sides):
    lumas = {"yuv420p": plane(0), "yuv420p10le": plane(0, bits=10)}
    one, other = ([frame_of(lumas[name], name)] for name in sides)
    found = plan(one, other)
    assert found.bits == 10
    role = "reference" if sides[0] == "yuv420p" else "distorted"
    assert found.conversions == (f"{role} brought from 8 to 10 bits by left shift",)
    assert np.array_equal(converted(one, found.reference), plane(0, bits=10))
    assert np.array_equal(converted(other, found.distorted), plane(0, bits=10))


def test_full_range_depth_keeps_white_white():
    frame = frame_of(np.full((64, 64), 255, np.uint8), "yuvj420p")
    deep = frame_of(np.full((64, 64), 1023, np.uint16), "yuv420p10le")
    deep.color_range = 2
    found = plan([frame], [deep])
    assert found.conversions == ("reference brought from 8 to 10 bits by repeated upper bits",)
    assert (converted([frame], found.reference) == 1023).all()


def test_repacking_is_named():
    frame = frame_of(plane(0, bits=10) << 6, "p010le")
    found = plan([frame], [frame_of(plane(0), "yuv420p")])
    assert found.conversions[0] == "reference repacked from p010le to yuv420p10le by swscale"
    assert np.array_equal(converted([frame], found.reference), plane(0, bits=10))


def test_too_small_and_too_large(make):
    with pytest.raises(InputError, match=r"reference .* is 32x64: VMAF is defined for sizes of 33"):
        plan(planes(1, 32, 64), planes(1, 32, 64))
    assert plan(planes(1, 33, 33), planes(1, 33, 33)).width == 33
    wide = np.zeros((1, 33, 32769), np.uint8)
    with pytest.raises(InputError, match="to 32768 only"):
        plan(wide, wide)


# --------------------------------------------------------------------------------- orientation


def test_turned_video_is_turned_upright_if_the_other_is(make):
    upright = [np.ascontiguousarray(np.rot90(luma)) for luma in planes(2)]
    turned = make(rotation=90, suffix=".mp4")
    found = plan(make(upright), turned)
    assert (found.width, found.height) == (128, 160)
    assert found.conversions == ("distorted turned by 90 degrees counterclockwise",)
    assert np.array_equal(converted(turned, found.distorted), upright[0])
    found = plan(turned, make(upright))
    assert found.conversions == ("reference turned by 90 degrees counterclockwise",)
    assert (found.width, found.height) == (128, 160)


def test_equally_turned_videos_are_compared_as_stored(make):
    one, other = (make(rotation=90, suffix=".mp4") for _ in range(2))
    found = plan(one, other)
    assert found.conversions == () and (found.width, found.height) == (160, 128)


def test_mirrored_video(make):
    mirrored = make(rotation=0, mirrored=True, suffix=".mp4")
    with pytest.raises(InputError, match=r"0\.mp4 is shown mirrored.*mirror one"):
        plan(mirrored, make())
    assert plan(mirrored, mirrored).conversions == ()


def test_odd_angle(make):
    with pytest.raises(InputError, match="shown turned by about 30 degrees"):
        plan(make(rotation=30, suffix=".mp4"), make())


# ----------------------------------------------------------------------------------- allowances


def test_unknown_allowance(make):
    with pytest.raises(OptionError, match="cannot allow 'everything': choose among range, hdr"):
        plan(planes(1), planes(1), allow=["everything"])


def test_one_allowance_may_be_text(make):
    assert plan(make(color_range=2), make(), allow="range").warnings


def test_limits_are_those_of_the_header():
    lib = _core.lib
    assert (SMALLEST, LARGEST) == (lib.VMT_SIZE_MIN, lib.VMT_SIZE_MAX)
    assert MOST == lib.VMT_RENDITIONS_MAX
