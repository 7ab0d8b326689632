"""Render a test clip: detail, motion, a scene cut and film grain, from nothing but numpy."""

from collections.abc import Iterator

import numpy as np

WIDTH, HEIGHT, FPS, SECONDS = 640, 360, 24, 10


def octaves(rng: np.random.Generator, size: int) -> np.ndarray:
    """Return a tileable texture, float32[size, size] in [0, 1], with detail at every scale."""
    frequency = np.hypot(np.fft.fftfreq(size)[:, None], np.fft.rfftfreq(size)[None, :])
    frequency[0, 0] = 1
    spectrum = np.fft.rfft2(rng.standard_normal((size, size))) / frequency**1.4
    texture = np.fft.irfft2(spectrum, (size, size))
    low, high = np.percentile(texture, (1, 99))
    return np.clip((texture - low) / (high - low), 0, 1).astype(np.float32)


def sample(texture: np.ndarray, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Read a tileable texture at float coordinates, linearly between its pixels."""
    n = texture.shape[0]
    x0, y0 = np.floor(x).astype(int), np.floor(y).astype(int)
    fx, fy = (x - x0).astype(np.float32), (y - y0).astype(np.float32)
    x0, y0, x1, y1 = x0 % n, y0 % n, (x0 + 1) % n, (y0 + 1) % n
    top = texture[y0, x0] * (1 - fx) + texture[y0, x1] * fx
    bottom = texture[y1, x0] * (1 - fx) + texture[y1, x1] * fx
    return top * (1 - fy) + bottom * fy


def hills(textures: list[np.ndarray], t: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Scene one: three ridges under a cloudy sky, passing at different speeds."""
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH].astype(np.float32)
    luma = 150 + 60 * sample(textures[0], x * 0.6 + 12 * t, y * 0.9)
    u, v = np.full_like(luma, 138), np.full_like(luma, 118)
    for depth, texture in enumerate(textures, 1):
        shift = 30 * depth**1.6 * t
        across = (x[:1] + shift) * 0.35 / depth
        ridge = sample(texture, across, np.full_like(across, 90 * depth))
        below = y > HEIGHT * (0.25 + 0.2 * depth) - 70 * ridge
        ground = sample(texture, x + shift, y * (0.7 + 0.4 * depth))
        luma = np.where(below, 35 + 25 * (3 - depth) + 110 * ground, luma)
        u, v = np.where(below, 118 - 3 * depth, u), np.where(below, 122 + 4 * depth, v)
    return luma, u, v


def wheel(textures: list[np.ndarray], t: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Scene two: a slow zoom over a wall, and a wheel with thin spokes rolling across it."""
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH].astype(np.float32)
    zoom = 1 / (1 + 0.08 * t)
    luma = 60 + 120 * sample(textures[1], (x - 320) * zoom, (y - 180) * zoom)
    bricks = ((y * zoom) % 24 < 2) | (((x * zoom + 24 * ((y * zoom) // 24 % 2)) % 48) < 2)
    luma = np.where(bricks, luma * 0.55, luma)
    u, v = np.full_like(luma, 120), np.full_like(luma, 140)
    cx, cy = 80 + 95 * t, 200 + 25 * np.sin(2 * t)
    radius, angle = np.hypot(x - cx, y - cy), np.arctan2(y - cy, x - cx) - 2.4 * t
    spokes = 128 + 100 * np.tanh(4 * np.sin(24 * angle)) * np.minimum(radius / 40, 1)
    inside = radius < 90
    luma = np.where(inside, np.where(radius > 82, 220, spokes), luma)
    u, v = np.where(inside, 150, u), np.where(inside, 112, v)
    return luma, u, v


def samples(plane: np.ndarray) -> np.ndarray:
    """Round to samples of limited range."""
    return np.clip(np.rint(plane), 16, 235).astype(np.uint8)


def frames(seed: int = 1) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Yield planes of yuv420p: uint8[360, 640], uint8[180, 320] twice; limited range."""
    rng = np.random.default_rng(seed)
    textures = [octaves(rng, 1024) for _ in range(3)]
    count = FPS * SECONDS
    for n in range(count):
        first = n < count // 2
        luma, u, v = (hills if first else wheel)(textures, (n if first else n - count // 2) / FPS)
        grain = rng.normal(0, 2.5, luma.shape)
        yield samples(luma + grain), samples(u[::2, ::2]), samples(v[::2, ::2])
