# SPDX-License-Identifier: BSD-2-Clause-Patent
"""Steps that make ONNX files and measure them."""

from __future__ import annotations

import argparse
import dataclasses
from pathlib import Path

from vmaf_train.cli.options import Steps, declare_model, model_of, whole
from vmaf_train.provenance import Invocation, run_provenance

SPLITS = ("train", "val", "test", "all")


def _declare_export(parser: argparse.ArgumentParser, with_model: bool = True) -> None:
    declare_model(parser, with_model)
    parser.add_argument("--ckpt", type=Path, required=True, help="checkpoint to read")
    parser.add_argument("--out-onnx", type=Path, required=True, help="model to write")
    parser.add_argument("--out-sidecar", type=Path, required=True, help="description to write")


def _export(args: argparse.Namespace, invocation: Invocation) -> int:
    from vmaf_train.export import export

    exported = export(model_of(args), args.ckpt, args.out_onnx, args.out_sidecar, invocation)
    print(f"{args.out_onnx}: sha256 {exported.sha256}, {exported.size} bytes")
    return 0


def _declare_validate(parser: argparse.ArgumentParser, with_model: bool = True) -> None:
    declare_model(parser, with_model)
    parser.add_argument("--onnx", type=Path, required=True, help="model to validate")
    parser.add_argument("--parquet", type=Path, required=True, help="table of feature rows")
    parser.add_argument(
        "--rows", type=whole(1), default=100, help="how many, from the first (default: 100)"
    )
    parser.add_argument("--min-plcc", type=float, help="gate (default: the model's, 0.97)")
    parser.add_argument("--out-json", type=Path, help="report to write")


def _validate(args: argparse.Namespace, invocation: Invocation) -> int:
    from vmaf_train.evaluate import validate

    model = model_of(args)
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
        choices=SPLITS,
        default="test",
        help="sources to measure on (default: test)",
    )
    parser.add_argument("--out-json", type=Path, help="report to write")


def _eval(args: argparse.Namespace, invocation: Invocation) -> int:
    from vmaf_train.evaluate import codec_shift, evaluate, rows_of_split
    from vmaf_train.files import write_json
    from vmaf_train.table import read_rows

    rows = rows_of_split(read_rows(args.features), args.split)
    result, by_source = evaluate(args.model, rows)
    print(result)
    moved = codec_shift(args.model, rows)
    if moved:
        print(f"with another codec block: mean {moved['mean']:.3f} p99 {moved['p99']:.3f}")
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
            **({"codec_shift": moved} if moved else {}),
            "by_source": {name: dataclasses.asdict(part) for name, part in by_source.items()},
            "run_provenance": provenance,
        }
        write_json(args.out_json, report)
    return 0


def _declare_quantize(parser: argparse.ArgumentParser) -> None:
    declare_model(parser)
    parser.add_argument("--sidecar", type=Path, required=True, help="beside the ONNX file")
    parser.add_argument("--parquet", type=Path, required=True, help="table of feature rows")
    parser.add_argument("--out-json", type=Path, help="report to write")


def _quantize(args: argparse.Namespace, invocation: Invocation) -> int:
    from vmaf_train.evaluate import rows_of_split
    from vmaf_train.quantize import quantize
    from vmaf_train.table import read_rows

    model = model_of(args)
    rows = read_rows(args.parquet, model.features)
    done = quantize(
        model,
        args.sidecar,
        rows_of_split(rows, "train"),
        rows_of_split(rows, "test"),
        args.parquet,
        args.out_json,
        invocation,
    )
    print(f"float32 {done.fp32}\nint8    {done.int8}\nPLCC drop {done.drop:.6f}")
    print(f"int8 form: sha256 {done.sha256}, {done.size} bytes")
    return 0


def _declare_import_svm(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", type=Path, required=True, help="libvmaf's model file")
    parser.add_argument("--out-onnx", type=Path, required=True, help="model to write")
    parser.add_argument(
        "--out-sidecar", type=Path, help="description to write (default: beside the model)"
    )
    parser.add_argument(
        "--transform",
        action="store_true",
        help="with the file's score transform, as libvmaf's enable_transform",
    )


def _import_svm(args: argparse.Namespace, invocation: Invocation) -> int:
    from vmaf_train.import_svm import import_svm

    sidecar = args.out_sidecar or args.out_onnx.with_suffix(".json")
    done = import_svm(args.json, args.out_onnx, sidecar, invocation, args.transform)
    print(f"{args.out_onnx}: sha256 {done.sha256}, {done.size} bytes")
    return 0


def _declare_placeholders(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--out", type=Path, required=True, help="folder of a registry.json")


def _placeholders(args: argparse.Namespace, _: Invocation) -> int:
    from vmaf_train.placeholders import PLACEHOLDERS, write

    for placeholder in PLACEHOLDERS:
        print(f"{write(args.out, placeholder)}")
    return 0


STEPS: Steps = {
    "export": ("Turn a checkpoint into an ONNX file.", _declare_export, _export),
    "validate": ("Hold an ONNX file against a gate.", _declare_validate, _validate),
    "eval": ("Measure an ONNX file on a split of a table.", _declare_eval, _eval),
    "import-svm": ("Turn a model of libvmaf into an ONNX file.", _declare_import_svm, _import_svm),
    "placeholders": (
        "Write the models that only test the way of pictures into a model.",
        _declare_placeholders,
        _placeholders,
    ),
    "quantize-int8": ("Make the int8 form of a model.", _declare_quantize, _quantize),
}
