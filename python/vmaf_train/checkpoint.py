# SPDX-License-Identifier: BSD-2-Clause-Patent
"""Checkpoints: what ``torch.save`` writes and ``torch.load`` reads, without torch.

A checkpoint is a zip archive with a pickle that refers to the tensors' bytes. The reader knows the
few globals that tensors need and refuses every other one, so a checkpoint cannot run code.
"""

from __future__ import annotations

import io
import pickle
import zipfile
from collections import OrderedDict
from pathlib import Path
from typing import Any, cast

import numpy as np
import numpy.typing as npt

from vmaf_train.errors import TableError
from vmaf_train.files import write_bytes
from vmaf_train.net import Network

_DTYPES = {"FloatStorage": np.dtype("<f4"), "DoubleStorage": np.dtype("<f8")}


def save_checkpoint(path: Path, network: Network, about: dict[str, Any]) -> None:
    """Write a checkpoint atomically: the network's weights and what else is known about it.

    Equal networks give equal bytes.
    """
    state: dict[str, Any] = {}
    for n, (weight, bias) in enumerate(network.layers):
        # Numbered as in torch.nn.Sequential, where an activation follows each layer but the last.
        state[f"{2 * n}.weight"] = weight.astype("<f4")
        state[f"{2 * n}.bias"] = bias.astype("<f4")
    pickled = io.BytesIO()
    writer = _Writer(pickled)
    writer.dump({"state_dict": state} | about)
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        members = {"data.pkl": pickled.getvalue(), "byteorder": b"little", "version": b"3\n"}
        members |= {f"data/{n}": data for n, data in enumerate(writer.storages)}
        for name, data in members.items():
            file.writestr(zipfile.ZipInfo(f"archive/{name}"), data)
    write_bytes(path, archive.getvalue())


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
        beside = np.asarray(weights[0]).shape[1] - len(checkpoint["input_mean"])
        if beside < 0:
            raise ValueError("the scaler, which is longer than the first layer is wide")
        return Network(
            mean=np.array([*checkpoint["input_mean"], *[0.0] * beside], np.float32),
            std=np.array([*checkpoint["input_std"], *[1.0] * beside], np.float32),
            layers=[
                (np.asarray(w, np.float32), np.asarray(b, np.float32))
                for w, b in zip(weights, biases, strict=True)
            ],
            activation=checkpoint.get("activation", "relu"),
        )
    except (KeyError, IndexError, TypeError, ValueError, AttributeError) as error:
        raise TableError(f"the checkpoint lacks or spoils {error}; train it again") from error


class _Global:
    """A name that the pickle refers to; torch has it."""

    def __init__(self, module: str, name: str) -> None:
        self.module, self.name = module, name

    def __call__(self) -> None:
        """Look callable, as pickle wants what rebuilds an object to be."""


_TENSOR = _Global("torch._utils", "_rebuild_tensor_v2")


class _Storage:
    """The bytes of a tensor, kept beside the pickle."""

    def __init__(self, key: int, size: int) -> None:
        self.key, self.size = key, size


# Not pickle.Pickler: in C, the names that a pickle refers to must exist here.
class _Writer(cast(Any, pickle)._Pickler):  # type: ignore[misc]
    """Pickles float32 arrays as torch pickles tensors."""

    def __init__(self, file: io.BytesIO) -> None:
        super().__init__(file, protocol=2)
        self.storages: list[bytes] = []

    def save(self, obj: Any, save_persistent_id: bool = True) -> None:
        if isinstance(obj, _Global):
            self.write(pickle.GLOBAL + f"{obj.module}\n{obj.name}\n".encode())
        else:
            super().save(obj, save_persistent_id)

    def persistent_id(self, obj: Any) -> Any:
        if not isinstance(obj, _Storage):
            return None
        return "storage", _Global("torch", "FloatStorage"), str(obj.key), "cpu", obj.size

    def reducer_override(self, obj: Any) -> Any:
        if not isinstance(obj, np.ndarray):
            return NotImplemented
        storage = _Storage(len(self.storages), obj.size)
        self.storages.append(np.ascontiguousarray(obj).tobytes())
        stride = tuple(step // obj.itemsize for step in np.ascontiguousarray(obj).strides)
        # Offset, shape, stride, no gradient wanted, no hooks.
        state: tuple[Any, ...] = (storage, 0, obj.shape, stride, False, OrderedDict())
        return _TENSOR, state


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
