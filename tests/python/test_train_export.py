"""A network and the file made of it are the same function."""

import json
import zipfile

import numpy as np
import onnx
import onnxruntime as ort
import pytest

import train_support as support
from vmaf_train.checkpoint import network_of, read_checkpoint
from vmaf_train.errors import TableError
from vmaf_train.export import to_onnx
from vmaf_train.models import MODELS
from vmaf_train.net import Network, scaler
from vmaf_train.runtime import predict

V2 = MODELS["vmaf_tiny_v2"]


def test_the_file_is_the_graph_that_was_agreed():
    data = to_onnx(support.network(), V2)
    assert len(data) < 2048
    graph = onnx.load_from_string(data).graph
    operators = [node.op_type for node in graph.node]
    assert operators == ["Sub", "Div", "Gemm", "Relu", "Gemm", "Relu", "Gemm", "Squeeze"]
    assert onnx.load_from_string(data).opset_import[0].version == 17
    session = ort.InferenceSession(data, providers=["CPUExecutionProvider"])
    (given,), (got,) = session.get_inputs(), session.get_outputs()
    assert (given.name, given.type, given.shape) == ("features", "tensor(float)", ["N", 6])
    assert (got.name, got.type, got.shape) == ("vmaf", "tensor(float)", ["N"])


def test_a_runtime_gives_what_the_arrays_give():
    net = support.network(3)
    rows = support.plausible_features(1000).astype(np.float32)
    session = ort.InferenceSession(to_onnx(net, V2), providers=["CPUExecutionProvider"])
    for part in (rows, rows[:1], rows[:7]):
        (scores,) = session.run(None, {"features": part})
        assert scores.shape == (len(part),)
        assert np.abs(scores - net(part)).max() < 1e-4


def test_equal_networks_give_equal_bytes():
    assert to_onnx(support.network(4), V2) == to_onnx(support.network(4), V2)
    assert to_onnx(support.network(4), V2) != to_onnx(support.network(5), V2)


def test_the_scaler_survives_a_feature_that_never_changes():
    rows = support.plausible_features(100)
    rows[:, 2] = 0.7
    mean, std = scaler(rows)
    assert mean == pytest.approx(rows.mean(axis=0), rel=1e-6)
    assert std[2] == 1
    assert np.delete(std, 2) == pytest.approx(np.delete(rows.std(axis=0), 2), rel=1e-6)


def test_the_model_has_as_many_parameters_as_the_card_says():
    assert V2.parameters == support.network().parameters == 257


@pytest.mark.parametrize("shape", [(16, 5), (17, 6)])
def test_layers_must_fit(shape):
    net = support.network()
    layers = [(np.zeros(shape, np.float32), net.layers[0][1]), *net.layers[1:]]
    with pytest.raises(TableError):
        Network(net.mean, net.std, layers)


def test_a_checkpoint_reads_without_torch(tmp_path):
    net = support.network(1)
    loaded = network_of(read_checkpoint(support.write_checkpoint(tmp_path / "c.pt", net)))
    rows = support.plausible_features(10)
    assert (loaded(rows) == net(rows)).all()


class Evil:
    def __reduce__(self):
        import os

        return os.mkdir, ("/tmp/vmaf-train-was-here",)


def test_a_checkpoint_runs_no_code(tmp_path):
    net = support.network()
    path = support.write_checkpoint(tmp_path / "c.pt", net, extra=Evil())
    with pytest.raises(TableError, match="refers to"):
        read_checkpoint(path)


@pytest.mark.parametrize("content", [b"", b"not a zip", None])
def test_what_is_no_checkpoint_is_refused(tmp_path, content):
    path = tmp_path / "c.pt"
    if content is None:
        with zipfile.ZipFile(path, "w") as file:
            file.writestr("archive/other", b"")
    else:
        path.write_bytes(content)
    with pytest.raises(TableError):
        read_checkpoint(path)


def export(tmp_path, checkpoint):
    return support.run_script(
        "export_vmaf_tiny_v2.py", "--ckpt", checkpoint,
        "--out-onnx", tmp_path / "m.onnx", "--out-sidecar", tmp_path / "m.json",
    )  # fmt: skip


def test_the_script_writes_model_and_sidecar(tmp_path):
    net = support.network(2)
    done = export(tmp_path, support.write_checkpoint(tmp_path / "c.pt", net))
    assert done.returncode == 0, done.stderr
    data = (tmp_path / "m.onnx").read_bytes()
    assert data == to_onnx(net, V2)
    sidecar = json.loads((tmp_path / "m.json").read_text())
    assert f"sha256 {sidecar['sha256']}, {len(data)} bytes" in done.stdout
    assert list(sidecar) == [
        "id", "kind", "onnx", "opset", "sha256", "input_name", "input_shape", "output_name",
        "output_shape", "features", "input_mean", "input_std", "onnx_has_scaler", "teacher", "arch",
        "n_params", "notes", "run_provenance",
    ]  # fmt: skip
    assert sidecar["onnx_has_scaler"] is True
    assert (sidecar["input_shape"], sidecar["output_shape"]) == ([-1, 6], [-1])
    assert sidecar["input_mean"] == [float(v) for v in net.mean]
    before = (tmp_path / "m.json").read_bytes()
    assert export(tmp_path, tmp_path / "c.pt").returncode == 0
    assert (tmp_path / "m.json").read_bytes() == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["c.pt", "m.json", "m.onnx"]


@pytest.mark.parametrize(
    ("net", "features"),
    [
        (support.network(inputs=5), V2.features[:5]),
        (support.network(), ["vif_scale0", "adm2", *V2.features[2:]]),
        (support.network(hidden=(32, 16)), V2.features),
    ],
    ids=["five features", "another order", "another architecture"],
)
def test_the_script_refuses_another_model(tmp_path, net, features):
    path = support.write_checkpoint(tmp_path / "c.pt", net, features)
    done = export(tmp_path, path)
    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 1
    assert list(tmp_path.iterdir()) == [path]


def test_predictions_are_clipped(tmp_path):
    net = support.network()
    loud = Network(
        net.mean, net.std, [*net.layers[:-1], (net.layers[-1][0] * 50, net.layers[-1][1])]
    )
    (tmp_path / "m.onnx").write_bytes(to_onnx(loud, V2))
    scores = predict(tmp_path / "m.onnx", support.bare_rows(support.plausible_features(500)))
    assert (scores.min(), scores.max()) == (0, 100)
