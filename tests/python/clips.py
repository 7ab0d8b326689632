"""Videos that tests make: moving textures, written by PyAV in any container and codec."""

from fractions import Fraction
from pathlib import Path

import av
import numpy as np


def plane(n, width=160, height=128, bits=8):
    """Return luma plane `n` of a texture that moves by (1, 2) samples a picture."""
    rng = np.random.default_rng(3)
    small = rng.integers(30, 220, (72, 88)).astype(np.uint16 if bits > 8 else np.uint8)
    texture = np.kron(small, np.ones((5, 5), small.dtype))
    return np.roll(texture, (-n, -2 * n), (0, 1))[:height, :width] << (bits - 8)


def planes(count, width=160, height=128, bits=8):
    return [plane(n, width, height, bits) for n in range(count)]


def frame_of(luma, pixel_format="yuv420p"):
    """Return a frame whose first plane is `luma`, whose other planes are gray."""
    height, width = luma.shape
    frame = av.VideoFrame(width, height, pixel_format)
    for number, target in enumerate(frame.planes):
        rows = np.frombuffer(target, luma.dtype).reshape(target.height, -1)
        rows[:] = 128 << (8 * (luma.itemsize - 1))
        if number == 0:
            rows[:, :width] = luma
    return frame


def noisy(luma, strength=6, seed=1):
    rng = np.random.default_rng(seed)
    noise = rng.integers(-strength, strength + 1, luma.shape)
    return np.clip(luma.astype(int) + noise, 0, 255).astype(luma.dtype)


def write(
    path,
    lumas,
    *,
    codec="libx264",
    rate=25,
    format=None,
    pixel_format="yuv420p",
    times=None,
    time_base=None,
    options=(),
    container_options=(),
    rotation=None,
    mirrored=False,
    aspect=None,
    **tags,
):
    """Encode planes, losslessly unless told otherwise, and return the path.

    `times` are in units of `time_base`, which is one picture at first; `tags` are attributes of
    the codec context such as ``color_range``.
    """
    path = Path(path)
    if codec == "libx264":
        options = {"qp": "0", "preset": "ultrafast", **dict(options)}
    height, width = lumas[0].shape
    with av.open(str(path), "w", format=format, options=dict(container_options)) as out:
        stream = out.add_stream(codec, rate=Fraction(rate), options=dict(options))
        stream.width, stream.height, stream.pix_fmt = width, height, pixel_format
        if aspect:
            stream.sample_aspect_ratio = aspect
        if rotation is not None:
            stream.set_display_rotation(rotation, hflip=mirrored)
        for name, value in tags.items():
            setattr(stream.codec_context, name, value)
        base = time_base or 1 / Fraction(rate)
        stream.time_base = stream.codec_context.time_base = base
        for n, luma in enumerate(lumas):
            frame = frame_of(luma, pixel_format)
            frame.pts, frame.time_base = (n if times is None else times[n]), base
            for name, value in tags.items():
                setattr(frame, name, value)
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    return path


def write_audio(path):
    """Write half a second of silence."""
    with av.open(str(path), "w") as out:
        stream = out.add_stream("aac", rate=48000)
        for n in range(24):
            silence = np.zeros((2, 1024), np.float32)
            frame = av.AudioFrame.from_ndarray(silence, format="fltp", layout="stereo")
            frame.sample_rate, frame.pts = 48000, 1024 * n
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    return Path(path)


def write_raw(path, lumas, chroma=(2, 2)):
    """Write planes as raw planar video; `chroma` is None for gray."""
    with Path(path).open("wb") as out:
        for luma in lumas:
            out.write(luma.tobytes())
            if chroma:
                height, width = -(-luma.shape[0] // chroma[0]), -(-luma.shape[1] // chroma[1])
                out.write(np.full((2, height, width), 128, luma.dtype).tobytes())
    return Path(path)


def write_y4m(path, lumas, header="Ip A1:1 C420jpeg", rate="25:1"):
    """Write planes as y4m 4:2:0 with the fields of `header`."""
    height, width = lumas[0].shape
    with Path(path).open("wb") as out:
        out.write(f"YUV4MPEG2 W{width} H{height} F{rate} {header}\n".encode())
        for luma in lumas:
            out.write(b"FRAME\n" + luma.tobytes())
            if "mono" not in header:
                out.write(bytes([128]) * (2 * -(-height // 2) * -(-width // 2)))
    return Path(path)
