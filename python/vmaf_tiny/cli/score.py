"""vmaf-tiny score: run, show progress, write the log, show the result."""

import os
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

from vmaf_tiny.cli.edits import EditOptions
from vmaf_tiny.cli.lines import warn
from vmaf_tiny.cli.options import (
    TABLE,
    ModelOptions,
    OutputOptions,
    PairOptions,
    RawOptions,
    WorkOptions,
)
from vmaf_tiny.cli.progress import Shown, progress_shown
from vmaf_tiny.errors import VmafTinyError
from vmaf_tiny.score import score


def run(
    reference: str,
    distorted: str,
    pair: PairOptions,
    edit: EditOptions,
    raw: RawOptions,
    model: ModelOptions,
    work: WorkOptions,
    output: OutputOptions,
) -> int:
    """Score a pair of videos."""
    log = output.log()
    if log and log[0] != "-":
        _check_log(Path(log[0]), (reference, distorted))
    if log and log[1] == TABLE:
        from vmaf_tiny.table import need_pyarrow

        need_pyarrow()
    shown: AbstractContextManager[Shown | None]
    shown = nullcontext() if output.quiet else progress_shown()
    with shown as progress:
        result = score(
            reference,
            distorted,
            **model.arguments(),
            **pair.arguments(),
            **edit.arguments(),
            **raw.arguments(),
            **work.arguments(),
            progress=progress,
            preflight=progress.show_checks if progress else None,
        )
    for warning in result.warnings:
        warn(warning)
    if log and log[1] == TABLE:
        from vmaf_tiny.probe import describe
        from vmaf_tiny.table import write_table

        write_table(log[0], [describe(result, reference, distorted)])
    elif log:
        result.write(*log)
    if log and log[0] == "-":
        return 0  # nothing else on standard output
    if output.quiet:
        print(f"{result.score:.6f}")
    else:
        from vmaf_tiny.cli.show import show, view

        show(view(result))
    return 0


def _check_log(log: Path, videos: tuple[str, str]) -> None:
    """Refuse a log that cannot be written before the work, not after it."""
    folder = log.parent
    if log.is_dir():
        raise VmafTinyError(f"the log {log} is a folder: name a file in it")
    if not folder.is_dir():
        raise VmafTinyError(f"the log {log} has no folder to be in: make {folder} first")
    if not os.access(log if log.exists() and not log.is_file() else folder, os.W_OK):
        raise VmafTinyError(
            f"the log {log} cannot be written: ask for the right to, or choose another"
        )
    if any(log.exists() and Path(video).exists() and log.samefile(video) for video in videos):
        raise VmafTinyError(f"the log {log} is one of the videos: choose another name")
