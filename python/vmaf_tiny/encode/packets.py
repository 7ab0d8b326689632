"""Packets of an encode: the size of each and where decoding can begin, in little memory."""

from array import array

import numpy as np
from numpy.typing import NDArray


class Packets:
    """Sizes and key frames of packets by time stamp; of those that share one, the sum."""

    def __init__(self) -> None:
        self._stamps = array("q")
        self._sizes = array("q")
        self._keys = array("b")

    def add(self, stamp: int, size: int, keyframe: bool) -> None:
        """Take the next packet, in any order of time stamps."""
        self._stamps.append(stamp)
        self._sizes.append(size)
        self._keys.append(keyframe)

    def __len__(self) -> int:
        """Return how many time stamps there are."""
        return len(np.unique(np.array(self._stamps, np.int64)))

    def of(self, stamps: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
        """Return bytes and whether decoding can begin there for time stamps, of shape (n,).

        One that no packet has has 0 bytes.
        """
        known, place = np.unique(np.array(self._stamps, np.int64), return_inverse=True)
        sizes, keys = np.zeros(len(known) + 1, np.int64), np.zeros(len(known) + 1, np.bool_)
        np.add.at(sizes, place, np.array(self._sizes, np.int64))
        np.logical_or.at(keys, place, np.array(self._keys, np.bool_))
        at = np.searchsorted(known, stamps)
        there = np.append(known, 0)[at] == stamps
        at[~there | (at == len(known))] = len(known)
        return sizes[at], keys[at]
