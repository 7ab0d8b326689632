# SPDX-License-Identifier: BSD-2-Clause-Patent
"""The models that the factory makes. A new one is an entry here, not new code."""

from __future__ import annotations

import dataclasses
import itertools

from vmaf_train.codecs import CODECS_12, CODECS_16, CodecBlock
from vmaf_train.errors import TrainError
from vmaf_train.features import FEATURES, TEACHER
from vmaf_train.recipe import Recipe


@dataclasses.dataclass(frozen=True)
class Gate:
    """What a model must reach on sources that it was not trained on, before it may be registered.

    Parameters
    ----------
    plcc : float
        At least.
    rmse, p99 : float
        At most: root mean squared error, 99th percentile of the absolute error.
    loso_plcc : float
        At least: mean correlation over cross-validation by source.
    int8_drop : float
        At most: by how much less the int8 form may correlate.
    """

    plcc: float
    rmse: float
    p99: float
    loso_plcc: float = 0.95
    int8_drop: float = 1e-3


@dataclasses.dataclass(frozen=True)
class Model:
    """What to build.

    Parameters
    ----------
    id : str
        In the registry; files are named after it.
    hidden : tuple of int
        Widths of the hidden layers.
    description : str
        One line for the registry, at most 256 characters.
    gate : Gate
        Before the model may be registered.
    recipe : Recipe
        How it is trained unless told otherwise.
    activation : str
        Between the layers.
    codec : CodecBlock or None
        Second input.
    scaler_in_graph : bool
        True: the graph takes raw features; False: the caller standardises them by the sidecar.
    output : str
        Name of the output.
    min_plcc : float
        Gate of the validation on the first rows of a table.
    features : tuple of str
        Inputs in order.
    teacher : str
        Whose scores are learned.
    kind, opset, license : str, int, str
        As the registry wants them.
    max_bytes : int
        The file must be smaller.
    int8 : bool
        Whether there is an int8 form.
    """

    id: str
    hidden: tuple[int, ...]
    description: str
    gate: Gate
    recipe: Recipe
    activation: str = "relu"
    codec: CodecBlock | None = None
    scaler_in_graph: bool = True
    output: str = "vmaf"
    min_plcc: float = 0.97
    features: tuple[str, ...] = FEATURES
    teacher: str = TEACHER
    kind: str = "fr"
    opset: int = 17
    license: str = "BSD-3-Clause-Plus-Patent"
    max_bytes: int = 100 * 1024
    int8: bool = False

    @property
    def inputs(self) -> int:
        """Values that the network takes: features and codec block."""
        return len(self.features) + (self.codec.width if self.codec else 0)

    @property
    def widths(self) -> tuple[int, ...]:
        """Of all layers, from the inputs to the score."""
        return (self.inputs, *self.hidden, 1)

    @property
    def parameters(self) -> int:
        """Number of trained values."""
        return sum((a + 1) * b for a, b in itertools.pairwise(self.widths))


_REGRESSOR = Recipe(epochs=30, batch_size=256, lr=1e-3, weight_decay=1e-5, polish=0)
_REGRESSOR_GATE = Gate(plcc=0.998, rmse=2.0, p99=6.0, loso_plcc=0.998)

MODELS = {
    model.id: model
    for model in (
        Model(
            id="vmaf_tiny_v2",
            hidden=(16, 8),
            description="VMAF of one picture from six features: scaler and a 6-16-8-1 network",
            gate=Gate(plcc=0.9998, rmse=0.40, p99=1.2),
            recipe=Recipe(restarts=3, polish=250),
            max_bytes=2048,
        ),
        Model(
            id="vmaf_tiny_v3",
            hidden=(32, 16),
            description="VMAF of one picture from six features: scaler and a 6-32-16-1 network",
            gate=Gate(plcc=0.9998, rmse=0.25, p99=0.8),
            recipe=Recipe(polish=120),
            int8=True,
        ),
        Model(
            id="vmaf_tiny_v4",
            hidden=(64, 32, 16),
            description="VMAF of one picture from six features: scaler and a 6-64-32-16-1 network",
            gate=Gate(plcc=0.9998, rmse=0.15, p99=0.5),
            recipe=Recipe(polish=25),
            int8=True,
        ),
        Model(
            id="fr_regressor_v1",
            hidden=(64, 64),
            description="VMAF of one picture from six features that the caller standardises",
            gate=_REGRESSOR_GATE,
            recipe=_REGRESSOR,
            activation="gelu",
            scaler_in_graph=False,
            output="score",
        ),
        Model(
            id="fr_regressor_v2",
            hidden=(64, 64),
            description="VMAF of one picture from six features that the caller standardises, "
            "and the encoder, one of 12, its preset and CRF",
            gate=_REGRESSOR_GATE,
            recipe=_REGRESSOR,
            activation="gelu",
            codec=CODECS_12,
            scaler_in_graph=False,
            output="score",
        ),
        Model(
            id="fr_regressor_v3",
            hidden=(64, 64),
            description="VMAF of one picture from six features that the caller standardises, "
            "and the encoder, one of 16, its preset and CRF",
            gate=_REGRESSOR_GATE,
            recipe=_REGRESSOR,
            activation="gelu",
            codec=CODECS_16,
            scaler_in_graph=False,
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
