# SPDX-License-Identifier: BSD-2-Clause-Patent
"""The command ``vmaf-train``: one subcommand per step of the factory.

Exit codes: 0, 1 for a failure or a gate that is not reached, 2 for wrong usage and for a table or
checkpoint that lacks what the step needs, 130 when interrupted.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from vmaf_train.cli import corpus, models, registry, training
from vmaf_train.cli.options import Steps
from vmaf_train.errors import TableError, TrainError
from vmaf_train.provenance import Invocation

STEPS: Steps = corpus.STEPS | training.STEPS | models.STEPS | registry.STEPS
GROUPS = {"registry": ("Add a model to a registry, look for mistakes in it.", registry.GROUP)}


def main(argv: Sequence[str] | None = None) -> int:
    """Run a subcommand; returns the exit code."""
    argv = sys.argv[1:] if argv is None else list(argv)
    parser = argparse.ArgumentParser(
        prog="vmaf-train",
        description="Make a model: extract features, train, export, validate, evaluate, register. "
        "The models fuse extracted features, know standard dynamic range only, and cannot be "
        "better than their teacher, vmaf_v0.6.1.",
    )
    steps = parser.add_subparsers(required=True, metavar="STEP")
    _declare(steps, STEPS)
    for name, (summary, group) in GROUPS.items():
        sub = steps.add_parser(name, help=summary, description=summary)
        _declare(sub.add_subparsers(required=True, metavar="ACTION"), group)
    return _run(parser, argv, Invocation(Path(__file__), argv), None)


def script(step: str, model: str, file: str) -> int:
    """Run a step for one model, as a script of its own; returns the exit code."""
    summary, declare, function = STEPS[step]
    parser = argparse.ArgumentParser(description=f"{summary} Model: {model}.")
    declare(parser, with_model=False)
    parser.set_defaults(step=function)
    argv = sys.argv[1:]
    return _run(parser, argv, Invocation(Path(file), argv), model)


def _declare(parsers: argparse._SubParsersAction[argparse.ArgumentParser], steps: Steps) -> None:
    for name, (summary, declare, step) in steps.items():
        sub = parsers.add_parser(name, help=summary, description=summary)
        declare(sub)
        sub.set_defaults(step=step)


def _run(
    parser: argparse.ArgumentParser, argv: Sequence[str], invocation: Invocation, model: str | None
) -> int:
    args = parser.parse_args(argv)
    if model is not None:
        args.model_id = model
    try:
        from threadpoolctl import (  # type: ignore[import-untyped, unused-ignore]
            threadpool_limits,
        )

        # Sums then come in one order on any number of cores, and networks this small gain nothing
        # from more.
        with threadpool_limits(1):
            code: int = args.step(args, invocation)
        return code
    except TrainError as error:
        print(f"{parser.prog}: {error}", file=sys.stderr)
        return 2 if isinstance(error, TableError) else 1
    except ModuleNotFoundError as error:
        print(
            f"{parser.prog}: {error.name} is missing; run: pip install 'vmaf-tiny[train]'",
            file=sys.stderr,
        )
        return 1
    except KeyboardInterrupt:
        return 130
