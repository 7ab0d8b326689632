"""Bad input: one line that says what is wrong and what to do, exit 1, nothing left behind."""

import os
import shutil
from pathlib import Path

import numpy as np
import pytest

import clips
from command import assert_one_line, run
from vmaf_tiny import _core

W, H, FRAMES = 160, 128, 10  # of the videos


def empty(path):
    path.touch()


def cut_off(path):
    whole = clips.write(path, clips.planes(FRAMES), codec="ffv1").read_bytes()
    path.write_bytes(whole[: len(whole) * 2 // 3])


def tagged(**tags):
    """Return a maker of a video with colour tags."""
    return lambda path: clips.write(path, clips.planes(FRAMES), **tags)


BAD_VIDEOS = {
    "missing.mkv": (lambda path: None, "no such file"),
    "folder.mkv": (Path.mkdir, "folder"),
    "empty.mkv": (empty, "empty"),
    "text.mkv": (lambda path: path.write_text("no video\n" * 99), "video"),
    "noise.mp4": (lambda path: path.write_bytes(np.random.default_rng(1).bytes(9999)), "video"),
    "cut.mkv": (cut_off, "damage"),
    "sound.mp4": (clips.write_audio, "no video"),
    "raw.yuv": (lambda path: clips.write_raw(path, clips.planes(1)), "raw"),
    "pq.mkv": (tagged(color_trc=16), "PQ"),
    "hlg.mkv": (tagged(color_trc=18), "HLG"),
    "full.mkv": (tagged(color_range=2), "range"),
}


@pytest.mark.parametrize("name", BAD_VIDEOS)
@pytest.mark.parametrize("side", ["reference", "distorted"])
def test_bad_video_is_refused_in_one_line(said, pair, videos, place, name, side):
    make, word = BAD_VIDEOS[name]
    bad = videos / name
    if not bad.exists():
        make(bad)
    both = (bad, pair[1]) if side == "reference" else (pair[0], bad)
    status, out, err = said(*both, "-o", "log.json")
    assert (status, out) == (1, "")
    assert_one_line(err, word)
    assert name in err
    assert list(place.iterdir()) == []


@pytest.mark.parametrize("option", ["-r", "-d", "--model", "-o"])
def test_names_that_end_lines_or_command_terminals_are_shown_as_escapes(said, pair, option):
    name = "no\n\x1b[31m\x85\u2028/x"
    arguments = {"-r": pair[0], "-d": pair[1]} | {option: name}
    status, out, err = said(*(part for each in arguments.items() for part in each))
    assert status in (1, 2) and out == ""
    assert_one_line(err, r"no\n\x1b[31m\x85\u2028/x")


def test_video_smaller_than_the_metric_is_refused(said, place):
    small = clips.write("small.mkv", clips.planes(FRAMES, 32, 32))
    status, out, err = said(small, small, "-o", "log.json")
    assert (status, out) == (1, "")
    assert_one_line(err, "32x32", "33")
    assert [path.name for path in place.iterdir()] == [small.name]


def test_raw_video_of_another_size_is_refused(said, place, pair):
    Path("cut.yuv").write_bytes(bytes(W * H * 3 // 2 * 3 - 7))
    status, out, err = said("cut.yuv", "cut.yuv", "-w", W, "-h", H, "-o", "log.json")
    assert (status, out) == (1, "")
    assert_one_line(err, "cut.yuv", f"{W}x{H}")
    assert [path.name for path in place.iterdir()] == ["cut.yuv"]


def test_standard_input_cannot_be_both(said):
    status, out, err = said("-", "-")
    assert (status, out) == (1, "")
    assert_one_line(err, "standard input")


def test_empty_standard_input(place, pair):
    done = run("-", pair[1], input=b"")
    assert (done.returncode, done.stdout) == (1, b"")
    assert_one_line(done.stderr.decode(), "standard input")


@pytest.mark.parametrize(
    ("name", "flag"),
    [("pq.mkv", "--allow-hdr"), ("hlg.mkv", "--allow-hdr"),
     ("full.mkv", "--allow-range-mismatch"), ("cut.mkv", "--allow-damage")],
)  # fmt: skip
def test_what_is_refused_can_be_allowed_and_is_warned_of(said, pair, videos, name, flag):
    bad = videos / name
    if not bad.exists():
        BAD_VIDEOS[name][0](bad)
    status, out, err = said("-q", pair[0], bad, flag)
    assert status == 0 and 0 < float(out) <= 100
    assert said("-q", pair[0], bad, flag.removesuffix("-mismatch")) == (status, out, err)
    assert err.startswith("vmaf-tiny: warning: ")


def altered(path):
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


BAD_MODELS = {
    "corrupt": lambda path: path.write_bytes(b"\x08\x07" + bytes(99)),
    "truncated": lambda path: path.write_bytes(path.read_bytes()[: path.stat().st_size // 2]),
    "empty": lambda path: path.write_bytes(b""),
    "oversized": lambda path: os.truncate(path, 50 * 1024 * 1024 + 1),
    "folder": lambda path: (path.unlink(), path.mkdir()),
    "missing": Path.unlink,
}


@pytest.mark.parametrize("name", BAD_MODELS)
def test_bad_model_is_refused_in_one_line(said, pair, place, name):
    with _core.Model() as model:
        shutil.copy(model.info.path, "bad.onnx")
    BAD_MODELS[name](Path("bad.onnx"))
    status, out, err = said(*pair, "--tiny-model", "bad.onnx", "-o", "log.json")
    assert (status, out) == (1, "")
    assert_one_line(err, "bad.onnx")
    assert not Path("log.json").exists()


def test_model_of_another_shape_is_refused(said, pair, place):
    from onnx import TensorProto, helper, save

    taken = helper.make_tensor_value_info("features", TensorProto.FLOAT, ["N", 5])
    given = helper.make_tensor_value_info("vmaf", TensorProto.FLOAT, ["N"])
    axis = helper.make_tensor("axis", TensorProto.INT64, [1], [1])
    node = helper.make_node("ReduceSum", ["features", "axis"], ["vmaf"], keepdims=0)
    graph = helper.make_graph([node], "five", [taken], [given], [axis])
    save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)]), "five.onnx")
    status, out, err = said(*pair, "--tiny-model", "five.onnx", "-o", "log.json")
    assert (status, out) == (1, "")
    assert_one_line(err, "five.onnx")
    assert not Path("log.json").exists()


@pytest.fixture
def model_folder(place):
    with _core.Model() as model:
        shutil.copytree(Path(model.info.path).parent, "models")
    return Path("models")


def test_altered_registered_model_is_refused(said, pair, model_folder):
    altered(model_folder / "vmaf_tiny_v2.onnx")
    status, out, err = said(*pair, "--model-dir", model_folder, "-o", "log.json")
    assert (status, out) == (1, "")
    assert_one_line(err, "vmaf_tiny_v2")
    assert not Path("log.json").exists()
    status, out, _ = said("models", "--model-dir", model_folder)
    assert status == 0 and "altered" in out
    status, out, _ = said("doctor", "--model-dir", model_folder)
    assert status == 1 and "altered" in out


def test_registry_that_is_none(said, pair, model_folder):
    (model_folder / "registry.json").write_text("{")
    for command in (pair, ("models",)):
        status, out, err = said(*command, "--model-dir", model_folder)
        assert (status, out) == (1, "")
        assert_one_line(err, "registry")


def test_unregistered_model_is_allowed_unless_verified(said, pair, place):
    import onnx

    with _core.Model() as model:
        graph = onnx.load(model.info.path)
    graph.doc_string = "other bytes"
    onnx.save(graph, "own.onnx")
    assert said("-q", *pair, "--tiny-model", "own.onnx")[0] == 0
    status, out, err = said("-q", *pair, "--tiny-model", "own.onnx", "--verify")
    assert (status, out) == (1, "")
    assert_one_line(err, "own.onnx")


def test_what_this_machine_lacks(said, pair, place):
    missing = [name for name in ("cuda", "openvino", "rocm") if name not in _core.devices()]
    assert missing
    status, out, err = said(*pair, "--tiny-device", missing[0])
    assert (status, out) == (1, "")
    assert_one_line(err, missing[0], "cpu")
    status, out, err = said(*pair, "--ort-lib", place / "none.so")
    assert (status, out) == (1, "")
    assert_one_line(err, "onnxruntime")
    status, out, err = said(*pair, "--tiny-model", "vmaf_tiny_v999")
    assert (status, out) == (1, "")
    assert_one_line(err, "vmaf_tiny_v999")


@pytest.mark.parametrize("path", ["/dev/full", "no/such/folder/log.json", "folder"])
def test_log_that_cannot_be_written(said, pair, place, path):
    Path("folder").mkdir()
    status, out, err = said(*pair, "-o", path, "--json")
    assert (status, out) == (1, "")
    assert_one_line(err, path)
    assert [path.name for path in place.rglob("*")] == ["folder"]


def test_log_does_not_replace_a_video(said, pair, place):
    shutil.copy(pair[1], "dis.mp4")
    before = Path("dis.mp4").read_bytes()
    status, out, err = said(pair[0], "dis.mp4", "-o", "./dis.mp4", "--json")
    assert (status, out) == (1, "")
    assert_one_line(err, "dis.mp4")
    assert Path("dis.mp4").read_bytes() == before
