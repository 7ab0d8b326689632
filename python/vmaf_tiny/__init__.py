"""VMAF scores of encodes by a tiny model.

>>> import vmaf_tiny
>>> result = vmaf_tiny.score("reference.mkv", "encode.mp4")  # doctest: +SKIP
>>> result.score, result.pooled["vmaf"]["p5"]  # doctest: +SKIP
(93.1, 90.4)
"""

import sys
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING

from vmaf_tiny.errors import InputError, ModelError, OptionError, OrtMissingError, VmafTinyError

if TYPE_CHECKING:
    from vmaf_tiny._core import Context, Model, pool
    from vmaf_tiny.edit import Box, Edit
    from vmaf_tiny.inputs import Preflight, examine
    from vmaf_tiny.result import Result
    from vmaf_tiny.score import Scorer, score

    __version__: str

__all__ = [
    "Box",
    "Context",
    "Edit",
    "InputError",
    "Model",
    "ModelError",
    "OptionError",
    "OrtMissingError",
    "Preflight",
    "Result",
    "Scorer",
    "VmafTinyError",
    "__version__",
    "examine",
    "pool",
    "score",
]


_HOMES = {
    "Box": "edit",
    "Context": "_core",
    "Edit": "edit",
    "Model": "_core",
    "Preflight": "inputs",
    "Result": "score",
    "Scorer": "score",
    "examine": "inputs",
    "pool": "_core",
    "score": "score",
}


class _Package(ModuleType):
    """Imports when it is asked for what needs PyAV or NumPy.

    So `vmaf_tiny.avfilter` can come before the one, and what the command asks of the other.
    """

    def __getattr__(self, name: str) -> object:
        if name == "__version__":
            return import_module("vmaf_tiny._core").version()
        if name not in _HOMES:
            raise AttributeError(f"module '{__name__}' has no attribute '{name}'")
        return getattr(import_module(f"vmaf_tiny.{_HOMES[name]}"), name)

    def __setattr__(self, name: str, value: object) -> None:
        # An imported submodule becomes an attribute, but this name is the function's.
        if name != "score" or not isinstance(value, ModuleType):
            super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Package
