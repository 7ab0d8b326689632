"""The only module that sees C: handles, lent planes, strings and error codes."""

import os
import threading
import weakref
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, fields
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from vmaf_tiny._native import ffi, lib
from vmaf_tiny.errors import InputError, ModelError, OptionError, VmafTinyError, from_code
from vmaf_tiny.models import ModelEntry as ModelEntry
from vmaf_tiny.models import ModelInfo as ModelInfo
from vmaf_tiny.models import find_model_dir, find_ort_library
from vmaf_tiny.planes import Planes, lendable

Rows = NDArray[np.void]
"""Features of pictures: an array of `ROW`."""


def _names(name_of: Any, count: int) -> tuple[str, ...]:
    return tuple(ffi.string(name_of(i)).decode() for i in range(count))


FEATURES = _names(lib.vmt_feature_name, lib.VMT_FEATURES)
"""Names of the features, in the order in which models take them."""

POOLINGS = _names(lib.vmt_pool_name, lib.VMT_POOLS)
"""Names of the ways to turn many values into one, in the order of `pool`."""

LOG_FORMATS = _names(lib.vmt_log_name, lib.VMT_LOGS)
"""Names of the formats that `write_log` knows."""

ROW = np.dtype([("index", "<i8"), ("value", "<f8", (len(FEATURES),))])
"""Features of one picture: its index, counted from 0, and a value for each of `FEATURES`."""

MODES = _names(lib.vmt_mode_name, lib.VMT_MODES)
"""How exact features can be."""

STAGES = _names(lib.vmt_stage_name, lib.VMT_STAGES)
"""What takes the time of features."""

MATRICES = _names(lib.vmt_matrix_name, lib.VMT_MATRICES)
"""What three planes can be: luma and colour differences by a matrix, or ``"rgb"``."""

_CPUS = _names(lib.vmt_cpu_name, lib.VMT_CPU_LEVELS)


def version() -> str:
    """Return the version of the library, such as ``"0.1.0"``."""
    return _string(lib.vmt_version())


def cpu_levels() -> list[str]:
    """Return the kernels that this CPU and this build have, weakest first."""
    levels = range(lib.VMT_CPU_BEST + 1, lib.VMT_CPU_LEVELS)
    return [_CPUS[level] for level in levels if lib.vmt_cpu_available(level)]


# ------------------------------------------------------------------------------ errors, strings


def _check(code: int, error: Any, subject: type[VmafTinyError]) -> int:
    """Raise for a negative code; else return it."""
    if code < 0:
        raise from_code(code, _string(error.text), subject)
    return code


def _string(chars: Any) -> str:
    return "" if chars == ffi.NULL else ffi.string(chars).decode("utf-8", "surrogateescape")


def _chars(text: str | os.PathLike[str] | None) -> Any:
    """Return a C string that lives as long as the result, or NULL."""
    if text is None:
        return ffi.NULL
    data = os.fsencode(text)
    if b"\0" in data:
        raise OptionError(f"{os.fspath(text)!r} has a zero byte in it: remove it")
    return ffi.new("char[]", data)


def _number(names: Sequence[str], name: str, what: str) -> int:
    """Return the number of a name in a C enum that counts from 0."""
    if name not in names:
        raise OptionError(f"unknown {what} {name!r}: choose one of {', '.join(names)}")
    return names.index(name)


class _Handle:
    """What is freed when it is closed, or with the last reference to it."""

    _lock: threading.Lock
    _close: "weakref.finalize[..., Any]"

    def close(self) -> None:
        """Stop and free; safe to call twice."""
        with self._lock:
            self._close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()


# ------------------------------------------------------------------------------------- features


class Context(_Handle):
    """Extract features from a sequence of luma planes.

    Calls from several threads wait for each other.

    Parameters
    ----------
    width, height
        Size of the luma planes in samples, 33 to 32768.
    bits
        Bits per sample, 8 to 16. Planes are ``uint8`` for 8 bits and ``uint16`` above.
    renditions
        Distorted planes per reference plane, 1 to 64.
    threads
        1: work in the caller's thread; more: that many workers; 0: one per processor. Results do
        not depend on it.
    cpu
        Kernels to compute with: ``"best"`` or one of `cpu_levels`. All give the same results.
    subsample
        Give rows for every n-th picture only, counted from the first.
    mode
        ``"exact"``: equal to libvmaf's; ``"fast"``: VIF of pictures of about 960x540 and more from
        some of their rows, which moves the score by hundredths; smaller ones exactly.
    vif_gain_limit, adm_gain_limit
        Limits of the gain that is counted as enhancement, 1 to 100.
    stage_times
        Take the time of every stage, for `stage_seconds`.

    Raises
    ------
    OptionError
        A value is out of range or the CPU level is not available.

    Examples
    --------
    >>> import numpy as np
    >>> still = np.full((64, 64), 128, np.uint8)
    >>> with Context(64, 64) as context:
    ...     context.push(still, [still])
    ...     context.flush()
    ...     row = context.pull()[0]
    >>> int(row["index"]), float(row["value"][FEATURES.index("motion2")])
    (0, 0.0)
    """

    def __init__(
        self,
        width: int,
        height: int,
        bits: int = 8,
        *,
        renditions: int = 1,
        threads: int = 0,
        cpu: str = "best",
        subsample: int = 1,
        mode: str = "exact",
        vif_gain_limit: float = 100.0,
        adm_gain_limit: float = 100.0,
        stage_times: bool = False,
    ) -> None:
        config = {
            "width": width,
            "height": height,
            "bits": bits,
            "renditions": renditions,
            "threads": threads,
            "cpu": _number(_CPUS, cpu, "CPU level"),
            "subsample": subsample,
            "mode": _number(MODES, mode, "mode"),
            "vif_gain_limit": vif_gain_limit,
            "adm_gain_limit": adm_gain_limit,
            "stage_times": stage_times,
        }
        for name, value in config.items():
            # In C, 0 asks for a default.
            if not value and name not in ("threads", "cpu", "mode", "stage_times"):
                raise OptionError(f"{name} is 0: leave it out or give a value in range")
        handle, error = ffi.new("VmtContext **"), ffi.new("VmtError *")
        _check(lib.vmt_open(handle, _struct("VmtConfig", config), error), error, OptionError)
        self._handle, self._error = handle, error
        self._form = (height, width), np.dtype(np.uint16 if bits > 8 else np.uint8)
        self._renditions, self._lock = renditions, threading.Lock()
        # Oldest first: the C side of a loan and the arrays that it keeps alive.
        self._loans: deque[tuple[Any, list[NDArray[Any]]]] = deque()
        self._close = weakref.finalize(self, _close_context, handle, self._loans)
        self.cpu: str = _CPUS[lib.vmt_context_cpu(handle[0])]
        self.threads: int = lib.vmt_context_threads(handle[0])

    def push(
        self, reference: ArrayLike, distorted: Sequence[ArrayLike], *, copy: bool = False
    ) -> None:
        """Add the next time step. Blocks while the context has no room for it.

        Planes are lent, not copied: the context keeps them alive, and they must not change, until
        the rows of the next time step have been pulled or the context is closed. Only what cannot
        be lent, because the samples of a row are not adjacent, is copied.

        Parameters
        ----------
        reference
            Luma plane, an array or buffer of shape (height, width), ``uint8`` for 8 bits and
            ``uint16`` above, rows at any distance, also upside down.
        distorted
            Such a plane for each rendition.
        copy
            Copy the planes, so that they may change as soon as the call returns.

        Raises
        ------
        InputError
            A plane has another type or shape or a sample of more bits than the context has. The
            context has not taken the time step and goes on.
        """
        if len(distorted) != self._renditions:
            raise InputError(f"{len(distorted)} distorted planes, not {self._renditions}")
        arrays = [lendable(plane, *self._form) for plane in (reference, *distorted)]
        loan = ffi.new("Loan *")
        lib.loan_begin(loan, 0 if copy else len(arrays))
        pictures = ffi.new("VmtPicture[]", len(arrays))
        for picture, array in zip(pictures, arrays, strict=True):
            picture.data = ffi.cast("void *", array.ctypes.data)
            picture.stride = array.strides[0]
            if not copy:
                picture.release, picture.opaque = _RELEASE, loan
        with self._lock:
            context = self._open()
            self._return_loans()
            # Kept before the call: an interrupt between it and a later line must not lose them.
            self._loans.append((loan, arrays))
            code = lib.vmt_push(context, pictures, pictures + 1, self._error)
            if code < 0:
                self._loans.pop()
            _check(code, self._error, InputError)

    def pull(self) -> Rows | None:
        """Take the rows of the next time step, in order.

        Returns
        -------
        rows
            `ROW` array of shape (renditions,), or None: before `flush`, none is ready; after it,
            all have been taken.
        """
        rows = np.empty(self._renditions, ROW)
        with self._lock:
            context = self._open()
            code = lib.vmt_pull(context, ffi.from_buffer("VmtRow[]", rows), self._error)
            self._return_loans()
            return rows if _check(code, self._error, VmafTinyError) else None

    def flush(self) -> None:
        """Say that no more planes will come, which the last row waits for."""
        with self._lock:
            code = lib.vmt_flush(self._open(), self._error)
            self._return_loans()
            _check(code, self._error, VmafTinyError)

    def stage_seconds(self) -> dict[str, float]:
        """Return seconds of all processors in each of `STAGES`; 0 without ``stage_times``."""
        seconds = ffi.new("double[]", len(STAGES))
        with self._lock:
            lib.vmt_stage_seconds(self._open(), seconds)
        return dict(zip(STAGES, seconds, strict=True))

    def _open(self) -> Any:
        if not self._close.alive:
            raise VmafTinyError("the context is closed: open another one")
        return self._handle[0]

    def _return_loans(self) -> None:
        """Drop the arrays that the core has given back."""
        while self._loans and not lib.loan_pending(self._loans[0][0]):
            self._loans.popleft()


_RELEASE = ffi.addressof(lib, "loan_release")


def _struct(name: str, fields: Mapping[str, object]) -> Any:
    """Return a new C struct."""
    try:
        return ffi.new(f"{name} *", fields)
    except (OverflowError, TypeError) as error:
        raise OptionError(f"an option is no number that fits: {error}") from None


def _close_context(handle: Any, loans: deque[Any]) -> None:
    lib.vmt_close(handle)
    loans.clear()


# --------------------------------------------------------------------------------------- fusion


class Model(_Handle):
    """A model that turns rows of features into scores, run by ONNX Runtime.

    Calls from several threads wait for each other.

    Parameters
    ----------
    model
        Id in the registry, else the path of an .onnx file.
    model_dir
        Folder of the registry; None: ``$VMAF_TINY_MODEL_DIR``, else the package's own.
    device
        ``"auto"``, ``"cpu"``, ``"cuda"``, ``"openvino"`` or ``"rocm"``.
    ort_library
        Path of libonnxruntime; None: ``$VMAF_TINY_ORT_LIB``, else that of the installed
        onnxruntime package, else the system's.
    threads
        Threads of ONNX Runtime; 0: 1, as the models are tiny.
    registered_only
        Refuse a model that the registry does not have.
    clip
        Clip scores, to 0 to 100 unless the model says otherwise.
    codec, preset, crf
        For a model that is conditioned on the encoder: its name, such as ``"libx264"``, preset and
        CRF; or codec ``"blind"`` for a score without that knowledge.
    codec_optional
        Let a model that is not conditioned on the encoder ignore these three, not refuse them.

    Raises
    ------
    OrtMissingError
        There is no ONNX Runtime.
    ModelError
        The model is unknown, altered, too large or of a wrong form, the device is missing, or the
        codec, preset or CRF is not one that the model takes.

    Attributes
    ----------
    info : ModelInfo
        What was loaded; stays when the model is closed.
    """

    def __init__(
        self,
        model: str | os.PathLike[str] = "vmaf_tiny_v2",
        *,
        model_dir: str | os.PathLike[str] | None = None,
        device: str = "auto",
        ort_library: str | os.PathLike[str] | None = None,
        threads: int = 0,
        registered_only: bool = False,
        clip: bool = True,
        codec: str | None = None,
        preset: str | None = None,
        crf: float | str | None = None,
        codec_optional: bool = False,
    ) -> None:
        config = {
            "model": _chars(model),
            "model_dir": _chars(find_model_dir(model_dir)),
            "device": _chars(device),
            "ort_library": _chars(find_ort_library(ort_library)),
            "threads": threads,
            "registered_only": registered_only,
            "disable_clip": not clip,
            "codec": _chars(codec),
            "preset": _chars(preset),
            "crf": _chars(None if crf is None else str(crf)),
            "codec_optional": codec_optional,
        }
        handle, error = ffi.new("VmtModel **"), ffi.new("VmtError *")
        code = lib.vmt_model_open(handle, _struct("VmtModelConfig", config), error)
        _check(code, error, ModelError)
        self._handle = handle
        self._lock = threading.Lock()
        self._close = weakref.finalize(self, lib.vmt_model_close, handle)
        self.info = ModelInfo(**_fields(ModelInfo, lib.vmt_model_info(handle[0])))

    def score(self, rows: Rows) -> NDArray[np.float64]:
        """Score rows of features.

        Parameters
        ----------
        rows
            `ROW` array of shape (n,).

        Returns
        -------
        scores
            ``float64`` array of shape (n,), 0 to 100 unless the model does not clip.

        Raises
        ------
        ModelError
            A feature is not finite, ONNX Runtime fails, or the model takes pictures or answers
            with something that is no score.
        """
        rows = _rows(rows)
        scores = np.empty(len(rows), np.float64)
        arrays = ffi.from_buffer("VmtRow[]", rows), len(rows), ffi.from_buffer("double[]", scores)
        self._call(lib.vmt_model_score, *arrays)
        return scores

    def look(
        self, *pictures: Planes, with_map: bool = False
    ) -> tuple[float, NDArray[np.float32] | None]:
        """Return what the model says of pictures, a number or the mean of a map, and that map.

        The reference comes first; a map, if it is asked for, is of shape (height, width).
        """
        if len(pictures) != self.info.pictures:
            raise InputError(f"{self.info.id} takes {self.info.pictures} pictures, not these")
        packed = [picture.packed() for picture in pictures]  # kept alive, as images only point
        images = ffi.new("VmtImage[]", list(map(_image, pictures, packed)))
        made = np.empty(pictures[0].shape, np.float32) if with_map else None
        place = ffi.NULL if made is None else ffi.from_buffer("float[]", made)
        value = ffi.new("double *")
        self._call(lib.vmt_model_look, images, value, place)
        return value[0], made

    def _call(self, function: Any, *arguments: Any) -> None:
        error = ffi.new("VmtError *")
        with self._lock:
            if not self._close.alive:
                raise ModelError("the model is closed: open another one")
            code = function(self._handle[0], *arguments, error)
        _check(code, error, ModelError)


def _image(picture: Planes, packed: list[NDArray[Any]]) -> dict[str, Any]:
    """Return a picture as C has it."""
    return {
        **picture.described(),
        "data": [ffi.cast("void *", plane.ctypes.data) for plane in packed],
        "stride": [plane.strides[0] for plane in packed],
        "matrix": _number(MATRICES, picture.matrix, "matrix"),
    }


def registry(model_dir: str | os.PathLike[str] | None = None) -> list[ModelEntry]:
    """Return the models that are trusted; `model_dir` is as for `Model`.

    Raises
    ------
    ModelError
        There is no registry or it is not valid.
    """
    handle, error = ffi.new("VmtRegistry **"), ffi.new("VmtError *")
    code = lib.vmt_registry_open(handle, _chars(find_model_dir(model_dir)), error)
    _check(code, error, ModelError)
    try:
        entries: list[ModelEntry] = []
        while (entry := lib.vmt_registry_entry(handle[0], len(entries))) != ffi.NULL:
            entries.append(ModelEntry(**_fields(ModelEntry, entry)))
        return entries
    finally:
        lib.vmt_registry_close(handle)


def devices(ort_library: str | os.PathLike[str] | None = None) -> list[str]:
    """Return the devices that ONNX Runtime offers, in the order in which ``"auto"`` tries them."""
    text, error = ffi.new("char[]", 256), ffi.new("VmtError *")
    library = _chars(find_ort_library(ort_library))
    _check(lib.vmt_devices(library, text, len(text), error), error, ModelError)
    return _string(text).split()


def _rows(rows: Rows) -> Rows:
    """Return rows as C takes them."""
    if rows.dtype != ROW or rows.ndim != 1:
        raise InputError(f"rows are {rows.dtype}{list(rows.shape)}, not a ROW array of shape [n]")
    return np.ascontiguousarray(rows)


def _fields(cls: type[Any], struct: Any) -> dict[str, Any]:
    """Return what a dataclass takes from the C struct it is named after."""
    kinds: dict[Any, Callable[[Any], Any]] = {str: _string, bool: bool, int: int, float: float}
    return {f.name: kinds[f.type](getattr(struct, f.name)) for f in fields(cls)}


# --------------------------------------------------------------------------------------- report


def pool(values: ArrayLike) -> dict[str, float]:
    """Turn many values into one, in every way there is.

    Parameters
    ----------
    values
        Finite numbers of shape (n,), n > 0; above -1 for the harmonic mean to mean anything.

    Returns
    -------
    pooled
        A value for each of `POOLINGS`: min, max, mean, harmonic mean as libvmaf has it,
        percentiles that are linear between neighbours, standard deviation of the population.

    Raises
    ------
    InputError
        There are no values or one is not finite.

    Examples
    --------
    >>> pool([90.0, 94.0])["mean"]
    92.0
    """
    array = np.ascontiguousarray(values, np.float64)
    if array.ndim != 1:
        raise InputError(f"values have shape {list(array.shape)}, not [n]")
    pooled, error = ffi.new("double[]", lib.VMT_POOLS), ffi.new("VmtError *")
    code = lib.vmt_pool(ffi.from_buffer("double[]", array), len(array), pooled, error)
    _check(code, error, InputError)
    return dict(zip(POOLINGS, pooled, strict=True))


def write_log(
    path: str | os.PathLike[str],
    format: str,
    rows: Rows,
    scores: NDArray[np.float64] | None,
    *,
    model: Model | ModelInfo | None,
    cpu: str,
    fps: float,
    notes: Mapping[str, str],
    width: int = 0,
    height: int = 0,
) -> None:
    """Write a log that parses with what parses libvmaf's.

    A file appears whole or not at all.

    Parameters
    ----------
    path
        Where to; ``"-"`` is standard output.
    format
        One of `LOG_FORMATS`.
    rows
        `ROW` array of shape (n,).
    scores
        ``float64`` array of shape (n,), or None to write features only.
    model
        What made the scores; None without scores.
    cpu
        Kernels that made the rows, as `Context.cpu` says.
    fps
        Pictures scored per second.
    notes
        More lines for the block that says how the log came about; keys of ``a-z``, ``0-9``
        and ``_``.
    width, height
        Of the pictures; 0 leaves them out.

    Raises
    ------
    OptionError
        The format is unknown.
    VmafTinyError
        The log cannot be written.
    BrokenPipeError
        The reader of a pipe has gone.
    """
    rows = _rows(rows)
    log: dict[str, Any] = {
        "frames": len(rows),
        "rows": ffi.from_buffer("VmtRow[]", rows),
        "cpu": _number(_CPUS, cpu, "CPU level"),
        "fps": fps,
        "width": width,
        "height": height,
    }
    if scores is not None:
        scores = np.ascontiguousarray(scores, np.float64)
        if scores.shape != rows.shape:
            raise InputError(f"there are {len(rows)} rows, but scores of shape {scores.shape}")
        log["scores"] = ffi.from_buffer("double[]", scores)
    # `info` and `lines` keep alive what the structs only point to, `log` keeps the structs.
    if model is not None:
        info = asdict(model.info if isinstance(model, Model) else model)
        info = {name: _chars(v) if isinstance(v, str) else v for name, v in info.items()}
        log["model"] = ffi.new("VmtModelInfo *", info)
    lines = [{"key": _chars(key), "value": _chars(value)} for key, value in notes.items()]
    log["notes"] = ffi.new("VmtNote[]", lines)
    log["note_count"] = len(lines)
    error = ffi.new("VmtError *")
    code = lib.vmt_log_write(
        ffi.new("VmtLog *", log), _number(LOG_FORMATS, format, "format"), _chars(path), error
    )
    _check(code, error, VmafTinyError)
