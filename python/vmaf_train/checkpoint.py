# SPDX-License-Identifier: BSD-2-Clause-Patent
"""Checkpoints: read without torch, so that only training needs it.

A checkpoint is what ``torch.save`` writes: a zip archive with a pickle that refers to the tensors'
bytes. The reader knows the few globals that tensors need and refuses every other one, so a
checkpoint cannot run code.
"""

from __future__ import annotations

import io
import pickle
import zipfile
from collections import OrderedDict
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from vmaf_train.errors import TableError
from vmaf_train.net import Network

_DTYPES = {"FloatStorage": np.dtype("<f4"), "DoubleStorage": np.dtype("<f8")}


def read_checkpoint(path: Path) -> dict[str, Any]:
    """Read a checkpoint.

    Returns
    -------
    dict
        As it was saved, tensors as arrays.

    Raises
    ------
    TableError
        If the file is missing, is no checkpoint, or asks for more than plain values and tensors.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            pickles = [name for name in archive.namelist() if name.endswith("/data.pkl")]
            if len(pickles) != 1:
                raise TableError(f"{path} is not a checkpoint: it has no data.pkl")
            checkpoint = _Reader(archive, pickles[0]).load()
    except (OSError, zipfile.BadZipFile, pickle.UnpicklingError, KeyError, ValueError) as error:
        raise TableError(f"cannot read the checkpoint {path}: {error}") from error
    if not isinstance(checkpoint, dict):
        raise TableError(f"{path} is not a checkpoint of this trainer")
    return checkpoint


def network_of(checkpoint: dict[str, Any]) -> Network:
    """Network in a checkpoint.

    Raises
    ------
    TableError
        If a part is missing or the shapes do not fit.
    """
    try:
        state = checkpoint["state_dict"]
        weights = [value for name, value in state.items() if name.endswith("weight")]
        biases = [value for name, value in state.items() if name.endswith("bias")]
        return Network(
            mean=np.asarray(checkpoint["input_mean"], np.float32),
            std=np.asarray(checkpoint["input_std"], np.float32),
            layers=[
                (np.asarray(w, np.float32), np.asarray(b, np.float32))
                for w, b in zip(weights, biases, strict=True)
            ],
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise TableError(f"the checkpoint lacks or spoils {error}; train it again") from error


class _Reader(pickle.Unpickler):
    """Unpickles dictionaries, lists, numbers, strings and tensors."""

    def __init__(self, archive: zipfile.ZipFile, pickle_name: str) -> None:
        super().__init__(io.BytesIO(archive.read(pickle_name)))
        self._archive = archive
        self._folder = pickle_name.removesuffix("data.pkl")

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) == ("collections", "OrderedDict"):
            return OrderedDict
        if (module, name) == ("torch._utils", "_rebuild_tensor_v2"):
            return _tensor
        if module == "torch" and name in _DTYPES:
            return _DTYPES[name]
        raise pickle.UnpicklingError(f"it refers to {module}.{name}")

    def persistent_load(self, pid: Any) -> npt.NDArray[Any]:
        _, dtype, key, _, size = pid
        data = self._archive.read(f"{self._folder}data/{key}")
        return np.frombuffer(data, dtype, count=size)


def _tensor(
    storage: npt.NDArray[Any], offset: int, shape: tuple[int, ...], stride: tuple[int, ...], *_: Any
) -> npt.NDArray[Any]:
    count = int(np.prod(shape))
    steps = tuple(s * storage.itemsize for s in stride)
    if any(s < 0 for s in (offset, *shape, *stride)) or (
        count
        and offset + sum((n - 1) * s for n, s in zip(shape, stride, strict=True)) >= storage.size
    ):
        raise pickle.UnpicklingError("a tensor reaches outside its storage")
    return np.lib.stride_tricks.as_strided(storage[offset:], shape, steps).copy()
