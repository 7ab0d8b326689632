# SPDX-License-Identifier: BSD-2-Clause-Patent
"""The models that the factory makes. A new one is an entry here, not new code."""

from __future__ import annotations

import dataclasses
import itertools

from vmaf_train.errors import TrainError
from vmaf_train.features import FEATURES, TEACHER


@dataclasses.dataclass(frozen=True)
class Model:
    """What to build.

    Parameters
    ----------
    id : str
        In the registry; files are named after it.
    hidden : tuple of int
        Widths of the hidden layers.
    min_plcc : float
        Gate of the validation.
    description : str
        One line for the registry, at most 256 characters.
    features : tuple of str
        Inputs in order.
    teacher : str
        Whose scores are learned.
    kind, opset, license : str, int, str
        As the registry wants them.
    max_bytes : int
        The file must be smaller.
    """

    id: str
    hidden: tuple[int, ...]
    min_plcc: float
    description: str
    features: tuple[str, ...] = FEATURES
    teacher: str = TEACHER
    kind: str = "fr"
    opset: int = 17
    license: str = "BSD-3-Clause-Plus-Patent"
    max_bytes: int = 100 * 1024

    @property
    def parameters(self) -> int:
        """Number of trained values."""
        widths = (len(self.features), *self.hidden, 1)
        return sum((a + 1) * b for a, b in itertools.pairwise(widths))


MODELS = {
    model.id: model
    for model in (
        Model(
            id="vmaf_tiny_v2",
            hidden=(16, 8),
            min_plcc=0.97,
            description="VMAF of one picture from six features: scaler and a 6-16-8-1 network",
            max_bytes=2048,
        ),
    )
}


def model_by_id(name: str) -> Model:
    """Look a model up.

    Raises
    ------
    TrainError
        If there is none of that name; the message lists those there are.
    """
    try:
        return MODELS[name]
    except KeyError:
        raise TrainError(f"no model is called {name!r}; there are: {', '.join(MODELS)}") from None
