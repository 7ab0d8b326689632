"""Planes with texture, motion and damage for tests, made of integers, and raw files of them."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray


def noise(shape: tuple[int, ...], bits: int, seed: int) -> NDArray[np.unsignedinteger]:
    """Return uniform noise over all bits."""
    dtype = np.uint8 if bits == 8 else np.uint16
    return np.random.default_rng(seed).integers(0, 2**bits, shape, dtype)


def natural(frames: int, height: int, width: int, bits: int, seed: int = 0) -> NDArray[np.uint16]:
    """Return moving texture of natural statistics: the energy falls with the frequency."""
    rng = np.random.default_rng(seed)
    n = 256
    frequency = np.hypot(np.fft.fftfreq(n)[:, None], np.fft.rfftfreq(n)[None, :])
    frequency[0, 0] = 1
    texture = np.fft.irfft2(np.fft.rfft2(rng.standard_normal((n, n))) / frequency**1.2, (n, n))
    low, high = np.percentile(texture, (0.5, 99.5))
    texture = np.clip((texture - low) / (high - low), 0, 1) * 0.86 + 0.06
    y, x = np.mgrid[0:height, 0:width]
    moved = [texture[(y + 2 * t) % n, (x + 3 * t) % n] for t in range(frames)]
    return np.rint(np.stack(moved) * (2**bits - 1)).astype(np.uint16)


def worse(planes: NDArray[np.uint16], bits: int, seed: int = 1) -> NDArray[np.uint16]:
    """Return a coded look: coarser steps, a little blur along rows, a little noise."""
    step = 2 ** (bits - 4)
    soft = (planes.astype(np.int64) + np.roll(planes, 1, 2) + np.roll(planes, -1, 2)) // 3
    noisy = soft + np.random.default_rng(seed).integers(-step // 4, step // 4 + 1, planes.shape)
    return np.clip(noisy // (step // 4) * (step // 4), 0, 2**bits - 1).astype(np.uint16)


def as_samples(planes: NDArray[np.unsignedinteger], bits: int) -> NDArray[np.unsignedinteger]:
    """Return planes in the type that holds samples of a depth."""
    return planes.astype(np.uint8 if bits == 8 else np.uint16)


def write_gray(path: Path, planes: NDArray[np.unsignedinteger], bits: int) -> Path:
    """Write planes as raw gray video."""
    path.write_bytes(as_samples(planes, bits).tobytes())
    return path
