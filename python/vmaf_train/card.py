# SPDX-License-Identifier: BSD-2-Clause-Patent
"""A model's card: what it is, how it was made, what was measured, where it ends.

Every figure comes out of a report that a step of the factory wrote; the card repeats none by hand.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from vmaf_train.errors import TrainError
from vmaf_train.files import read_json, write_bytes
from vmaf_train.models import Model

_MODULE = "PYTHONPATH=python python -m vmaf_train"  # from the root of a checkout

_PAGE = """\
# {id}: VMAF from six features

{description}.
It answers with the score that libvmaf's `{teacher}` gives for the same features.

| score | meaning |
|---|---|
| 100 | identical |
| 80 to 95 | high-quality encode |
| 60 to 80 | visible artefacts |
| below 60 | heavy degradation |

## Use

    vmaf-tiny -r reference.mp4 -d encode.mp4 --tiny-model {id}
    ffmpeg -i encode.mp4 -i reference.mp4 -lavfi vmaf_tiny=model={id} -f null -

With features at hand, in Python:

    session = onnxruntime.InferenceSession("{onnx}", providers=["CPUExecutionProvider"])
    (scores,) = session.run(None, {{"{input_name}": rows.astype("float32")}})  # rows[N, {inputs}]

## The file

| | |
|---|---|
| file | `{onnx}`, {size} bytes, opset {opset}, float32 |
| sha256 | `{sha256}` |
| input | `{input_name}` [N, {inputs}]: {features} |
| output | `{output_name}` [N] |
| network | {network}, {parameters} parameters |
| teacher | `{teacher}` |
| licence | {license} |

    features [N, {inputs}] -> Sub(mean) -> Div(std) -> {layers} -> Squeeze -> vmaf [N]

The scaler is part of the graph: feed raw features, never standardise again. The answer can leave
0..100; clip it, as libvmaf does.

## Accuracy

Against libvmaf's per-frame `{teacher}`, both clipped to 0..100. Sources are split by name; those of
the test split were left out of training: {test_sources}.

| measured on | pictures | PLCC | SROCC | RMSE | 99th percentile of the error | largest error |
|---|---|---|---|---|---|---|
{accuracy}

    {eval_command}

Cross-validation by source: every source is left out of training once ({folds} folds, {seeds} per
fold, as long as the command says). Mean ± standard deviation over the folds:

| PLCC | SROCC | RMSE | 99th percentile of the error |
|---|---|---|---|
| {cv_plcc} | {cv_srocc} | {cv_rmse} | {cv_p99} |

    {cv_command}

## Training data

{rows} pictures: {distortions} distortions of {units} takes from {source_count} scenes, measured
with libvmaf {libvmaf}. `python/vmaf_train/corpus.toml` names files, takes and checksums.

- {codecs}: over their range of quality, a third at a smaller size;
- scaling down and up;
- blur, noise, sharpening, contrast, brightness, gamma: alone and before an encoder.

Beside the measured rows, {sampled:g} times as many were drawn between and around them and labelled
by the teacher, whose file (`--teacher`) comes with libvmaf.

| licence | material |
|---|---|
{licenses}

Some scenes are made by code. No picture is part of this repository.

## Recipe

Adam ({epochs} epochs, batch {batch_size}, learning rate {lr:g} falling along a cosine) from
{restarts}, then {polish} steps of Levenberg-Marquardt on all rows; seed {seed}.

    {extract_command}
    {train_command}
    {export_command}

## Limits

- It fuses extracted features and is no pixel model: it sees what the features see.
- Standard dynamic range only: neither the teacher nor the corpus knows PQ or HLG.
- It cannot be better than its teacher, and inherits the teacher's likes and dislikes: sharpening
  and contrast raise the score, banding hardly lowers it.
- Bit-exactness between execution providers is not promised; four decimals are.
"""


def write_card(
    path: Path,
    model: Model,
    sidecar: Path,
    stats: Path,
    corpus: Path,
    evaluations: Sequence[Path],
    crossval: Path,
) -> None:
    """Write a card from the reports of the steps.

    Parameters
    ----------
    sidecar, stats, corpus, crossval : Path
        What export, train, extract and crossval wrote.
    evaluations : sequence of Path
        What eval wrote; the first is that of the test split.

    Raises
    ------
    TrainError
        If a report is missing, lacks a value, or is about another file.
    """
    try:
        page = _PAGE.format_map(
            _values(
                model,
                sidecar,
                read_json(stats),
                read_json(corpus),
                [read_json(evaluation) for evaluation in evaluations],
                read_json(crossval),
            )
        )
    except (KeyError, IndexError, TypeError) as error:
        raise TrainError(f"a report lacks {error}; run its step again") from error
    write_bytes(path, page.encode())


def _values(
    model: Model,
    sidecar_path: Path,
    stats: Mapping[str, Any],
    corpus: Mapping[str, Any],
    evaluations: Sequence[Mapping[str, Any]],
    crossval: Mapping[str, Any],
) -> dict[str, Any]:
    sidecar = read_json(sidecar_path)
    for report in evaluations:
        if report["run_provenance"]["inputs"]["model"]["sha256"] != sidecar["sha256"]:
            raise TrainError("an evaluation is of another file than the sidecar; evaluate again")
    test = evaluations[0]
    if set(test["sources"]) - set(stats["held_out_sources"]):
        raise TrainError("the first evaluation has sources that were trained on; see --hold-out")
    widths = [len(model.features), *model.hidden, 1]
    return {
        **vars(model),
        **sidecar,
        **{key: stats[key] for key in ("epochs", "batch_size", "lr", "polish", "seed", "sampled")},
        **{key: corpus[key] for key in ("rows", "units", "distortions", "libvmaf")},
        "description": model.description,
        "size": (sidecar_path.parent / sidecar["onnx"]).stat().st_size,
        "inputs": len(model.features),
        "features": ", ".join(model.features),
        "network": "-".join(map(str, widths)) + " with ReLU",
        "layers": " -> Relu -> ".join(f"Gemm({a},{b})" for a, b in itertools.pairwise(widths)),
        "parameters": model.parameters,
        "test_sources": ", ".join(test["sources"]),
        "accuracy": "\n".join(_row(report, stats["held_out_sources"]) for report in evaluations),
        "eval_command": _command(test),
        "folds": len(crossval["folds"]),
        "seeds": f"{crossval['seeds']} training{'s' if crossval['seeds'] > 1 else ''}",
        **{
            f"cv_{name}": _plus_minus(crossval, name, digits)
            for name, digits in (("plcc", 6), ("srocc", 4), ("rmse", 3), ("p99", 2))
        },
        "cv_command": _command(crossval),
        "source_count": len(corpus["sources"]),
        "codecs": ", ".join(codec for codec in corpus["codecs"] if codec != "none"),
        "licenses": "\n".join(
            f"| {name} | {', '.join(credits)} |" for name, credits in corpus["licenses"].items()
        ),
        "restarts": f"{stats['restarts']} starts, the best kept"
        if stats["restarts"] > 1
        else "one start",
        "extract_command": _command(corpus),
        "train_command": _command(stats),
        "export_command": _command(sidecar),
    }


def _row(report: Mapping[str, Any], held_out: Sequence[str]) -> str:
    role = "trained on" if set(report["sources"]) - set(held_out) else "held out"
    return (
        f"| {report['split']} sources, {role} | {report['n']} | {report['plcc']:.6f} "
        f"| {report['srocc']:.4f} | {report['rmse']:.3f} | {report['p99']:.2f} "
        f"| {report['worst']:.2f} |"
    )


def _plus_minus(report: Mapping[str, Any], name: str, digits: int) -> str:
    return f"{report['mean'][name]:.{digits}f} ± {report['std'][name]:.{digits}f}"


def _command(report: Mapping[str, Any]) -> str:
    """Give the command line that wrote a report."""
    provenance = report["run_provenance"]
    script = provenance["entrypoint"]["path"]
    program = f"python {script}" if "scripts/" in script else _MODULE
    return " ".join([program, *provenance["argv"]])
