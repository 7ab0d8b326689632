# SPDX-License-Identifier: BSD-2-Clause-Patent
"""Steps that train."""

from __future__ import annotations

import argparse
import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from vmaf_train.cli.options import Steps, amount, declare_model, model_of, whole
from vmaf_train.provenance import Invocation, run_provenance
from vmaf_train.recipe import Recipe

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from vmaf_train.table import Rows


def _declare_recipe(parser: argparse.ArgumentParser) -> None:
    # What is left out is the model's own, in models.py.
    parser.add_argument("--epochs", type=whole(0), help="of Adam (default: the model's, 90)")
    parser.add_argument("--batch-size", type=whole(1), help="(default: the model's, 256)")
    parser.add_argument("--lr", type=amount, help="learning rate (default: the model's, 1e-3)")
    parser.add_argument(
        "--polish",
        type=whole(0),
        help="Levenberg-Marquardt steps after Adam (default: the model's)",
    )
    parser.add_argument(
        "--restarts",
        type=whole(1),
        help="start from so many weights, keep the best (default: the model's, 1)",
    )
    parser.add_argument(
        "--teacher",
        type=Path,
        metavar="JSON",
        help="libvmaf's vmaf_v0.6.1.json: label rows that nobody measured, too",
    )
    parser.add_argument(
        "--sampled",
        type=amount,
        help="so many of those per measured row (default: the model's, 2)",
    )


def _declare_train(parser: argparse.ArgumentParser, with_model: bool = True) -> None:
    declare_model(parser, with_model)
    parser.add_argument("--parquet", type=Path, required=True, help="table of feature rows")
    parser.add_argument("--out-ckpt", type=Path, required=True, help="checkpoint to write")
    parser.add_argument("--out-stats", type=Path, required=True, help="statistics to write (JSON)")
    parser.add_argument("--seed", type=whole(0), help="decides everything random (default: 0)")
    parser.add_argument(
        "--hold-out",
        choices=("none", "test"),
        default="none",
        help="leave the test split's sources out (default: none)",
    )
    parser.add_argument(
        "--go-on-from",
        type=Path,
        metavar="CKPT",
        help="polish this checkpoint further, trained with the same other options",
    )
    _declare_recipe(parser)


def _recipe(args: argparse.Namespace) -> Recipe:
    fields = {field.name for field in dataclasses.fields(Recipe)}
    told = {name: v for name, v in vars(args).items() if name in fields and v is not None}
    return dataclasses.replace(model_of(args).recipe, **told)


def _train(args: argparse.Namespace, invocation: Invocation) -> int:
    from vmaf_train.train import train

    metrics = train(
        model_of(args),
        args.parquet,
        args.out_ckpt,
        args.out_stats,
        _recipe(args),
        invocation,
        args.teacher,
        args.hold_out,
        args.go_on_from,
    )
    print(f"train {metrics}")
    return 0


def _declare_crossval(parser: argparse.ArgumentParser) -> None:
    declare_model(parser)
    parser.add_argument("--parquet", type=Path, required=True, help="table of feature rows")
    parser.add_argument(
        "--folds", type=whole(0), default=5, help="0: leave one source out (default: 5)"
    )
    parser.add_argument("--seeds", type=whole(1), default=1, help="trainings per fold (default: 1)")
    parser.add_argument("--out-json", type=Path, help="report to write")
    _declare_recipe(parser)


def _crossval(args: argparse.Namespace, invocation: Invocation) -> int:
    from vmaf_train.evaluate import cross_validate
    from vmaf_train.files import write_json
    from vmaf_train.fit import inputs_of
    from vmaf_train.table import read_rows
    from vmaf_train.teacher import read_teacher
    from vmaf_train.train import trainer

    model = model_of(args)
    recipe = _recipe(args)
    run = trainer(model, recipe, read_teacher(args.teacher) if args.teacher else None)
    rows = read_rows(args.parquet, model.features)

    def train(part: Rows, seed: int) -> Callable[[Rows], npt.NDArray[np.float32]]:
        network = run(part, seed).network
        return lambda test: network(inputs_of(model, test))

    result = cross_validate(
        rows, args.folds, range(args.seeds), train, lambda line: print(line, flush=True)
    )
    summary = result.summary()
    print(" ".join(f"{k.upper()}={mean:.6f}±{std:.6f}" for k, (mean, std) in summary.items()))
    if args.out_json:
        report = {
            "model": model.id,
            "folds": result.folds,
            "seeds": args.seeds,
            "results": [dataclasses.asdict(metrics) for metrics in result.results],
            "mean": {name: mean for name, (mean, _) in summary.items()},
            "std": {name: std for name, (_, std) in summary.items()},
            "run_provenance": run_provenance(
                invocation,
                {"folds": args.folds, "seeds": args.seeds, **dataclasses.asdict(recipe)},
                {"parquet": args.parquet} | ({"teacher": args.teacher} if args.teacher else {}),
                {"out_json": args.out_json},
                itself="out_json",
            ),
        }
        write_json(args.out_json, report)
    return 0


STEPS: Steps = {
    "train": ("Train a network on a table of feature rows.", _declare_train, _train),
    "crossval": ("Train without some sources, measure on them.", _declare_crossval, _crossval),
}
