"""vmaf-tiny doctor: what is installed, whether scoring works, and what to do if not."""

import platform
from collections.abc import Callable
from pathlib import Path

import numpy as np
from rich.table import Table

from vmaf_tiny import _core
from vmaf_tiny.cli.options import ModelOptions
from vmaf_tiny.cli.show import plain, show
from vmaf_tiny.errors import VmafTinyError


def run(options: ModelOptions) -> int:
    """Print what was found; 1 if a score cannot be had."""
    looks: dict[str, Callable[[], str]] = {
        "vmaf-tiny": lambda: f"{_core.version()}, Python {platform.python_version()}",
        "CPU levels": lambda: " ".join(_core.cpu_levels()),
        "video": _video,
        "NumPy": lambda: np.__version__,
        "providers": lambda: " ".join(_core.devices(options.ort_lib)),
        "models": lambda: _models(options.model_dir),
        "scores": lambda: _scores(options),
    }
    table = Table.grid(padding=(0, 2))
    failed = set()
    for what, look in looks.items():
        try:
            table.add_row("[green]ok[/]", what, plain(look()))
        except (ImportError, OSError, VmafTinyError) as error:
            failed.add(what)
            table.add_row("[red]no[/]", what, plain(str(error)))
    show(table)
    if failed & {"video", "scores"}:
        show("Scoring does not work: mend what says no.")
        return 1
    show("Scoring works." if not failed else "Scoring works, but what says no does not.")
    return 0


def _video() -> str:
    import av

    return f"PyAV {av.__version__}, FFmpeg {av.ffmpeg_version_info}"


def _models(model_dir: str | None) -> str:
    entries = _core.registry(model_dir)
    broken = [entry.id for entry in entries if not entry.intact]
    if broken:
        raise VmafTinyError(f"altered or missing, install again: {', '.join(broken)}")
    folders = {str(Path(entry.path).parent) for entry in entries}
    return f"{len(entries)} intact in {', '.join(folders)}"


def _scores(options: ModelOptions) -> str:
    """Score a row of features, which takes all there is but the video."""
    with options.open() as model:
        model.score(np.zeros(1, _core.ROW))
        info = model.info
    return f"{info.id} on {info.provider} by ONNX Runtime {info.ort_version}, {info.ort_library}"
