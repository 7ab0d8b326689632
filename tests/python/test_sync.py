"""The watch over synchrony: finds shifted stretches, is silent where there is nothing to say."""

import itertools

import numpy as np
import pytest

from clips import noisy, plane, planes
from vmaf_tiny.sync import SyncWatch


def verdict(pairs, bits=8):
    watch = SyncWatch(bits)
    for reference, distorted in pairs:
        watch.add(reference, distorted)
    return watch, watch.finish()


@pytest.mark.parametrize("late", [1, 2, 5])
@pytest.mark.parametrize("bits", [8, 10])
def test_late_and_early_video(late, bits):
    lumas = planes(60, bits=bits)
    watch, texts = verdict(zip(lumas[late:], lumas, strict=False), bits)
    assert len(watch.shifts) == watch.stretches > 0
    assert f"looks {late} picture" in texts[0] and "behind the reference" in texts[0]
    texts = verdict(zip(lumas, lumas[late:], strict=False), bits)[1]
    assert f"looks {late} picture" in texts[0] and "ahead of the reference" in texts[0]


def test_picture_lost_on_the_way():
    lumas = planes(100)
    watch, texts = verdict(zip(lumas, lumas[:50] + lumas[51:], strict=False))
    assert all(shift.pictures == 1 for shift in watch.shifts)
    assert 40 <= watch.shifts[0].first <= 60
    assert "from about pair" in texts[0] and "1 picture ahead of" in texts[0]


@pytest.mark.parametrize("strength", [0, 10, 60])
def test_right_pairs_of_any_quality(strength):
    lumas = planes(80)
    bad = [noisy(luma, strength, seed=n) // 2 + 20 for n, luma in enumerate(lumas)]
    watch, texts = verdict(zip(lumas, bad, strict=True))
    assert texts == [] and watch.stretches >= 4


def test_repeated_pictures_of_an_encode_that_dropped_every_second():
    lumas = planes(80)
    held = list(itertools.chain.from_iterable((luma, luma) for luma in lumas[::2]))
    assert verdict(zip(lumas, held, strict=True))[1] == []


def test_still_video_and_noise_say_nothing():
    still = [plane(0)] * 60
    assert verdict(zip(still, still, strict=True))[1] == []
    noise = [noisy(plane(0), 3, seed=n) for n in range(61)]
    assert verdict(zip(still, noise, strict=False))[1] == []


def test_short_video_says_nothing():
    lumas = planes(12)
    watch, texts = verdict(zip(lumas[1:], lumas, strict=False))
    assert texts == [] and watch.stretches == 0


@pytest.mark.parametrize("size", [(33, 33), (64, 36), (2000, 40)])
def test_any_size(size):
    lumas = planes(40, *size) if max(size) < 400 else [np.tile(x, (1, 20)) for x in planes(40)]
    texts = verdict(zip(lumas[1:], lumas, strict=False))[1]
    assert "looks 1 picture behind" in texts[0]
