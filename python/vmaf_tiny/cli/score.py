"""vmaf-tiny score: run, show progress, write the log, show the result."""

import sys
from contextlib import nullcontext

from vmaf_tiny.cli.options import (
    ModelOptions,
    OutputOptions,
    PairOptions,
    RawOptions,
    WorkOptions,
)
from vmaf_tiny.cli.progress import progress_shown
from vmaf_tiny.cli.show import show, view
from vmaf_tiny.score import score


def run(
    reference: str,
    distorted: str,
    pair: PairOptions,
    raw: RawOptions,
    model: ModelOptions,
    work: WorkOptions,
    output: OutputOptions,
) -> int:
    """Score a pair of videos."""
    log = output.log()
    shown = nullcontext() if output.quiet else progress_shown()
    # The model first, as it is quick to say no.
    with model.open() as opened, shown as progress:
        result = score(
            reference,
            distorted,
            opened,
            **pair.arguments(),
            **raw.arguments(),
            **work.arguments(),
            progress=progress,
        )
    for warning in result.warnings:
        print("vmaf-tiny: warning:", warning, file=sys.stderr)
    if log:
        result.write(*log)
    if log and log[0] == "-":
        return 0  # nothing else on standard output
    if output.quiet:
        print(f"{result.score:.6f}")
    else:
        show(view(result))
    return 0
