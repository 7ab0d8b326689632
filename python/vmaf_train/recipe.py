# SPDX-License-Identifier: BSD-2-Clause-Patent
"""How to train, as data."""

from __future__ import annotations

import dataclasses


@dataclasses.dataclass(frozen=True)
class Recipe:
    """How to train.

    Parameters
    ----------
    epochs, batch_size : int
        Of Adam.
    lr : float
        Its learning rate at the start; it falls to zero along a cosine.
    weight_decay : float
        Of AdamW, decoupled from the gradient.
    polish : int
        Most steps of Levenberg-Marquardt; 0: none.
    restarts : int
        Networks started from different weights; the best after a fifth of the polish goes on.
    sampled : float
        Rows to draw and have labelled by the teacher, as a multiple of the measured ones. Without
        a teacher none are drawn.
    seed : int
        Decides everything random.
    """

    epochs: int = 90
    batch_size: int = 256
    lr: float = 1e-3
    weight_decay: float = 0.0
    polish: int = 200
    restarts: int = 1
    sampled: float = 2.0
    seed: int = 0
