# SPDX-License-Identifier: BSD-2-Clause-Patent
"""From a graph to the bytes of an ONNX file, the same every time."""

from __future__ import annotations

import onnx
from onnx import helper


def model_of(graph: onnx.GraphProto, opset: int) -> onnx.ModelProto:
    """Make a model of the oldest IR that has this opset.

    Every runtime that can run the graph can read the file then.
    """
    imports = [helper.make_opsetid("", opset)]
    return helper.make_model(
        graph,
        opset_imports=imports,
        ir_version=helper.find_min_ir_version_for(imports),
        producer_name="vmaf-tiny",
    )


def serialised(model: onnx.ModelProto) -> bytes:
    """Check a model and return its bytes."""
    onnx.checker.check_model(model, full_check=True)
    return bytes(model.SerializeToString(deterministic=True))
