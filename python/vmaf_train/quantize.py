# SPDX-License-Identifier: BSD-2-Clause-Patent
"""The int8 form of a model, by onnxruntime's static quantization.

Weights are kept in eight bits, with a scale for each unit; what flows between the layers stays in
float32. Dynamic quantization would take its scale from whatever rows share a batch, so that the
score of a picture depended on its neighbours; with static ranges, networks this small lose too
much. The first layer takes features whose last digits matter, the last gives the score: they stay
as they are.
"""

from __future__ import annotations

import dataclasses
import hashlib
import logging
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import onnx

from vmaf_train.errors import TrainError
from vmaf_train.files import int8_paths, read_json, sha256_of, write_bytes, write_json
from vmaf_train.metrics import Agreement, agreement
from vmaf_train.models import Model
from vmaf_train.onnx_file import serialised
from vmaf_train.provenance import Invocation, run_provenance
from vmaf_train.runtime import predict
from vmaf_train.table import Rows

MODE = "static"
_CALIBRATED = 4096  # rows that the ranges between the layers are taken from, spread over the table


@dataclasses.dataclass(frozen=True)
class Quantized:
    """The int8 form beside the float32 form, both against the teacher on the same rows."""

    sha256: str
    size: int
    fp32: Agreement
    int8: Agreement

    @property
    def drop(self) -> float:
        """By how much less the int8 form correlates with the teacher."""
        return self.fp32.plcc - self.int8.plcc


def quantize(
    model: Model,
    sidecar: Path,
    calibration: Rows,
    test: Rows,
    table: Path,
    report: Path | None,
    invocation: Invocation,
) -> Quantized:
    """Write the int8 form of an exported model beside it, and say so in its sidecar.

    Parameters
    ----------
    sidecar : Path
        Of the float32 form.
    calibration, test : Rows
        To take ranges from, and to measure on.

    Raises
    ------
    TrainError
        If the model has no int8 form, the file is not the one of the sidecar, or the int8 form
        correlates less than the gate allows; nothing is written then.
    """
    if not model.int8:
        raise TrainError(f"{model.id} has no int8 form; see models.py")
    about = read_json(sidecar)
    onnx_path = sidecar.parent / about["onnx"]
    if not onnx_path.is_file() or sha256_of(onnx_path) != about["sha256"]:
        raise TrainError(f"{onnx_path} is not the file that {sidecar} describes; export again")
    with tempfile.TemporaryDirectory() as folder:
        data = to_int8(onnx_path, calibration, Path(folder))
        trial = Path(folder) / "trial.onnx"
        trial.write_bytes(data)
        done = Quantized(
            hashlib.sha256(data).hexdigest(),
            len(data),
            agreement(predict(onnx_path, test), test.vmaf),
            agreement(predict(trial, test), test.vmaf),
        )
    if not done.drop <= model.gate.int8_drop:
        raise TrainError(
            f"the int8 form of {model.id} loses {done.drop:.6f} of PLCC, more than "
            f"{model.gate.int8_drop}; nothing was written"
        )
    int8, int8_sidecar = int8_paths(onnx_path)
    write_bytes(int8, data)
    budget = {"quant_accuracy_budget_plcc": model.gate.int8_drop}
    inputs = {"onnx": onnx_path, "parquet": table}
    args: dict[str, Any] = {"sidecar": sidecar, "parquet": table}
    provenance = run_provenance(
        invocation, args, inputs, {"int8": int8, "sidecar": int8_sidecar}, itself="sidecar"
    )
    notes = {
        "notes": f"int8 form of {onnx_path.name}: PLCC {done.drop:.6f} less than float32 on "
        f"{done.int8.n} held-out rows, RMSE {done.int8.rmse:.3f}.",
    }
    form = {"onnx": int8.name, "sha256": done.sha256, "quant_mode": MODE, **budget}
    write_json(int8_sidecar, about | form | notes | {"run_provenance": provenance})
    parent = about | {"quant_mode": MODE, "int8_sha256": done.sha256, **budget}
    parent["run_provenance"] = parent.pop("run_provenance")
    write_json(sidecar, parent)
    if report is not None:
        provenance = run_provenance(
            invocation, args, inputs, {"int8": int8, "out_json": report}, itself="out_json"
        )
        write_json(
            report,
            {
                "model": model.id,
                "int8": int8.name,
                "sha256": done.sha256,
                "size": done.size,
                "plcc_drop": done.drop,
                "budget": model.gate.int8_drop,
                "fp32_figures": dataclasses.asdict(done.fp32),
                "int8_figures": dataclasses.asdict(done.int8),
                "sources": test.sources(),
                "run_provenance": provenance,
            },
        )
    return done


def to_int8(onnx_path: Path, calibration: Rows, folder: Path) -> bytes:
    """Quantize; the same model and rows give the same bytes."""
    from onnxruntime import quantization  # type: ignore[import-untyped, unused-ignore]

    every = max(1, len(calibration) // _CALIBRATED)
    features = calibration.features[::every].astype(np.float32)
    proto = onnx.load(onnx_path)
    gemms = [node for node in proto.graph.node if node.op_type == "Gemm"]
    for n, node in enumerate(gemms):
        node.name = f"gemm{n}"  # how the quantizer is told which layers to leave alone
    named, out = folder / "named.onnx", folder / "int8.onnx"
    onnx.save(proto, named)
    level = logging.getLogger().level
    logging.getLogger().setLevel(logging.ERROR)  # it advises to optimise a graph of ten nodes
    try:
        quantization.quantize_static(
            str(named),
            str(out),
            _Calibration(proto.graph.input[0].name, features),
            quant_format=quantization.QuantFormat.QDQ,
            activation_type=quantization.QuantType.QUInt8,
            weight_type=quantization.QuantType.QInt8,
            per_channel=True,
            op_types_to_quantize=["Gemm"],
            nodes_to_exclude=["gemm0", f"gemm{len(gemms) - 1}"],
        )
    except Exception as error:  # its exceptions have no common base
        raise TrainError(f"quantizing {onnx_path} failed: {error}") from error
    finally:
        logging.getLogger().setLevel(level)
    return _weights_only(proto, onnx.load(out))


def _weights_only(exact: onnx.ModelProto, quantized: onnx.ModelProto) -> bytes:
    """Put a model together of the exact one's nodes and the quantized one's weights."""
    weights = {tensor.name: tensor for tensor in quantized.graph.initializer}
    whole = onnx.ModelProto()
    whole.CopyFrom(exact)
    nodes, constants = list(whole.graph.node), list(whole.graph.initializer)
    for node in quantized.graph.node:
        weight = node.output[0].removesuffix("_DequantizeLinear_Output")
        if node.op_type != "DequantizeLinear" or not weight.startswith("w"):
            continue
        constants = [tensor for tensor in constants if tensor.name != weight]
        constants += [weights[name] for name in node.input]
        nodes.insert(0, node)
        for gemm in nodes:
            if gemm.op_type == "Gemm":
                gemm.input[1] = gemm.input[1].replace(weight, node.output[0])
    for field, values in ((whole.graph.node, nodes), (whole.graph.initializer, constants)):
        copies = [type(value).FromString(value.SerializeToString()) for value in values]
        del field[:]
        field.extend(copies)
    return serialised(whole)


class _Calibration:
    """Hands the rows to the quantizer, once."""

    def __init__(self, name: str, features: np.ndarray[Any, np.dtype[np.float32]]) -> None:
        self._batches: Iterator[dict[str, Any]] = iter([{name: features}])

    def get_next(self) -> dict[str, Any] | None:
        """Next batch, or None."""
        return next(self._batches, None)
