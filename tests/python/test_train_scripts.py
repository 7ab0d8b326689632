"""The steps as commands: exit codes, one line of complaint, reports."""

import json

import numpy as np
import pytest

import train_support as support
from vmaf_train.export import to_onnx
from vmaf_train.files import sha256_of
from vmaf_train.models import MODELS
from vmaf_train.splits import split_keys


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    path = tmp_path_factory.mktemp("model") / "m.onnx"
    path.write_bytes(to_onnx(support.network(), MODELS["vmaf_tiny_v2"]))
    return path


def close_to_model(features):
    rng = np.random.default_rng(9)
    return np.clip(support.network()(features) + rng.normal(0, 0.1, len(features)), 0, 100)


def shuffled(features):
    return np.random.default_rng(9).permutation(close_to_model(features))


def validate(model, table, *more):
    return support.run_script(
        "validate_vmaf_tiny_v2.py", "--onnx", model, "--parquet", table, *more
    )


def test_a_good_model_passes_the_gate(tmp_path, model):
    table = support.write_parquet(tmp_path / "t.parquet", score=close_to_model)
    report = tmp_path / "r.json"
    done = validate(model, table, "--rows", 150, "--min-plcc", 0.97, "--out-json", report)
    assert done.returncode == 0, done.stderr
    content = json.loads(report.read_text())
    assert list(content) == [
        "model", "rows", "min_plcc", "plcc", "rmse", "gate_pass", "sample_predictions",
        "sample_truth", "run_provenance",
    ]  # fmt: skip
    assert (content["model"], content["rows"], content["gate_pass"]) == ("vmaf_tiny_v2", 150, True)
    assert content["plcc"] > 0.999
    assert 0 < content["rmse"] < 0.5
    assert len(content["sample_predictions"]) == len(content["sample_truth"]) == 5
    provenance = content["run_provenance"]
    assert list(provenance) == ["schema", "entrypoint", "argv", "args", "inputs", "outputs"]
    assert provenance["schema"] == "ai-run-provenance-v1"
    script = "python/scripts/validate_vmaf_tiny_v2.py"
    assert provenance["entrypoint"] == {
        "path": script, "exists": True, "kind": "file", "sha256": sha256_of(support.ROOT / script),
    }  # fmt: skip
    assert provenance["inputs"]["onnx"]["sha256"] == sha256_of(model)
    assert provenance["args"]["rows"] == 150


def test_a_bad_model_does_not(tmp_path, model):
    table = support.write_parquet(tmp_path / "t.parquet", score=shuffled)
    report = tmp_path / "r.json"
    done = validate(model, table, "--out-json", report)
    assert done.returncode == 1
    assert "FAIL" in done.stdout
    assert json.loads(report.read_text())["gate_pass"] is False


@pytest.mark.parametrize("column", ["motion2", "vmaf"])
def test_a_missing_column_is_wrong_usage(tmp_path, model, column):
    table = support.write_parquet(tmp_path / "t.parquet", drop=[column])
    done = validate(model, table, "--out-json", tmp_path / "r.json")
    assert done.returncode == 2
    assert column in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert not (tmp_path / "r.json").exists()


def test_a_model_that_is_none_fails(tmp_path):
    table = support.write_parquet(tmp_path / "t.parquet")
    (tmp_path / "m.onnx").write_bytes(b"no model")
    for path in (tmp_path / "m.onnx", tmp_path / "nowhere.onnx"):
        done = validate(path, table)
        assert done.returncode == 1
        assert len(done.stderr.splitlines()) == 1
        assert path.name in done.stderr


def test_a_report_that_cannot_be_written_fails(tmp_path, model):
    table = support.write_parquet(tmp_path / "t.parquet", score=close_to_model)
    (tmp_path / "file").write_text("")
    done = validate(model, table, "--out-json", tmp_path / "file" / "r.json")
    assert done.returncode == 1
    assert "cannot be written" in done.stderr


def test_eval_prints_figures_of_the_split(tmp_path, model):
    table = support.write_parquet(tmp_path / "t.parquet", score=close_to_model, sources=40)
    test = split_keys(f"clip_{n:04d}" for n in range(40)).test
    assert test
    done = support.run_step("eval", "--model", model, "--features", table, "--split", "test")
    assert done.returncode == 0, done.stderr
    figures = dict(part.split("=") for part in done.stdout.split())
    assert int(figures["n"]) == 600 // 40 * len(test)
    assert float(figures["PLCC"]) > 0.999
    assert float(figures["SROCC"]) > 0.99
    assert 0.05 < float(figures["RMSE"]) < 0.2


def test_eval_refuses_a_split_without_sources(tmp_path, model):
    table = support.write_parquet(tmp_path / "t.parquet", sources=1)
    done = support.run_step("eval", "--model", model, "--features", table, "--split", "val")
    assert done.returncode == 2
    assert "val split" in done.stderr
    table = support.write_parquet(tmp_path / "t.parquet", drop=["source"])
    assert support.run_step("eval", "--model", model, "--features", table).returncode == 2


@pytest.mark.parametrize("script", ["train", "export", "validate"])
def test_a_script_without_arguments_is_wrong_usage(script):
    assert support.run_script(f"{script}_vmaf_tiny_v2.py").returncode == 2


def test_training_refuses_a_table_that_lacks_a_column(tmp_path):
    table = support.write_parquet(tmp_path / "t.parquet", drop=["adm2"])
    done = support.run_script(
        "train_vmaf_tiny_v2.py", "--parquet", table,
        "--out-ckpt", tmp_path / "c.pt", "--out-stats", tmp_path / "s.json",
    )  # fmt: skip
    assert done.returncode == 2
    assert "adm2" in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["t.parquet"]
