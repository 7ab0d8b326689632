# SPDX-License-Identifier: BSD-2-Clause-Patent
"""The FFmpeg inside PyAV's wheel: its release, its libraries under the names the wheel gave them.

A wheel keeps its libraries in av.libs/ under names with a hash, which are also their sonames. A
library that is linked with them and has the soname of the wheel's libavfilter is taken in its
place, if it is loaded first.
"""

from __future__ import annotations

import ctypes
import importlib.metadata
import importlib.util
import json
import sys
from pathlib import Path

from installed import Installed, parse_configuration, parse_version
from plugin import OURS, install_models, replace_file
from report import Fault, output_of

_ROOT = Path(__file__).resolve().parents[2]


def _libraries(folder: Path) -> dict[str, Path]:
    """Return the libraries that a libavfilter is linked with, itself included, by soname."""
    found = {}
    for name in (*OURS, "avfilter"):
        for path in sorted(folder.glob(f"lib{name}-*.so.*")):
            found[f"lib{name}.so.{path.name.split('.so.')[1].split('.')[0]}"] = path
    return found


def _ask(path: Path, function: str) -> str:
    ask = getattr(ctypes.CDLL(str(path)), function)
    ask.restype = ctypes.c_char_p
    return bytes(ask()).decode()


def find_wheel() -> Installed:
    """Look at the PyAV of the Python that runs this.

    Raises
    ------
    Fault
        There is none, or it is no wheel that brings its own FFmpeg.
    """
    spec = importlib.util.find_spec("av")
    if not spec or not spec.origin:
        raise Fault("this Python has no PyAV: pip install av, or run this with the Python that has")
    package = Path(spec.origin).parent
    libraries = _libraries(package.with_name("av.libs"))
    names = {soname.split(".")[0][3:]: path for soname, path in libraries.items()}
    if not {"avutil", "avfilter"} <= names.keys():
        raise Fault(
            f"the PyAV in {package} does not bring its own FFmpeg: build one with this filter "
            "(make ffmpeg SHARED=1), and PyAV with it (pip install --no-binary av av)"
        )
    _, release = parse_version(f"ffmpeg version {_ask(names['avutil'], 'av_version_info')} ")
    configuration = _ask(names["avfilter"], "avfilter_configuration")
    return Installed(
        path=package,
        version=importlib.metadata.version("av"),
        release=release,
        avfilter=names["avfilter"].name.split(".so.")[1],
        configuration=parse_configuration(f"configuration: {configuration}"),
        libraries=libraries,
    )


def library_name(wheel: Installed) -> str:
    """Return the file name, which is the soname too, of the wheel's libavfilter."""
    return wheel.libraries[wheel.soname].name


def settings(wheel: Installed, onnxruntime: Path | None) -> str:
    """Return what vmaf_tiny.avfilter reads, as JSON.

    The libraries are in the order in which they need each other, the filter's last.
    """
    order = ("avutil", "swresample", "swscale", "postproc", "avcodec", "avformat", "avfilter")
    names = {soname.split(".")[0][3:]: path.name for soname, path in wheel.libraries.items()}
    values = {
        "av": wheel.version,
        "release": wheel.release,
        "libraries": [names[name] for name in order if name in names],
        "onnxruntime": str(onnxruntime or ""),
    }
    return json.dumps(values, indent=2) + "\n"


def install(
    library: Path, wheel: Installed, prefix: Path, models: Path, onnxruntime: Path | None
) -> Path:
    """Put library, models and settings below `prefix`, try them, return the settings.

    Raises
    ------
    Fault
        PyAV does not find the filter.
    """
    replace_file(library, prefix / "lib" / library_name(wheel))
    install_models(models, prefix)
    path = prefix / "pyav.json"
    path.write_text(settings(wheel, onnxruntime), "utf-8")
    module = _ROOT / "python" / "vmaf_tiny" / "avfilter.py"
    code = (
        f"import runpy; load = runpy.run_path({str(module)!r}, run_name='avfilter')['load']\n"
        f"load({str(prefix)!r}); import av.filter; av.filter.Graph().add('null')\n"
        "print('vmaf_tiny' in av.filter.filters_available)"
    )
    said = output_of([sys.executable, "-c", code])
    if said.splitlines()[-1:] != ["True"]:
        raise Fault(f"PyAV does not take the libavfilter in {prefix}/lib: report this ({said!r})")
    return path
