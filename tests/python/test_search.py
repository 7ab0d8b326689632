"""The search for a CRF with real encoders, against brute force."""

import json
from importlib.resources import files

import jsonschema
import numpy as np
import pytest

import clips
from vmaf_tiny import InputError, OptionError
from vmaf_tiny.cli import main
from vmaf_tiny.encode import Rendition, encode_and_score
from vmaf_tiny.search import search
from vmaf_tiny.search.samples import choose_samples

EVENTS = json.loads((files("vmaf_tiny") / "cli" / "events.schema.json").read_text())
FAST = Rendition("libx264", preset="ultrafast")
CRFS = range(12, 46)


def moving(seed, count=50, size=(160, 128), speed=2, grain=0, cell=5):
    """Return planes of a texture that moves, with grain: content of its own for each seed."""
    rng = np.random.default_rng(seed)
    small = rng.integers(30, 220, (400 // cell, 600 // cell)).astype(np.uint8)
    texture = np.kron(small, np.ones((cell, cell), np.uint8))
    width, height = size
    return [
        clips.noisy(
            np.roll(texture, (-n * speed // 2, -n * speed), (0, 1))[:height, :width], grain, n
        )
        for n in range(count)
    ]


KINDS = [
    {"speed": 0, "grain": 5},
    {"speed": 2, "grain": 8},
    {"speed": 6, "grain": 14},
    {"speed": 2, "grain": 4, "cell": 3},
    {"speed": 1, "grain": 12},
    {"speed": 3, "grain": 3, "cell": 2},
    {"speed": 2, "grain": 10, "cell": 16},
    {"speed": 8, "grain": 6, "cell": 9},
]


@pytest.mark.slow
@pytest.mark.parametrize("number", range(len(KINDS)))
def test_the_crf_is_that_of_brute_force_or_its_neighbour(number, tmp_path):
    path = clips.write(tmp_path / "source.mkv", moving(number, **KINDS[number]))
    swept = encode_and_score(path, [Rendition("libx264", preset="ultrafast", crf=c) for c in CRFS])
    scores = [made.score for made in swept]
    target = next(score for score in scores if score < 94) + 0.2  # good enough, by little
    found = search(path, target, rendition=FAST, crf=(CRFS[0], CRFS[-1]))
    best = max(c for c, s in zip(CRFS, scores, strict=True) if s >= target - 0.3)
    assert abs(found.crf - best) <= 1, found.found
    assert len(found.found.probes) <= 5
    assert found.score == scores[CRFS.index(int(found.crf))]  # the very same encode
    assert found.outcome in ("met", "best_effort") and found.score >= target - 0.3


@pytest.fixture(scope="module")
def varied(tmp_path_factory):
    """A source of three kinds of content, 12 seconds of each, all with grain."""
    kinds = ({"speed": 0, "grain": 8}, {"speed": 4, "grain": 12}, {"cell": 2, "grain": 5})
    planes = [plane for n, kind in enumerate(kinds) for plane in moving(n, 120, **kind)]
    return clips.write(tmp_path_factory.mktemp("search") / "varied.mkv", planes, rate=10)


def test_samples_are_of_every_kind_of_content(varied):
    (made,) = encode_and_score(varied, [Rendition("libx264", preset="ultrafast", crf=30)])
    samples = choose_samples(made, seconds=1.0, count=6)
    kinds = {sample.rows.start // 120 for sample in samples.chosen}
    assert kinds == {0, 1, 2}
    assert sum(sample.weight for sample in samples.chosen) == 360
    assert [s.weight for s in samples.chosen] == sorted(
        (s.weight for s in samples.chosen), reverse=True
    )
    for sample in samples.chosen:
        assert sample.end - sample.start == pytest.approx(1.0, abs=0.11)
        assert sample.start == pytest.approx(made.result.times[sample.rows.start])
    # Unchanged samples predict what they were taken from.
    np.testing.assert_array_equal(samples.predict([0.0] * len(samples.chosen)), samples.base)


def test_a_search_by_samples_verifies_and_tells_how_far_they_were_off(varied):
    seen = []
    found = search(
        varied, 85, rendition=FAST, chunk=1.0, crf=(12, 45), first=36, progress=seen.append
    )
    probes = found.found.probes
    assert probes[0].whole and probes[-1].whole and len(probes) <= 5
    sampled = [p for p in probes if not p.whole]
    assert sampled and all(p.low <= p.score <= p.high for p in sampled)
    swept = encode_and_score(
        varied, [Rendition("libx264", preset="ultrafast", crf=p.crf) for p in probes]
    )
    for probe, made in zip(probes, swept, strict=True):
        assert probe.low <= made.score <= probe.high
    assert found.outcome == "met" and found.score >= 84.7
    if found.found.gap is not None:
        assert found.found.gap == found.score - found.found.estimate.score
    assert {p.whole for p in seen} == {True, False}


def test_a_probe_ends_when_its_interval_has_left_the_target(varied):
    found = search(varied, 60, rendition=FAST, chunk=1.0, crf=(12, 45), first=40)
    stopped = [p for p in found.found.probes if p.stopped]
    assert stopped and all(p.high < 59.7 or p.low > 60.3 for p in stopped)
    assert not any(p.whole for p in stopped)


def test_the_pooling_that_is_asked_for_is_what_is_reached(varied):
    worst = search(varied, 75, rendition=FAST, pool="p5", samples=0, crf=(12, 45))
    mean = search(varied, 75, rendition=FAST, samples=0, crf=(12, 45))
    assert worst.crf < mean.crf
    assert worst.score == worst.made.pooled["p5"] >= 74.7
    assert all(p.whole for p in worst.found.probes)


def test_no_chunk_may_be_worse_than_asked(varied):
    free = search(varied, 80, rendition=FAST, samples=0, crf=(12, 45))
    least = free.made.worst_window(2.0).score
    bound = search(varied, 80, rendition=FAST, samples=0, crf=(12, 45), min_chunk=least + 3)
    assert bound.crf < free.crf
    assert bound.made.worst_window(2.0).score >= least + 3 - 0.3


def test_what_cannot_be_searched_is_refused(varied):
    for arguments, said in (
        ({"rendition": Rendition("libx264", crf=20)}, "what is looked for"),
        ({"rendition": Rendition("mpeg4")}, "no CRF"),
        ({"rendition": Rendition("nothing")}, "no encoder"),
        ({"pool": "median"}, "unknown pooling 'median'"),
        ({"crf": (30, 20)}, "give the lower one first"),
        ({"probes": 1}, "2 or more"),
        ({"chunk": 0.0}, "more than 0 seconds"),
    ):
        with pytest.raises(OptionError, match=said):
            search(varied, 90, **arguments)
    with pytest.raises(OptionError, match="a target of 101"):
        search(varied, 101)
    with pytest.raises(InputError, match="read for each probe"):
        search(iter(clips.planes(3)), 90)


def test_pictures_in_memory_are_searched_whole():
    found = search(np.stack(moving(5, 12)), 80, rendition=FAST, crf=(12, 45))
    assert all(p.whole for p in found.found.probes) and found.score >= 79.7


def test_the_command(varied, tmp_path, capfd):
    arguments = ["search", str(varied), "--preset", "ultrafast", "--crf", "12:45"]
    status = main([*arguments, "--target", "80", "--samples", "0", "-o", str(tmp_path / "a.json"),
                   "--keep", str(tmp_path)])  # fmt: skip
    out, err = capfd.readouterr()
    assert status == 0 and "met" in out, err
    told = json.loads((tmp_path / "a.json").read_text())
    assert out.startswith(f"CRF {told['crf']:g} ")
    assert told["outcome"] == "met" and told["probes"][-1]["whole"]
    assert len(list(tmp_path.glob("*.mkv"))) == 1

    status = main([*arguments, "--target", "99.9", "--samples", "0", "--tolerance", "0",
                   "--probes", "2", "-q", "--progress", "json"])  # fmt: skip
    out, err = capfd.readouterr()
    assert status == 3 and float(out) >= 12
    events = [json.loads(line) for line in err.splitlines() if line.startswith("{")]
    assert {event["event"] for event in events} == {"progress", "probe"}
    jsonschema.Draft202012Validator.check_schema(EVENTS)
    for event in events:
        jsonschema.validate(event, EVENTS)
    assert [event["number"] for event in events if event["event"] == "probe"] == [1, 2]
    assert main([*arguments[:2], "--target", "90", "--crf", "high"]) == 2
    assert "write low:high" in capfd.readouterr().err
