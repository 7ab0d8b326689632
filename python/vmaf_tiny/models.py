"""What is said of models, and where they and ONNX Runtime are looked for."""

import importlib.util
import os
from dataclasses import dataclass
from pathlib import Path

_MODEL_DIR = "VMAF_TINY_MODEL_DIR"
_ORT_LIB = "VMAF_TINY_ORT_LIB"


@dataclass(frozen=True)
class ModelInfo:
    """What a report says about a model.

    Attributes
    ----------
    id
        Registry id, or the file's name without folder and ending.
    path
        The file that was read.
    sha256
        Of the bytes that run.
    teacher
        Model whose scores it learned, such as ``"vmaf_v0.6.1"``; or empty.
    license
        From the registry; or empty.
    provider
        Execution provider in use, such as ``"cpu"``.
    ort_version
        Version of ONNX Runtime.
    ort_library
        The file that ONNX Runtime was opened from.
    registered
        Whether the registry vouches for these bytes.
    clipped
        Whether scores are clipped, to 0 to 100 unless the model says otherwise.
    codec, preset, crf
        Encoder that the scores are conditioned on, or codec ``"blind"``; or empty.
    vif_gain_limit, adm_gain_limit
        What the features must be extracted with, 1 to 100, as `Context` takes it.
    pictures
        0: it scores features; 1 or 2: it looks at so many pictures instead, see
        `pictures.measure_pictures`.
    map
        Whether it makes a map of the pictures that it looks at.
    feature
        Name of its answers.
    """

    id: str
    path: str
    sha256: str
    teacher: str
    license: str
    provider: str
    ort_version: str
    ort_library: str
    registered: bool
    clipped: bool
    codec: str = ""
    preset: str = ""
    crf: str = ""
    vif_gain_limit: float = 100.0
    adm_gain_limit: float = 100.0
    pictures: int = 0
    map: bool = False
    feature: str = "vmaf"


@dataclass(frozen=True)
class ModelEntry:
    """A row of the registry.

    Attributes
    ----------
    id
        Name to ask for the model by.
    kind
        ``"fr"``, ``"nr"`` or ``"filter"``.
    path
        The .onnx file.
    sha256
        What the file must have.
    description, license, teacher
        Or empty.
    smoke
        Whether it only tests the way into the runtime and claims no quality.
    intact
        Whether the file is there and has its sha256.
    """

    id: str
    kind: str
    path: str
    sha256: str
    description: str
    license: str
    teacher: str
    smoke: bool
    intact: bool


def find_model_dir(asked: str | os.PathLike[str] | None) -> str | os.PathLike[str] | None:
    """Return the folder of the registry, or None to let the core find it."""
    if asked is not None or os.environ.get(_MODEL_DIR):
        return asked
    here = Path(__file__).resolve()
    # In a wheel beside this file; in an editable install where the sources have it.
    folders = (here.parent / "model", here.parents[2] / "model" / "tiny")
    return next((folder for folder in folders if (folder / "registry.json").is_file()), None)


def find_ort_library(asked: str | os.PathLike[str] | None) -> str | os.PathLike[str] | None:
    """Return the path of ONNX Runtime, or None to let the core find it.

    The onnxruntime package is looked into, not imported: its Python part is slow to load.
    """
    if asked is not None or os.environ.get(_ORT_LIB):
        return asked
    spec = importlib.util.find_spec("onnxruntime")
    folders = spec.submodule_search_locations if spec else None
    for folder in folders or ():
        capi = Path(folder) / "capi"
        found = [*capi.glob("libonnxruntime.so*"), *capi.glob("libonnxruntime*.dylib")]
        if found:
            return max(found)
    return None
