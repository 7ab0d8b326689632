# SPDX-License-Identifier: BSD-2-Clause-Patent
"""libvmaf's own models: from the JSON of a support vector regression to an ONNX file.

The graph reckons in double precision, as libvmaf does: with features equal to libvmaf's, the scores
are libvmaf's own.
"""

from __future__ import annotations

import dataclasses
import hashlib
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from onnx import TensorProto, helper, numpy_helper

from vmaf_train.errors import TrainError
from vmaf_train.export import INPUT, Exported
from vmaf_train.features import FEATURES
from vmaf_train.files import read_json, write_bytes, write_json
from vmaf_train.onnx_file import model_of, serialised
from vmaf_train.provenance import Invocation, run_provenance
from vmaf_train.teacher import Teacher, plain_name, read_teacher

OPSET = 17
OUTPUT = "vmaf"
NO_LIMIT = 100.0
"""Gain limit of features of models that name none."""

_LIMITS = {"adm_enhn_gain_limit": "adm_gain_limit", "vif_enhn_gain_limit": "vif_gain_limit"}


@dataclasses.dataclass(frozen=True)
class Transform:
    """What is done to a score before it is clipped, for viewers of a phone.

    Parameters
    ----------
    coefficients : tuple of float
        Of a polynomial, the constant first.
    at_least, at_most : bool
        The answer is not below, not above the score.
    """

    coefficients: tuple[float, float, float]
    at_least: bool
    at_most: bool


@dataclasses.dataclass(frozen=True)
class Svm:
    """A model of libvmaf.

    Parameters
    ----------
    regression : Teacher
        From features to scores.
    clip : tuple of float, or None
        Bounds of the scores.
    transform : Transform or None
        That the file has, whether or not it is wanted.
    limits : mapping
        ``vif_gain_limit`` and ``adm_gain_limit`` that the features must have.
    """

    regression: Teacher
    clip: tuple[float, float] | None
    transform: Transform | None
    limits: Mapping[str, float]


def read_svm(path: Path) -> Svm:
    """Read a model file of libvmaf over the six features, such as ``vmaf_v0.6.1neg.json``.

    Raises
    ------
    TrainError
        If the file is missing or asks for something that cannot be imported.
    """
    regression = read_teacher(path)
    model = read_json(path)["model_dict"]
    try:
        return Svm(
            regression,
            _clip(model.get("score_clip")),
            _transform(model.get("score_transform")),
            _limits(model["feature_names"], model.get("feature_opts_dicts")),
        )
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise TrainError(f"{path} cannot be imported: {error}") from error


def _clip(bounds: Any) -> tuple[float, float] | None:
    if bounds is None:
        return None
    low, high = (float(bound) for bound in bounds)
    if not low < high:
        raise ValueError(f"scores are clipped to {low:g}..{high:g}")
    return low, high


def _transform(told: Any) -> Transform | None:
    if told is None:
        return None
    unknown = set(told) - {"p0", "p1", "p2", "out_gte_in", "out_lte_in", "enabled"}
    if unknown:
        raise ValueError(f"its score_transform has {', '.join(sorted(unknown))}")
    first, second, third = (float(told.get(name, 0)) for name in ("p0", "p1", "p2"))
    at_least, at_most = (
        str(told.get(name, "false")).lower() == "true" for name in ("out_gte_in", "out_lte_in")
    )
    return Transform((first, second, third), at_least, at_most)


def _limits(names: list[str], options: list[dict[str, Any]] | None) -> dict[str, float]:
    """Return the gain limits; those of the scales of VIF must agree."""
    found: dict[str, set[float]] = {"vif_gain_limit": set(), "adm_gain_limit": set()}
    for name, given in zip(names, options or [{}] * len(names), strict=True):
        feature = plain_name(name)
        unknown = set(given) - set(_LIMITS)
        if unknown:
            raise ValueError(f"its {feature} has {', '.join(sorted(unknown))}")
        for option, limit in _LIMITS.items():
            if feature.startswith(option[:3]):
                found[limit].add(float(given.get(option, NO_LIMIT)))
    for limit, values in found.items():
        if len(values) != 1 or not 1 <= max(values) <= NO_LIMIT:
            raise ValueError(f"its {limit} is {sorted(values)}")
    return {limit: values.pop() for limit, values in found.items()}


def to_onnx(svm: Svm, transformed: bool = False) -> bytes:
    """Serialise a model; equal models give equal bytes. Scores are not clipped.

    The squared distance of a row to all support vectors is taken as xx - 2xv + vv: one product of
    matrices, and in double precision the loss is far below the last digit that is printed.
    """
    regression = svm.regression
    vectors = regression.vectors
    constants: dict[str, Any] = {
        "slope": regression.slope,
        "intercept": regression.intercept,
        "columns": np.array([1], np.int64),
        "vectors": vectors.T,
        "squares": (vectors**2).sum(axis=1),
        "gamma": np.array(-regression.gamma),
        "weights": regression.weights[:, None],
        "offset": np.array(regression.rho + regression.out_intercept),
        "scale": np.array(regression.out_slope),
    }
    make = helper.make_node
    nodes = [
        make("Mul", [INPUT, "slope"], ["sloped"]),
        make("Add", ["sloped", "intercept"], ["x"]),
        make("Mul", ["x", "x"], ["xx"]),
        make("ReduceSum", ["xx", "columns"], ["x_square"], keepdims=1),
        make("Gemm", ["x", "vectors", "squares"], ["rest"], alpha=-2.0),
        make("Add", ["rest", "x_square"], ["distance"]),
        make("Mul", ["distance", "gamma"], ["exponent"]),
        make("Exp", ["exponent"], ["kernel"]),
        make("MatMul", ["kernel", "weights"], ["sum"]),
        make("Sub", ["sum", "offset"], ["shifted"]),
        make("Div", ["shifted", "scale"], ["score"]),
    ]
    if transformed:
        nodes += _transform_nodes(svm.transform, constants)
    nodes.append(make("Squeeze", [nodes[-1].output[0], "columns"], [OUTPUT]))
    graph = helper.make_graph(
        nodes,
        "vmaf_svm",
        [helper.make_tensor_value_info(INPUT, TensorProto.DOUBLE, ["N", len(FEATURES)])],
        [helper.make_tensor_value_info(OUTPUT, TensorProto.DOUBLE, ["N"])],
        [numpy_helper.from_array(np.ascontiguousarray(v), k) for k, v in constants.items()],
    )
    model = model_of(graph, OPSET)
    # Models that differ in their features only must not be taken for one another by their digest.
    helper.set_model_props(model, {name: f"{limit:g}" for name, limit in svm.limits.items()})
    return serialised(model)


def _transform_nodes(transform: Transform | None, constants: dict[str, Any]) -> list[Any]:
    """Return what turns ``score`` into the transformed one, by Horner's rule."""
    if transform is None:
        raise TrainError("the model has no score transform: leave --transform out")
    constants |= {f"p{i}": np.array(value) for i, value in enumerate(transform.coefficients)}
    make = helper.make_node
    nodes = [
        make("Mul", ["score", "p2"], ["curved"]),
        make("Add", ["curved", "p1"], ["inner"]),
        make("Mul", ["inner", "score"], ["outer"]),
        make("Add", ["outer", "p0"], ["polynomial"]),
    ]
    if transform.at_most:
        nodes.append(make("Min", ["polynomial", "score"], ["at_most"]))
    if transform.at_least:
        nodes.append(make("Max", [nodes[-1].output[0], "score"], ["at_least"]))
    return nodes


def import_svm(
    json_path: Path,
    onnx_path: Path,
    sidecar_path: Path,
    invocation: Invocation,
    transformed: bool = False,
) -> Exported:
    """Write the ONNX file and its sidecar.

    Raises
    ------
    TrainError
        If the model cannot be imported or a file cannot be written.
    """
    svm = read_svm(json_path)
    data = to_onnx(svm, transformed)
    exported = Exported(hashlib.sha256(data).hexdigest(), len(data))
    provenance = run_provenance(
        invocation,
        {"json": json_path, "out_onnx": onnx_path, "out_sidecar": sidecar_path}
        | {"transform": transformed},
        {"json": json_path},
        {"onnx": onnx_path, "sidecar": sidecar_path},
        itself="sidecar",
    )
    write_bytes(onnx_path, data)
    sidecar = _sidecar(svm, json_path.stem, onnx_path, exported.sha256, transformed)
    write_json(sidecar_path, sidecar | {"run_provenance": provenance})
    return exported


def _sidecar(
    svm: Svm, teacher: str, onnx_path: Path, sha256: str, transformed: bool
) -> dict[str, Any]:
    count = len(svm.regression.weights)
    end = ", then its score transform" if transformed else ""
    return {
        "id": re.sub(r"[^a-z0-9_-]", "_", onnx_path.stem.lower())[:64],
        "kind": "fr",
        "onnx": onnx_path.name,
        "opset": OPSET,
        "sha256": sha256,
        "input_name": INPUT,
        "input_shape": [-1, len(FEATURES)],
        "output_name": OUTPUT,
        "output_shape": [-1],
        "features": list(FEATURES),
        "onnx_has_scaler": True,
        "score_clip": None if svm.clip is None else list(svm.clip),
        **svm.limits,
        "teacher": teacher,
        "notes": f"libvmaf's {teacher} itself: nu-SVR, RBF kernel, {count} support vectors, in "
        f"double precision{end}. Feed raw features.",
    }
