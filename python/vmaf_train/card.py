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

_COMMAND = "vmaf-train"

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

    vmaf-tiny -r reference.mp4 -d encode.mp4 --tiny-model {id}{encoder_flags}
    ffmpeg -i encode.mp4 -i reference.mp4 -lavfi vmaf_tiny=model={id}{encoder_options} -f null -

With features at hand, in Python:

    session = onnxruntime.InferenceSession("{onnx}", providers=["CPUExecutionProvider"])
    (scores,) = session.run(None, {feed})

## The file

| | |
|---|---|
| file | `{onnx}`, {size} bytes, opset {opset}, float32 |
| sha256 | `{sha256}` |
| input | {inputs_told} |
| output | `{output_name}` [N] |
| network | {network}, {parameters} parameters |
| teacher | `{teacher}` |
| licence | {license} |

    {graph}

{scaler_told} The answer can leave
0..100; clip it, as libvmaf does.
{codec_told}
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
{int8_told}
## Training data

{rows} pictures: {distortions} distortions of {units} takes from {source_count} scenes, scored
by libvmaf {libvmaf}. `python/vmaf_train/corpus.toml` names files, takes and checksums.

- {codecs}: over their range of quality, a third at a smaller size;
- scaling down and up;
- blur, noise, sharpening, contrast, brightness, gamma: alone and before an encoder;
- pictures held for two to eight.

Beside the measured rows, {sampled:g} times as many were drawn between and around them and labelled
by the teacher, whose file (`--teacher`) comes with libvmaf.

| licence | material |
|---|---|
{licenses}

Some scenes are made by code. No picture is part of this repository.

## Recipe

Adam ({epochs} epochs, batch {batch_size}, learning rate {lr:g} falling along a cosine) from
{restarts}{polish_told}; seed {seed}.

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

_CODEC = """
The codec block has one value for each of {count} encoders ({vocabulary}), 1 for the one in use,
then `preset_norm` and `crf_norm`; the sidecar has the tables. The teacher looks at features alone,
and so does this model as far as it learned to: with blocks drawn at random, its score of a picture
moves by {shift_mean:.3f} in the mean and {shift_p99:.2f} at the 99th percentile.
"""

_SPELLED = {"relu": "ReLU", "gelu": "GELU"}

_INT8 = """
## int8

`{int8}`, {size} bytes, sha256 `{sha256}`. The weights of its inner layers are kept in eight bits
(static quantization), what flows between them in float32. On the test sources:

| form | PLCC | RMSE | 99th percentile of the error |
|---|---|---|---|
| float32 | {fp32[plcc]:.6f} | {fp32[rmse]:.3f} | {fp32[p99]:.2f} |
| int8 | {small[plcc]:.6f} | {small[rmse]:.3f} | {small[p99]:.2f} |

PLCC drops by {plcc_drop:.6f}; {budget:g} is allowed. Ask for it as `{id}.int8`.

    {command}
"""


def write_card(
    path: Path,
    model: Model,
    sidecar: Path,
    stats: Path,
    corpus: Path,
    evaluations: Sequence[Path],
    crossval: Path,
    int8: Path | None = None,
) -> None:
    """Write a card from the reports of the steps.

    Parameters
    ----------
    sidecar, stats, corpus, crossval : Path
        What export, train, extract and crossval wrote.
    evaluations : sequence of Path
        What eval wrote; the first is that of the test split.
    int8 : Path, optional
        What quantize-int8 wrote.

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
                read_json(int8) if int8 else None,
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
    int8: Mapping[str, Any] | None,
) -> dict[str, Any]:
    sidecar = read_json(sidecar_path)
    for report in evaluations:
        if report["run_provenance"]["inputs"]["model"]["sha256"] != sidecar["sha256"]:
            raise TrainError("an evaluation is of another file than the sidecar; evaluate again")
    test = evaluations[0]
    if set(test["sources"]) - set(stats["held_out_sources"]):
        raise TrainError("the first evaluation has sources that were trained on; see --hold-out")
    return {
        **vars(model),
        **sidecar,
        **{key: stats[key] for key in ("epochs", "batch_size", "lr", "seed", "sampled")},
        **{key: corpus[key] for key in ("rows", "units", "distortions", "libvmaf")},
        **_told_of_inputs(model),
        "description": model.description,
        "output_name": model.output,
        "size": (sidecar_path.parent / sidecar["onnx"]).stat().st_size,
        "network": f"{'-'.join(map(str, model.widths))} with {_SPELLED[model.activation]}",
        "parameters": model.parameters,
        "codec_told": _told_of_codec(model, test),
        "encoder_flags": "" if model.codec is None else " --codec libx264 --preset slow --crf 23",
        "encoder_options": "" if model.codec is None else ":codec=libx264:preset=slow:crf=23",
        "int8_told": _told_of_int8(int8, sidecar),
        "polish_told": f", then {stats['polish']} steps of Levenberg-Marquardt on all rows"
        if stats["polish"]
        else "",
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


def _told_of_inputs(model: Model) -> dict[str, str]:
    """Say how the model is fed."""
    count = len(model.features)
    told = f"`features` [N, {count}]: {', '.join(model.features)}"
    feed = "rows.astype('float32')"
    graph = ["Sub(mean)", "Div(std)"] if model.scaler_in_graph else []
    if model.scaler_in_graph:
        scaler = "The scaler is part of the graph: feed raw features, never standardise again."
    else:
        scaler = "Feed (value - `feature_mean`) / `feature_std`, which the sidecar has."
        feed = "((rows - mean) / std).astype('float32')"
        told += "; standardised by the caller"
    feed = f'"features": {feed}'
    if model.codec is not None:
        told += f"; `{model.codec.input}` [N, {model.codec.width}]"
        feed += f', "{model.codec.input}": blocks'
        graph.append(f"Concat({model.codec.input})")
    activation = model.activation.capitalize()
    pairs = list(itertools.pairwise(model.widths))
    for n, (a, b) in enumerate(pairs):
        graph += [f"Gemm({a},{b})", *([activation] if n + 1 < len(pairs) else [])]
    return {
        "inputs_told": told,
        "feed": f"{{{feed}}}",
        "graph": " -> ".join(["features", *graph, "Squeeze", model.output]),
        "scaler_told": scaler,
    }


def _told_of_codec(model: Model, evaluation: Mapping[str, Any]) -> str:
    if model.codec is None:
        return ""
    return _CODEC.format(
        count=len(model.codec.vocabulary),
        vocabulary=", ".join(model.codec.vocabulary),
        shift_mean=evaluation["codec_shift"]["mean"],
        shift_p99=evaluation["codec_shift"]["p99"],
    )


def _told_of_int8(report: Mapping[str, Any] | None, sidecar: Mapping[str, Any]) -> str:
    if report is None:
        return ""
    if report["sha256"] != sidecar["int8_sha256"]:
        raise TrainError("the report of the int8 form is of another file; quantize again")
    return _INT8.format(
        **report,
        fp32=report["fp32_figures"],
        small=report["int8_figures"],
        command=_command(report),
        id=sidecar["id"],
    )


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
    program = f"python {script}" if "scripts/" in script else _COMMAND
    return " ".join([program, *provenance["argv"]])
