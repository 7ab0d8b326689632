"""Pictures made of integers that cost and score as natural ones do, for benchmarks and tests."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

_PERIOD = 256


def natural(frames: int, height: int, width: int, bits: int, seed: int = 0) -> NDArray[np.uint16]:
    """Return moving texture of natural statistics: the energy falls with the frequency.

    Parameters
    ----------
    frames, height, width
        Shape of the result.
    bits
        Bits per sample, 8 to 16.
    seed
        Another one is another texture.

    Returns
    -------
    planes
        ``uint16`` array of shape (frames, height, width), also for 8 bits.
    """
    rng = np.random.default_rng(seed)
    n = _PERIOD
    frequency = np.hypot(np.fft.fftfreq(n)[:, None], np.fft.rfftfreq(n)[None, :])
    frequency[0, 0] = 1
    texture = np.fft.irfft2(np.fft.rfft2(rng.standard_normal((n, n))) / frequency**1.2, (n, n))
    low, high = np.percentile(texture, (0.5, 99.5))
    texture = np.clip((texture - low) / (high - low), 0, 1) * 0.86 + 0.06
    samples = np.rint(texture * (2**bits - 1)).astype(np.uint16)
    y, x = np.ogrid[0:height, 0:width]
    return np.stack([samples[(y + 2 * t) % n, (x + 3 * t) % n] for t in range(frames)])


def worse(planes: NDArray[np.uint16], bits: int, seed: int = 1) -> NDArray[np.uint16]:
    """Return a coded look: coarser steps, a little blur along rows, a little noise.

    Parameters
    ----------
    planes
        ``uint16`` array of shape (frames, height, width).
    bits
        Bits per sample, 8 to 16.
    seed
        Of the noise.
    """
    step = 2 ** (bits - 4)
    rng = np.random.default_rng(seed)
    made = np.empty_like(planes)
    for plane, out in zip(planes.astype(np.int32, copy=False), made, strict=True):
        soft = (plane + np.roll(plane, 1, 1) + np.roll(plane, -1, 1)) // 3
        noisy = soft + rng.integers(-step // 4, step // 4 + 1, plane.shape)
        out[:] = np.clip(noisy // (step // 4) * (step // 4), 0, 2**bits - 1)
    return made


def as_samples(planes: NDArray[np.unsignedinteger[Any]], bits: int) -> NDArray[Any]:
    """Return planes in the type that holds samples of a depth."""
    return planes.astype(np.uint8 if bits == 8 else np.uint16)
