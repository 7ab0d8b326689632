"""Print by how much the fast mode moves vmaf_v0.6.1 where its choice of rows was not made.

How many rows the fast mode takes was chosen with `fast.py`: clips as they are, x264 at four
qualities. Here the same clips are scaled by Lanczos to other sizes, some cut by rows, so that the
blocks of encoders lie elsewhere, and encoded by other encoders at other qualities; so are generated
pictures. What must hold is the same. Sizes, cuts and qualities of each clip are drawn with a seed.
"""

import argparse
import io
import json
import os
import sys
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import av
import numpy as np
from encodes import QUICK, decode, encode, with_gray
from fast import MEAN, MOST, ROOT, Moved, by_size, features, pictures
from rich.console import Console

from vmaf_tiny import VmafTinyError
from vmaf_tiny.cli.bench import provenance, steps_shown
from vmaf_tiny.luma import Luma, first_plane
from vmaf_train.teacher import Teacher, read_teacher

ROWS = (464, 540, 576, 720, 800, 900, 1080, 1200, 1350, 1440, 1600, 1800, 2160, 2880)
CUTS = (0, 0, 2, 6, 10, 18)
CRFS = {
    "libx264": (12, 16, 21, 24, 30, 33, 40, 48),
    "libx265": (14, 19, 23, 28, 34, 41, 48),
    "libvpx-vp9": (10, 20, 30, 40, 50, 60),
    "libsvtav1": (15, 25, 35, 45, 55, 62),
}
CLASSES = (0, 450, 650, 850, 1050, 1350, 1800, 2500)
MIXTURES = ("fine", "coarse", "mixed")  # of generated pictures
WIDEST = 5120


def scaled(planes: list[Luma], rows: int, bits: int) -> list[Luma]:
    """Return planes of that many rows, of even size, made by Lanczos."""
    height, width = planes[0].shape
    columns = min(WIDEST, 2 * round(rows * width / height / 2))
    form = "gray" if bits == 8 else f"gray{bits}le"
    made = []
    for plane in planes:
        frame = av.VideoFrame.from_ndarray(plane, format=form)
        larger = frame.reformat(width=columns, height=rows, interpolation="LANCZOS")
        made.append(first_plane(larger, bits).copy())
    return made


def generated(kind: str, rows: int, count: int, seed: int) -> list[Luma]:
    """Return pictures without a period: noise whose energy falls with the frequency, moving."""
    width = rows * 16 // 9 // 2 * 2
    rng = np.random.default_rng(seed)
    down, across = np.fft.fftfreq(rows)[:, None], np.fft.rfftfreq(width)[None, :]
    frequency = np.maximum(np.hypot(down, across), 1 / rows)
    falls = {"fine": 0.9, "coarse": 1.6, "mixed": 1.2}[kind]
    spectrum = np.fft.rfft2(rng.standard_normal((rows, width))) / frequency**falls
    plane = np.fft.irfft2(spectrum, (rows, width))
    if kind == "mixed":  # flat above, busy below, with an edge
        plane *= np.linspace(0, 2, rows)[:, None] ** 2
        plane += np.where(np.arange(width) > width // 2, 2 * plane.std(), 0)
    low, high = np.percentile(plane, (1, 99))
    samples = np.clip((plane - low) / (high - low) * 219 + 16, 0, 255).astype(np.uint8)
    return [np.roll(samples, (3 * n, 5 * n), (0, 1)) for n in range(count)]


def moved(
    name: str, planes: list[Luma], bits: int, how: tuple[str, int], teacher: Teacher
) -> Moved:
    """Measure one encode."""
    encoder, crf = how
    height, width = planes[0].shape
    stored = io.BytesIO()
    encode(stored, with_gray(planes, bits), crf, encoder=encoder)
    stored.seek(0)
    distorted = decode(stored, bits)
    exact, fast = (teacher(features(planes, distorted, bits, mode)) for mode in ("exact", "fast"))
    apart = np.abs(fast - exact)
    of_both = exact.mean(), apart.max(), apart.mean()
    return Moved(name, (width, height), bits, crf, *of_both, encoder)


def sources(folder: Path, count: int, seed: int) -> Iterator[tuple[str, list[Luma], int, int]]:
    """Give name, planes, bits and number of each clip and of each generated one, in no size."""
    paths = sorted(folder.iterdir()) if folder.is_dir() else []
    for n, path in enumerate(paths):
        try:
            planes, bits = pictures(path, count)
            yield path.name, planes * (1 + (len(planes) == 1)), bits, n  # encoders want some
        except VmafTinyError as error:
            print(f"fast_held_out: left out: {error}", file=sys.stderr)
    for n, kind in enumerate(MIXTURES):
        yield f"generated, {kind}", generated(kind, 1080, count, seed + n), 8, len(paths) + n


def draw(
    seed: int, number: int, encoders: list[str], sizes: int
) -> Iterator[tuple[int, int, str, int]]:
    """Give rows, rows to cut off, encoder and quality of each encode of a source."""
    rng = np.random.default_rng((seed, number))
    for rows in sorted(int(n) for n in rng.choice(ROWS, sizes, replace=False)):
        for encoder in encoders:
            yield rows, int(rng.choice(CUTS)), encoder, int(rng.choice(CRFS[encoder]))


def main() -> int:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared/data")
    parser.add_argument("--model", type=Path, help="libvmaf's vmaf_v0.6.1.json, else of the data")
    parser.add_argument("--encoders", nargs="*", choices=list(QUICK), default=list(QUICK))
    parser.add_argument("--sizes", type=int, default=4, help="of each clip")
    parser.add_argument("--pictures", type=int, default=6, help="of each clip")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", type=Path, help="file to write every encode to, as they are done")
    args = parser.parse_args()
    os.environ.setdefault("SVT_LOG", "1")  # it says more than its errors otherwise
    teacher = read_teacher(args.model or args.data / "models/vmaf_v0.6.1.json")
    rows: list[Moved] = []
    with steps_shown() as step:
        for name, planes, bits, number in sources(args.data / "clips", args.pictures, args.seed):
            for size, cut, encoder, crf in draw(args.seed, number, args.encoders, args.sizes):
                if bits > 8 and encoder == "libvpx-vp9":  # PyAV's has no other depth
                    continue
                step(f"{name}: {size} rows by {encoder}")
                cropped = [plane[cut:] for plane in scaled(planes, size, bits)]
                rows.append(moved(name, cropped, bits, (encoder, crf), teacher))
                if args.json:
                    report = {"provenance": provenance(None), "rows": [asdict(r) for r in rows]}
                    args.json.write_text(json.dumps(report, indent=2) + "\n")
    Console(width=100).print(by_size(rows, CLASSES))
    far = [row for row in rows if row.most > MOST or row.mean > MEAN]
    for row in far:
        wide, high = row.size
        told = f"{row.clip}, {wide}x{high}, {row.encoder} at CRF {row.crf}, VMAF {row.score:.1f}"
        print(f"{told}: largest {row.most:.4f}, mean {row.mean:.4f}")
    most, mean = max(row.most for row in rows), max(row.mean for row in rows)
    print(
        f"\n{len(rows)} encodes, {args.pictures} pictures of each: largest {most:.4f}"
        f" (must {MOST}), largest mean {mean:.4f} (must {MEAN}); {len(far)} beyond"
    )
    return int(bool(far))


if __name__ == "__main__":
    sys.exit(main())
