# SPDX-License-Identifier: BSD-2-Clause-Patent
"""Models that look at pictures and claim no quality: they test the way of pictures into a model.

They have the inputs and outputs of models that there are elsewhere, DISTS and MobileSal, so that
weights with a licence that allows it can take their place; nothing in them was trained.
"""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from vmaf_train.files import write_bytes, write_json
from vmaf_train.onnx_file import model_of, serialised
from vmaf_train.registry import put

OPSET = 17
LICENSE = "BSD-3-Clause-Plus-Patent"
SIZE = ("H", "W")

_CARD = """\
# {id}: {title}

**A placeholder.** {description} Nothing in it was trained, and its answers say nothing of quality:
it tests the way of decoded pictures into a model.

    vmaf-tiny pictures {videos} --tiny-model {id}

| | |
|---|---|
| file | `{id}.onnx`, {size} bytes, opset {opset}, float32 |
| sha256 | `{sha256}` |
| inputs | {inputs}: [1, 3, H, W] |
| output | `{output}`, {answer} |
| feature | `{feature}` |
| licence | {license} |

    {graph}

The core turns decoded pictures of 8 to 16 bits into R'G'B' from 0 to 1 by the matrix (BT.709,
BT.601, BT.2020) and range that the video says, a chroma sample standing for all pixels that share
it, cuts off what falls outside, and normalises by the mean (0.485, 0.456, 0.406) and standard
deviation (0.229, 0.224, 0.225) of ImageNet's channels. A video that says no matrix has BT.709 from
1280 pixels across or 577 down, else BT.601; one that says no range is limited.

Made by `vmaf-train placeholders --out model/tiny`, the same bytes every time.
"""


@dataclasses.dataclass(frozen=True)
class Placeholder:
    """What to build.

    Parameters
    ----------
    id, kind : str
        As the registry wants them.
    title, description, graph : str
        For the card.
    inputs : tuple of str
        Names of the pictures.
    output, feature : str
        Name of the output, and of what is made of it.
    is_map : bool
        Whether the output is a map.
    nodes : callable
        Gives nodes and constants.
    """

    id: str
    kind: str
    title: str
    description: str
    graph: str
    inputs: tuple[str, ...]
    output: str
    feature: str
    is_map: bool
    nodes: Callable[[], tuple[list[onnx.NodeProto], dict[str, Any]]]


def _distance() -> tuple[list[onnx.NodeProto], dict[str, Any]]:
    nodes = [
        helper.make_node("Sub", ["ref", "dist"], ["difference"]),
        helper.make_node("Mul", ["difference", "difference"], ["square"]),
        helper.make_node("ReduceMean", ["square"], ["score"], keepdims=0),
    ]
    return nodes, {}


def _saliency() -> tuple[list[onnx.NodeProto], dict[str, Any]]:
    # Brighter than ImageNet's mean is salient: shares of colours in luma, times their deviation.
    weight = np.array([0.2126, 0.7152, 0.0722], np.float32).reshape(1, 3, 1, 1)
    nodes = [
        helper.make_node("Conv", ["input", "weight"], ["logit"], kernel_shape=[1, 1]),
        helper.make_node("Sigmoid", ["logit"], ["saliency_map"]),
    ]
    return nodes, {"weight": weight}


PLACEHOLDERS = (
    Placeholder(
        id="dists_sq_placeholder_v0",
        kind="fr",
        title="a distance of two pictures",
        description="The mean of the squared difference of two normalised pictures.",
        graph="ref, dist -> Sub -> Mul -> ReduceMean -> score",
        inputs=("ref", "dist"),
        output="score",
        feature="dists_sq",
        is_map=False,
        nodes=_distance,
    ),
    Placeholder(
        id="mobilesal_placeholder_v0",
        kind="nr",
        title="a map of what catches the eye",
        description="A 1x1 convolution and a sigmoid: what is bright is salient.",
        graph="input -> Conv -> Sigmoid -> saliency_map",
        inputs=("input",),
        output="saliency_map",
        feature="saliency_mean",
        is_map=True,
        nodes=_saliency,
    ),
)


def to_onnx(placeholder: Placeholder) -> bytes:
    """Serialise a placeholder; the same bytes every time."""
    nodes, constants = placeholder.nodes()
    shape: list[int | str | None] = [1, 1, *SIZE] if placeholder.is_map else []
    tensor = helper.make_tensor_value_info
    graph = helper.make_graph(
        nodes,
        placeholder.id,
        [tensor(name, TensorProto.FLOAT, [1, 3, *SIZE]) for name in placeholder.inputs],
        [tensor(placeholder.output, TensorProto.FLOAT, shape)],
        [numpy_helper.from_array(value, name) for name, value in constants.items()],
    )
    return serialised(model_of(graph, OPSET))


def write(folder: Path, placeholder: Placeholder) -> Path:
    """Write a placeholder with its sidecar, its card and its row of the registry.

    Raises
    ------
    TrainError
        If a file cannot be written.
    """
    data = to_onnx(placeholder)
    name = placeholder.id
    sha256 = hashlib.sha256(data).hexdigest()
    row = {
        "id": name,
        "kind": placeholder.kind,
        "onnx": f"{name}.onnx",
        "opset": OPSET,
        "sha256": sha256,
    }
    notes = "Not trained: tests the way of pictures into a model and claims no quality."
    sidecar = {
        **row,
        "input_names": list(placeholder.inputs),
        "output_names": [placeholder.output],
        "feature": placeholder.feature,
        "smoke": True,
        "notes": notes,
    }
    card = _CARD.format(
        **vars(placeholder)
        | {
            "videos": "source.mp4 encode.mp4" if placeholder.kind == "fr" else "video.mp4",
            "size": len(data),
            "opset": OPSET,
            "sha256": sha256,
            "inputs": ", ".join(f"`{name}`" for name in placeholder.inputs),
            "answer": "[1, 1, H, W], of which the mean is taken"
            if placeholder.is_map
            else "a number",
            "license": LICENSE,
        }
    )
    path = folder / f"{name}.onnx"
    write_bytes(path, data)
    write_json(path.with_suffix(".json"), sidecar)
    write_bytes(path.with_suffix(".md"), card.encode())
    about = {"description": placeholder.description, "smoke": True, "notes": notes}
    put(folder / "registry.json", row | about | {"license": LICENSE})
    return path
