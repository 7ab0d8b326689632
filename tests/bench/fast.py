"""Print by how much the fast mode moves vmaf_v0.6.1 on real clips, encoded by x264.

Some pictures of each clip, evenly spread over its beginning, are encoded at several qualities. The
features of each picture are computed exactly and fast, and both are scored by libvmaf's own support
vectors. What must hold: no picture moves by more than 0.05, nor do those of an encode by more than
0.01 on average. Where VIF is computed exactly anyway, nothing moves.
"""

import argparse
import io
import json
import re
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from encodes import decode, encode, with_gray
from rich.console import Console
from rich.table import Table

from vmaf_tiny import Context, VmafTinyError
from vmaf_tiny.cli.bench import provenance, steps_shown
from vmaf_tiny.containers import RawFormat
from vmaf_tiny.frames import open_source
from vmaf_tiny.luma import Conversion, Converter, Luma
from vmaf_train.teacher import Teacher, read_teacher

ROOT = Path(__file__).resolve().parents[2]
MOST, MEAN = 0.05, 0.01
CLASSES = (0, 450, 1050, 2000)  # rows of the smallest picture of each size class
SEARCHED = 300  # pictures at the beginning of a clip, among which some are taken
_RAW = re.compile(r"(\d+)x(\d+)_?(?:420p|\.?yuv420p?)(\d+)?")


@dataclass(frozen=True)
class Moved:
    """By how much pictures of a clip moved, and what the exact mode gave them on average."""

    clip: str
    size: tuple[int, int]
    bits: int
    crf: int
    score: float
    most: float
    mean: float
    encoder: str = "libx264"


def raw_format(path: Path) -> RawFormat | None:
    """Return what the name of a raw clip tells; None: it is no raw clip."""
    found = _RAW.search(path.name)
    if not found or ".yuv" not in path.name:
        return None
    return RawFormat(int(found[1]), int(found[2]), bits=int(found[3] or 8))


def pictures(path: Path, count: int) -> tuple[list[Luma], int]:
    """Return luma planes of even size of a clip, and their bits, which are 8 or 10."""
    with open_source(path, raw=raw_format(path), damaged=True) as source:
        bits = source.info.bits
        known = min(source.info.frame_count or SEARCHED, SEARCHED)
        step = max(1, known // count)
        taken = []
        for picture in source.pictures(Converter(Conversion(bits))):
            if picture.index % step == 0:
                height, width = (n // 2 * 2 for n in picture.luma.shape)
                taken.append(picture.luma[:height, :width].copy())
            if len(taken) == count:
                break
    if bits > 10:
        return [plane >> (bits - 10) for plane in taken], 10
    return taken, bits


def features(reference: list[Luma], distorted: list[Luma], bits: int, mode: str) -> np.ndarray:
    """Return features[n, 6]."""
    height, width = reference[0].shape
    rows = []
    with Context(width, height, bits, mode=mode) as context:
        for one, other in zip(reference, distorted, strict=True):
            context.push(one, [other])
        context.flush()
        while (row := context.pull()) is not None:
            rows.append(row[0]["value"])
    return np.array(rows)


def moved(path: Path, crfs: list[int], count: int, teacher: Teacher) -> Iterator[Moved]:
    """Measure a clip at each quality."""
    reference, bits = pictures(path, count)
    height, width = reference[0].shape
    for crf in crfs:
        stored = io.BytesIO()
        encode(stored, with_gray(reference, bits), crf)
        stored.seek(0)
        distorted = decode(stored, bits)
        exact, fast = (
            teacher(features(reference, distorted, bits, mode)) for mode in ("exact", "fast")
        )
        apart = np.abs(fast - exact)
        yield Moved(path.name, (width, height), bits, crf, exact.mean(), apart.max(), apart.mean())


def table(rows: list[Moved]) -> Table:
    """Return a line for each clip."""
    shown = Table(box=None, pad_edge=False, header_style="dim")
    for heading in ("clip", "size", "bits", "VMAF", "largest", "largest mean of an encode"):
        shown.add_column(heading, justify="left" if heading == "clip" else "right")
    for clip in dict.fromkeys(row.clip for row in rows):
        its = [row for row in rows if row.clip == clip]
        (w, h), bits = its[0].size, its[0].bits
        scores = [row.score for row in its]
        most, mean = max(row.most for row in its), max(row.mean for row in its)
        moved_by = ("exact", "") if most == 0 else (f"{most:.4f}", f"{mean:.4f}")
        scored = f"{min(scores):.0f} to {max(scores):.0f}"
        shown.add_row(clip, f"{w}x{h}", str(bits), scored, *moved_by)
    return shown


def by_size(rows: list[Moved], classes: Sequence[int] = CLASSES) -> Table:
    """Return a line for each size class of which there are clips."""
    shown = Table(box=None, pad_edge=False, header_style="dim")
    for heading in ("rows", "clips", "encodes", "largest", "largest mean of an encode"):
        shown.add_column(heading, justify="right")
    for low, end in zip(classes, (*classes[1:], None), strict=True):
        its = [row for row in rows if low <= row.size[1] and (end is None or row.size[1] < end)]
        if its:
            most, mean = max(row.most for row in its), max(row.mean for row in its)
            counts = len({row.clip for row in its}), len(its)
            span = f"{low} to {end - 1}" if end else f"from {low}"
            shown.add_row(span, *map(str, counts), f"{most:.4f}", f"{mean:.4f}")
    return shown


def main() -> int:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared/data")
    parser.add_argument("--model", type=Path, help="libvmaf's vmaf_v0.6.1.json, else of the data")
    parser.add_argument("--crf", type=int, nargs="*", default=[18, 27, 36, 45])
    parser.add_argument("--pictures", type=int, default=8, help="of each clip")
    parser.add_argument("--json", type=Path, help="file to write every encode to")
    args = parser.parse_args()
    teacher = read_teacher(args.model or args.data / "models/vmaf_v0.6.1.json")
    rows: list[Moved] = []
    left_out = 0
    with steps_shown() as step:
        for path in sorted((args.data / "clips").iterdir()):
            step(path.name)
            try:
                rows += moved(path, args.crf, args.pictures, teacher)
            except VmafTinyError as error:
                print(f"fast: left out: {error}", file=sys.stderr)
                left_out += 1
    console = Console(width=100)
    console.print(table(rows), "", by_size(rows), sep="\n")
    most, mean = max(row.most for row in rows), max(row.mean for row in rows)
    print(
        f"\n{len(rows)} encodes, CRF {min(args.crf)} to {max(args.crf)}, {args.pictures} pictures"
        f" of each: largest {most:.4f} (must {MOST}), largest mean {mean:.4f} (must {MEAN})"
    )
    if args.json:
        report = {"provenance": provenance(None), "rows": [asdict(row) for row in rows]}
        args.json.write_text(json.dumps(report, indent=2) + "\n")
    return int(most > MOST or mean > MEAN or left_out > 0)


if __name__ == "__main__":
    sys.exit(main())
