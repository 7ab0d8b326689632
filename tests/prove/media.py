"""Videos as strangers send them: small encodes of every kind, damaged in ways that a seed fixes."""

import random
from collections.abc import Iterator
from pathlib import Path

import clips

FRAMES = 8
SIZE = (160, 128)


def write_originals(folder: Path) -> list[Path]:
    """Write the undamaged videos, the reference first."""
    planes = clips.planes(FRAMES)
    coarse = {"qp": "40", "g": "4"}
    vpx = {"deadline": "realtime", "cpu-used": "8", "crf": "40", "b": "200k"}
    return [
        clips.write(folder / "reference.mkv", planes),
        clips.write(folder / "a.mp4", planes, options=coarse),
        clips.write(folder / "a.mkv", planes, options=coarse),
        clips.write(folder / "a.webm", planes, codec="libvpx-vp9", options=vpx),
        clips.write(folder / "a.ivf", planes, codec="libvpx", options=vpx),
        clips.write_y4m(folder / "a.y4m", planes),
        clips.write_raw(folder / "a.yuv", planes),
    ]


def _at(rng: random.Random, data: bytearray) -> int:
    """Return a place: half of the time in the head, which is what readers believe."""
    return rng.randrange(min(len(data), 512) if rng.random() < 0.5 else len(data))


def damage(data: bytearray, rng: random.Random) -> None:
    """Do one bad thing."""
    at, length = _at(rng, data), rng.choice((1, 4, 64, 1024))
    kind = rng.randrange(8)
    if kind == 0:
        data[at] ^= 1 << rng.randrange(8)
    elif kind == 1:
        data[at : at + 4] = rng.choice((b"\xff" * 4, b"\0" * 4, b"\x7f\xff\xff\xff"))
    elif kind == 2:
        data[at : at + length] = rng.randbytes(length)
    elif kind == 3:
        del data[at : at + length]
    elif kind == 4:
        data[at:at] = data[: rng.randrange(length) + 1]
    elif kind == 5:
        del data[max(at, 1) :]
    elif kind == 6:
        data[at : at + length] = bytes(length)
    else:  # a number that something is the size of
        value = int.from_bytes(data[at : at + 4], "big") + rng.choice((-1, 1, 1 << 16, 1 << 31))
        data[at : at + 4] = (value % (1 << 32)).to_bytes(4, "big")
    if not data:
        data += b"\0"


def damaged(originals: list[Path], folder: Path, count: int, seed: int = 1) -> Iterator[Path]:
    """Write damaged videos, one after the other of each kind."""
    for number in range(count):
        original = originals[1 + number % (len(originals) - 1)]
        rng = random.Random(f"{seed} {number}")
        data = bytearray(original.read_bytes())
        for _ in range(1 + rng.randrange(3)):
            damage(data, rng)
        path = folder / f"{number:03}{original.suffix}"
        path.write_bytes(data)
        yield path
