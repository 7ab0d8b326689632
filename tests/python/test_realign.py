"""Alignment from end to end: what is warned of, and what pairing by content makes of it."""

import itertools
from fractions import Fraction

import numpy as np
import pytest

from clips import frame_of, noisy, plane, planes, write, write_raw, write_y4m
from vmaf_tiny import InputError, OptionError, score
from vmaf_tiny.frames import RawFormat

COUNT = 120
LOSSY = {"preset": "ultrafast", "crf": "45", "qp": "-1"}


@pytest.fixture(scope="module")
def good():
    return planes(COUNT + 40)


@pytest.fixture(scope="module")
def bad(good):
    return [noisy(luma, 20, seed=n) for n, luma in enumerate(good)]


def aligned(result):
    return result.provenance.alignment


def faults(result):
    return [text for text in result.warnings if "compared with their own" in text]


def same(result, other):
    return np.array_equal(result.scores, other.scores)


@pytest.mark.parametrize("lag", [7, -7, 30, -30])
def test_shift_with_equal_counts_is_warned_of_and_fixed(good, bad, lag):
    first, second = max(lag, 0), max(-lag, 0)
    reference, distorted = good[second : COUNT + second], bad[first : COUNT + first]
    found = score(reference, distorted)
    assert (aligned(found).verdict, aligned(found).offset) == ("shifted", lag)
    (warning,) = faults(found)
    assert f"{abs(lag)} pictures {'ahead of' if lag > 0 else 'behind'}" in warning
    fixed = score(reference, distorted, align="fix")
    assert fixed.provenance.pairing.kind == "content" and faults(fixed) == []
    assert aligned(fixed).verdict == "aligned"
    assert fixed.provenance.before.offset == lag
    assert same(fixed, score(good[abs(lag) : COUNT], bad[abs(lag) : COUNT], align="off"))
    assert fixed.score > found.score + 20
    assert f"was shifted: the distorted video is {abs(lag)} pictures" in fixed.provenance.aligned


def test_right_pairs_are_not_touched(good, bad):
    plain = score(good[:60], bad[:60], align="off")
    assert aligned(plain) is None and "alignment" not in plain.provenance.notes()
    for align in ("check", "fix"):
        result = score(good[:60], bad[:60], align=align)
        assert same(result, plain) and result.warnings == ()
        assert result.provenance.pairing == plain.provenance.pairing
        assert result.provenance.before is None
        assert aligned(result).verdict == "aligned"
        assert result.provenance.notes()["alignment"].startswith("aligned (confidence 0.")


def test_every_fault_at_once(good, bad):
    """Two pictures lost at the start, one on the way, three repeated, one more lost."""
    distorted = bad[2:40] + bad[41:70] + bad[69:70] * 3 + bad[70:90] + bad[91:COUNT]
    partners = [*range(2, 40), *range(41, 90), *range(91, COUNT)]
    result = score(good[:COUNT], distorted, align="fix")
    before = result.provenance.before
    assert (before.offset, before.missing, before.repeated) == (2, 2, 3)
    report = result.provenance.pairing
    assert report.pairs == len(partners)
    assert report.reference.skipped == 4 and report.distorted.skipped == 3
    assert same(result, score([good[n] for n in partners], [bad[n] for n in partners], align="off"))


@pytest.mark.parametrize("rates", [(24, 25), (Fraction(24000, 1001), 24)])
def test_converted_frame_rate(tmp_path, good, bad, rates):
    """Pictures repeated to reach a higher rate, and then taken for as many of another rate."""
    ratio = Fraction(rates[0]) / rates[1] if rates[1] == 25 else Fraction(24, 25)
    shown = [int(n * ratio) for n in range(int(COUNT / ratio))]
    one = write_y4m(tmp_path / "one.y4m", good[:COUNT], rate="25:1")
    other = write_y4m(tmp_path / "other.y4m", [bad[n] for n in shown], rate="25:1")
    found = score(one, other)
    assert aligned(found).verdict == "drifting" and faults(found)
    fixed = score(one, other, align="fix")
    assert same(fixed, score(good[:COUNT], bad[:COUNT], align="off"))


@pytest.mark.parametrize("every", [3, 4])
def test_every_third_or_fourth_picture_lost(good, bad, every):
    kept = [n for n in range(COUNT) if n % every != every - 1]
    distorted = [bad[n] for n in kept]
    found = score(good[:COUNT], distorted)
    assert aligned(found).verdict == "drifting"
    assert f"loses 1 picture in every {every}" in faults(found)[0]
    fixed = score(good[:COUNT], distorted, align="fix")
    assert same(fixed, score([good[n] for n in kept], distorted, align="off"))


def test_lags_that_grow_far_are_fixed_to_the_end():
    lumas = [plane(n, 96, 72) for n in range(1500)]
    kept = [n for n in range(1500) if n % 3]
    distorted = [noisy(lumas[n], 10, seed=n) for n in kept]
    fixed = score(lumas, distorted, align="fix")
    assert fixed.provenance.pairing.pairs == len(kept)
    assert same(fixed, score([lumas[n] for n in kept], distorted, align="off"))


@pytest.mark.parametrize("rates", [(30, 24), (25, 24)])
def test_a_rate_that_was_lowered_is_paired_right(tmp_path, good, bad, rates):
    """A converter that shows the last picture there is, and time stamps that are what they say."""
    one, other = rates
    shown = [n * one // other for n in range(COUNT * other // one)]
    reference = write(tmp_path / "one.mkv", good[:COUNT], rate=one)
    lowered = write(tmp_path / "other.mkv", [bad[n] for n in shown], rate=other)
    found = score(reference, lowered)
    assert faults(found), found.warnings
    fixed = score(reference, lowered, align="fix")
    assert fixed.score > found.score + 1
    assert aligned(fixed).right
    by_hand = score([good[n] for n in shown], [bad[n] for n in shown], align="off")
    assert abs(fixed.score - by_hand.score) < 0.5


def test_start_cut_from_a_file_with_time_stamps(tmp_path, good, bad):
    one = write(tmp_path / "one.mp4", good[:COUNT])
    other = write(tmp_path / "other.mkv", bad[11:COUNT])
    assert aligned(score(one, other)).offset == 11
    fixed = score(one, other, align="fix")
    assert same(fixed, score(good[11:COUNT], bad[11:COUNT], align="off"))
    assert fixed.times[0] == pytest.approx(11 / 25)
    assert any("11 of 120 pictures of reference" in text for text in fixed.warnings)


def test_half_the_rate_and_a_cut_start(tmp_path, good, bad):
    one = write(tmp_path / "one.mp4", good[:COUNT], rate=50)
    assert score(one, write(tmp_path / "a.mp4", bad[:COUNT:2], rate=25)).provenance.alignment.right
    other = write(tmp_path / "b.mp4", bad[8:COUNT:2], rate=25)
    found = score(one, other)
    assert (aligned(found).verdict, aligned(found).offset) == ("shifted", 8)
    fixed = score(one, other, align="fix")
    assert same(fixed, score(good[8:COUNT:2], bad[8:COUNT:2], align="off"))


@pytest.mark.parametrize("crf", [30, 45])
def test_bad_encodes_of_less_size_and_depth(tmp_path, crf):
    deep = planes(COUNT, bits=10)
    one = write(tmp_path / "one.mkv", deep, codec="ffv1", pixel_format="yuv420p10le")
    small = [np.ascontiguousarray(luma[::2, ::2]) for luma in planes(COUNT)]
    options = {"crf": str(crf), "qp": "-1"}
    other = write(tmp_path / "other.mp4", small, options=options)
    result = score(one, other)
    assert aligned(result).verdict == "aligned" and result.warnings == ()
    late = write(tmp_path / "late.mp4", small[9:] + small[-1:] * 9, options=options)
    result = score(one, late)
    assert (aligned(result).verdict, aligned(result).offset) == ("shifted", 9)


def test_freeze_stays_in_the_score(good, bad):
    frozen = bad[:40] + bad[40:41] * 30 + bad[70:COUNT]
    result = score(good[:COUNT], frozen, align="fix")
    assert same(result, score(good[:COUNT], frozen, align="off"))
    assert any("29 distorted pictures repeat the one before" in text for text in result.warnings)


def test_still_black_and_repeating_video(good):
    for lumas in (
        [plane(0)] * 60,
        [np.full((64, 64), 16, np.uint8)] * 60,
        list(itertools.islice(itertools.cycle(good[:7]), 60)),
    ):
        noise = [noisy(luma, 3, seed=n) for n, luma in enumerate(lumas)]
        for align in ("check", "fix"):
            result = score(lumas, noise, align=align)
            assert result.warnings == () and len(result.scores) == 60


# ------------------------------------------------------------------------------------- refusals


def test_fixing_needs_to_read_twice(tmp_path, good):
    frames = (frame_of(luma) for luma in good[:5])
    for one, other in ((frames, good[:5]), (good[:5], "-")):
        with pytest.raises(OptionError, match="both videos are read twice: give files, lists"):
            score(one, other, align="fix", raw=RawFormat(160, 128))


def test_unknown_alignment(good):
    with pytest.raises(OptionError, match="unknown alignment 'guess': choose one of check, fix"):
        score(good[:5], good[:5], align="guess")


def test_raw_video_is_fixed_as_well(tmp_path, good, bad):
    one = write_raw(tmp_path / "one.yuv", good[:COUNT])
    other = write_raw(tmp_path / "other.yuv", bad[12:COUNT])
    fixed = score(one, other, align="fix", raw=RawFormat(160, 128))
    assert same(fixed, score(good[12:COUNT], bad[12:COUNT], align="off"))


def test_damage_is_found_in_the_first_pass_too(tmp_path, good):
    path = write(tmp_path / "one.mp4", good[:60])
    cut = tmp_path / "cut.mp4"
    cut.write_bytes(path.read_bytes()[: path.stat().st_size * 2 // 3])
    with pytest.raises(InputError):
        score(path, cut, align="fix")
