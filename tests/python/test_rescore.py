"""Features are kept, and scored again by any model, without any video."""

import dataclasses
import json
from importlib import import_module

import numpy as np
import pyarrow.parquet as pq
import pytest

import clips
import train_support  # noqa: F401  (puts the trainer on the path)
import vmaf_tiny
from fusion_models import mlp
from vmaf_tiny import InputError, Model, OptionError
from vmaf_tiny._core import FEATURES
from vmaf_tiny.cli import main
from vmaf_tiny.logs import read_log
from vmaf_tiny.probe import describe, weigh
from vmaf_tiny.rescore import read_results, rescore
from vmaf_tiny.table import read_table, write_table


@pytest.fixture(scope="module")
def videos(tmp_path_factory):
    folder = tmp_path_factory.mktemp("rescore")
    clips.write(folder / "ref.mkv", clips.planes(9))
    for qp in (30, 48):
        clips.write(folder / f"qp{qp}.mp4", clips.planes(9), options={"qp": str(qp)})
    return folder


@pytest.fixture(scope="module")
def encodes(videos):
    reference = str(videos / "ref.mkv")
    paths = [str(videos / f"qp{qp}.mp4") for qp in (30, 48)]
    return [describe(vmaf_tiny.score(reference, path), reference, path) for path in paths]


@pytest.fixture(scope="module")
def other(tmp_path_factory):
    """Another model, of random weights."""
    path = tmp_path_factory.mktemp("model") / "other.onnx"
    path.write_bytes(mlp().SerializeToString())
    return path


def same(one, other):
    for name in ("scores", "features", "index", "times"):
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name))
    assert one.provenance == other.provenance
    assert (one.pooled, one.fps, one.warnings) == (other.pooled, other.fps, other.warnings)


def test_a_table_keeps_all_there_is(encodes, tmp_path):
    write_table(tmp_path / "x.parquet", encodes)
    again = read_table(tmp_path / "x.parquet")
    assert len(again) == 2
    for one, back in zip(encodes, again, strict=True):
        same(one.result, back.result)
        plain = {f.name for f in dataclasses.fields(one)} - {"result"}
        assert {n: getattr(one, n) for n in plain} == {n: getattr(back, n) for n in plain}
        assert back.bitrate == pytest.approx(8 * weigh(one.distorted).size / (9 / 25), rel=0.02)


def test_unknown_times_come_back_as_unknown(tmp_path):
    result = vmaf_tiny.score(clips.planes(4), [clips.noisy(p) for p in clips.planes(4)])
    write_table(tmp_path / "x.parquet", [describe(result, "a", "b")])
    assert pq.read_table(tmp_path / "x.parquet")["time"].null_count == 4
    same(result, read_table(tmp_path / "x.parquet")[0].result)


def test_a_table_has_what_training_reads(encodes, tmp_path):
    read_rows = import_module("vmaf_train.table").read_rows

    write_table(tmp_path / "x.parquet", encodes)
    rows = read_rows(tmp_path / "x.parquet")
    np.testing.assert_array_equal(rows.features[:9], encodes[0].result.features)
    assert rows.sources() == ["ref"]


def test_the_same_model_gives_the_same_scores(encodes):
    with Model() as model:
        for one in encodes:
            np.testing.assert_array_equal(rescore(one.result, model).scores, one.result.scores)


def test_another_model_gives_what_it_gives_when_it_scores_the_videos(encodes, other):
    with Model(other) as model:
        for one in encodes:
            again = rescore(one.result, model)
            direct = vmaf_tiny.score(one.reference, one.distorted, model)
            np.testing.assert_array_equal(again.scores, direct.scores)
            assert again.provenance.model.id == "other"
            assert again.pooled == direct.pooled != one.result.pooled


@pytest.mark.parametrize("kind", ["json", "csv"])
def test_logs_are_scored_again_to_their_precision(encodes, kind, tmp_path):
    one = encodes[1].result
    one.write(tmp_path / f"log.{kind}", kind)
    (read,) = read_results([tmp_path / f"log.{kind}"])
    np.testing.assert_allclose(read.result.features, one.features, rtol=0, atol=5.1e-7)
    np.testing.assert_array_equal(read.result.index, one.index)
    with Model() as model:
        np.testing.assert_allclose(rescore(read.result, model).scores, one.scores, atol=1e-3)
    if kind == "json":
        np.testing.assert_allclose(read.result.times, one.times, atol=1e-3)
        assert read.result.provenance.model.sha256 == one.provenance.model.sha256


def test_a_log_finds_its_videos_beside_it(encodes, videos):
    encodes[0].result.write(videos / "qp30.json", "json")
    read = read_log(videos / "qp30.json")
    assert (read.reference, read.distorted) == (encodes[0].reference, encodes[0].distorted)


def test_a_log_of_libvmaf(encodes, tmp_path):
    """As libvmaf writes it: no block of ours, and names of any kind."""
    names = [n if n == "adm2" else f"integer_{n}" for n in FEATURES]
    frames = [
        {"frameNum": n, "metrics": {**dict(zip(names, row, strict=True)), "vmaf": 1.0}}
        for n, row in enumerate(encodes[0].result.features.tolist())
    ]
    (tmp_path / "log.json").write_text(json.dumps({"version": "3.2.0", "frames": frames}))
    with Model() as model:
        again = rescore(read_log(tmp_path / "log.json").result, model)
    np.testing.assert_array_equal(again.scores, encodes[0].result.scores)


@pytest.mark.parametrize("limit", ["vif_gain_limit", "adm_gain_limit"])
def test_features_with_another_gain_limit_are_refused(encodes, limit):
    result = encodes[0].result
    changed = dataclasses.replace(result.provenance, **{limit: 1.0})
    with Model() as model, pytest.raises(InputError, match=r"limit of 1, .*score the videos again"):
        rescore(dataclasses.replace(result, provenance=changed), model)


BROKEN = {
    "text.json": ("hello", "is no log"),
    "list.json": ("[1]", "is no log"),
    "frames.json": ('{"frames": []}', "no pictures"),
    "lacks.json": ('{"frames": [{"frameNum": 0, "metrics": {"vmaf": 1}}]}', "lacks 'integer_adm2'"),
    "some.csv": ("Frame,psnr\n0,1\n", "lacks 'integer_adm2'"),
    "not.parquet": ("PAR1", "cannot be read"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_what_is_no_file_of_results_is_refused(name, tmp_path):
    text, said = BROKEN[name]
    (tmp_path / name).write_text(text)
    with pytest.raises(InputError, match=said):
        read_results([tmp_path / name])


def test_a_foreign_table_is_refused(encodes, tmp_path):
    write_table(tmp_path / "x.parquet", encodes)
    table = pq.read_table(tmp_path / "x.parquet")
    pq.write_table(table.replace_schema_metadata({}), tmp_path / "bare.parquet")
    with pytest.raises(InputError, match="does not tell how"):
        read_table(tmp_path / "bare.parquet")
    pq.write_table(table.drop_columns(["adm2"]), tmp_path / "less.parquet")
    with pytest.raises(InputError, match="no column adm2"):
        read_table(tmp_path / "less.parquet")


def test_a_file_of_another_kind_is_refused(tmp_path):
    with pytest.raises(OptionError, match=r"ab\.xml is no file of results"):
        read_results([tmp_path / "ab.xml"])
    with pytest.raises(InputError, match="no file"):
        read_results([tmp_path / "ab.json"])


def test_the_command(videos, tmp_path, capfd, monkeypatch, other):
    monkeypatch.chdir(videos)
    assert main(["ref.mkv", "qp48.mp4", "-q", "-o", str(tmp_path / "a.parquet")]) == 0
    score = capfd.readouterr().out
    monkeypatch.chdir(tmp_path)
    assert main(["rescore", "a.parquet", "-q"]) == 0
    assert capfd.readouterr().out == score
    assert main(["rescore", "a.parquet", "--model", str(other), "-o", "b.parquet"]) == 0
    out = capfd.readouterr().out
    assert "vmaf_tiny_v2 → other" in out and "9 frames scored in" in out
    (changed,) = read_table("b.parquet")
    assert changed.result.provenance.model.id == "other"
    assert main(["rescore", "b.parquet", "-o", "c.json"]) == 0
    log = json.loads((tmp_path / "c.json").read_text())
    assert log["pooled_metrics"]["vmaf"]["mean"] == float(score)


def test_outputs_that_cannot_be(videos, tmp_path, capfd, monkeypatch):
    monkeypatch.chdir(tmp_path)
    pair = [str(videos / "ref.mkv"), str(videos / "qp48.mp4")]
    main([*pair, "-q", "-o", "a.parquet"])
    capfd.readouterr()
    for arguments, said in (
        (["a.parquet", "-o", "a.parquet"], "one of the inputs"),
        (["a.parquet", "-o", "b.txt"], "does not tell the format"),
        (["a.parquet", "-o", "no/b.parquet"], "make no first"),
        (["a.parquet", "a.parquet", "-o", "b.json"], "write .parquet"),
        (["--model", "none", "a.parquet"], "none"),
    ):
        assert main(["rescore", *arguments]) in (1, 2)
        out, err = capfd.readouterr()
        assert out == "" and err.count("\n") == 1 and said in err
    assert {path.name for path in tmp_path.iterdir()} == {"a.parquet"}


def test_without_pyarrow_the_way_to_it_is_told(videos, capfd, monkeypatch, tmp_path):
    monkeypatch.setitem(__import__("sys").modules, "pyarrow", None)
    pair = [str(videos / "ref.mkv"), str(videos / "qp48.mp4")]
    assert main([*pair, "-o", str(tmp_path / "a.parquet")]) == 2
    assert "pip install 'vmaf-tiny[parquet]'" in capfd.readouterr().err
