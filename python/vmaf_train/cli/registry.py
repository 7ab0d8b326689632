# SPDX-License-Identifier: BSD-2-Clause-Patent
"""Steps that put a model on the list of those that are trusted, and write its card."""

from __future__ import annotations

import argparse
import dataclasses
import sys
from pathlib import Path

from vmaf_train.cli.options import Steps, amount, declare_model, model_of, whole
from vmaf_train.provenance import Invocation


def _declare_add(parser: argparse.ArgumentParser) -> None:
    declare_model(parser)
    parser.add_argument("--sidecar", type=Path, required=True, help="beside the ONNX file")
    parser.add_argument("--registry", type=Path, required=True, help="registry.json to change")
    parser.add_argument(
        "--evaluation", type=Path, required=True, help="what eval wrote of the test split"
    )
    parser.add_argument("--crossval", type=Path, help="what crossval wrote")
    for name, what in (
        ("--min-plcc", "least correlation"),
        ("--max-rmse", "largest root mean squared error"),
        ("--max-p99", "largest 99th percentile of the error"),
    ):
        parser.add_argument(name, type=amount, help=f"{what} (default: the model's gate)")


def _add(args: argparse.Namespace, _: Invocation) -> int:
    from vmaf_train.registry import add

    model = model_of(args)
    told = {"plcc": args.min_plcc, "rmse": args.max_rmse, "p99": args.max_p99}
    gate = dataclasses.replace(model.gate, **{k: v for k, v in told.items() if v is not None})
    model = dataclasses.replace(model, gate=gate)
    add(args.registry, model, args.sidecar, args.evaluation, args.crossval)
    return 0


def _declare_check(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("registry", type=Path, help="registry.json")
    parser.add_argument(
        "--expected", type=Path, help="what expect wrote: scores must not have drifted from it"
    )


def _check(args: argparse.Namespace, _: Invocation) -> int:
    from vmaf_train.drift import drifted
    from vmaf_train.registry import problems

    found = problems(args.registry)
    if args.expected and not found:
        found = drifted(args.expected, args.registry)
    for problem in found:
        print(problem, file=sys.stderr)
    return 1 if found else 0


def _declare_card(parser: argparse.ArgumentParser) -> None:
    declare_model(parser)
    parser.add_argument("--sidecar", type=Path, required=True, help="beside the ONNX file")
    parser.add_argument("--stats", type=Path, required=True, help="what train wrote")
    parser.add_argument("--corpus", type=Path, required=True, help="what extract wrote (json)")
    parser.add_argument(
        "--evaluation",
        type=Path,
        required=True,
        action="append",
        help="what eval wrote; the test split's first, then others",
    )
    parser.add_argument("--crossval", type=Path, required=True, help="what crossval wrote")
    parser.add_argument("--int8", type=Path, help="what quantize-int8 wrote")
    parser.add_argument("--out", type=Path, required=True, help="card to write (markdown)")


def _card(args: argparse.Namespace, _: Invocation) -> int:
    from vmaf_train.card import write_card

    write_card(
        args.out,
        model_of(args),
        args.sidecar,
        args.stats,
        args.corpus,
        args.evaluation,
        args.crossval,
        args.int8,
    )
    return 0


def _declare_expect(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--registry", type=Path, required=True, help="registry.json")
    parser.add_argument("--parquet", type=Path, required=True, help="table of feature rows")
    parser.add_argument("--rows", type=whole(1), default=150, help="how many (default: 150)")
    parser.add_argument("--out", type=Path, required=True, help="table to write (CSV)")


def _expect(args: argparse.Namespace, _: Invocation) -> int:
    from vmaf_train.drift import write_expected
    from vmaf_train.evaluate import rows_of_split
    from vmaf_train.table import read_rows

    rows = rows_of_split(read_rows(args.parquet), "test")
    write_expected(args.out, args.registry, rows, args.rows)
    return 0


STEPS: Steps = {
    "expect": ("Write features with the scores that models must keep.", _declare_expect, _expect),
    "card": ("Write a model's card from the reports of the other steps.", _declare_card, _card),
}
GROUP: Steps = {
    "add": ("Write a model's row of the registry, if it passes its gate.", _declare_add, _add),
    "check": ("Look for mistakes in a registry.", _declare_check, _check),
}
