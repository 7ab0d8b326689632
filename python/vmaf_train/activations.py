# SPDX-License-Identifier: BSD-2-Clause-Patent
"""What stands between the layers of a network, with its slope."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[Any]

GELU_SCALE = float(np.sqrt(2 / np.pi))
GELU_CUBE = 0.044715
"""Of the GELU by tanh (Hendrycks and Gimpel, 2016), which older ONNX operators can say."""


def relu(z: Floats) -> tuple[Floats, Floats]:
    """Value and slope at every z."""
    positive = z > 0
    return z * positive, positive.astype(z.dtype)


def gelu(z: Floats) -> tuple[Floats, Floats]:
    """Value and slope at every z: ``z / 2 * (1 + tanh(sqrt(2 / pi) * (z + 0.044715 z^3)))``."""
    square = z * z
    half = np.tanh(GELU_SCALE * (z + GELU_CUBE * z * square)) * z.dtype.type(0.5)
    inner = GELU_SCALE * (1 + 3 * GELU_CUBE * square)
    slope = 0.5 + half + z * (0.5 - 2 * half * half) * inner
    return z * (half + z.dtype.type(0.5)), slope.astype(z.dtype, copy=False)


ACTIVATIONS: dict[str, Callable[[Floats], tuple[Floats, Floats]]] = {"relu": relu, "gelu": gelu}
