"""vmaf-tiny pictures: run a model that looks at pictures, show a value for each."""

import json

from vmaf_tiny.cli.lines import warn
from vmaf_tiny.cli.options import ModelOptions, RawOptions
from vmaf_tiny.cli.show import plain, show
from vmaf_tiny.pictures import PictureResult, measure_pictures


def run(
    reference: str,
    distorted: str | None,
    raw: RawOptions,
    model: ModelOptions,
    as_json: bool,
    quiet: bool,
) -> int:
    """Print what a model says of the pictures of one video or two."""
    with model.open() as opened:
        result = measure_pictures(reference, distorted, opened, **raw.arguments())
    for warning in result.warnings:
        warn(warning)
    if as_json:
        print(json.dumps(result.to_dict(), indent=2))
    elif quiet:
        print(f"{result.mean:.6f}")
    else:
        show("\n".join(map(plain, _told(result))))
    return 0


def _told(result: PictureResult) -> tuple[str, str]:
    info = result.model
    low, high = result.values.min(), result.values.max()
    return (
        f"{result.feature} {result.mean:.6f}, from {low:.6f} to {high:.6f},"
        f" of {len(result.values)} pictures",
        f"model {info.id} ({info.sha256[:12]}) by ONNX Runtime {info.ort_version}"
        f" ({info.provider}), RGB by {', '.join(result.matrix)}",
    )
