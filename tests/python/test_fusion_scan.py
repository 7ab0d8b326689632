"""What may not run is refused from the bytes of the model alone, before an ONNX Runtime is there.

Each rule has a model that breaks it, and models that come close are taken.
"""

import re
import sys
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto as T
from onnx import helper

from fusion_models import Probe, constant, sanitizers, total
from fusion_rules import ALLOWED, FORBIDDEN, Make, node, of_size, raw, tensor

EBADMSG = -74
MEMORY = 64 << 20
SECONDS = 0.1
NAN = float("nan")


@pytest.fixture(scope="module")
def probe(build_dir: Path) -> Probe:
    return Probe(build_dir / "tests/c/fusion", Path("/nowhere/libonnxruntime.so"))


@pytest.mark.parametrize("name", FORBIDDEN)
def test_what_breaks_a_rule_is_refused_without_onnx_runtime(
    probe: Probe, tmp_path: Path, name: str
) -> None:
    make, reason = FORBIDDEN[name]
    path = tmp_path / "bad.onnx"
    path.write_bytes(raw(make()))
    answer = probe.open(path, f"model_dir={tmp_path}")
    assert answer.rc == EBADMSG, answer
    assert reason in answer.error
    assert answer.error.startswith(f"model '{path}': ")
    assert answer.stderr == ""


@pytest.mark.parametrize("name", ALLOWED)
def test_what_keeps_the_rules_is_taken(probe: Probe, tmp_path: Path, name: str) -> None:
    path = tmp_path / "good.onnx"
    path.write_bytes(raw(ALLOWED[name]()))
    assert probe.scan(path) == ["0 features score"]


def test_rules_are_not_broken_by_half(probe: Probe, tmp_path: Path) -> None:
    """The models that are refused are refused for one thing: without it they are taken."""
    paths = []
    for name in ("in a branch", "too deep", "endless loop"):
        proto = FORBIDDEN[name][0]()
        assert isinstance(proto, onnx.ModelProto)
        del proto.graph.node[1:]
        paths.append(tmp_path / f"{name}.onnx")
        paths[-1].write_bytes(raw(proto))
    assert probe.scan(*paths) == ["0 features score"] * len(paths)


def test_every_operator_of_the_list_is_found(probe: Probe, tmp_path: Path) -> None:
    source = Path(__file__).resolve().parents[2] / "filter/fusion/operators.c"
    names = re.findall(r'^    \{"(\w+)", ', source.read_text(), re.M)
    assert len(names) == len(set(names)) > 90
    inputs, paths = ["s", "s", "s", "s"], []
    for name in set(names) - {"If", "Loop"}:
        extra = of_size(name, *inputs, **({"value_int": 1} if name == "Constant" else {}))
        paths.append(tmp_path / f"{name}.onnx")
        paths[-1].write_bytes(raw(total([extra], constant("s", [1, 1], np.int64))))
    said = dict(zip((path.stem for path in paths), probe.scan(*paths), strict=True))
    assert {name: line for name, line in said.items() if line != "0 features score"} == {}


def test_odd_names_do_not_reach_the_terminal(probe: Probe, tmp_path: Path) -> None:
    path = tmp_path / "bad.onnx"
    proto = total([of_size("\x1b[31mEvil\n\u00e4", "features")])
    path.write_bytes(raw(proto))
    (line,) = probe.scan(path)
    assert "?[31mEvil???" in line
    assert line.isascii() and line.isprintable()


def message(key: bytes, content: bytes) -> bytes:
    """Return a field of a message that has this content."""
    size = len(content)
    return key + bytes((size >> 7 * i & 127) | (i < 4) << 7 for i in range(5)) + content


START = raw(onnx.ModelProto(ir_version=8, opset_import=[helper.make_opsetid("", 17)]))
IDENTITY = raw(node("Identity", ["features"], ["i"]))

LARGE: dict[str, Make] = {
    "weights": lambda: total([], constant("t", np.ones(13_000_000)), constant("u", NAN)),
    "halves": lambda: total(
        [],
        tensor(T.FLOAT16, [26_000_000], raw_data=b"\0\x3c" * 26_000_000),
        constant("u", NAN),
    ),
    "noise": lambda: np.random.default_rng(1).bytes(52_000_000),
    "short fields": lambda: b"\x72\x00" * 26_000_000,
    "short values": lambda: START + message(b"\x3a", b"\x6a\x00" * 25_000_000),
    "short nodes": lambda: START + message(b"\x3a", message(b"\x0a", IDENTITY) * 1_800_000),
    "names": lambda: total([node("Split", ["features"], ["x" * 1500] * 33_000)]),
    "text": lambda: total([of_size("Relu", "features", doc="[" * 50_000_000, bad=NAN)]),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", LARGE)
def test_large_models_are_refused_fast_and_in_little_memory(
    probe: Probe, build_dir: Path, tmp_path: Path, name: str
) -> None:
    path = tmp_path / "large.onnx"
    data = raw(LARGE[name]())
    assert 45_000_000 < len(data) <= 50 << 20
    path.write_bytes(data)
    del data
    small = tmp_path / "small.onnx"
    small.write_bytes(b"")
    base = probe.open(small)
    answers = [probe.open(path) for _ in range(3)]
    assert {a.rc for a in answers} == {EBADMSG}, answers[0]
    assert base.peak > 0 or sys.platform != "linux"
    if not sanitizers(build_dir):
        assert min(a.peak for a in answers) < MEMORY
        assert min(a.seconds for a in answers) - base.seconds < SECONDS
