"""Models that are conditioned on the encoder, in loops: each rendition's model is told of it."""

import json

import numpy as np
import pytest

import clips
import vmaf_tiny
from fusion_models import CONDITIONED, conditioned, register
from vmaf_tiny.cli import main
from vmaf_tiny.conditions import Conditions, Models
from vmaf_tiny.encode import Rendition, encode_and_score
from vmaf_tiny.errors import ModelError
from vmaf_tiny.ladder import build_ladder
from vmaf_tiny.rescore import read_results
from vmaf_tiny.search import search
from vmaf_tiny.sweep import Store, sweep

REGRESSOR = "fr_regressor_v2"
RENDITIONS = [
    Rendition(crf=24, preset="veryfast"),
    Rendition(crf=36, preset="veryfast"),
    Rendition(crf=36, preset="medium"),
    Rendition("libx265", crf=36, preset="ultrafast"),
    Rendition("libvpx-vp9", crf=40, preset="8", options={"deadline": "realtime"}),
    Rendition(crf=30),
]


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    lumas = [clips.noisy(clips.plane(n, 256, 144), seed=n) for n in range(12)]
    return clips.write(tmp_path_factory.mktemp("source") / "clip.mkv", lumas)


def told(rendition):
    """Return what `score` is told by hand of an encode."""
    preset = "realtime" if rendition.encoder == "libvpx-vp9" else rendition.preset
    return {"codec": rendition.encoder, "preset": preset, "crf": rendition.crf}


def assert_as_told(made, source, model=REGRESSOR):
    options = told(made.rendition)
    again = vmaf_tiny.score(source, made.kept, model, **options)
    assert np.array_equal(made.result.scores, again.scores)
    info = made.result.provenance.model
    assert (info.codec, info.preset) == (options["codec"], options["preset"] or "")
    assert float(info.crf) == options["crf"]


@pytest.mark.parametrize("model", [REGRESSOR, "fr_regressor_v3"])
def test_scores_are_those_of_a_model_that_is_told_by_hand(source, tmp_path, model):
    renditions = [each for each in RENDITIONS if model == REGRESSOR or "vpx" not in each.encoder]
    made = encode_and_score(source, renditions, model, keep=tmp_path)
    for each in made:
        assert_as_told(each, source, model)
    blind = vmaf_tiny.score(source, made[0].kept, model, codec="blind")
    assert not np.array_equal(made[0].result.scores, blind.scores)


def test_a_sweep_tells_each_and_keys_by_it(source, tmp_path):
    store = tmp_path / "store"
    plain = sweep(source, RENDITIONS[:4], REGRESSOR, store=store, keep=tmp_path / "kept")
    for each in plain:
        assert_as_told(each, source)
    blind = sweep(source, RENDITIONS[:4], REGRESSOR, store=store, blind=True)
    with Store(store) as results:
        assert len(results) == 8
    for one, other in zip(plain, blind, strict=True):
        assert other.result.provenance.model.codec == "blind"
        again = vmaf_tiny.score(source, one.kept, REGRESSOR, codec="blind")
        assert np.array_equal(other.result.scores, again.scores)
    by_workers = sweep(source, RENDITIONS[:2], REGRESSOR, workers=1)
    assert np.array_equal(by_workers[1].result.scores, plain[1].result.scores)


def test_what_a_model_must_be_told_is_asked_for_before_work(source):
    with pytest.raises(ModelError, match="wants the CRF that libx264 encoded with"):
        sweep(source, [Rendition(qp=30)], REGRESSOR)
    with pytest.raises(ModelError, match="'mpeg4' is not: give codec, one of libx264"):
        encode_and_score(source, [Rendition("mpeg4", qp=5)], REGRESSOR)
    assert sweep(source, [Rendition(qp=30)], REGRESSOR, blind=True)[0].score > 0


def test_ladders_and_searches_tell_too(source, tmp_path):
    ladder = build_ladder(source, sizes=[144, 72], crf=[30], model=REGRESSOR, keep=tmp_path)
    for point in ladder.points:
        assert_as_told(point, source)
    found = search(source, 80, crf=(20, 45), samples=0, model=REGRESSOR, keep=tmp_path)
    assert_as_told(found.made, source)


def test_one_model_serves_all_that_are_not_conditioned(source):
    with Models("vmaf_tiny_v2") as models:
        made = encode_and_score(source, RENDITIONS[:2], models)
        assert models.of(Conditions("libx264", crf="24")) is models.of(Conditions("mpeg4"))
    assert all(each.result.provenance.model.codec == "" for each in made)
    with pytest.raises(ModelError, match="not conditioned"), Models(told=Conditions("blind")) as m:
        m.of(Conditions("libx264"))


def test_a_model_that_is_loaded_is_used_as_it_was_told(source):
    with vmaf_tiny.Model(REGRESSOR, codec="libx265", crf=20) as model:
        made = encode_and_score(source, RENDITIONS[:2], model)
    assert [each.result.provenance.model.codec for each in made] == ["libx265"] * 2


def test_the_digits_of_the_block_reach_each_rendition(source, tmp_path):
    """A model that answers with its codec block, so that one told wrongly would show."""
    register(tmp_path, "c", conditioned(), sidecar=CONDITIONED)
    renditions = [Rendition(crf=26, preset="slow"), Rendition(crf=1, preset="fast")]
    with Models("c", model_dir=tmp_path, clip=False) as models:
        made = encode_and_score(source, renditions, models)
    for each, block in zip(made, ([1, 0, 0, 0.5, 0.5], [1, 0, 0, 0.25, 0]), strict=True):
        digits = sum(digit * 10.0**place for place, digit in enumerate(block))
        expected = digits + each.result.features.sum(axis=1)
        assert each.result.scores == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("ending", ["json", "parquet"])
def test_results_are_scored_again_as_each_was_encoded(source, tmp_path, ending, capfd):
    path = tmp_path / f"results.{ending}"
    base = ["sweep", str(source), "--crf", "24,36", "--preset", "veryfast", "--no-store"]
    assert main([*base, "-o", str(path), "--keep", str(tmp_path)]) == 0
    assert (
        main(["rescore", str(path), "--model", REGRESSOR, "-o", str(tmp_path / "a.parquet")]) == 0
    )
    again = read_results([tmp_path / "a.parquet"])
    assert [one.conditions.crf for one in again] == ["24", "36"]
    for one, rendition in zip(again, RENDITIONS, strict=False):
        expected = vmaf_tiny.score(source, one.distorted, REGRESSOR, **told(rendition))
        assert np.array_equal(one.result.scores, expected.scores)
    # What is said by hand goes before what is known.
    options = ["--model", REGRESSOR, "--codec", "blind", "-q"]
    capfd.readouterr()
    assert main(["rescore", str(path), *options]) == 0
    blind = [float(line) for line in capfd.readouterr().out.splitlines()]
    assert blind != [round(one.result.score, 6) for one in again]


def test_what_a_score_was_told_is_told_again(source, tmp_path):
    (made,) = encode_and_score(source, RENDITIONS[:1], keep=tmp_path)
    path = tmp_path / "one.parquet"
    options = ["--codec", "libx264", "--preset", "veryfast", "--crf", "24", "-o", str(path), "-q"]
    assert main(["score", str(source), str(made.kept), "--model", "fr_regressor_v3", *options]) == 0
    again = tmp_path / "again.parquet"
    assert main(["rescore", str(path), "--model", REGRESSOR, "-o", str(again), "-q"]) == 0
    (one,) = read_results([again])
    expected = vmaf_tiny.score(source, made.kept, REGRESSOR, **told(RENDITIONS[0]))
    assert np.array_equal(one.result.scores, expected.scores)


@pytest.mark.parametrize(
    "command",
    [
        ["ladder", "--sizes", "144", "--crf", "30"],
        ["search", "--target", "80", "--samples", "0", "--probes", "2"],
        ["sweep", "--crf", "30", "--no-store"],
    ],
    ids=lambda command: command[0],
)
def test_the_commands_tell(command, source, tmp_path, capfd):
    name, *rest = command
    kept = tmp_path / "kept"
    path = tmp_path / "results.json"
    status = main(
        [name, str(source), *rest, "--model", REGRESSOR, "--keep", str(kept), "-o", str(path)]
    )
    assert status in (0, 3), capfd.readouterr().err
    (file,) = kept.iterdir()
    crf = file.name.split("crf")[1].split(".")[0].split("_")[0]
    expected = vmaf_tiny.score(source, file, REGRESSOR, codec="libx264", crf=crf)
    document = json.loads(path.read_text())
    made = document.get("renditions", document.get("points", [document]))[0]
    assert made["score"] == expected.score
