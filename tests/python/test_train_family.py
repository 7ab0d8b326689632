"""Every model that ships: its papers, its promises, and that its scores have not drifted."""

import json
import re
from dataclasses import replace

import numpy as np
import pytest

import train_support as support
from vmaf_tiny import Model
from vmaf_tiny._core import ROW
from vmaf_train.drift import drifted, read_expected
from vmaf_train.files import int8_paths, sha256_of
from vmaf_train.metrics import agreement
from vmaf_train.models import MODELS
from vmaf_train.registry import MAX_BYTES
from vmaf_train.runtime import predict

EXPECTED = support.ROOT / "tests" / "python" / "expected_scores.csv"
REGISTRY = support.MODELS / "registry.json"
TRAINED = sorted(MODELS)
WITH_CODEC = [name for name in TRAINED if MODELS[name].codec]
WITH_INT8 = [name for name in TRAINED if MODELS[name].int8]


def onnx_of(name):
    return support.MODELS / f"{name}.onnx"


def row_of(name):
    (row,) = [m for m in json.loads(REGISTRY.read_text())["models"] if m["id"] == name]
    return row


@pytest.mark.parametrize("name", TRAINED)
def test_the_papers_agree(name):
    row, sidecar = row_of(name), json.loads(onnx_of(name).with_suffix(".json").read_text())
    assert row["sha256"] == sidecar["sha256"] == sha256_of(onnx_of(name))
    assert sidecar["onnx_has_scaler"] is MODELS[name].scaler_in_graph
    assert ("feature_mean" in sidecar) is not MODELS[name].scaler_in_graph
    assert onnx_of(name).stat().st_size <= MAX_BYTES["fr"]


@pytest.mark.parametrize("name", TRAINED)
def test_the_card_keeps_the_gate(name):
    card, gate = onnx_of(name).with_suffix(".md").read_text(), MODELS[name].gate
    assert row_of(name)["sha256"] in card
    (row,) = re.findall(r"^\| test sources, held out \|(.*)\|$", card, re.MULTILINE)
    _, plcc, _, rmse, p99, _ = (float(value) for value in row.split("|"))
    assert plcc >= gate.plcc
    assert rmse <= gate.rmse
    assert p99 <= gate.p99


def test_no_score_has_drifted():
    assert drifted(EXPECTED, REGISTRY) == []


def test_a_drift_is_found(tmp_path):
    rows, expected = read_expected(EXPECTED)
    lines = EXPECTED.read_text().splitlines()
    first = lines[1].split(",")
    first[-1] = f"{float(first[-1]) + 1.1e-3:.6f}"
    (tmp_path / "e.csv").write_text("\n".join([lines[0], ",".join(first), *lines[2:]]) + "\n")
    assert ["moved by" in line for line in drifted(tmp_path / "e.csv", REGISTRY)] == [True]
    assert len(rows) >= 100
    assert set(TRAINED) | {f"{name}.int8" for name in WITH_INT8} == set(expected)


@pytest.mark.parametrize("name", TRAINED)
def test_the_expected_scores_are_the_teachers(name):
    rows, expected = read_expected(EXPECTED)
    assert np.ptp(rows.vmaf) > 90
    result = agreement(expected[name], rows.vmaf)
    assert result.rmse <= MODELS[name].gate.rmse
    assert result.plcc >= 0.9998


@pytest.mark.parametrize("name", [name for name in TRAINED if not MODELS[name].codec])
def test_the_core_gives_the_same_scores(name):
    rows, expected = read_expected(EXPECTED)
    table = np.zeros(len(rows), ROW)
    table["index"], table["value"] = np.arange(len(rows)), rows.features
    with Model(name, model_dir=support.MODELS, registered_only=True) as model:
        assert np.abs(model.score(table) - expected[name]).max() < 1e-3


@pytest.mark.parametrize("name", WITH_CODEC)
def test_the_core_encodes_the_codec_as_the_factory_does(name):
    rows, expected = read_expected(EXPECTED)
    n = next(i for i in range(len(rows)) if rows.codec[i] == "libx265")
    table = np.zeros(1, ROW)
    table["value"] = rows.features[n]
    told = {"codec": "libx265", "preset": rows.preset[n], "crf": rows.crf[n]}
    with Model(name, model_dir=support.MODELS, registered_only=True, **told) as model:
        assert abs(model.score(table)[0] - expected[name][n]) < 1e-3


@pytest.mark.parametrize("name", TRAINED)
def test_identical_pictures_score_as_the_teacher_has_it(name):
    motions = (0.0, 3, 6.4, 10, 20, 40)
    rows = support.bare_rows([(1, 1, 1, 1, 1, motion) for motion in motions])
    still, *moving = predict(onnx_of(name), rows)
    assert still == pytest.approx(97.428, abs=0.5)
    assert min(moving) > 99.5


@pytest.mark.parametrize("name", TRAINED)
@pytest.mark.parametrize("motion", [0.0, 8.0, 20.0])
def test_worse_pictures_score_lower(name, motion):
    """Along the way of encodes from good to bad, down to where the teacher itself turns."""
    best = np.array([1, 1, 1, 1, 1, motion])
    worst = np.array([0.55, 0.05, 0.15, 0.22, 0.3, motion])
    way = predict(
        onnx_of(name),
        support.bare_rows([best + t * (worst - best) for t in np.linspace(0, 0.8, 100)]),
    )
    assert np.diff(way).max() <= 0.05
    assert way[0] > 95
    assert way[-1] < 32


@pytest.mark.parametrize("name", WITH_CODEC)
def test_another_encoder_or_crf_hardly_changes_the_score(name):
    """The features say how good the picture is; who made it says nothing that they do not."""
    rows, expected = read_expected(EXPECTED)
    count = len(rows)
    for codec, preset, crf in (
        ("libx264", "ultrafast", 10), ("libx264", "veryslow", 51), ("libsvtav1", "8", 63),
        ("hevc_nvenc", "p7", 0), ("libx265", "medium", 28),
    ):  # fmt: skip
        other = replace(
            rows,
            codec=np.full(count, codec),
            preset=np.full(count, preset),
            crf=np.full(count, float(crf)),
        )
        moved = np.abs(predict(onnx_of(name), other) - expected[name])
        assert moved.mean() < 0.25
        assert moved.max() < 2.5


@pytest.mark.parametrize("name", WITH_INT8)
def test_the_int8_form_is_registered_and_near(name):
    int8, sidecar = int8_paths(onnx_of(name))
    row = row_of(name)
    assert row["int8_sha256"] == sha256_of(int8) == json.loads(sidecar.read_text())["sha256"]
    assert row["quant_mode"] == "static"
    assert int8.stat().st_size < onnx_of(name).stat().st_size
    rows, expected = read_expected(EXPECTED)
    full, small = (agreement(expected[n], rows.vmaf).plcc for n in (name, f"{name}.int8"))
    assert full - small <= MODELS[name].gate.int8_drop
    with Model(str(int8), model_dir=support.MODELS) as model:
        table = np.zeros(len(rows), ROW)
        table["value"] = rows.features
        assert np.abs(model.score(table) - expected[f"{name}.int8"]).max() < 1e-3
