# SPDX-License-Identifier: BSD-2-Clause-Patent
"""Run an ONNX file over feature rows, fed as its sidecar says, as users of a model will."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from vmaf_train.codecs import CodecBlock
from vmaf_train.errors import TrainError
from vmaf_train.files import read_json
from vmaf_train.table import Rows

Array = npt.NDArray[np.float64]


def predict(onnx_path: Path, rows: Rows) -> Array:
    """Scores[n] of n rows, clipped to 0..100.

    Without a sidecar beside it, a model is fed raw features.

    Raises
    ------
    TrainError
        If the model cannot be loaded, does not take the features, or answers anything but n finite
        numbers.
    """
    import onnxruntime as ort  # type: ignore[import-untyped, unused-ignore]

    if not onnx_path.is_file():
        raise TrainError(f"{onnx_path} is missing; export the model first")
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    sidecar = onnx_path.with_suffix(".json")
    about = read_json(sidecar) if sidecar.is_file() else {}
    inputs = _inputs(about, rows, sidecar)
    try:
        session = ort.InferenceSession(str(onnx_path), options, providers=["CPUExecutionProvider"])
        names = [given.name for given in session.get_inputs()]
        if len(names) != len(inputs):
            raise TrainError(
                f"{onnx_path} takes {', '.join(names)}, which {sidecar.name} does not tell how to"
                f" make; export the model again"
            )
        answers = session.run(None, dict(zip(names, inputs, strict=True)))
    except TrainError:
        raise
    except Exception as error:  # onnxruntime's exceptions have no common base of their own
        raise TrainError(f"{onnx_path} does not run: {str(error).splitlines()[0]}") from error
    scores = np.asarray(answers[0], np.float64)
    if scores.shape != (len(rows),) or not np.isfinite(scores).all():
        raise TrainError(f"{onnx_path} does not answer with one finite score per row")
    return np.clip(scores, 0.0, 100.0)


def _inputs(about: dict[str, Any], rows: Rows, sidecar: Path) -> list[npt.NDArray[np.float32]]:
    features = rows.features
    try:
        if "feature_mean" in about and not about.get("onnx_has_scaler", False):
            mean, std = (np.array(about[f"feature_{k}"], np.float64) for k in ("mean", "std"))
            features = (features - mean) / std
        inputs = [features.astype(np.float32)]
        if "encoder_vocab" in about:
            block = CodecBlock("", tuple(about["encoder_vocab"]))
            codes = block.encode_all(rows.codec.tolist(), rows.preset.tolist(), rows.crf)
            inputs.append(codes.astype(np.float32))
    except (KeyError, TypeError, ValueError) as error:
        raise TrainError(f"{sidecar} does not tell how to feed its model: {error}") from error
    return inputs
