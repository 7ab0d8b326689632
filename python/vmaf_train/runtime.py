# SPDX-License-Identifier: BSD-2-Clause-Patent
"""Run an ONNX file over feature rows, as users of a model will."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt

from vmaf_train.errors import TrainError


def predict(onnx_path: Path, features: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Scores[n] of raw features[n, 6], clipped to 0..100.

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
    try:
        session = ort.InferenceSession(str(onnx_path), options, providers=["CPUExecutionProvider"])
        name = session.get_inputs()[0].name
        answers = session.run(None, {name: features.astype(np.float32)})
    except Exception as error:  # onnxruntime's exceptions have no common base of their own
        raise TrainError(f"{onnx_path} does not run: {str(error).splitlines()[0]}") from error
    scores = np.asarray(answers[0], np.float64)
    if scores.shape != (len(features),) or not np.isfinite(scores).all():
        raise TrainError(f"{onnx_path} does not answer with one finite score per row")
    return np.clip(scores, 0.0, 100.0)
