# SPDX-License-Identifier: BSD-2-Clause-Patent
"""Reference material made by code, so that a corpus can be built from nothing."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

Luma = npt.NDArray[np.uint8]
Generator = Callable[[np.random.Generator, int, int, int], Luma]


def leaves(rng: np.random.Generator, frames: int, height: int, width: int) -> Luma:
    """Pan over discs of all sizes that hide each other: edges and areas as in nature."""
    margin = 6 * frames
    scene = _dead_leaves(rng, height + margin, width + margin)
    dx, dy = rng.uniform(0.5, 5.5, 2)
    return np.stack([scene[int(dy * n) :, int(dx * n) :][:height, :width] for n in range(frames)])


def grain(rng: np.random.Generator, frames: int, height: int, width: int) -> Luma:
    """Cover a still scene with film grain that is new in every picture."""
    scene = _dead_leaves(rng, height, width).astype(float)
    noise = rng.normal(0, rng.uniform(2, 7), (frames, height, width))
    return _to_luma(scene + noise)


def zones(rng: np.random.Generator, frames: int, height: int, width: int) -> Luma:
    """Let the rings of a zone plate travel: every frequency and direction, evenly."""
    y, x = np.mgrid[:height, :width].astype(float)
    radius = (x - width / 2) ** 2 + (y - height / 2) ** 2
    phase = rng.uniform(0.05, 0.6) * np.arange(frames)
    return np.stack([_to_luma(126 + 70 * np.cos(radius * (1.2 / width) + p)) for p in phase])


def text(rng: np.random.Generator, frames: int, height: int, width: int) -> Luma:
    """Scroll dark glyph-like marks on paper: hard edges and empty ground, as on screens."""
    margin = 8 * frames
    page = np.full((height + margin, width), 225.0)
    for top in range(4, height + margin - 12, 16):
        x = 8
        while x < width - 12:
            glyph = rng.random((10, 6)) < 0.4
            page[top : top + 10, x : x + 6][glyph] = 30
            x += 8 if rng.random() < 0.85 else 18
    speed = int(rng.integers(1, 8))
    return np.stack([_to_luma(page[speed * n :][:height]) for n in range(frames)])


def texture(rng: np.random.Generator, frames: int, height: int, width: int) -> Luma:
    """Shake noise whose power falls with frequency."""
    size = (height + 32, width + 32)
    fy, fx = np.fft.fftfreq(size[0])[:, None], np.fft.rfftfreq(size[1])[None]
    power = 1 / np.maximum(np.hypot(fy, fx), 1 / max(size)) ** rng.uniform(0.8, 1.3)
    field = np.fft.irfft2(np.fft.rfft2(rng.normal(size=size)) * power, size)
    scene = _to_luma(120 + 45 * (field - field.mean()) / field.std())
    jitter = rng.integers(0, 1 + int(rng.integers(2, 30)), (frames, 2))
    return np.stack([scene[dy:, dx:][:height, :width] for dy, dx in jitter])


def cuts(rng: np.random.Generator, frames: int, height: int, width: int) -> Luma:
    """Show a new scene every few pictures: the largest motion there is."""
    length = int(rng.integers(1, 4))
    scenes = [_dead_leaves(rng, height, width) for _ in range(-(-frames // length))]
    return np.stack([scenes[n // length] for n in range(frames)])


def night(rng: np.random.Generator, frames: int, height: int, width: int) -> Luma:
    """Let a few lights drift over dark soft areas and sensor noise."""
    y, x = np.mgrid[:height, :width].astype(float)
    base = 22 + 8 * np.sin(x / width * 4 + 1) * np.cos(y / height * 3)
    lights = rng.uniform((0, 0, -2, -2, 1.5), (height, width, 2, 2, 6), (40, 5))
    pictures = []
    for n in range(frames):
        picture = base + rng.normal(0, 1.2, base.shape)
        for cy, cx, vy, vx, r in lights:
            picture += 150 * np.exp(-((y - cy - n * vy) ** 2 + (x - cx - n * vx) ** 2) / r**2)
        pictures.append(_to_luma(picture))
    return np.stack(pictures)


def anime(rng: np.random.Generator, frames: int, height: int, width: int) -> Luma:
    """Move flat outlined shapes over a flat ground on every second picture, as drawn films do."""
    y, x = np.mgrid[:height, :width].astype(float)
    shapes = rng.uniform((0, 0, 8, -4, -4, 40), (height, width, height / 4, 4, 4, 220), (14, 6))
    pictures = []
    for n in range(frames):
        picture = np.full((height, width), 200.0) - 40 * (y > height * 0.6)
        for cy, cx, r, vy, vx, tone in shapes:
            distance = np.hypot(y - cy - (n // 2) * vy, (x - cx - (n // 2) * vx) * 0.8)
            picture = np.where(distance < r, np.where(distance < r - 2, tone, 18), picture)
        pictures.append(_to_luma(picture))
    return np.stack(pictures)


def static(rng: np.random.Generator, frames: int, height: int, width: int) -> Luma:
    """Hold one picture: no motion at all."""
    return np.repeat(_dead_leaves(rng, height, width)[None], frames, axis=0)


def sky(rng: np.random.Generator, frames: int, height: int, width: int) -> Luma:
    """Drift slow gradients without any edge: where banding shows first."""
    y, x = np.mgrid[:height, :width].astype(float)
    slope, speed = rng.uniform(0.1, 0.3), rng.uniform(0.3, 2)
    pictures = []
    for n in range(frames):
        clouds = np.sin((x + speed * n) / width * 7) * np.cos(y / height * 4 + n * 0.01)
        pictures.append(_to_luma(110 + slope * (y - height / 2) + 18 * clouds))
    return np.stack(pictures)


def whip(rng: np.random.Generator, frames: int, height: int, width: int) -> Luma:
    """Throw the camera around: tens of samples from picture to picture."""
    scene = _dead_leaves(rng, height + 320, width + 320)
    jumps = rng.integers(0, 320, (frames, 2))
    return np.stack([scene[dy:, dx:][:height, :width] for dy, dx in jumps])


def stripes(rng: np.random.Generator, frames: int, height: int, width: int) -> Luma:
    """Rotate high-contrast stripes that get finer to the right."""
    y, x = np.mgrid[:height, :width].astype(float)
    turn = rng.uniform(0.005, 0.03)
    pictures = []
    for n in range(frames):
        angle = turn * n
        across = x * np.cos(angle) + y * np.sin(angle)
        pictures.append(_to_luma(126 + 100 * np.sign(np.sin(across * (0.1 + 1.2 * x / width)))))
    return np.stack(pictures)


def fade(rng: np.random.Generator, frames: int, height: int, width: int) -> Luma:
    """Fade a grainy scene to black and back."""
    scene = _dead_leaves(rng, height, width).astype(float) - 16
    light = 0.5 + 0.5 * np.cos(np.arange(frames) * rng.uniform(0.2, 0.5))
    noise = rng.normal(0, 1.5, (frames, height, width))
    return _to_luma(16 + scene * light[:, None, None] + noise)


GENERATORS: dict[str, Generator] = {
    function.__name__: function
    for function in (
        leaves,
        grain,
        zones,
        text,
        texture,
        cuts,
        night,
        anime,
        static,
        sky,
        whip,
        stripes,
        fade,
    )
}


def _dead_leaves(rng: np.random.Generator, height: int, width: int) -> Luma:
    """Discs with radii of density r^-3, each over those before, shaded a little."""
    scene = np.full((height, width), 120.0)
    smallest, largest = 2.0, min(height, width) / 3
    range_of_power = smallest**-2 - largest**-2
    radii = (smallest**-2 - rng.random(2500) * range_of_power) ** -0.5
    for r in sorted(radii, reverse=True):
        cy, cx = rng.uniform(0, height), rng.uniform(0, width)
        top, left = max(0, int(cy - r)), max(0, int(cx - r))
        y, x = np.ogrid[top : min(height, int(cy + r) + 1), left : min(width, int(cx + r) + 1)]
        inside = (y - cy) ** 2 + (x - cx) ** 2 <= r * r
        shade = rng.uniform(20, 230) + rng.uniform(-1, 1) * (x - cx) + 0 * y
        scene[top : top + inside.shape[0], left : left + inside.shape[1]][inside] = shade[inside]
    return _to_luma(scene)


def _to_luma(picture: npt.NDArray[np.float64]) -> Luma:
    return np.clip(np.rint(picture), 16, 235).astype(np.uint8)
