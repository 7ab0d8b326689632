"""Gives PyAV the filter vmaf_tiny, by being imported before PyAV.

PyAV's wheel brings its own FFmpeg, without this filter. ``make plugin-pyav`` builds the libavfilter
of exactly that release with it; importing this module loads that library under the name of the
wheel's, which stays as it is.

>>> import vmaf_tiny.avfilter  # doctest: +SKIP
>>> import av.filter  # doctest: +SKIP
>>> av.filter.Graph().add("vmaf_tiny", "n_threads=2")  # doctest: +SKIP

The plug-in is looked for in the folder that ``VMAF_TINY_AVFILTER`` names, else in ``build/pyav`` of
the source tree. For the filter, which asks the environment, ``VMAF_TINY_ORT_LIB`` is set to ONNX
Runtime's library unless it is set.
"""

import ctypes
import importlib.metadata
import importlib.util
import json
import os
import sys
from pathlib import Path

__all__ = ["load"]

_FOLDER = "VMAF_TINY_AVFILTER"
_ORT_LIB = "VMAF_TINY_ORT_LIB"


def _find_folder() -> Path:
    asked = os.environ.get(_FOLDER)
    return Path(asked) if asked else Path(__file__).resolve().parents[2] / "build" / "pyav"


def _wheel_libraries() -> Path:
    spec = importlib.util.find_spec("av")
    if spec is None or spec.origin is None:
        raise ImportError("PyAV is not installed: pip install av")
    return Path(spec.origin).parent.with_name("av.libs")


def load(folder: str | os.PathLike[str]) -> None:
    """Load the plug-in in a folder in place of PyAV's libavfilter.

    Parameters
    ----------
    folder
        Where ``make plugin-pyav`` put it.

    Raises
    ------
    ImportError
        PyAV was imported before, the plug-in is not built, or PyAV is not the one that it was
        built for.
    """
    if "av" in sys.modules:
        raise ImportError(
            "PyAV was imported before, and with it a libavfilter without vmaf_tiny: "
            "import vmaf_tiny.avfilter before av"
        )
    path = Path(folder)
    try:
        settings = json.loads((path / "pyav.json").read_text("utf-8"))
    except OSError as error:
        raise ImportError(
            f"there is no plug-in for PyAV in '{path}': make it with `make plugin-pyav`, or say "
            f"where it is in {_FOLDER}"
        ) from error
    libraries = _wheel_libraries()
    *others, ours = settings["libraries"]
    version = importlib.metadata.version("av")
    # The names have a hash of the content, so they tell one wheel from another of its version.
    if version != settings["av"] or not all(
        (libraries / name).is_file() for name in (*others, ours)
    ):
        raise ImportError(
            f"the plug-in in '{path}' is for the wheel of PyAV {settings['av']} with FFmpeg "
            f"{settings['release']}, not for this PyAV {version}: make it again with "
            "`make plugin-pyav`"
        )
    if settings["onnxruntime"] and Path(settings["onnxruntime"]).is_file():
        os.environ.setdefault(_ORT_LIB, settings["onnxruntime"])
    for library in (*(libraries / name for name in others), path / "lib" / ours):
        try:
            ctypes.CDLL(str(library))
        except OSError as error:
            raise ImportError(
                f"'{library}' cannot be loaded ({error}): make the plug-in again with "
                "`make plugin-pyav`"
            ) from error


if __name__ == "vmaf_tiny.avfilter":
    load(_find_folder())
