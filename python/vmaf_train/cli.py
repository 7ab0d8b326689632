# SPDX-License-Identifier: BSD-2-Clause-Patent
"""The command ``vmaf-train``: one subcommand per step of the factory.

Exit codes: 0, 1 for a failure or a gate that is not reached, 2 for wrong usage and for a table or
checkpoint that lacks what the step needs.
"""

from __future__ import annotations

import argparse
import dataclasses
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from vmaf_train.errors import TableError, TrainError
from vmaf_train.models import MODELS, Model, model_by_id
from vmaf_train.provenance import Invocation
from vmaf_train.recipe import Recipe

CORPUS = Path(__file__).with_name("corpus.toml")

Step = Callable[[argparse.Namespace, Invocation], int]


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
    for name, (summary, declare, step) in STEPS.items():
        sub = steps.add_parser(name, help=summary, description=summary)
        declare(sub)
        sub.set_defaults(step=step)
    return _run(parser, argv, Invocation(Path(__file__), argv), None)


def script(step: str, model: str, file: str) -> int:
    """Run a step for one model, as a script of its own; returns the exit code."""
    summary, declare, function = STEPS[step]
    parser = argparse.ArgumentParser(description=f"{summary} Model: {model}.")
    declare(parser, with_model=False)
    parser.set_defaults(step=function)
    argv = sys.argv[1:]
    return _run(parser, argv, Invocation(Path(file), argv), model)


def _run(
    parser: argparse.ArgumentParser, argv: Sequence[str], invocation: Invocation, model: str | None
) -> int:
    args = parser.parse_args(argv)
    if model is not None:
        args.model_id = model
    # Before numpy and torch are there: sums then come in one order on any number of cores, and
    # networks this small gain nothing from more.
    for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ.setdefault(variable, "1")
    try:
        step: Step = args.step
        return step(args, invocation)
    except TrainError as error:
        print(f"{parser.prog}: {error}", file=sys.stderr)
        return 2 if isinstance(error, TableError) else 1
    except KeyboardInterrupt:
        return 130


def _model(args: argparse.Namespace) -> Model:
    return model_by_id(args.model_id)


def _whole(least: int) -> Callable[[str], int]:
    def whole(text: str) -> int:
        value = int(text)
        if value < least:
            raise argparse.ArgumentTypeError(f"{value} is less than {least}")
        return value

    whole.__name__ = "whole number"  # what argparse calls it in a complaint
    return whole


def _amount(text: str) -> float:
    value = float(text)
    if not 0 <= value < 1e6:
        raise argparse.ArgumentTypeError(f"{text} is no amount")
    return value


def _declare_model(parser: argparse.ArgumentParser, with_model: bool) -> None:
    if with_model:
        parser.add_argument("model_id", choices=sorted(MODELS), metavar="MODEL", help="model's id")


# ------------------------------------------------------------------------------------- extract


def _declare_extract(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--corpus", type=Path, default=CORPUS, help="manifest (default: ours)")
    parser.add_argument("--data", type=Path, required=True, help="folder of clips and stills")
    parser.add_argument(
        "--out",
        type=Path,
        required=True,
        help="table to write (parquet); beside it, what it holds (json)",
    )
    parser.add_argument("--parts", type=Path, help="folder of finished units (default: OUT.parts)")
    parser.add_argument("--workers", type=_whole(1), default=2, help="processes (default: 2)")


def _extract(args: argparse.Namespace, invocation: Invocation) -> int:
    from vmaf_train.extract import extract
    from vmaf_train.files import write_json
    from vmaf_train.provenance import run_provenance

    parts = args.parts or args.out.with_name(f"{args.out.name}.parts")
    done = extract(args.corpus, args.data, parts, args.out, args.workers)
    print(f"{args.out}: {done.rows} rows of {len(done.sources)} sources")
    about = args.out.with_suffix(".json")
    provenance = run_provenance(
        invocation,
        {"corpus": args.corpus, "data": args.data, "out": args.out},
        {"corpus": args.corpus},
        {"table": args.out, "about": about},
        itself="about",
    )
    write_json(about, dataclasses.asdict(done) | {"run_provenance": provenance})
    return 0


# --------------------------------------------------------------------------------------- train


def _declare_recipe(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--epochs", type=_whole(0), default=90, help="of Adam (default: 90)")
    parser.add_argument("--batch-size", type=_whole(1), default=256, help="(default: 256)")
    parser.add_argument("--lr", type=_amount, default=1e-3, help="learning rate (default: 1e-3)")
    parser.add_argument(
        "--polish",
        type=_whole(0),
        default=200,
        help="Levenberg-Marquardt steps after Adam (default: 200)",
    )
    parser.add_argument(
        "--restarts",
        type=_whole(1),
        default=1,
        help="start from so many weights, keep the best (default: 1)",
    )
    parser.add_argument(
        "--teacher",
        type=Path,
        metavar="JSON",
        help="libvmaf's vmaf_v0.6.1.json: label rows that nobody measured, too",
    )
    parser.add_argument(
        "--sampled",
        type=_amount,
        default=2.0,
        help="so many of those per measured row (default: 2)",
    )


def _declare_train(parser: argparse.ArgumentParser, with_model: bool = True) -> None:
    _declare_model(parser, with_model)
    parser.add_argument("--parquet", type=Path, required=True, help="table of feature rows")
    parser.add_argument("--out-ckpt", type=Path, required=True, help="checkpoint to write")
    parser.add_argument("--out-stats", type=Path, required=True, help="statistics to write (JSON)")
    parser.add_argument("--seed", type=_whole(0), default=0, help="decides everything random")
    parser.add_argument(
        "--hold-out",
        choices=("none", "test"),
        default="none",
        help="leave the test split's sources out (default: none)",
    )
    _declare_recipe(parser)


def _recipe(args: argparse.Namespace) -> Recipe:
    fields = {field.name for field in dataclasses.fields(Recipe)}
    return Recipe(**{name: value for name, value in vars(args).items() if name in fields})


def _train(args: argparse.Namespace, invocation: Invocation) -> int:
    from vmaf_train.train import train

    metrics = train(
        _model(args),
        args.parquet,
        args.out_ckpt,
        args.out_stats,
        _recipe(args),
        invocation,
        args.teacher,
        args.hold_out,
    )
    print(f"train {metrics}")
    return 0


# ------------------------------------------------------------------------------------ crossval


def _declare_crossval(parser: argparse.ArgumentParser) -> None:
    _declare_model(parser, True)
    parser.add_argument("--parquet", type=Path, required=True, help="table of feature rows")
    parser.add_argument(
        "--folds", type=_whole(0), default=5, help="0: leave one source out (default: 5)"
    )
    parser.add_argument(
        "--seeds", type=_whole(1), default=1, help="trainings per fold (default: 1)"
    )
    parser.add_argument("--out-json", type=Path, help="report to write")
    _declare_recipe(parser)


def _crossval(args: argparse.Namespace, invocation: Invocation) -> int:
    from vmaf_train.evaluate import cross_validate
    from vmaf_train.files import write_json
    from vmaf_train.provenance import run_provenance
    from vmaf_train.table import read_rows
    from vmaf_train.teacher import read_teacher
    from vmaf_train.train import trainer

    model = _model(args)
    recipe = _recipe(args)
    run = trainer(model, recipe, read_teacher(args.teacher) if args.teacher else None)
    rows = read_rows(args.parquet, model.features)
    result = cross_validate(
        rows, args.folds, range(args.seeds), lambda part, seed: run(part, seed).network
    )
    summary = result.summary()
    for held_out, metrics in zip(
        [fold for fold in result.folds for _ in range(args.seeds)], result.results, strict=True
    ):
        print(f"{metrics} {' '.join(held_out)}")
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


# ----------------------------------------------------------------- export, validate, eval


def _declare_export(parser: argparse.ArgumentParser, with_model: bool = True) -> None:
    _declare_model(parser, with_model)
    parser.add_argument("--ckpt", type=Path, required=True, help="checkpoint to read")
    parser.add_argument("--out-onnx", type=Path, required=True, help="model to write")
    parser.add_argument("--out-sidecar", type=Path, required=True, help="description to write")


def _export(args: argparse.Namespace, invocation: Invocation) -> int:
    from vmaf_train.export import export

    exported = export(_model(args), args.ckpt, args.out_onnx, args.out_sidecar, invocation)
    print(f"{args.out_onnx}: sha256 {exported.sha256}, {exported.size} bytes")
    return 0


def _declare_validate(parser: argparse.ArgumentParser, with_model: bool = True) -> None:
    _declare_model(parser, with_model)
    parser.add_argument("--onnx", type=Path, required=True, help="model to validate")
    parser.add_argument("--parquet", type=Path, required=True, help="table of feature rows")
    parser.add_argument(
        "--rows", type=_whole(1), default=100, help="how many, from the first (default: 100)"
    )
    parser.add_argument("--min-plcc", type=float, help="gate (default: the model's, 0.97)")
    parser.add_argument("--out-json", type=Path, help="report to write")


def _validate(args: argparse.Namespace, invocation: Invocation) -> int:
    from vmaf_train.evaluate import validate

    model = _model(args)
    gate = model.min_plcc if args.min_plcc is None else args.min_plcc
    result = validate(model, args.onnx, args.parquet, args.rows, gate, args.out_json, invocation)
    passed = result.plcc >= gate
    print(f"{result} gate PLCC>={gate}: {'pass' if passed else 'FAIL'}")
    return 0 if passed else 1


def _declare_eval(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--model", type=Path, required=True, help="ONNX file")
    parser.add_argument("--features", type=Path, required=True, help="table of feature rows")
    parser.add_argument(
        "--split",
        choices=("train", "val", "test", "all"),
        default="test",
        help="sources to measure on (default: test)",
    )
    parser.add_argument("--out-json", type=Path, help="report to write")


def _eval(args: argparse.Namespace, invocation: Invocation) -> int:
    from vmaf_train.evaluate import evaluate, rows_of_split
    from vmaf_train.files import write_json
    from vmaf_train.provenance import run_provenance
    from vmaf_train.table import read_rows

    rows = rows_of_split(read_rows(args.features), args.split)
    result, by_source = evaluate(args.model, rows)
    print(result)
    if args.out_json:
        provenance = run_provenance(
            invocation,
            {"model": args.model, "features": args.features, "split": args.split},
            {"model": args.model, "features": args.features},
            {"out_json": args.out_json},
            itself="out_json",
        )
        report = {
            "split": args.split,
            "sources": rows.sources(),
            **dataclasses.asdict(result),
            "by_source": {name: dataclasses.asdict(part) for name, part in by_source.items()},
            "run_provenance": provenance,
        }
        write_json(args.out_json, report)
    return 0


# ---------------------------------------------------------------------------- registry, card


def _declare_register(parser: argparse.ArgumentParser) -> None:
    _declare_model(parser, True)
    parser.add_argument("--sidecar", type=Path, required=True, help="beside the ONNX file")
    parser.add_argument("--registry", type=Path, required=True, help="registry.json to change")


def _register(args: argparse.Namespace, _: Invocation) -> int:
    from vmaf_train.registry import add

    add(args.registry, _model(args), args.sidecar)
    return 0


def _declare_check(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("registry", type=Path, help="registry.json")


def _check(args: argparse.Namespace, _: Invocation) -> int:
    from vmaf_train.registry import problems

    found = problems(args.registry)
    for problem in found:
        print(problem, file=sys.stderr)
    return 1 if found else 0


def _declare_card(parser: argparse.ArgumentParser) -> None:
    _declare_model(parser, True)
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
    parser.add_argument("--out", type=Path, required=True, help="card to write (markdown)")


def _card(args: argparse.Namespace, _: Invocation) -> int:
    from vmaf_train.card import write_card

    write_card(
        args.out,
        _model(args),
        args.sidecar,
        args.stats,
        args.corpus,
        args.evaluation,
        args.crossval,
    )
    return 0


STEPS: dict[str, tuple[str, Callable[..., None], Step]] = {
    "extract": ("Distort a corpus and measure it with libvmaf.", _declare_extract, _extract),
    "train": ("Train a network on a table of feature rows.", _declare_train, _train),
    "crossval": ("Train without some sources, measure on them.", _declare_crossval, _crossval),
    "export": ("Turn a checkpoint into an ONNX file.", _declare_export, _export),
    "validate": ("Hold an ONNX file against a gate.", _declare_validate, _validate),
    "eval": ("Measure an ONNX file on a split of a table.", _declare_eval, _eval),
    "register": ("Write a model's row of the registry.", _declare_register, _register),
    "card": ("Write a model's card from the reports of the other steps.", _declare_card, _card),
    "check": ("Look for mistakes in a registry.", _declare_check, _check),
}
