"""Models in the filter that want more than features: the encoder, limits, pictures."""

import json

import numpy as np
import onnx
import pytest
from launched import DISTORTED, REFERENCE, texture, worse, write_y4m
from onnx import TensorProto, helper, numpy_helper

import vmaf_tiny

SIDECAR = {
    "encoder_vocab": ["libx264", "libx265"],
    "encoder_presets": {"libx264": {"fast": 2, "slow": 4}},
    "encoder_aliases": {"h264": "libx264"},
    "preset_max": 8,
    "crf_range": [0, 50],
}


def write_model(path, sidecar, codec=0):
    """Write a model that adds up a row and, times 10, a codec block."""
    rows = helper.make_tensor_value_info("features", TensorProto.FLOAT, ["N", 6])
    inputs = [rows]
    nodes = [helper.make_node("ReduceSum", ["features", "one"], ["sum"], keepdims=0)]
    if codec:
        inputs.append(helper.make_tensor_value_info("codec", TensorProto.FLOAT, ["N", codec]))
        nodes += [
            helper.make_node("ReduceSum", ["codec", "one"], ["block"], keepdims=0),
            helper.make_node("Mul", ["block", "ten"], ["tens"]),
            helper.make_node("Add", ["sum", "tens"], ["score"]),
        ]
    else:
        nodes.append(helper.make_node("Identity", ["sum"], ["score"]))
    tensors = [numpy_helper.from_array(np.array([1]), "one")]
    tensors.append(numpy_helper.from_array(np.array(10, np.float32), "ten"))
    outputs = [helper.make_tensor_value_info("score", TensorProto.FLOAT, ["N"])]
    graph = helper.make_graph(nodes, "g", inputs, outputs, tensors)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.save(model, path)
    path.with_suffix(".json").write_text(json.dumps(sidecar))
    return path


@pytest.fixture
def videos(tmp_path):
    lumas = texture(4)
    paths = tmp_path / "ref.y4m", tmp_path / "dis.y4m"
    write_y4m(paths[0], lumas)
    write_y4m(paths[1], worse(lumas))
    return paths


def logged(ffmpeg, videos, options, folder):
    return ffmpeg.logged(videos[1], videos[0], options, path=folder / "log.json")


def test_the_encoder_reaches_the_model(ffmpeg, videos, tmp_path):
    model = write_model(tmp_path / "m.onnx", SIDECAR, codec=4)
    plain = logged(ffmpeg, videos, f"model={model}:codec=blind", tmp_path)
    named = logged(ffmpeg, videos, f"model={model}:codec=h264:preset=slow:crf=20", tmp_path)
    for one, other in zip(plain.rows, named.rows, strict=True):
        # 1 + 0.5 + 0.5 blind, 1 + 4/8 + 20/50 named
        assert other["vmaf"] - one["vmaf"] == pytest.approx(10 * (0.4 - 0.5), abs=1e-4)
    block = named.log["vmaf_tiny"]
    assert [block[key] for key in ("codec", "preset", "crf")] == ["libx264", "slow", "20"]
    ours = vmaf_tiny.score(*videos, model, codec="h264", preset="slow", crf=20)
    assert [row["vmaf"] for row in named.rows] == pytest.approx(ours.scores.tolist(), abs=1e-6)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ("", "libx264, libx265"),
        ("codec=av2", "'av2'"),
        ("codec=libx264", "give crf"),
        ("codec=libx264:crf=60", "0 to 50, not '60'"),
        ("codec=libx264:crf=20:preset=quick", "fast, slow"),
    ],
)
def test_an_encoder_that_the_model_does_not_know_is_refused(ffmpeg, tmp_path, options, words):
    model = write_model(tmp_path / "m.onnx", SIDECAR, codec=4)
    ran = ffmpeg.score(DISTORTED, REFERENCE, ":".join(filter(None, (f"model={model}", options))))
    assert ran.status not in (0, -11, -6, 134, 139)
    assert words in ran.said and ran.score is None


def test_a_model_that_takes_no_encoder_refuses_one(ffmpeg):
    ran = ffmpeg.score(DISTORTED, REFERENCE, "codec=libx264")
    assert ran.status != 0 and "not conditioned on the encoder" in ran.said


def test_features_have_the_limits_that_the_model_wants(ffmpeg, videos, tmp_path):
    limits = {"vif_gain_limit": 1.0, "adm_gain_limit": 1.5}
    model = write_model(tmp_path / "m.onnx", limits)
    got = logged(ffmpeg, videos, f"model={model}", tmp_path)
    ours = vmaf_tiny.score(*videos, model)
    for row, features in zip(got.rows, ours.features.tolist(), strict=True):
        adm2, *vif, _ = features
        assert row["adm2_egl_1.5"] == pytest.approx(adm2, abs=1e-6)
        assert [row[f"vif_scale{i}_egl_1"] for i in range(4)] == pytest.approx(vif, abs=1e-6)
    assert [row["vmaf"] for row in got.rows] == pytest.approx(ours.scores.tolist(), abs=1e-6)
    assert got.log["vmaf_tiny"]["adm_gain_limit"] == 1.5


def test_a_model_of_pictures_is_refused_by_name(ffmpeg):
    ran = ffmpeg.score(DISTORTED, REFERENCE, "model=dists_sq_placeholder_v0")
    assert ran.status != 0 and ran.score is None
    assert "dists_sq_placeholder_v0 looks at pictures" in ran.said
