"""The aligner: finds what was done to a video, is silent where nothing was."""

import numpy as np
import pytest

from clips import noisy, plane
from vmaf_tiny.aligner import BAND, Aligner
from vmaf_tiny.signature import LENGTH, signature

COUNT = 300


@pytest.fixture(scope="module")
def good():
    """Signatures of a moving reference."""
    return [signature(plane(n), 8) for n in range(700)]


@pytest.fixture(scope="module")
def bad():
    """Signatures of a noisy copy of it."""
    return [signature(noisy(plane(n), 40, seed=n), 8) for n in range(700)]


def aligned(reference, distorted):
    """Return the alignment of signatures that are paired in order, and the matches."""
    aligner = Aligner(matches=True)
    for n, (one, other) in enumerate(zip(reference, distorted, strict=False)):
        aligner.reference.add(one)
        aligner.distorted.add(other)
        aligner.pair(n, n)
    return aligner.finish(), aligner.matches.tolist()


def runs(alignment):
    return [(run.pair, run.lag) for run in alignment.runs]


def test_right_pairs(good, bad):
    found, matches = aligned(good[:COUNT], bad[:COUNT])
    assert found.verdict == "aligned" and found.right and found.warnings() == []
    assert found.confidence > 0.5 and found.likeness > 0.9 and found.pairs == COUNT
    assert matches == [[n, n] for n in range(COUNT)]
    assert str(found) == f"aligned (confidence {found.confidence:.2f})"


@pytest.mark.parametrize("lag", [1, 2, 5, 6, 20, 120, 200])
def test_video_that_starts_late_or_early(good, bad, lag):
    found, matches = aligned(good[:COUNT], bad[lag : COUNT + lag])
    assert (found.verdict, found.offset, found.changes) == ("shifted", lag, 0)
    assert matches == [[n + lag, n] for n in range(COUNT - lag)]
    (warning,) = found.warnings()
    pictures = "1 picture" if lag == 1 else f"{lag} pictures"
    assert f"{pictures} ahead of the reference" in warning and "--align fix" in warning
    found, matches = aligned(good[lag : COUNT + lag], bad[:COUNT])
    assert (found.verdict, found.offset, found.changes) == ("shifted", -lag, 0)
    assert matches == [[n, n + lag] for n in range(COUNT - lag)]
    assert f"{pictures} behind the reference" in found.warnings()[0]


@pytest.mark.parametrize("many", [1, 3, 60])
@pytest.mark.parametrize("at", [40, 150])
def test_pictures_that_are_left_out(good, bad, many, at):
    found, matches = aligned(good[:COUNT], bad[:at] + bad[at + many : COUNT + many])
    assert runs(found) == [(0, 0), (at, many)]
    assert (found.verdict, found.missing, found.repeated) == ("uneven", many, 0)
    straight = [[n, n] for n in range(at)]
    assert matches == straight + [[n, n - many] for n in range(at + many, COUNT)]
    assert f"{many} missing of the reference's pictures, from about pair {at}" in str(found)


@pytest.mark.parametrize("many", [1, 10])
def test_pictures_that_are_repeated(good, bad, many):
    found, matches = aligned(good[:COUNT], bad[:100] + bad[99:100] * many + bad[100:])
    assert (found.verdict, found.missing, found.repeated) == ("uneven", 0, many)
    assert found.held == 0
    once = [[n, n] for n in range(100)]
    assert matches == once + [[n, n + many] for n in range(100, COUNT - many)]


def test_pictures_that_are_put_in(good, bad):
    foreign = [signature(np.rot90(plane(n), 2), 8) for n in range(50)]
    found, matches = aligned(good[:COUNT], bad[:100] + foreign + bad[100:])
    assert (found.verdict, found.repeated) == ("uneven", 50)
    once = [[n, n] for n in range(100)]
    assert matches == once + [[n, n + 50] for n in range(100, COUNT - 50)]


@pytest.mark.parametrize("every", [25, 1000 // 24])
def test_drift(good, bad, every):
    lost = [cells for n, cells in enumerate(bad) if n % every != 12]
    found, matches = aligned(good[:600], lost[:600])
    assert found.verdict == "drifting" and found.drift == pytest.approx(1 / every, rel=0.01)
    assert f"it loses 1 picture in every {every}" in found.warnings()[0]
    assert matches == [[n, n - (n + every - 13) // every] for n in range(600) if n % every != 12]
    twice = [cells for n, one in enumerate(bad) for cells in [one] * (1 + (n % every == 12))]
    found, matches = aligned(good[:600], twice[:600])
    assert found.verdict == "drifting" and found.drift == pytest.approx(-1 / (every + 1), rel=0.01)
    assert found.held == 0 and f"repeats 1 picture in every {every + 1}" in str(found)
    assert [m[0] for m in matches] == list(range(len(matches)))


def test_lag_that_grows_beyond_the_band():
    """Every fifth picture is lost, for as long as it takes."""
    good = [signature(plane(n), 8) for n in range(1700)]
    lost = [cells for n, cells in enumerate(good) if n % 5]
    found, matches = aligned(good, lost + [good[0]] * 340)
    assert found.missing > BAND and found.changes > BAND
    assert [m for m in matches if m[1] < 1200] == [
        [n, n - n // 5 - 1] for n in range(1500) if n % 5
    ]


@pytest.mark.parametrize("many", [2, 10, 50])
def test_freeze_is_a_fault_of_the_picture(good, bad, many):
    found, matches = aligned(
        good[:COUNT], bad[:100] + bad[100:101] * many + bad[100 + many : COUNT]
    )
    assert (found.verdict, found.held) == ("aligned", many - 1)
    assert matches == [[n, n] for n in range(COUNT)]
    assert found.longest == many - 1
    told = f"{many - 1} distorted pictures repeat the one before while the reference moves"
    assert bool(found.warnings()) == (many > 12) == any(told in text for text in found.warnings())


def test_every_second_picture_dropped_and_repeated(good, bad):
    found, matches = aligned(good[:COUNT], [bad[n // 2 * 2] for n in range(COUNT)])
    assert (found.verdict, found.held, found.longest) == ("aligned", COUNT // 2, 1)
    assert "up to 1 in a row" in found.warnings()[0]
    assert matches == [[n, n] for n in range(COUNT)]


def test_animation_on_twos(good, bad):
    twos = [[cells[n // 2] for n in range(COUNT)] for cells in (good, bad)]
    found, _ = aligned(*twos)
    assert (found.verdict, found.held, found.warnings()) == ("aligned", 0, [])
    found, _ = aligned(twos[0], twos[1][3:])
    assert (found.verdict, found.offset) == ("shifted", 3)


# ------------------------------------------------------------------- other ones every few pictures


def by_time(reference_rate, distorted_rate, count):
    """Return pairs of pictures that are shown at one time, each in one pair at most."""
    if reference_rate < distorted_rate:
        mirrored = by_time(distorted_rate, reference_rate, count)
        return [(ref, dis) for dis, ref in mirrored]
    ratio = reference_rate / distorted_rate
    return [(round(n * ratio), n) for n in range(int(count / ratio))]


def each(pictures):
    return [(n, n) for n in range(len(pictures))]


def paired(reference, distorted, pairs):
    aligner = Aligner(matches=True)
    for ref, dis in pairs:
        for shelf, cells, last in (
            (aligner.reference, reference, ref),
            (aligner.distorted, distorted, dis),
        ):
            for number in range(shelf.count, last + 1):
                shelf.add(cells[number])
        aligner.pair(ref, dis)
    for cells in reference[aligner.reference.count :]:
        aligner.reference.add(cells)
    return aligner.finish(), aligner.matches


@pytest.mark.parametrize("every", [2, 3, 4, 5])
def test_every_few_pictures_lost_or_repeated(good, bad, every):
    kept = [n for n in range(COUNT) if n % every != every - 1]
    found, matches = paired(good[:COUNT], [bad[n] for n in kept], each(kept))
    assert (found.verdict, found.drift) == ("drifting", pytest.approx(1 / every, rel=0.02))
    assert f"it loses 1 picture in every {every} " in found.warnings()[0]
    shown = {dis: ref for ref, dis in matches}
    assert [shown[n] for n in range(len(kept))] == kept
    twice = [n for n in range(COUNT) for _ in range(1 + (n % every == every - 1))][:COUNT]
    found, matches = paired(good[:COUNT], [bad[n] for n in twice], each(twice))
    assert not found.right and found.repeated >= COUNT // (every + 1) - 2 and found.missing == 0
    right = sum(twice[dis] == ref for ref, dis in matches)
    assert right >= 0.97 * len(set(twice))


def test_one_of_three_pictures_kept(good, bad):
    found, matches = paired(good[:COUNT], bad[:COUNT:3], each(bad[:COUNT:3]))
    assert not found.right and found.confidence > 0.8
    assert sum(ref == 3 * dis for ref, dis in matches) >= 0.9 * len(matches)


@pytest.mark.parametrize("rates", [(30, 24), (25, 24), (24, 25), (50, 30)])
def test_converted_rates_that_are_paired_by_time(good, bad, rates):
    """A converter that shows the last picture there is: pairs by time are off now and then."""
    one, other = rates
    pairs = by_time(one, other, COUNT)
    last = pairs[-1][1] + 1
    shown = [n * one // other for n in range(last)]
    assert 0 < sum(shown[dis] != ref for ref, dis in pairs) < len(pairs)
    found, matches = paired(good[:COUNT], [bad[n] for n in shown], pairs)
    assert not found.right and found.confidence > 0.8 and "--align fix" in found.warnings()[0]
    assert found.off >= sum(shown[dis] != ref for ref, dis in pairs) - 1
    right = sum(shown[dis] == ref for ref, dis in matches)
    assert right >= 0.97 * len(matches) and right >= 0.97 * len({shown[d] for _, d in pairs})


def test_pictures_lost_and_repeated_on_the_way_to_another_rate_and_back(good, bad):
    shown = [n * 24 // 30 * 30 // 24 for n in range(COUNT)]
    found, matches = aligned(good[:COUNT], [bad[n] for n in shown])
    assert not found.right and "off by a picture, back and forth" in found.warnings()[0]
    assert "conversion of the frame rate" in str(found)
    assert all(shown[dis] == ref for ref, dis in matches)
    assert len(matches) >= len(set(shown)) - 1


def test_pictures_in_no_order_are_told_of(good, bad):
    """Every seventh picture is that before it, which is too few and too noisy to be followed."""
    rng = np.random.default_rng(5)
    shown = [n - 4 * (rng.random() < 0.2) * (n % 3 == 0) for n in range(COUNT)]
    shuffled = [bad[max(n, 0)] for n in shown]
    found, _ = aligned(good[:COUNT], shuffled)
    wrong = sum(n != k for k, n in enumerate(shown))
    assert found.strays >= 0.8 * wrong > 0 or not found.right
    few, _ = aligned(good[:COUNT], bad[:COUNT])
    assert few.strays == 0


def test_noise_backwards_is_no_order(good):
    """In noise that runs backwards every picture has its equal, each before the last one's."""
    noise = [signature(noisy(plane(0), 30, seed=n), 8) for n in range(COUNT)]
    found, matches = aligned(noise, noise[::-1])
    assert found.changes == 0 and matches == [[n, n] for n in range(COUNT)]


# --------------------------------------------------------------------------- nothing to be found


@pytest.mark.parametrize("luma", [16, 100])
def test_flat_video(luma):
    flat = [signature(np.full((64, 64), luma, np.uint8), 8)] * COUNT
    found, matches = aligned(flat, flat)
    assert (found.verdict, found.confidence, found.warnings()) == ("unknown", 0, [])
    assert matches == [[n, n] for n in range(COUNT)]
    assert str(found) == "unknown: nothing moves that would tell"


@pytest.mark.parametrize("strength", [0, 3, 30])
def test_still_video_and_noise(strength):
    still = [signature(plane(0), 8)] * COUNT
    noise = [signature(noisy(plane(0), strength, seed=n), 8) for n in range(COUNT)]
    for one, other in ((still, noise), (noise, still), (noise, noise[::-1])):
        found, matches = aligned(one, other)
        assert (found.verdict, found.warnings()) == ("unknown", [])
        assert matches == [[n, n] for n in range(COUNT)]


@pytest.mark.parametrize("period", [2, 3, 12, 100])
def test_video_that_repeats_itself(good, bad, period):
    found, matches = aligned(*([cells[n % period] for n in range(COUNT)] for cells in (good, bad)))
    assert (found.verdict, found.warnings()) == ("aligned", [])
    assert found.confidence < 0.1
    assert matches == [[n, n] for n in range(COUNT)]


@pytest.mark.parametrize(("late", "warned"), [(20, False), (120, True)])
def test_few_pairs_of_video_that_tells_little(good, bad, late, warned):
    """As encoders of low quality make it of a scene that hardly moves: no alarm."""
    shown = [n - 3 if 100 <= n < 100 + late else n for n in range(COUNT)]
    found, _ = aligned([good[n % 100] for n in range(COUNT)], [bad[n % 100] for n in shown])
    assert (found.verdict, found.off) == ("uneven", late) and found.confidence < 0.1
    assert str(found).startswith("uneven") and bool(found.warnings()) == warned


def test_black_at_the_start(good, bad):
    black = [signature(np.full((128, 160), 16, np.uint8), 8)] * 100
    assert aligned(black + good[:200], black + bad[:200])[0].verdict == "aligned"
    found, _ = aligned(black + good[:200], black[7:] + bad[:200])
    assert (found.verdict, found.offset) == ("shifted", 7)


def test_fades_to_still_pictures(good, bad):
    still = [good[100]] * 100
    assert aligned(good[:101] + still, bad[:101] + [bad[100]] * 100)[0].warnings() == []


def test_other_video(good):
    other = [signature(np.rot90(plane(n + 50), 2), 8) for n in range(COUNT)]
    found, _ = aligned(good[:COUNT], other)
    assert found.verdict == "unlike" and found.likeness < 0.3
    assert "hardly look alike" in found.warnings()[0]


@pytest.mark.parametrize("count", [0, 1, 5, 17])
def test_short_video(good, bad, count):
    found, matches = aligned(good[:count], bad[:count])
    assert found.right and found.pairs == count and found.warnings() == []
    assert matches == [[n, n] for n in range(count)]


# ----------------------------------------------------------------------------------- signatures


@pytest.mark.parametrize("bits", [8, 10, 12, 16])
def test_depth_does_not_matter(bits):
    deep = plane(0).astype(np.uint16) << (bits - 8)
    expected = signature(plane(0), 8)
    assert expected.shape == (LENGTH,) and expected.dtype == np.float32
    cells = signature(deep if bits > 8 else plane(0), bits)
    assert np.allclose(cells, expected, atol=1e-4)


def test_size_hardly_matters():
    smooth = np.add.outer(np.arange(720) / 8, np.arange(1280) / 16).astype(np.uint8)
    large, small = signature(smooth, 8), signature(smooth[::2, ::2], 8)
    assert np.abs(large - small).max() < 1.5


@pytest.mark.parametrize("size", [(33, 33), (34, 4000), (4000, 34), (1079, 1917)])
def test_any_size_gives_means(size):
    assert np.allclose(signature(np.full(size, 77, np.uint8), 8), 77 - 128)


def test_what_is_held_does_not_grow(good):
    aligner = Aligner()
    for n in range(6000):
        aligner.reference.add(good[n % 600])
        aligner.distorted.add(good[n % 600])
        aligner.pair(n, n)
    assert len(aligner.reference._rows) + len(aligner.distorted._rows) <= 4096
    assert len(aligner._claims) <= BAND + 32
    assert aligner.finish().verdict == "aligned"
