"""Planes with texture, motion and damage for tests, made of integers, and raw files of them."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from vmaf_tiny.textures import as_samples, natural, worse

__all__ = ["as_samples", "natural", "noise", "worse", "write_gray"]


def noise(shape: tuple[int, ...], bits: int, seed: int) -> NDArray[np.unsignedinteger]:
    """Return uniform noise over all bits."""
    dtype = np.uint8 if bits == 8 else np.uint16
    return np.random.default_rng(seed).integers(0, 2**bits, shape, dtype)


def write_gray(path: Path, planes: NDArray[np.unsignedinteger], bits: int) -> Path:
    """Write planes as raw gray video."""
    path.write_bytes(as_samples(planes, bits).tobytes())
    return path
