"""VMAF scores of encodes by a tiny model.

>>> import vmaf_tiny
>>> result = vmaf_tiny.score("reference.mkv", "encode.mp4")  # doctest: +SKIP
>>> result.score, result.pooled["vmaf"]["p5"]  # doctest: +SKIP
(93.1, 90.4)
"""

from vmaf_tiny._core import Context, Model, pool, version
from vmaf_tiny.errors import InputError, ModelError, OptionError, OrtMissingError, VmafTinyError
from vmaf_tiny.result import Result
from vmaf_tiny.score import Scorer, score

__version__ = version()

__all__ = [
    "Context",
    "InputError",
    "Model",
    "ModelError",
    "OptionError",
    "OrtMissingError",
    "Result",
    "Scorer",
    "VmafTinyError",
    "__version__",
    "pool",
    "score",
]
