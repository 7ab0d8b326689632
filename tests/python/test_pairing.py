"""Who is compared with whom: by time or index, gaps counted, nonsense refused."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vmaf_tiny.errors import InputError, OptionError
from vmaf_tiny.frames import Picture, VideoInfo
from vmaf_tiny.pairing import Pairing, choose, judge

NONE = np.zeros((1, 1), np.uint8)


def info(role="reference", *, timestamps="own", rate=25, frame_count=None):
    rate = Fraction(rate) if rate else None
    return VideoInfo(
        role=role, name=f"{role}.mp4", width=64, height=64, pixel_format="yuv420p", family="yuv",
        bits=8, timestamps=timestamps, rate=rate, frame_count=frame_count,
    )  # fmt: skip


def pictures(times):
    return (Picture(n, time, NONE) for n, time in enumerate(times))


def paired(reference, distorted, kind="time", counts=(None, None)):
    """Return pairs of indices and the report."""
    pairing = Pairing(kind, info(frame_count=counts[0]), info("distorted", frame_count=counts[1]))
    pairs = [(a.index, b.index) for a, b in pairing.pairs(pictures(reference), pictures(distorted))]
    return pairs, pairing.report


def at(rate, count, start=0.0, tick=None):
    """Return times of a constant rate, rounded to ticks."""
    times = [start + n / rate for n in range(count)]
    return [round(time / tick) * tick for time in times] if tick else times


def straight(count):
    return [(n, n) for n in range(count)]


# ------------------------------------------------------------------------------------- by time


@pytest.mark.parametrize("rate", [Fraction(24000, 1001), 25, Fraction(60000, 1001), 120, 240])
@pytest.mark.parametrize("start", [0.0, 0.0004, 0.0217, 1.4])
def test_rounding_of_matroska_and_other_starts(rate, start):
    count = 3000
    exact, rounded = at(rate, count), at(rate, count, start, tick=0.001)
    for reference, distorted in ((exact, rounded), (rounded, exact), (rounded, rounded)):
        pairs, report = paired(reference, distorted)
        assert pairs == straight(count)
        assert (report.reference.unpaired, report.distorted.unpaired) == (0, 0)
        assert judge(report) == []
        assert report.offset == pytest.approx(distorted[0] - reference[0])


def test_start_offset_is_reported():
    report = paired(at(25, 50), at(25, 50, start=0.08))[1]
    assert report.offset == pytest.approx(0.08)
    assert "start offset +0.080 s taken out" in str(report)
    assert str(report).startswith("by time: 50 pairs of 50 and 50 pictures")


def test_half_the_rate():
    pairs, report = paired(at(60, 120), at(30, 60))
    assert pairs == [(2 * n, n) for n in range(60)]
    assert report.reference.unpaired == 60 and report.distorted.unpaired == 0
    assert report.loose == 0
    assert judge(report) == [
        "60 of 120 pictures of reference reference.mp4 have no partner and were not scored,"
        " 1 of them after the end of the other video"
    ]


def test_twice_the_rate():
    pairs, report = paired(at(30, 60), at(60, 120))
    assert pairs == [(n, 2 * n) for n in range(60)]
    assert report.distorted.unpaired == 60


def test_dropped_pictures():
    gone = {7, 8, 30}
    times = [time for n, time in enumerate(at(25, 60)) if n not in gone]
    pairs, report = paired(at(25, 60), times)
    assert [a for a, _ in pairs] == [n for n in range(60) if n not in gone]
    assert [b for _, b in pairs] == list(range(57))
    assert (report.reference.skipped, report.reference.left) == (3, 0)
    assert "3 of 60 pictures of reference reference.mp4 have no partner" in judge(report)[0]


def test_added_pictures():
    times = sorted([*at(25, 60), 0.1, 0.5])  # between the others
    pairs, report = paired(at(25, 60), times)
    assert [a for a, _ in pairs] == list(range(60))
    assert report.distorted.skipped == 2


def test_pictures_dropped_at_the_start_of_a_converted_rate():
    # What FFmpeg's fps filter makes of 25: the nearest source picture at each of 24 a second.
    pairs, report = paired(at(25, 250), at(24, 240))
    assert [b for _, b in pairs] == list(range(240))
    assert all(abs(a / 25 - b / 24) <= 0.02 + 1e-9 for a, b in pairs)
    assert report.reference.unpaired == 10
    assert report.loose > 0 and any("more than a quarter" in text for text in judge(report))


def test_variable_rate():
    times = np.cumsum([0, 0.04, 0.04, 0.5, 0.01, 0.1, 2.0, 0.04, 0.03]).tolist()
    jittered = [time + 0.002 for time in times[:3]] + times[3:]
    assert paired(times, jittered)[0] == straight(9)


def test_constant_rate_made_of_variable():
    times = [0, 0.2, 0.24, 1.0, 1.04]
    pairs, report = paired(times, at(25, 27))
    assert pairs == [(0, 0), (1, 5), (2, 6), (3, 25), (4, 26)]
    assert report.reference.unpaired == 0 and report.distorted.unpaired == 22


def test_shorter_video_ends_it():
    pairs, report = paired(at(25, 100), at(25, 60), counts=(100, 60))
    assert pairs == straight(60)
    assert (report.reference.total, report.reference.read_out) == (100, False)
    assert (report.reference.skipped, report.reference.left) == (0, 40)
    assert report.distorted.read_out and report.distorted.unpaired == 0
    (warning,) = judge(report)
    assert "about 40 of 100 pictures of reference reference.mp4 come after the end" in warning
    assert paired(at(25, 60), at(25, 100), counts=(60, 100))[1].distorted.left == 40


def test_offset_is_warned_of_when_pictures_are_missing():
    report = paired(at(25, 100), at(25, 97, start=0.12))[1]
    assert any("starts 0.120 s later" in text for text in judge(report))


def test_single_pictures():
    assert paired([3.0], [7.0])[0] == [(0, 0)]
    pairs, report = paired([0.0], at(25, 10), counts=(1, 10))
    assert pairs == [(0, 0)] and report.distorted.left == 9


@pytest.mark.parametrize("times", [[0, 0.04, 0.04], [0, 0.04, 0.02]])
def test_times_that_do_not_increase(times):
    with pytest.raises(InputError, match=r"distorted distorted\.mp4 .* picture 2: pair by index"):
        paired(at(25, 3), times)


def test_missing_time():
    with pytest.raises(InputError, match=r"reference\.mp4 has no time stamp at picture 1: pair"):
        paired([0, None], at(25, 3))


def test_looks_ahead_by_one():
    read = []

    def watched():
        for picture in pictures(at(25, 1000)):
            read.append(picture)
            yield picture

    pairing = Pairing("time", info(), info("distorted"))
    for number, _ in enumerate(pairing.pairs(watched(), pictures(at(25, 1000)))):
        assert len(read) <= number + 2


increasing = st.lists(st.integers(1, 400), min_size=1, max_size=60).map(
    lambda steps: np.cumsum([0, *steps]).tolist()
)


@given(increasing, increasing, st.integers(-5000, 5000))
def test_any_times_pair_in_order_once_and_near(reference, distorted, start):
    pairs, report = paired(reference, [time + start for time in distorted])
    a, b = [pair[0] for pair in pairs], [pair[1] for pair in pairs]
    assert a == sorted(set(a)) and b == sorted(set(b))
    assert pairs[0] == (0, 0)
    steps = {len(times): np.diff(times) for times in (reference, distorted)}
    longest = max(max(step) for step in steps.values())
    assert all(abs(reference[i] - distorted[j]) <= longest / 2 for i, j in pairs)
    for side, times in ((report.reference, reference), (report.distorted, distorted)):
        assert report.pairs + side.skipped + side.left == side.total <= len(times)
        assert side.total == len(times) or not side.read_out


@given(increasing, st.integers(-5000, 5000))
def test_any_times_pair_with_themselves(times, start):
    assert paired(times, [time + start for time in times])[0] == straight(len(times))


# ------------------------------------------------------------------------------------ by index


def test_by_index_times_do_not_matter():
    pairs, report = paired([0, None, 5], [9, 3, 1], kind="index")
    assert pairs == straight(3) and judge(report) == []
    assert (report.offset, report.gap, report.loose) == (0, 0, 0)


@pytest.mark.parametrize(("reference", "distorted"), [(10, 7), (7, 10), (7, 8)])
def test_by_index_the_rest_is_counted(reference, distorted):
    pairs, report = paired([None] * reference, [None] * distorted, "index", (reference, distorted))
    assert pairs == straight(7)
    assert report.reference.left == reference - 7 and report.distorted.left == distorted - 7
    assert len(judge(report)) == 1


def test_by_index_equal_lengths_are_seen_to_be_so():
    report = paired([None] * 7, [None] * 7, "index")[1]
    assert report.reference.read_out and report.distorted.total == 7 and judge(report) == []


# --------------------------------------------------------------------------------------- judge


def test_hardly_any_pairs():
    # Pairs at 0 and 1000 only.
    reference = [0, *at(25, 99, start=1), 1000]
    distorted = [0, *at(25, 99, start=500), 1000]
    report = paired(reference, distorted)[1]
    with pytest.raises(InputError, match=r"only 2 of 101 pictures .*pair by index"):
        judge(report)


def test_no_pairs_at_all():
    report = paired([], [])[1]
    with pytest.raises(InputError, match="only 0"):
        judge(report)


# -------------------------------------------------------------------------------------- choose


def chosen(reference, distorted, asked="auto"):
    return choose(asked, info(**reference), info("distorted", **distorted))


OWN, Y4M, RAW = {"timestamps": "own"}, {"timestamps": "constant"}, {"timestamps": "none"}


@pytest.mark.parametrize(
    ("reference", "distorted", "kind"),
    [
        (OWN, OWN, "time"),
        (OWN, OWN | {"rate": 50}, "time"),
        (OWN, OWN | {"rate": None}, "time"),
        (OWN, RAW, "index"),
        (RAW, Y4M, "index"),
        (RAW, RAW, "index"),
        (Y4M, Y4M, "index"),
        (Y4M, Y4M | {"rate": 50}, "time"),
        (Y4M, OWN, "time"),
        (Y4M | {"rate": 60}, OWN | {"rate": 30}, "time"),
        (Y4M | {"rate": 30}, OWN | {"rate": Fraction(30000, 1001)}, "time"),
    ],
)
def test_choice_without_doubt(reference, distorted, kind):
    assert chosen(reference, distorted) == (kind, [])
    assert chosen(distorted, reference) == (kind, [])


def test_rates_that_do_not_fit_a_video_without_times():
    kind, warnings = chosen(Y4M, OWN | {"rate": 24})
    assert kind == "index"
    assert "frame rates differ (25 and 24), reference reference.mp4 has no time" in warnings[0]


@pytest.mark.parametrize("rates", [(25, 24), (24, Fraction(24000, 1001)), (25, 50)])
def test_as_many_pictures_at_another_rate_are_retimed(rates):
    sides = [OWN | {"rate": rate, "frame_count": 240} for rate in rates]
    kind, warnings = chosen(*sides)
    assert kind == "index" and "as if retimed" in warnings[0]
    sides[1]["frame_count"] = 230
    assert chosen(*sides) == ("time", [])


def test_choice_of_the_user():
    assert chosen(OWN, OWN, "index") == ("index", [])
    assert chosen(Y4M, OWN | {"rate": 24}, "time") == ("time", [])
    with pytest.raises(OptionError, match=r"distorted distorted\.mp4 has no time stamps"):
        chosen(OWN, RAW, "time")
    with pytest.raises(OptionError, match="unknown pairing 'both': choose one of auto"):
        chosen(OWN, OWN, "both")
