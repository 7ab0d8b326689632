# SPDX-License-Identifier: BSD-2-Clause-Patent
"""Who is trained on and who is tested on, decided by name alone.

A key's place depends on nothing but the key and the salt, so it never moves when a corpus grows.
"""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Iterable

SALT = "vmaf-train-splits-v1"


@dataclasses.dataclass(frozen=True)
class Split:
    """Keys by role, each list sorted."""

    train: list[str]
    val: list[str]
    test: list[str]


def split_value(key: str, salt: str = SALT) -> float:
    """Position of a key in [0, 1).

    Examples
    --------
    >>> round(split_value("BirdsInCage"), 12)
    0.087118742684
    """
    digest = hashlib.sha256(f"{salt}:{key}".encode()).digest()
    return int.from_bytes(digest[:8], "big") / 2**64


def split_keys(keys: Iterable[str], val: float = 0.1, test: float = 0.1, salt: str = SALT) -> Split:
    """Split keys by their position: below `test`, then below `test` + `val`, then the rest.

    Raises
    ------
    ValueError
        If `val` + `test` leaves nothing to train on, or either is negative.

    Examples
    --------
    >>> split_keys(["Tennis", "BirdsInCage"])
    Split(train=['Tennis'], val=[], test=['BirdsInCage'])
    """
    if val < 0 or test < 0 or val + test >= 1:
        raise ValueError(f"val {val} + test {test} must be at least 0 and less than 1")
    split = Split([], [], [])
    for key in sorted(set(keys)):
        position = split_value(key, salt)
        if position < test:
            split.test.append(key)
        elif position < test + val:
            split.val.append(key)
        else:
            split.train.append(key)
    return split


def folds(keys: Iterable[str], count: int) -> list[list[str]]:
    """Deal keys into `count` folds of nearly one size, in the order of their positions.

    Raises
    ------
    ValueError
        If there are fewer keys than folds, or fewer than two folds.
    """
    ordered = sorted(set(keys), key=split_value)
    if not 2 <= count <= len(ordered):
        raise ValueError(
            f"{count} folds need at least 2 folds and a source each, "
            f"there are {len(ordered)} sources"
        )
    return [ordered[first::count] for first in range(count)]
