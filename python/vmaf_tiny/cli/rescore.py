"""vmaf-tiny rescore: features once, any model."""

import os
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import PurePath

from rich.console import Group

from vmaf_tiny._core import LOG_FORMATS
from vmaf_tiny.cli.lines import warn
from vmaf_tiny.cli.options import TABLE, ModelOptions
from vmaf_tiny.cli.show import coloured, fitted, plain, show
from vmaf_tiny.errors import OptionError
from vmaf_tiny.files import check_writable
from vmaf_tiny.rescore import conditions_of, read_results, rescore
from vmaf_tiny.table import Scored, need_pyarrow, write_table

_SPARED = ("harmonic", "frames", "min", "model")


def run(paths: Sequence[str], model: ModelOptions, output: str | None, quiet: bool) -> int:
    """Score features again and show what changed."""
    if output:
        _check(output, paths)
    before = read_results(paths)
    with model.models() as opened:
        models_of = [opened.of(conditions_of(one)) for one in before]
        begun = time.perf_counter()
        after = [
            replace(one, result=rescore(one.result, each))
            for one, each in zip(before, models_of, strict=True)
        ]
        spent = time.perf_counter() - begun
    for warning in dict.fromkeys(text for one in after for text in one.result.warnings):
        warn(warning)
    if output:
        _write(output, after)
    if quiet:
        for one in after:
            print(f"{one.result.score:.6f}")
        return 0
    show(_table(before, after))
    count = sum(len(one.result.scores) for one in after)
    show(f"\n{count} frames scored in {1e3 * spent:.1f} ms, {1e6 * spent / count:.2f} µs each")
    return 0


def _check(output: str, paths: Sequence[str]) -> None:
    kind = PurePath(output).suffix.lstrip(".").lower()
    if kind not in (TABLE, *LOG_FORMATS):
        kinds = ", ".join((TABLE, *LOG_FORMATS))
        raise OptionError(f"-o {output} does not tell the format: let it end in one of {kinds}")
    if kind == TABLE:
        need_pyarrow()
    check_writable(output, paths)


def _write(output: str | os.PathLike[str], encodes: Sequence[Scored]) -> None:
    kind = PurePath(output).suffix.lstrip(".").lower()
    if kind == TABLE:
        write_table(output, encodes)
        return
    if len(encodes) != 1:
        raise OptionError(
            f"-o {output} holds one encode and there are {len(encodes)}: write .parquet"
        )
    encodes[0].result.write(output, kind)


def _table(before: Sequence[Scored], after: Sequence[Scored]) -> Group:
    pooled = [one.result.pooled["vmaf"] for one in after]
    columns = {
        "encode": [plain(one.name) for one in after],
        "frames": [str(len(one.result.scores)) for one in after],
        "before": [f"{one.result.score:.3f}" for one in before],
        "VMAF": [coloured(one.result.score) for one in after],
        **{
            name.partition("_")[0]: [f"{values[name]:.3f}" for values in pooled]
            for name in ("harmonic_mean", "p5", "min")
        },
    }
    models = [
        f"{one.result.provenance.model.id} → {again.result.provenance.model.id}"
        for one, again in zip(before, after, strict=True)
    ]
    if len(set(models)) > 1:
        return Group(fitted({**columns, "model": list(map(plain, models))}, _SPARED))
    return Group(fitted(columns, _SPARED), f"[dim]{plain(models[0])}[/]")
