"""Splits go by name alone and never move."""

import pytest

import train_support  # noqa: F401
from vmaf_train.splits import folds, split_keys, split_value

VECTORS = {
    "BirdsInCage": (0.087118742684, "test"),
    "BigBuckBunny": (0.354525338533, "train"),
    "CrowdRun": (0.973464829051, "train"),
    "ElFuente1": (0.849395434618, "train"),
    "ElFuente2": (0.878116876639, "train"),
    "FoxBird": (0.286041295095, "train"),
    "OldTownCross": (0.384848651717, "train"),
    "Seeking": (0.625865596886, "train"),
    "Tennis": (0.700822548419, "train"),
    "clip_0000": (0.066456360763, "test"),
}


@pytest.mark.parametrize("key", VECTORS)
def test_a_key_has_its_place(key):
    position, role = VECTORS[key]
    assert split_value(key) == pytest.approx(position, abs=1e-12)
    assert key in getattr(split_keys(VECTORS), role)


def test_a_thousand_clips_fall_as_they_always_did():
    split = split_keys(f"clip_{n:04d}" for n in range(1000))
    assert (len(split.train), len(split.val), len(split.test)) == (790, 101, 109)


def test_every_key_is_in_one_sorted_list():
    keys = [f"k{n}" for n in range(300)]
    split = split_keys([*reversed(keys), *keys])
    assert sorted(split.train + split.val + split.test) == sorted(keys)
    for part in (split.train, split.val, split.test):
        assert part == sorted(part)


def test_a_place_does_not_depend_on_the_others():
    few, many = split_keys(["a", "b", "clip_0000"]), split_keys([*"abcdefgh", "clip_0000"])
    assert set(few.test) == set(many.test) & {"a", "b", "clip_0000"}


@pytest.mark.parametrize(("val", "test"), [(0.5, 0.5), (0.9, 0.2), (-0.1, 0.1)])
def test_fractions_must_leave_something_to_train_on(val, test):
    with pytest.raises(ValueError, match="must be"):
        split_keys(["a"], val=val, test=test)


def test_folds_deal_out_every_key_once():
    keys = [f"k{n}" for n in range(23)]
    dealt = folds(keys, 5)
    assert sorted(key for fold in dealt for key in fold) == sorted(keys)
    assert {len(fold) for fold in dealt} == {4, 5}


@pytest.mark.parametrize(("keys", "count"), [(["a"], 2), (["a", "b"], 3), (["a", "b"], 1)])
def test_folds_need_a_source_each(keys, count):
    with pytest.raises(ValueError, match="folds need"):
        folds(keys, count)
