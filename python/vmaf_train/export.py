# SPDX-License-Identifier: BSD-2-Clause-Patent
"""From a checkpoint to an ONNX file and its sidecar. Needs onnx, not torch."""

from __future__ import annotations

import dataclasses
import hashlib
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from vmaf_train.checkpoint import network_of, read_checkpoint
from vmaf_train.errors import TableError, TrainError
from vmaf_train.files import write_bytes, write_json
from vmaf_train.models import Model
from vmaf_train.net import Network
from vmaf_train.provenance import Invocation, run_provenance

INPUT, OUTPUT = "features", "vmaf"


@dataclasses.dataclass(frozen=True)
class Exported:
    """What was written: checksum and size of the ONNX file."""

    sha256: str
    size: int


def to_onnx(network: Network, opset: int = 17) -> bytes:
    """Serialise a network; equal networks give equal bytes.

    The graph is Sub, Div, then Gemm with Relu between, then Squeeze: the caller feeds raw features.
    """
    constants = {"mean": network.mean, "std": network.std}
    nodes = [
        helper.make_node("Sub", [INPUT, "mean"], ["centred"]),
        helper.make_node("Div", ["centred", "std"], ["h0"]),
    ]
    for n, (weight, bias) in enumerate(network.layers):
        # Transposed here rather than by Gemm's attribute: fewer bytes.
        constants |= {f"w{n}": weight.T, f"b{n}": bias}
        nodes.append(helper.make_node("Gemm", [f"h{n}", f"w{n}", f"b{n}"], [f"z{n}"]))
        if n + 1 < len(network.layers):
            nodes.append(helper.make_node("Relu", [f"z{n}"], [f"h{n + 1}"]))
    constants["axis"] = np.array([-1], np.int64)
    nodes.append(helper.make_node("Squeeze", [f"z{len(network.layers) - 1}", "axis"], [OUTPUT]))
    graph = helper.make_graph(
        nodes,
        "vmaf_tiny",
        [helper.make_tensor_value_info(INPUT, TensorProto.FLOAT, ["N", len(network.mean)])],
        [helper.make_tensor_value_info(OUTPUT, TensorProto.FLOAT, ["N"])],
        [numpy_helper.from_array(np.ascontiguousarray(v), k) for k, v in constants.items()],
    )
    # The oldest IR that has this opset: every runtime that can run the graph can read the file.
    model = helper.make_model(
        graph,
        opset_imports=[helper.make_opsetid("", opset)],
        ir_version=helper.find_min_ir_version_for([helper.make_opsetid("", opset)]),
        producer_name="vmaf-tiny",
    )
    onnx.checker.check_model(model, full_check=True)
    return bytes(model.SerializeToString(deterministic=True))


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
    data = to_onnx(network, model.opset)
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
    count = len(network.mean)
    if count != len(model.features):
        raise TableError(
            f"the checkpoint has {count} features, {model.id} takes "
            f"{len(model.features)}: {', '.join(model.features)}"
        )
    if list(checkpoint.get("features", [])) != list(model.features):
        raise TableError(f"the checkpoint's features are not {', '.join(model.features)}")
    hidden = tuple(len(bias) for _, bias in network.layers[:-1])
    if hidden != model.hidden:
        raise TableError(f"the checkpoint's hidden layers are {hidden}, not {model.hidden}")


def _sidecar(
    model: Model, network: Network, file: str, sha256: str, checkpoint: dict[str, Any]
) -> dict[str, Any]:
    return {
        "id": model.id,
        "kind": model.kind,
        "onnx": file,
        "opset": model.opset,
        "sha256": sha256,
        "input_name": INPUT,
        "input_shape": [-1, len(model.features)],
        "output_name": OUTPUT,
        "output_shape": [-1],
        "features": list(model.features),
        "input_mean": [float(v) for v in network.mean],
        "input_std": [float(v) for v in network.std],
        "onnx_has_scaler": True,
        "notes": notes(model, checkpoint),
    }


def notes(model: Model, checkpoint: dict[str, Any]) -> str:
    """One sentence on what the model is and how it was trained."""
    widths = "-".join(str(n) for n in (len(model.features), *model.hidden, 1))
    metrics = checkpoint.get("train_metrics", {})
    figures = ", ".join(f"{k.upper()} {metrics[k]:.6g}" for k in ("plcc", "rmse") if k in metrics)
    return (
        f"{widths} network ({model.parameters} parameters), scaler in the graph: feed raw features,"
        f" clip the answer to 0..100. Teacher {model.teacher}. On its training rows: {figures}."
    )
