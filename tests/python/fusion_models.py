"""Models for the tests of the fusion, good and bad, and the C program that looks at them."""

import json
import os
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto as T
from onnx import helper, numpy_helper

FEATURES = ("adm2", "vif_scale0", "vif_scale1", "vif_scale2", "vif_scale3", "motion2")
OPSET = 17
ROWS = ((1, 1, 1, 1, 1, 0), (0.5, 0.1, 0.2, 0.3, 0.4, 5), (0, 0, 0, 0, 0, 0), (1, 1, 1, 1, 1, 30))


def constant(name: str, value: Any, dtype: Any = np.float32) -> onnx.TensorProto:
    """Return an initializer."""
    return numpy_helper.from_array(np.asarray(value, dtype), name)


def value(name: str, shape: Sequence[int | str | None] | None, kind: int = T.FLOAT) -> Any:
    """Return what an input or output is declared as."""
    return helper.make_tensor_value_info(name, kind, shape)


def model(
    nodes: Sequence[onnx.NodeProto],
    tensors: Sequence[onnx.TensorProto] = (),
    *,
    inputs: Sequence[onnx.ValueInfoProto] | None = None,
    outputs: Sequence[onnx.ValueInfoProto] | None = None,
    opsets: Sequence[tuple[str, int]] = (("", OPSET),),
    ir_version: int = 8,
) -> onnx.ModelProto:
    """Return a model that takes features and gives a score unless said otherwise."""
    graph = helper.make_graph(
        list(nodes),
        "graph",
        [value("features", ["N", 6])] if inputs is None else list(inputs),
        [value("score", ["N"])] if outputs is None else list(outputs),
        list(tensors),
    )
    imports = [helper.make_opsetid(domain, version) for domain, version in opsets]
    return helper.make_model(graph, opset_imports=imports, ir_version=ir_version)


def mlp(*, opset: int = OPSET, columns: bool = False, seed: int = 0) -> onnx.ModelProto:
    """Return a 6-16-8-1 network with its scaler inside; scores below 0, inside and above 100."""
    rng = np.random.default_rng(seed)
    sizes = (6, 16, 8, 1)
    nodes = [
        helper.make_node("Sub", ["features", "mean"], ["centred"]),
        helper.make_node("Div", ["centred", "std"], ["x0"]),
    ]
    tensors = [constant("mean", [0.9, 0.5, 0.7, 0.8, 0.9, 6]), constant("std", [0.1] * 5 + [7])]
    for i in range(3):
        tensors.append(constant(f"w{i}", rng.normal(size=(sizes[i + 1], sizes[i]))))
        tensors.append(constant(f"b{i}", rng.normal(size=sizes[i + 1])))
        last = "column" if i == 2 else f"y{i}"
        nodes.append(helper.make_node("Gemm", [f"x{i}", f"w{i}", f"b{i}"], [last], transB=1))
        if i < 2:
            nodes.append(helper.make_node("Relu", [f"y{i}"], [f"x{i + 1}"]))
    nodes.append(helper.make_node("Mul", ["column", "ten"], ["score" if columns else "scaled"]))
    tensors.append(constant("ten", 10))
    if not columns and opset >= 13:
        tensors.append(constant("axes", [1], np.int64))
        nodes.append(helper.make_node("Squeeze", ["scaled", "axes"], ["score"]))
    elif not columns:
        nodes.append(helper.make_node("Squeeze", ["scaled"], ["score"], axes=[1]))
    outputs = [value("score", ["N", 1] if columns else ["N"])]
    return model(nodes, tensors, outputs=outputs, opsets=[("", opset)], ir_version=8)


def total(extra: Sequence[onnx.NodeProto] = (), *tensors: onnx.TensorProto, **more: Any) -> Any:
    """Return a model that adds up a row, with other operators beside."""
    return model(
        [helper.make_node("ReduceSum", ["features", "one"], ["score"], keepdims=0), *extra],
        [constant("one", [1], np.int64), *tensors],
        **more,
    )


def body(nodes: Sequence[onnx.NodeProto], output: str, name: str = "body") -> onnx.GraphProto:
    """Return a branch of an If."""
    return helper.make_graph(list(nodes), name, [], [value(output, None)])


def branches(nodes: Sequence[onnx.NodeProto], output: str, result: str) -> onnx.NodeProto:
    """Return an If whose branches are alike; needs a constant "yes"."""
    return helper.make_node(
        "If",
        ["yes"],
        [result],
        then_branch=body(nodes, output, "then"),
        else_branch=body(nodes, output, "else"),
    )


YES = constant("yes", True, np.bool_)


def nested_ifs(depth: int, inner: str = "Identity", domain: str = "") -> onnx.NodeProto:
    """Return Ifs inside of Ifs with one operator at the bottom."""
    node = helper.make_node(inner, ["features"], ["v0"], domain=domain)
    for i in range(depth):
        node = branches([node], f"v{i}", f"v{i + 1}")
    return node


def loop(trips: str, result: str, inner: Sequence[onnx.NodeProto] = ()) -> onnx.NodeProto:
    """Return a Loop that carries nothing but a condition and one number."""
    p = result
    graph = helper.make_graph(
        [
            helper.make_node("Identity", [f"{p}_go"], [f"{p}_on"]),
            helper.make_node("Identity", [f"{p}_in"], [f"{p}_out"]),
            *inner,
        ],
        f"{p}_body",
        [value(f"{p}_i", [], T.INT64), value(f"{p}_go", [], T.BOOL), value(f"{p}_in", [])],
        [value(f"{p}_on", [], T.BOOL), value(f"{p}_out", [])],
    )
    return helper.make_node("Loop", [trips, "yes", "number"], [result], body=graph)


NUMBER = constant("number", 1.0)


def trips(count: int, name: str = "trips") -> onnx.TensorProto:
    """Return the trip count of a loop."""
    return constant(name, count, np.int64)


def register(folder: Path, name: str, proto: onnx.ModelProto | bytes, **row: Any) -> Path:
    """Write a model, its sidecar and its row into the registry of a folder."""
    data = proto if isinstance(proto, bytes) else proto.SerializeToString()
    path = folder / f"{name}.onnx"
    path.write_bytes(data)
    digest = sha256(data).hexdigest()
    sidecar = {"id": name, "kind": "fr", "onnx": path.name, "sha256": digest}
    path.with_suffix(".json").write_text(json.dumps(sidecar | row.pop("sidecar", {})))
    registry = folder / "registry.json"
    content = {"schema_version": 1, "models": []}
    if registry.exists():
        content = json.loads(registry.read_text())
    entry = {"id": name, "kind": "fr", "onnx": path.name, "sha256": digest, "opset": OPSET}
    content["models"].append(entry | row)
    registry.write_text(json.dumps(content))
    return path


@dataclass(frozen=True)
class Answer:
    """What the C program printed, and what it took."""

    rc: int
    error: str
    values: dict[str, str]
    scores: list[float]
    models: list[list[str]]
    stderr: str
    seconds: float  # of processor time
    peak: int  # bytes of memory; 0: not known


@dataclass(frozen=True)
class Probe:
    """Runs the C program that does with models what it is told."""

    programs: Path
    runtime: Path
    name: str = "probe"

    @property
    def fake(self) -> Path:
        """A library that behaves as an ONNX Runtime of any kind."""
        return self.programs / "libfake_ort.so"

    def run(
        self, *arguments: str | Path, text: str = "", **environment: str | Path | None
    ) -> Answer:
        """Run it without any variable of ours in the environment but those that are given."""
        env = {k: v for k, v in os.environ.items() if not k.startswith(("VMAF_", "FAKE_"))}
        env |= {k: str(v) for k, v in environment.items() if v is not None}
        for name in (k for k, v in environment.items() if v is None):
            env.pop(name, None)
        with tempfile.TemporaryFile("w+") as rows:
            rows.write(text)
            rows.seek(0)
            process = subprocess.Popen(
                [self.programs / self.name, *arguments],
                env=env,
                text=True,
                errors="replace",
                stdin=rows,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
            )
        assert process.stdout and process.stderr
        with process.stdout, process.stderr:
            out, err = process.stdout.read(), process.stderr.read()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        assert process.returncode in (0, 1), (process.returncode, out, err)
        pairs = [line.split("=", 1) for line in out.splitlines()]
        values = dict(pairs) if all(len(pair) == 2 for pair in pairs) else {"text": out}
        return Answer(
            int(values.get("rc", 0)),
            values.get("error", ""),
            values,
            [float(pair[1].replace(",", ".")) for pair in pairs if pair[0] == "score"],
            [pair[1].split("|") for pair in pairs if pair[0] == "model"],
            err,
            usage.ru_utime + usage.ru_stime,
            int(values.get("peak", 0)) * 1024,
        )

    def open(
        self,
        name: str | Path,
        *options: str,
        rows: Sequence[Sequence[float]] = ROWS,
        library: str | Path | None = None,
        **environment: str | Path | None,
    ) -> Answer:
        """Open a model and score rows; the ONNX Runtime is the one of this Python."""
        text = "".join(" ".join(repr(float(x)) for x in row) + "\n" for row in rows)
        ort = f"ort_library={library or self.runtime}"
        return self.run("open", str(name), ort, *options, text=text, **environment)

    def scan(self, *paths: Path) -> list[str]:
        """Return what the scanner says of each file: "0 INPUT OUTPUT" or "-ERRNO MESSAGE"."""
        lines = self.run("scan", *paths).values["text"].splitlines()
        assert len(lines) == len(paths)
        return lines


def runtime() -> Path:
    """Library of the ONNX Runtime that this Python has."""
    spec = find_spec("onnxruntime")
    assert spec and spec.origin
    found = sorted((Path(spec.origin).parent / "capi").glob("libonnxruntime*.1.*"))
    assert found, "the onnxruntime package has no library of the C interface"
    return found[0]


def refused(answer: Answer, rc: int, *words: str) -> None:
    """The answer is this error, and its message has these words and is one line."""
    assert (answer.rc, answer.stderr, answer.scores) == (rc, "", []), answer
    for word in words:
        assert word in answer.error, answer.error
    assert 0 < len(answer.error) < 1024


def build_option(build_dir: Path, name: str) -> Any:
    """Return what an option of the C build is set to."""
    options = json.loads((build_dir / "meson-info/intro-buildoptions.json").read_text())
    return next(option["value"] for option in options if option["name"] == name)


def sanitizers(build_dir: Path) -> list[str]:
    """Return the sanitizers that the programs were built with, which take time and memory."""
    chosen = build_option(build_dir, "b_sanitize")
    names = chosen.split(",") if isinstance(chosen, str) else chosen
    return [name for name in names if name != "none"]


def compiler(build_dir: Path) -> list[str]:
    """Return the command that compiles programs for use with what was built."""
    compilers = json.loads((build_dir / "meson-info/intro-compilers.json").read_text())
    flags = sanitizers(build_dir)
    return [
        *compilers["host"]["c"]["exelist"],
        *([f"-fsanitize={','.join(flags)}"] if flags else []),
    ]


CONDITIONED = {
    "input_names": ["features", "codec"],
    "encoder_vocab": ["libx264", "libx265", "other"],
    "encoder_aliases": {"h264": "libx264", "lost": "nowhere"},
    "encoder_presets": {"libx264": {"fast": 2, "slow": 4}},
    "preset_max": 8,
    "preset_unknown": 3,
    "crf_range": [1, 51],
    "codec_blind": [0.25, 0.25, 0.5, 0.125, 0.75],
}
"""Sidecar of what `conditioned` makes."""


def conditioned(kind: int = T.FLOAT, swapped: bool = False, width: int = 5):
    """Return a model that answers with the codec block, read as digits, plus the features' sum."""
    dtype = np.float64 if kind == T.DOUBLE else np.float32
    inputs = [value("features", ["N", 6], kind), value("codec", ["N", width], kind)]
    return model(
        [
            helper.make_node("ReduceSum", ["features", "one"], ["sum"], keepdims=1),
            helper.make_node("MatMul", ["codec", "digits"], ["block"]),
            helper.make_node("Add", ["sum", "block"], ["score"]),
        ],
        [
            constant("one", [1], np.int64),
            constant("digits", [[10.0**i] for i in range(width)], dtype),
        ],
        inputs=inputs[::-1] if swapped else inputs,
        outputs=[value("score", ["N", 1], kind)],
    )
