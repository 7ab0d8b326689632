"""A card says what was measured, of this file and of no other."""

import copy
import json

import pytest

import train_support as support
from vmaf_train.card import write_card
from vmaf_train.errors import TrainError
from vmaf_train.files import write_json
from vmaf_train.models import MODELS

V2 = MODELS["vmaf_tiny_v2"]
SIDECAR = support.MODELS / "vmaf_tiny_v2.json"


def run(script, *argv, **inputs):
    return {
        "entrypoint": {"path": f"python/{script}"},
        "argv": list(argv),
        "inputs": inputs,
    }


def reports():
    model = {"sha256": json.loads(SIDECAR.read_text())["sha256"]}
    figures = {
        "n": 321,
        "plcc": 0.98765,
        "srocc": 0.9753,
        "rmse": 0.246,
        "p99": 1.35,
        "worst": 5.79,
    }
    means = {"plcc": 0.97531, "srocc": 0.9642, "rmse": 0.357, "p99": 1.11}
    return {
        "stats": {
            "epochs": 11, "batch_size": 222, "lr": 0.0033, "polish": 44, "seed": 5, "sampled": 2.0,
            "restarts": 3, "held_out_sources": ["pond", "river"],
            "run_provenance": run("scripts/train_vmaf_tiny_v2.py", "--parquet", "runs/t.parquet"),
        },
        "corpus": {
            "rows": 12345, "units": 6, "distortions": 78, "sources": ["pond", "river", "sea"],
            "codecs": ["libx264", "none"], "libvmaf": "v9",
            "licenses": {"CC-BY-4.0": ["a/b", "c/d"]},
            "run_provenance": run("vmaf_train/cli.py", "extract", "--out", "runs/t.parquet"),
        },
        "evaluation": {
            "split": "test", "sources": ["pond", "river"], **figures,
            "run_provenance": run("vmaf_train/cli.py", "eval", "--split", "test", model=model),
        },
        "crossval": {
            "folds": [["pond"], ["river", "sea"]], "seeds": 1, "mean": means,
            "std": dict.fromkeys(means, 0.125),
            "run_provenance": run("vmaf_train/cli.py", "crossval", "vmaf_tiny_v2"),
        },
    }  # fmt: skip


def card(folder, content):
    paths = {name: folder / f"{name}.json" for name in content}
    for name, path in paths.items():
        write_json(path, content[name])
    out = folder / "card.md"
    write_card(
        out, V2, SIDECAR, paths["stats"], paths["corpus"], [paths["evaluation"]], paths["crossval"]
    )
    return out.read_text()


def test_every_figure_comes_from_a_report(tmp_path):
    text = card(tmp_path, reports())
    for figure in ("0.987650", "0.9753", "0.246", "1.35", "5.79", "0.975310 ± 0.125000", "12345",
                   "257 parameters", "pond, river", "a/b, c/d", "44 steps"):  # fmt: skip
        assert figure in text
    for command in (
        "vmaf-train eval --split test",
        "vmaf-train extract --out runs/t.parquet",
        "python python/scripts/train_vmaf_tiny_v2.py --parquet runs/t.parquet",
        "python python/scripts/export_vmaf_tiny_v2.py",
    ):
        assert f"    {command}" in text
    assert "test sources, held out | 321 |" in text
    assert "{id}" not in text


def test_figures_of_another_file_are_refused(tmp_path):
    content = reports()
    content["evaluation"]["run_provenance"]["inputs"]["model"]["sha256"] = "0" * 64
    with pytest.raises(TrainError, match="another file"):
        card(tmp_path, content)
    assert not (tmp_path / "card.md").exists()


def test_figures_on_what_was_trained_on_are_refused(tmp_path):
    content = reports()
    content["stats"]["held_out_sources"] = ["pond"]
    with pytest.raises(TrainError, match="trained on"):
        card(tmp_path, content)


@pytest.mark.parametrize(
    ("report", "key"), [("stats", "seed"), ("corpus", "rows"), ("evaluation", "rmse")]
)
def test_a_value_that_lacks_is_named(tmp_path, report, key):
    content = copy.deepcopy(reports())
    del content[report][key]
    with pytest.raises(TrainError, match=key):
        card(tmp_path, content)
