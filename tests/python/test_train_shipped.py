"""The model that ships: its papers are in order and it behaves as a quality model must."""

import json
import re
import shlex

import numpy as np
import onnx
import pytest

import clips
import train_support as support
from vmaf_tiny.cli import main
from vmaf_train.errors import TrainError
from vmaf_train.export import to_onnx
from vmaf_train.features import FEATURES
from vmaf_train.files import sha256_of, write_json
from vmaf_train.models import MODELS
from vmaf_train.net import Network
from vmaf_train.registry import SCHEMA_FILE, add, problems
from vmaf_train.runtime import predict

ONNX, SIDECAR = support.MODELS / "vmaf_tiny_v2.onnx", support.MODELS / "vmaf_tiny_v2.json"
REGISTRY, SCHEMA = support.MODELS / "registry.json", support.MODELS / SCHEMA_FILE
V2 = MODELS["vmaf_tiny_v2"]


def scores(*rows):
    return predict(ONNX, support.bare_rows(rows))


def test_the_papers_agree():
    (row,) = [m for m in json.loads(REGISTRY.read_text())["models"] if m["id"] == "vmaf_tiny_v2"]
    sidecar = json.loads(SIDECAR.read_text())
    assert row["sha256"] == sidecar["sha256"] == sha256_of(ONNX)
    for key in ("id", "kind", "onnx", "opset"):
        assert row[key] == sidecar[key]
    assert row["teacher"] == "vmaf_v0.6.1"
    assert row["license"] == "BSD-3-Clause-Plus-Patent"
    assert sidecar["features"] == list(FEATURES)
    assert sidecar["onnx_has_scaler"] is True
    assert ONNX.stat().st_size < 2048


def test_the_card_is_of_this_file_and_keeps_the_promise():
    card = ONNX.with_suffix(".md").read_text()
    assert json.loads(SIDECAR.read_text())["sha256"] in card
    (row,) = re.findall(r"^\| test sources, held out \|(.*)\|$", card, re.MULTILINE)
    _, plcc, _, rmse, p99, _ = (float(value) for value in row.split("|"))
    assert plcc >= 0.999
    assert rmse <= 0.4
    assert p99 <= 1.2


@pytest.mark.parametrize("card", sorted(support.MODELS.glob("*.md")), ids=lambda card: card.stem)
def test_the_command_of_a_card_works(card, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    for name in ("reference.mp4", "encode.mp4", "source.mp4", "video.mp4"):
        clips.write(tmp_path / name, clips.planes(2))
    (line,) = re.findall(r"^    vmaf-tiny (.*)$", card.read_text(), re.MULTILINE)
    assert main([*shlex.split(line), "-q"]) == 0
    assert float(capsys.readouterr().out) >= 0


def test_the_registry_has_no_mistakes():
    assert problems(REGISTRY) == []


def test_the_scaler_is_in_the_graph():
    constants = {
        tensor.name: onnx.numpy_helper.to_array(tensor)
        for tensor in onnx.load(ONNX).graph.initializer
    }
    sidecar = json.loads(SIDECAR.read_text())
    assert constants["mean"].tolist() == pytest.approx(sidecar["input_mean"], rel=1e-7)
    assert constants["std"].tolist() == pytest.approx(sidecar["input_std"], rel=1e-7)
    assert sum(constants[f"{kind}{n}"].size for kind in "wb" for n in range(3)) == 257


def test_the_exporter_makes_these_bytes():
    constants = {
        tensor.name: onnx.numpy_helper.to_array(tensor)
        for tensor in onnx.load(ONNX).graph.initializer
    }
    layers = [(constants[f"w{n}"].T, constants[f"b{n}"]) for n in range(3)]
    net = Network(constants["mean"], constants["std"], layers)
    assert to_onnx(net, V2) == ONNX.read_bytes()
    rows = support.plausible_features(500)
    assert np.abs(np.clip(net(rows), 0, 100) - predict(ONNX, support.bare_rows(rows))).max() < 1e-4


def test_identical_pictures_score_as_the_teacher_has_it():
    assert scores((1, 1, 1, 1, 1, 0))[0] == pytest.approx(97.428, abs=0.5)
    assert (scores(*((1, 1, 1, 1, 1, motion) for motion in (3, 6.4, 10, 20, 40))) > 99.5).all()


def test_nothing_left_scores_low():
    assert scores((0, 0, 0, 0, 0, 0))[0] < 10


@pytest.mark.parametrize("motion", [0.0, 2.0, 8.0, 20.0])
def test_worse_pictures_score_lower(motion):
    """Along the way of encodes from good to bad, down to where the teacher itself turns."""
    best = np.array([1, 1, 1, 1, 1, motion])
    worst = np.array([0.55, 0.05, 0.15, 0.22, 0.3, motion])
    way = scores(*(best + t * (worst - best) for t in np.linspace(0, 0.8, 200)))
    assert (np.diff(way) <= 1e-6).all()
    assert way[0] > 95
    assert way[-1] < 32


@pytest.mark.parametrize("motion", [0.0, 2.0, 8.0])
@pytest.mark.parametrize("feature", ["adm2", "vif_scale2", "vif_scale3"])
def test_losing_one_fidelity_never_helps_much(feature, motion):
    rows = np.tile([0.95, 0.55, 0.85, 0.92, 0.95, motion], (60, 1))
    rows[:, FEATURES.index(feature)] = np.linspace(0.95, 0.75, 60)
    way = predict(ONNX, support.bare_rows(rows))
    assert way[-1] < way[0]


def test_the_figures_are_finite_everywhere():
    rng = np.random.default_rng(0)
    rows = rng.uniform(0, 1.5, (5000, 6))
    rows[:, 5] = rng.uniform(0, 200, 5000)
    way = predict(ONNX, support.bare_rows(rows))
    assert ((way >= 0) & (way <= 100)).all()


@support.needs_teacher
def test_it_follows_its_teacher_on_pictures_nobody_trained_on():
    from vmaf_train.synthetic import leaves, texture

    rng = np.random.default_rng(77)
    features, truth = [], []
    for generator in (leaves, texture):
        reference = generator(rng, 6, 180, 320)
        for strength in (2, 6, 12, 25):
            noise = rng.normal(0, strength, reference.shape)
            noisy = np.clip(reference + noise, 0, 255).astype(np.uint8)
            coarse = (reference // (2 * strength)) * (2 * strength) + np.uint8(strength)
            for distorted in (noisy, coarse):
                measured = support.measured(reference, distorted)
                features.append(measured.features)
                truth.append(measured.vmaf)
    error = predict(ONNX, support.bare_rows(np.concatenate(features))) - np.concatenate(truth)
    assert np.sqrt(np.mean(error**2)) < 1
    assert np.abs(error).max() < 4


# ------------------------------------------------------------------------- a registry's mistakes


def evaluation_of(onnx_path, **figures):
    inputs = {"model": {"sha256": sha256_of(onnx_path)}}
    good = {"split": "test", "plcc": 0.99999, "rmse": 0.1, "p99": 0.4}
    return good | figures | {"run_provenance": {"inputs": inputs}}


@pytest.fixture
def folder(tmp_path):
    for path in (ONNX, SIDECAR, SCHEMA):
        (tmp_path / path.name).write_bytes(path.read_bytes())
    content = json.loads(REGISTRY.read_text())
    content["models"] = [row for row in content["models"] if row["id"] == "vmaf_tiny_v2"]
    write_json(tmp_path / REGISTRY.name, content)
    return tmp_path


def change(folder, edit):
    path = folder / REGISTRY.name
    content = json.loads(path.read_text())
    edit(content["models"])
    write_json(path, content)
    return problems(path)


def test_mistakes_are_found(folder):
    registry = folder / REGISTRY.name
    assert problems(registry) == []
    assert any("two models" in p for p in change(folder, lambda models: models.append(models[0])))
    assert any(
        "sha256" in p for p in change(folder, lambda models: models[0].update(sha256="0" * 64))
    )
    assert change(folder, lambda models: models[0].update(surprise=1)) != []


def test_a_file_that_changed_is_found(folder):
    (folder / ONNX.name).write_bytes(ONNX.read_bytes() + b"\0")
    assert any("another sha256" in problem for problem in problems(folder / REGISTRY.name))
    (folder / ONNX.name).unlink()
    assert any("missing" in problem for problem in problems(folder / REGISTRY.name))


def test_registering_again_changes_nothing(folder):
    registry = folder / REGISTRY.name
    before = registry.read_bytes()
    evaluation = folder / "eval.json"
    write_json(evaluation, evaluation_of(folder / ONNX.name))
    add(registry, V2, folder / SIDECAR.name, evaluation)
    assert registry.read_bytes() == before


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"plcc": 0.9}, "plcc 0.9 is not at least"),
        ({"rmse": 0.41}, "rmse 0.41 is not at most 0.4"),
        ({"p99": float("nan")}, "p99 nan"),
        ({"split": "train"}, "train split"),
    ],
)
def test_what_misses_its_gate_is_not_registered(folder, wrong, message):
    registry = folder / REGISTRY.name
    before = registry.read_bytes()
    evaluation = folder / "eval.json"
    evaluation.write_text(json.dumps(evaluation_of(folder / ONNX.name, **wrong)))
    with pytest.raises(TrainError, match=message):
        add(registry, V2, folder / SIDECAR.name, evaluation)
    assert registry.read_bytes() == before


def test_figures_of_another_file_do_not_count(folder):
    evaluation = folder / "eval.json"
    evaluation.write_text(json.dumps(evaluation_of(SIDECAR)))
    with pytest.raises(TrainError, match="another file"):
        add(folder / REGISTRY.name, V2, folder / SIDECAR.name, evaluation)


def test_a_cross_validation_has_a_say(folder):
    for name, content in (
        ("eval", evaluation_of(folder / ONNX.name)),
        ("crossval", {"mean": {"plcc": 0.5}}),
    ):
        write_json(folder / f"{name}.json", content)
    with pytest.raises(TrainError, match=r"cross-validated plcc 0\.5"):
        add(
            folder / REGISTRY.name,
            V2,
            folder / SIDECAR.name,
            folder / "eval.json",
            folder / "crossval.json",
        )


def test_the_check_is_a_command(folder):
    registry = folder / REGISTRY.name
    assert support.run_step("registry", "check", registry).returncode == 0
    (folder / SIDECAR.name).unlink()
    done = support.run_step("registry", "check", registry)
    assert done.returncode == 1
    assert SIDECAR.name in done.stderr
