"""The search for a CRF by curves that are given: no encoder, every shape."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vmaf_tiny.search.curve import Goal, Probe, bracket, find, rises

GOAL = Goal(target=93, tolerance=0.3, low=10, high=51)


def prober(curve, error=lambda crf: 0.0, interval=1.0):
    """Return what probes a curve; samples are off by `error`."""

    def probe(crf, *, whole):
        score = curve(crf)
        if whole:
            return Probe(crf, score, score, score, True)
        score += error(crf)
        return Probe(crf, score, score - interval, score + interval, False)

    return probe


def brute_force(curve, goal):
    """Return the highest CRF that is good enough, or None."""
    steps = range(goal.last + 1)
    return max((c for c in (goal.low + goal.step * n for n in steps)
                if curve(c) >= goal.enough), default=None)  # fmt: skip


def falling(slope, middle, bend):
    """Return a curve as encoders have them: almost straight on the scale of log(s/(100-s))."""

    def curve(crf):
        away = crf - middle
        return 100 / (1 + math.exp(slope * away + bend * away * abs(away)))

    return curve


curves = st.builds(
    falling, st.floats(0.11, 0.3), st.floats(28, 46), st.floats(-0.0015, 0.0015)
)  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(curves, st.floats(75, 97), st.integers(2, 6))
def test_nothing_is_encoded_twice_where_all_is_encoded_whole(curve, target, probes):
    goal = Goal(target, 0.05, 10, 51, probes=probes)
    found = find(lambda crf, whole: prober(curve)(crf, whole=True), goal)
    tried = [probe.crf for probe in found.probes]
    assert len(set(tried)) == len(tried)


@settings(max_examples=300, deadline=None)
@given(curves, st.floats(75, 97))
def test_the_answer_is_that_of_brute_force_or_its_neighbour(curve, target):
    goal = Goal(target, 0.3, 10, 51)
    found = find(prober(curve), goal)
    best = brute_force(curve, goal)
    assert len(found.probes) <= 5
    assert found.probes[0].whole and found.verified.score == curve(found.crf)
    if best is None:
        assert found.outcome == "unreachable" and found.crf == goal.low
    else:
        assert abs(found.crf - best) <= 1
        assert found.outcome in ("met", "best_effort")
        assert (found.outcome == "met") <= (curve(found.crf) >= goal.enough)


@settings(max_examples=300, deadline=None)
@given(curves, st.floats(75, 97), st.integers(0, 1 << 30))
def test_samples_that_are_off_do_not_make_a_wrong_met(curve, target, seed):
    goal = Goal(target, 0.3, 10, 51)
    error = lambda crf: 0.3 * math.sin(seed * 1.7 + 12.9 * crf)  # noqa: E731
    found = find(prober(curve, error), goal)
    assert len(found.probes) <= 5
    if found.outcome == "met":
        assert curve(found.crf) >= goal.enough  # measured on the whole
        assert abs(found.crf - brute_force(curve, goal)) <= 1
    if found.gap is not None:
        assert found.gap == pytest.approx(-error(found.crf), abs=1e-9)


def test_an_unreachable_target_is_said_so_with_the_best_there_is():
    found = find(prober(lambda crf: 60 - crf / 10), GOAL)
    assert (found.outcome, found.crf) == ("unreachable", 10)
    assert "59.00" in found.reason and "92.70 is needed" in found.reason


def test_what_is_always_good_enough_ends_at_the_highest_crf():
    found = find(prober(lambda crf: 99 - crf / 100), GOAL)
    assert (found.outcome, found.crf) == ("met", 51)
    assert "highest CRF there is" in found.reason


def test_a_flat_curve_at_the_target_takes_one_probe():
    found = find(prober(lambda crf: 93.1), GOAL)
    assert (found.outcome, len(found.probes)) == ("met", 1)


def test_a_curve_that_rises_is_called_so():
    """The search goes down from a CRF that fails, and finds worse there."""
    curve = lambda crf: 85.0 if crf >= 30 else 96.0 if crf < 14 else 70.0  # noqa: E731
    found = find(prober(curve), GOAL, first=30)
    assert found.outcome == "non_monotone"
    assert "CRF 30 scored 85.00, better than 70.00 at CRF" in found.reason
    assert found.verified.score == max(p.score for p in found.probes if p.whole)


def test_of_a_curve_with_a_hump_the_safe_side_is_answered():
    """Good enough at 40, not at 35 and below, good enough again at the lowest."""
    curve = lambda crf: 95.0 if crf < 20 else 94.0 if crf == 40 else 60.0  # noqa: E731
    probes = [Probe(c, curve(c), curve(c), curve(c), True) for c in (40, 35, 15)]
    assert bracket(probes, GOAL) == (15, 35)
    assert [(a.crf, b.crf) for a, b in rises(probes)] == [(35, 40)]


@settings(deadline=None)
@given(st.dictionaries(st.integers(10, 51), st.floats(60, 99), min_size=42, max_size=42))
def test_any_curve_ends_with_an_answer_that_is_measured(scores):
    """Whatever it is that was believed, what is said of the answer is true."""
    found = find(prober(lambda crf: scores[int(crf)]), GOAL)
    assert 1 <= len(found.probes) <= 5
    assert found.verified.whole and found.verified.score == scores[int(found.crf)]
    tried = {p.crf: p.score for p in found.probes}
    rising = any(tried[b] > tried[a] + 2.06 for a in tried for b in tried if a < b)
    if found.outcome == "met":
        assert scores[int(found.crf)] >= GOAL.enough and not rising
    if rises(found.probes):
        assert found.outcome == "non_monotone" and found.reason.startswith("CRF ")


def test_too_few_probes_are_best_effort_and_say_what_may_do():
    found = find(prober(falling(0.2, 40, 0)), Goal(93, 0.05, 10, 51, probes=2), first=45)
    assert found.outcome == "best_effort" and "more probes" in found.reason
    assert len(found.probes) == 2 and all(p.whole for p in found.probes)


def test_steps_of_a_quarter():
    curve = falling(0.2, 40, 0)
    goal = Goal(93, 0.01, 10, 51, step=0.25)
    found = find(prober(curve), goal)
    assert abs(found.crf - brute_force(curve, goal)) <= 0.25
    assert (found.crf * 4).is_integer()
