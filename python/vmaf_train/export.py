# SPDX-License-Identifier: BSD-2-Clause-Patent
"""From a checkpoint to an ONNX file and its sidecar. Needs onnx, not torch."""

from __future__ import annotations

import dataclasses
import hashlib
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
from onnx import TensorProto, helper, numpy_helper

from vmaf_train.activations import GELU_CUBE, GELU_SCALE
from vmaf_train.checkpoint import network_of, read_checkpoint
from vmaf_train.errors import TableError, TrainError
from vmaf_train.files import write_bytes, write_json
from vmaf_train.models import Model
from vmaf_train.net import Network
from vmaf_train.onnx_file import model_of, serialised
from vmaf_train.provenance import Invocation, run_provenance

INPUT = "features"


@dataclasses.dataclass(frozen=True)
class Exported:
    """What was written: checksum and size of the ONNX file."""

    sha256: str
    size: int


class _Graph:
    """Nodes and constants in the order in which they are added."""

    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.constants: dict[str, npt.NDArray[Any]] = {}

    def add(self, operator: str, inputs: list[str], output: str, **attributes: Any) -> str:
        """Add a node; returns the name of its output."""
        self.nodes.append(helper.make_node(operator, inputs, [output], **attributes))
        return output

    def constant(self, name: str, value: npt.ArrayLike) -> str:
        """Add a constant; returns its name."""
        self.constants[name] = np.ascontiguousarray(value)
        return name


def to_onnx(network: Network, model: Model) -> bytes:
    """Serialise a network; equal networks give equal bytes.

    The graph is Sub, Div where the model standardises by itself, Concat where there is a codec
    block, then Gemm with the activation between, then Squeeze.
    """
    graph, count = _Graph(), len(model.features)
    inputs = [helper.make_tensor_value_info(INPUT, TensorProto.FLOAT, ["N", count])]
    value = INPUT
    if model.scaler_in_graph:
        mean = graph.constant("mean", network.mean[:count])
        std = graph.constant("std", network.std[:count])
        value = graph.add("Div", [graph.add("Sub", [value, mean], "centred"), std], "h0")
    if model.codec is not None:
        block = model.codec.input
        inputs.append(
            helper.make_tensor_value_info(block, TensorProto.FLOAT, ["N", model.codec.width])
        )
        value = graph.add("Concat", [value, block], "h0", axis=1)
    for n, (weight, bias) in enumerate(network.layers):
        # Transposed here rather than by Gemm's attribute: fewer bytes.
        w, b = graph.constant(f"w{n}", weight.T), graph.constant(f"b{n}", bias)
        value = graph.add("Gemm", [value, w, b], f"z{n}")
        if n + 1 < len(network.layers):
            value = _activate(graph, network.activation, value, f"h{n + 1}")
    axis = graph.constant("axis", np.array([-1], np.int64))
    graph.add("Squeeze", [value, axis], model.output)
    return _serialised(graph, inputs, model)


def _activate(graph: _Graph, activation: str, z: str, output: str) -> str:
    if activation == "relu":
        return graph.add("Relu", [z], output)
    # GELU by tanh: z * (half * tanh(z * (scale + cube * z^2)) + half)
    scale = graph.constant("scale", np.float32(GELU_SCALE))
    cube = graph.constant("cube", np.float32(GELU_SCALE * GELU_CUBE))
    half = graph.constant("half", np.float32(0.5))
    square = graph.add("Mul", [z, z], f"{output}_square")
    cubic = graph.add("Mul", [square, cube], f"{output}_cubic")
    slope = graph.add("Add", [cubic, scale], f"{output}_slope")
    bend = graph.add("Mul", [z, slope], f"{output}_bend")
    tanh = graph.add("Tanh", [bend], f"{output}_tanh")
    part = graph.add("Mul", [tanh, half], f"{output}_part")
    gate = graph.add("Add", [part, half], f"{output}_gate")
    return graph.add("Mul", [z, gate], output)


def _serialised(graph: _Graph, inputs: list[onnx.ValueInfoProto], model: Model) -> bytes:
    proto = helper.make_graph(
        graph.nodes,
        "vmaf_tiny",
        inputs,
        [helper.make_tensor_value_info(model.output, TensorProto.FLOAT, ["N"])],
        [numpy_helper.from_array(value, name) for name, value in graph.constants.items()],
    )
    return serialised(model_of(proto, model.opset))


def export(
    model: Model, checkpoint: Path, onnx_path: Path, sidecar_path: Path, invocation: Invocation
) -> Exported:
    """Write the ONNX file and its sidecar.

    Raises
    ------
    TableError
        If the checkpoint does not hold this model: other features, another architecture.
    TrainError
        If the file would be larger than the model may be, or a file cannot be written.
    """
    loaded = read_checkpoint(checkpoint)
    network = network_of(loaded)
    _check_fits(model, network, loaded)
    data = to_onnx(network, model)
    if len(data) >= model.max_bytes:
        raise TrainError(f"{onnx_path.name} takes {len(data)} bytes, not under {model.max_bytes}")
    write_bytes(onnx_path, data)
    exported = Exported(hashlib.sha256(data).hexdigest(), len(data))
    provenance = run_provenance(
        invocation,
        {"ckpt": checkpoint, "out_onnx": onnx_path, "out_sidecar": sidecar_path},
        {"ckpt": checkpoint},
        {"onnx": onnx_path, "sidecar": sidecar_path},
        itself="sidecar",
    )
    sidecar = _sidecar(model, network, onnx_path.name, exported.sha256, loaded)
    write_json(sidecar_path, sidecar | {"run_provenance": provenance})
    return exported


def _check_fits(model: Model, network: Network, checkpoint: dict[str, Any]) -> None:
    features, block = list(checkpoint.get("features", [])), checkpoint.get("codec_block", [])
    if len(features) != len(model.features):
        raise TableError(
            f"the checkpoint has {len(features)} features, {model.id} takes "
            f"{len(model.features)}: {', '.join(model.features)}"
        )
    if features != list(model.features):
        raise TableError(f"the checkpoint's features are not {', '.join(model.features)}")
    if list(block) != list(model.codec.vocabulary if model.codec else ()):
        raise TableError(f"the checkpoint's codec block is not that of {model.id}")
    if len(network.mean) != model.inputs:
        raise TableError(f"the checkpoint takes {len(network.mean)} values, not {model.inputs}")
    hidden = tuple(len(bias) for _, bias in network.layers[:-1])
    if (hidden, network.activation) != (model.hidden, model.activation):
        raise TableError(
            f"the checkpoint's hidden layers are {hidden} with {network.activation}, not "
            f"{model.hidden} with {model.activation}"
        )


def _sidecar(
    model: Model, network: Network, file: str, sha256: str, checkpoint: dict[str, Any]
) -> dict[str, Any]:
    count = len(model.features)
    scaler = {
        f"{'input' if model.scaler_in_graph else 'feature'}_{name}": [float(v) for v in values]
        for name, values in (("mean", network.mean[:count]), ("std", network.std[:count]))
    }
    return {
        "id": model.id,
        "kind": model.kind,
        "onnx": file,
        "opset": model.opset,
        "sha256": sha256,
        **_shapes(model),
        "output_name": model.output,
        "output_shape": [-1],
        "features": list(model.features),
        **scaler,
        "onnx_has_scaler": model.scaler_in_graph,
        **(model.codec.sidecar() if model.codec else {}),
        "teacher": model.teacher,
        "arch": architecture(model),
        "n_params": model.parameters,
        "notes": notes(model, checkpoint),
    }


def _shapes(model: Model) -> dict[str, Any]:
    if model.codec is None:
        return {"input_name": INPUT, "input_shape": [-1, len(model.features)]}
    return {
        "input_names": [INPUT, model.codec.input],
        "input_shapes": [[-1, len(model.features)], [-1, model.codec.width]],
    }


def architecture(model: Model) -> str:
    """Widths of the layers and what is between them, such as ``"6-16-8-1 relu"``."""
    return f"{'-'.join(map(str, model.widths))} {model.activation}"


def notes(model: Model, checkpoint: dict[str, Any]) -> str:
    """Tell in a few words what the model is and how it was trained."""
    metrics = checkpoint.get("train_metrics", {})
    figures = ", ".join(f"{k.upper()} {metrics[k]:.6g}" for k in ("plcc", "rmse") if k in metrics)
    widths = "-".join(map(str, model.widths))
    scaler = (
        "scaler in the graph: feed raw features"
        if model.scaler_in_graph
        else "feed features standardised by feature_mean and feature_std"
    )
    block = f" and the codec block of {len(model.codec.vocabulary)} encoders" if model.codec else ""
    return (
        f"{widths} network ({model.parameters} parameters), {scaler}{block}, clip the answer to "
        f"0..100. Teacher {model.teacher}. On its training rows: {figures}."
    )
