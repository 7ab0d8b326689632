"""The features are libvmaf's: against the libvmaf of a real ffmpeg, on pictures made here."""

import json
import subprocess
import sys
from pathlib import Path

import imageio_ffmpeg
import numpy as np
import pytest

import textures
from vmaf_tiny import Context
from vmaf_tiny._core import cpu_levels

SHARED = Path(__file__).parents[3] / "shared"
LIBVMAF = ["integer_adm2", *(f"integer_vif_scale{s}" for s in range(4)), "integer_motion2"]
PIXELS = {8: "yuv444p", 10: "yuv444p10le", 12: "yuv444p12le", 16: "yuv444p16le"}


def ours(reference, distorted, bits, **options):
    """Return float64[n, 6] of the core."""
    rows = []
    with Context(reference.shape[2], reference.shape[1], bits, **options) as context:
        for pair in zip(reference, distorted, strict=True):
            ref, dis = (textures.as_samples(plane, bits) for plane in pair)
            context.push(ref, [dis])
            while (row := context.pull()) is not None:
                rows.append(row["value"][0])
        context.flush()
        while (row := context.pull()) is not None:
            rows.append(row["value"][0])
    return np.array(rows)


def libvmaf(folder, reference, distorted, bits):
    """Return the six numbers of each frame as libvmaf prints them."""
    frames, height, width = reference.shape
    chroma = np.full((2, height, width), 2 ** (bits - 1))
    inputs = []
    for name, planes in (("distorted", distorted), ("reference", reference)):
        full = np.concatenate([np.concatenate([p[None], chroma]) for p in planes])
        path = textures.write_gray(folder / f"{name}.yuv", full, bits)
        form = ["-f", "rawvideo", "-pix_fmt", PIXELS[bits], "-s", f"{width}x{height}", "-r", "25"]
        inputs += [*form, "-i", str(path)]
    log = folder / "log.json"
    graph = f"libvmaf=log_fmt=json:log_path={log}:n_threads=1"
    ffmpeg = imageio_ffmpeg.get_ffmpeg_exe()
    command = [ffmpeg, "-v", "error", "-y", *inputs, "-lavfi", graph, "-f", "null", "-"]
    subprocess.run(command, check=True)
    said = json.loads(log.read_text(), parse_float=str, parse_int=str)["frames"]
    assert len(said) == frames
    return [[frame["metrics"][name] for name in LIBVMAF] for frame in said]


def printed(values, like):
    """Return the values as libvmaf prints them: it gives small ones more digits."""
    return [
        [f"{value:.{len(text.split('.')[1])}f}" for value, text in zip(row, texts, strict=True)]
        for row, texts in zip(values, like, strict=True)
    ]


def pair(kind, frames, height, width, bits):
    if kind == "natural":
        reference = textures.natural(frames, height, width, bits)
        return reference, textures.worse(reference, bits)
    if kind == "identical":
        reference = textures.natural(frames, height, width, bits)
        return reference, reference
    if kind == "flat":
        grey = np.arange(frames)[:, None, None] * 3 + 40 + np.zeros((1, height, width), int)
        return grey << (bits - 8), (grey + 9) << (bits - 8)
    if kind == "noise":
        reference = textures.noise((frames, height, width), bits, 1)
        mild = reference.astype(int) * 3 // 4 + textures.noise(reference.shape, bits, 2) // 4
        return reference, mild
    if kind == "stripes":
        y, x = np.mgrid[0:height, 0:width]
        t = np.arange(frames)[:, None, None]
        top = 2 ** (bits - 1)  # at full swing libvmaf's vector code differs from its own C code
        return ((x + t) // 3 % 2) * top, ((x + y + t) // 3 % 2) * (top * 3 // 4)
    raise ValueError(kind)


# Sizes of at least 545 columns: below, some libvmaf builds read past a row's end.
CASES = [
    ("natural", 4, 324, 576, 8),
    ("natural", 3, 324, 576, 10),
    ("natural", 3, 324, 576, 12),
    ("natural", 3, 324, 576, 16),
    ("natural", 2, 361, 641, 8),
    ("natural", 2, 33, 577, 10),
    ("natural", 1, 270, 560, 8),
    ("identical", 2, 180, 600, 8),
    ("flat", 3, 90, 600, 8),
    ("noise", 2, 121, 603, 8),
    ("noise", 2, 121, 603, 10),
    ("stripes", 3, 121, 603, 8),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: "-".join(map(str, case)))
def test_every_digit_libvmaf_prints(tmp_path, case):
    bits = case[-1]
    reference, distorted = pair(*case)
    values = ours(reference, distorted, bits)
    said = libvmaf(tmp_path, reference, distorted, bits)
    assert printed(values, said) == said


@pytest.mark.skipif(not SHARED.is_dir(), reason="no reference program beside the repo")
@pytest.mark.parametrize("bits", [8, 9, 10, 12, 14, 16])
@pytest.mark.parametrize("size", [(33, 33), (34, 61), (47, 133), (90, 200), (101, 321)])
@pytest.mark.parametrize("kind", ["natural", "noise", "stripes"])
def test_every_bit_of_the_reference_program(kind, size, bits):
    sys.path.insert(0, str(SHARED))
    import features_ref as oracle

    reference, distorted = pair(kind, 3, *size, bits)
    rows, sads = [], []
    for n, (ref, dis) in enumerate(zip(reference, distorted, strict=True)):
        ref, dis = ref.astype(np.int64), dis.astype(np.int64)
        rows.append([oracle.adm(ref, dis, bits), *oracle.vif(ref, dis, bits)])
        sads.append(oracle.motion_sad(reference[n - 1], ref, bits) if n else 0.0)
    expected = [[*row, motion] for row, motion in zip(rows, oracle.motion2(sads), strict=True)]
    assert ours(reference, distorted, bits).tolist() == expected


@pytest.mark.parametrize("bits", [8, 10, 16])
@pytest.mark.parametrize("size", [(33, 33), (34, 65), (61, 97), (120, 641)])
@pytest.mark.parametrize("kind", ["natural", "noise", "stripes", "flat"])
def test_every_cpu_level_gives_the_same(kind, size, bits):
    reference, distorted = pair(kind, 2, *size, bits)
    plain = ours(reference, distorted, bits, cpu="c")
    for level in cpu_levels():
        assert (ours(reference, distorted, bits, cpu=level) == plain).all(), level


def test_a_better_picture_scores_higher():
    reference = textures.natural(2, 120, 160, 8)
    distorted = textures.worse(reference, 8)
    better = (reference.astype(int) + distorted) // 2
    low, high = ours(reference, distorted, 8), ours(reference, better, 8)
    assert (high[:, :5] > low[:, :5]).all()
    assert (high[:, 5] == low[:, 5]).all()
