"""From a table to a model that passes its gate."""

import json

import numpy as np
import pytest

import train_support as support
from vmaf_train.checkpoint import network_of, read_checkpoint
from vmaf_train.features import FEATURES
from vmaf_train.runtime import predict
from vmaf_train.splits import split_keys
from vmaf_train.table import read_rows


def train(folder, table, *more):
    return support.run_script(
        "train_vmaf_tiny_v2.py", "--parquet", table,
        "--out-ckpt", folder / "c.pt", "--out-stats", folder / "s.json",
        "--epochs", 3, "--lr", 3e-3, "--polish", 30, *more,
    )  # fmt: skip


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    folder = tmp_path_factory.mktemp("trained")
    table = support.write_parquet(folder / "t.parquet", count=1500, sources=40)
    done = train(folder, table, "--hold-out", "test")
    assert done.returncode == 0, done.stderr
    return folder


def test_train_export_validate(trained):
    onnx, sidecar = trained / "m.onnx", trained / "m.json"
    done = support.run_script(
        "export_vmaf_tiny_v2.py", "--ckpt", trained / "c.pt",
        "--out-onnx", onnx, "--out-sidecar", sidecar,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    table = trained / "t.parquet"
    done = support.run_script(
        "validate_vmaf_tiny_v2.py", "--onnx", onnx, "--parquet", table, "--min-plcc", 0.99
    )
    assert done.returncode == 0, done.stdout + done.stderr
    rows = read_rows(table)
    network = network_of(read_checkpoint(trained / "c.pt"))
    mine = np.clip(network(rows.features), 0, 100)
    assert np.abs(predict(onnx, rows) - mine).max() < 1e-4


def test_the_statistics_say_how_it_went(trained):
    stats = json.loads((trained / "s.json").read_text())
    checkpoint = read_checkpoint(trained / "c.pt")
    assert {"features", "input_mean", "input_std", "train_metrics", "epochs", "lr", "batch_size",
            "seed"} <= set(checkpoint) - {"state_dict"}  # fmt: skip
    assert "state_dict" in checkpoint
    shared = set(checkpoint) - {"state_dict"}
    assert {name: stats[name] for name in shared} == {name: checkpoint[name] for name in shared}
    assert set(stats) - shared == {"n_train_rows", "run_provenance"}
    assert stats["features"] == list(FEATURES)
    assert stats["train_metrics"]["plcc"] > 0.999
    assert stats["run_provenance"]["outputs"]["ckpt"]["exists"] is True


def test_the_scaler_is_of_the_rows_trained_on(trained):
    rows = read_rows(trained / "t.parquet")
    held_out = split_keys(rows.sources()).test
    assert held_out
    kept = rows.take(~np.isin(rows.source, held_out))
    stats = json.loads((trained / "s.json").read_text())
    assert stats["held_out_sources"] == held_out
    assert stats["n_train_rows"] == len(kept) < len(rows)
    assert stats["input_mean"] == pytest.approx(kept.features.mean(axis=0), rel=1e-6)
    assert stats["input_std"] == pytest.approx(kept.features.std(axis=0), rel=1e-6)


TRAIN_THRICE = """
from pathlib import Path
from vmaf_train.checkpoint import save_checkpoint
from vmaf_train.fit import fit
from vmaf_train.models import MODELS
from vmaf_train.recipe import Recipe
from vmaf_train.table import read_rows

table, *checkpoints = map(Path, sys.argv[1:])
for checkpoint, seed in zip(checkpoints, (1, 1, 2)):
    recipe = Recipe(epochs=2, polish=5, restarts=2, seed=seed)
    fitted = fit(MODELS["vmaf_tiny_v2"], read_rows(table), None, recipe)
    save_checkpoint(checkpoint, fitted.network, {})
"""


def test_the_seed_decides_everything(tmp_path):
    table = support.write_parquet(tmp_path / "t.parquet", count=300)
    paths = [tmp_path / name for name in ("first", "second", "other")]
    done = support.run_python(TRAIN_THRICE, table, *paths)
    assert done.returncode == 0, done.stderr
    first, second, other = (path.read_bytes() for path in paths)
    assert first == second != other


def test_an_unwritable_target_fails_in_one_line(tmp_path):
    table = support.write_parquet(tmp_path / "t.parquet", count=100)
    (tmp_path / "file").write_text("")
    done = support.run_step(
        "train", "vmaf_tiny_v2", "--parquet", table, "--epochs", 1, "--polish", 1,
        "--out-ckpt", tmp_path / "file" / "c.pt", "--out-stats", tmp_path / "s.json",
    )  # fmt: skip
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1
    assert not (tmp_path / "s.json").exists()


def test_cross_validation_reports_every_fold(tmp_path):
    table = support.write_parquet(tmp_path / "t.parquet", count=600, sources=6)
    report = tmp_path / "r.json"
    done = support.run_step(
        "crossval", "vmaf_tiny_v2", "--parquet", table, "--folds", 3, "--seeds", 2,
        "--epochs", 2, "--polish", 15, "--out-json", report,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    content = json.loads(report.read_text())
    assert len(content["folds"]) == 3
    assert len(content["results"]) == 6
    assert sum(result["n"] for result in content["results"]) == 2 * 600
    assert 0.99 < content["mean"]["plcc"] <= 1
    assert "PLCC=" in done.stdout.splitlines()[-1]


def test_one_source_cannot_be_left_out(tmp_path):
    table = support.write_parquet(tmp_path / "t.parquet", sources=1)
    done = support.run_step("crossval", "vmaf_tiny_v2", "--parquet", table, "--folds", 0)
    assert done.returncode == 2
    assert "folds need" in done.stderr
