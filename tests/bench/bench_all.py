"""Time a model from end to end, features and fusion, with one thread, picture by picture.

Some runs over the same pictures; the median and the 99th percentile of all of them. The log has
every picture of every run.
"""

import argparse
import json
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from vmaf_tiny import Scorer
from vmaf_tiny._core import Model
from vmaf_tiny.bench import Clip, from_files, synthetic
from vmaf_tiny.cli.bench import cpu_name, parse_size, provenance, steps_shown
from vmaf_tiny.errors import VmafTinyError
from vmaf_tiny.files import check_writable, write_text


@dataclass(frozen=True)
class Run:
    """Milliseconds of each picture by the clock and by this thread's processor, and the score."""

    wall_ms: list[float]
    cpu_ms: list[float]
    score: float


def run(clip: Clip, model: Model) -> Run:
    """Score a clip once."""
    width, height = clip.size
    ticks = [_now()]
    with Scorer(width, height, clip.bits, model=model, threads=1) as scorer:
        for reference, distorted in zip(clip.reference, clip.distorted, strict=True):
            scorer.push(reference, distorted)
            ticks.append(_now())
        (result,) = scorer.finish()
        ticks[-1] = _now()  # the last picture is done when all is
    wall, cpu = (1000 * np.diff(np.array(ticks), axis=0)).T
    return Run(wall.tolist(), cpu.tolist(), result.score)


def _now() -> tuple[float, float]:
    return time.perf_counter(), time.thread_time()


def positive(text: str) -> int:
    """Return a number of things, at least one."""
    number = int(text)
    if number < 1:
        raise ValueError(text)
    return number


def main() -> int:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tiny-model", default="vmaf_tiny_v2", help="id or path of an .onnx file")
    parser.add_argument("--backend", choices=("cpu", "cuda"), default="cpu")
    parser.add_argument("--clip", nargs=2, metavar=("REF", "DIS"), help="instead of synthetic ones")
    parser.add_argument("--size", default="1920x1080", help="of synthetic pictures")
    parser.add_argument("--pictures", type=positive, default=24)
    parser.add_argument("--runs", type=positive, default=5)
    parser.add_argument("--log", type=Path, default=Path("netflix_benchmark_results.json"))
    args = parser.parse_args()
    try:
        check_writable(args.log, args.clip or [])
        with Model(args.tiny_model, device=args.backend) as model, steps_shown() as step:
            if args.clip:
                clip = from_files(args.clip[0], args.clip[1], args.pictures)
            else:
                clip = synthetic(*parse_size(args.size), 8, args.pictures)
            runs = []
            for n in range(args.runs):
                step(f"run {n + 1} of {args.runs}")
                runs.append(run(clip, model))
    except VmafTinyError as error:
        print(f"bench_all: {error}", file=sys.stderr)
        return 1
    wall, cpu = (
        np.concatenate([getattr(one, clock) for one in runs]) for clock in ("wall_ms", "cpu_ms")
    )
    median, p99 = np.percentile(wall, (50, 99))
    report = {
        "provenance": provenance(None),
        "model": asdict(model.info),
        "backend": args.backend,
        "clip": {"name": clip.name, "size": clip.size, "bits": clip.bits},
        "runs": [asdict(one) for one in runs],
        "median_ms": median,
        "p99_ms": p99,
        "median_cpu_ms": np.median(cpu),
    }
    write_text(args.log, json.dumps(report, indent=2) + "\n")
    width, height = clip.size
    print(
        f"{model.info.id} on {model.info.provider}, {clip.name} {width}x{height}, {cpu_name()}:"
        f" {len(runs)} runs of {len(clip.reference)} pictures, one thread\n"
        f"median {median:.2f} ms a picture ({1000 / median:.1f} fps), p99 {p99:.2f} ms;"
        f" of the processor {np.median(cpu):.2f} ms; every picture in {args.log}"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
