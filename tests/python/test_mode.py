"""The fast mode: near the exact one where pictures are large, equal where they are not."""

import numpy as np
import pytest

import textures
from vmaf_tiny import Context, Model, OptionError


def rows_of(reference, distorted, **options):
    height, width = reference[0].shape
    rows = []
    with Context(width, height, **options) as context:
        for ref, dis in zip(reference, distorted, strict=True):
            context.push(ref, [dis])
        context.flush()
        while (row := context.pull()) is not None:
            rows.append(row[0])
    return np.array(rows)


def pair(height, width, seed=0):
    planes = textures.natural(2, height, width, 8, seed)
    return [textures.as_samples(p, 8) for p in (planes, textures.worse(planes, 8))]


# (rows, columns): too few rows, or too few pixels.
@pytest.mark.parametrize("size", [(33, 33), (120, 640), (255, 300), (448, 2000), (1070, 440)])
def test_small_pictures_are_exact(size):
    planes = pair(*size)
    assert np.array_equal(rows_of(*planes, mode="fast"), rows_of(*planes))


def test_large_pictures_are_near():
    planes = pair(1080, 1920)
    exact, fast = rows_of(*planes), rows_of(*planes, mode="fast")
    changed = np.abs(fast["value"] - exact["value"])
    assert (changed[:, [0, 5]] == 0).all()
    assert (changed[:, 1] > 0).all()
    assert (changed[:, 2:5] == 0).all()
    with Model() as model:
        assert np.abs(model.score(fast) - model.score(exact)).max() < 0.05


@pytest.mark.parametrize("period", [3, 4, 8, 9, 16, 64])
@pytest.mark.parametrize("rows", [720, 1440])
def test_losses_that_come_back_every_few_rows_are_met_evenly(rows, period):
    """As those at the edges of blocks, or between the rows of what was scaled up by 3 or 4.5."""
    reference, worse = pair(rows, 1280)
    lossy = (np.arange(rows) % period < (period + 1) // 2)[:, None]
    distorted = [np.where(lossy, *planes) for planes in zip(worse, reference, strict=True)]
    exact, fast = (rows_of(reference, distorted, mode=m)["value"][:, 1] for m in ("exact", "fast"))
    assert (fast != exact).any()
    assert np.abs(fast - exact).max() < 0.002


def test_threads_and_renditions_do_not_matter():
    reference, distorted = pair(540, 960)
    alone = rows_of(reference, distorted, mode="fast", threads=1)
    assert np.array_equal(rows_of(reference, distorted, mode="fast", threads=3), alone)
    with Context(960, 540, renditions=2, mode="fast") as context:
        for ref, dis in zip(reference, distorted, strict=True):
            context.push(ref, [ref, dis])
        context.flush()
        assert context.pull()[1] == alone[0]


def test_an_unknown_mode_is_named():
    with pytest.raises(OptionError, match="quick"):
        Context(64, 64, mode="quick")
