"""Score pictures as they come."""

import os
import shlex
import sys
import time as clock
from array import array
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Self

import av
import numpy as np
from numpy.typing import ArrayLike, NDArray

from vmaf_tiny._core import ROW, Context, Model, ModelInfo, Rows, version
from vmaf_tiny.errors import InputError, ModelError, OptionError
from vmaf_tiny.luma import Conversion, Converter, Luma, pixels
from vmaf_tiny.result import Provenance, Result

_AT_ONCE = 64  # pictures that are scored together where nobody waits for them


@dataclass(frozen=True, slots=True, eq=False)
class PictureScore:
    """The scores of one time step.

    Attributes
    ----------
    index
        Of the picture, counted from 0 in the order of `Scorer.push`.
    time
        Seconds; NaN where unknown.
    scores
        ``float64`` array of shape (renditions,).
    features
        ``float64`` array of shape (renditions, 6), columns in the order of `FEATURES`.
    """

    index: int
    time: float
    scores: NDArray[np.float64]
    features: NDArray[np.float64]


class Scorer:
    """Scores pictures as they come: one reference against one or more renditions of it.

    Parameters
    ----------
    width, height
        Size of the luma planes in samples, 33 to 32768.
    bits
        Bits per sample, 8 to 16. Planes are ``uint8`` for 8 bits and ``uint16`` above.
    renditions
        Distorted pictures per reference picture, 1 to 64; the work that only the reference needs
        is done once.
    model, device, ort_library, model_dir, model_threads, registered_only, clip, codec, preset, crf
        As for `score`. Or a loaded model for each rendition, which differ only in what they are
        told of the encoder.
    threads, cpu, subsample, mode
        As for `score`.

    Raises
    ------
    OptionError
        A value is out of range or not available here.
    ModelError
        The model cannot be used.

    Examples
    --------
    >>> import numpy as np
    >>> from vmaf_tiny import Scorer
    >>> pictures = np.random.default_rng(0).integers(0, 256, (5, 64, 64), np.uint8)
    >>> with Scorer(64, 64, threads=1) as scorer:
    ...     for picture in pictures:
    ...         for ready in scorer.push(picture, picture // 2 + 64):
    ...             print(ready.index, ready.scores.shape)
    ...     (result,) = scorer.finish()
    0 (1,)
    1 (1,)
    2 (1,)
    3 (1,)
    >>> len(result.scores), 0 <= result.score <= 100
    (5, True)
    """

    def __init__(
        self,
        width: int,
        height: int,
        bits: int = 8,
        *,
        renditions: int = 1,
        model: str | os.PathLike[str] | Model | Sequence[Model] = "vmaf_tiny_v2",
        device: str = "auto",
        ort_library: str | os.PathLike[str] | None = None,
        model_dir: str | os.PathLike[str] | None = None,
        model_threads: int = 0,
        registered_only: bool = False,
        clip: bool = True,
        codec: str | None = None,
        preset: str | None = None,
        crf: float | str | None = None,
        threads: int = 0,
        cpu: str = "best",
        subsample: int = 1,
        mode: str = "exact",
    ) -> None:
        self._own_model = isinstance(model, str | os.PathLike)
        if isinstance(model, str | os.PathLike):
            model = Model(
                model,
                model_dir=model_dir,
                device=device,
                ort_library=ort_library,
                threads=model_threads,
                registered_only=registered_only,
                clip=clip,
                codec=codec,
                preset=preset,
                crf=crf,
            )
        self._models = [model] * renditions if isinstance(model, Model) else list(model)
        info = self._models[0].info
        try:
            if len(self._models) != renditions:
                raise OptionError(f"{len(self._models)} models for {renditions} renditions")
            if info.pictures:
                raise ModelError(
                    f"{info.id} looks at pictures, it does not score features: use"
                    " vmaf-tiny pictures, or another model, such as vmaf_tiny_v2"
                )
            self._context = Context(
                width,
                height,
                bits,
                renditions=renditions,
                threads=threads,
                cpu=cpu,
                subsample=subsample,
                mode=mode,
                vif_gain_limit=info.vif_gain_limit,
                adm_gain_limit=info.adm_gain_limit,
            )
        except BaseException:
            self._close_model()
            raise
        self._bits = bits
        self._convert = Converter(Conversion(bits=bits))
        self._table = _Table(renditions)
        self._times = array("d")
        self._begun: float | None = None
        self._provenance = Provenance(
            version=version(),
            model=info,
            cpu=self._context.cpu,
            threads=self._context.threads,
            subsample=subsample,
            mode=mode,
            width=width,
            height=height,
            bits=bits,
            command=shlex.join(sys.argv),
            created=datetime.now(UTC).isoformat(timespec="seconds"),
            vif_gain_limit=info.vif_gain_limit,
            adm_gain_limit=info.adm_gain_limit,
        )

    def push(
        self,
        reference: av.VideoFrame | ArrayLike,
        *distorted: av.VideoFrame | ArrayLike,
        time: float | None = None,
    ) -> list[PictureScore]:
        """Add the next time step. Blocks while there is no room for it.

        Parameters
        ----------
        reference
            A frame of PyAV or a luma plane of shape (height, width). Planes are lent, not copied:
            they must not change until their scores have come.
        distorted
            As many as there are renditions.
        time
            Seconds; None: as the reference frame says.

        Returns
        -------
        ready
            Scores that are ready now, in order. They come some pictures later, at least one.

        Raises
        ------
        InputError
            A picture has another size or depth than the scorer.
        """
        self._add(reference, *distorted, time=time)
        return self._take()

    def add(
        self,
        reference: av.VideoFrame | ArrayLike,
        *distorted: av.VideoFrame | ArrayLike,
        time: float | None = None,
    ) -> None:
        """Add the next time step as `push` does, for who wants no scores before `finish`.

        Many are then scored at once, which takes less time than one by one.
        """
        self._add(reference, *distorted, time=time)
        if len(self._times) % _AT_ONCE == 0:
            self._take()

    def _add(
        self,
        reference: av.VideoFrame | ArrayLike,
        *distorted: av.VideoFrame | ArrayLike,
        time: float | None = None,
    ) -> None:
        if time is None and isinstance(reference, av.VideoFrame) and reference.pts is not None:
            time = reference.time
        planes = [self._plane(picture) for picture in (reference, *distorted)]
        if self._begun is None:
            self._begun = clock.monotonic()
        self._context.push(planes[0], planes[1:])
        self._times.append(float("nan") if time is None else time)

    def _plane(self, picture: av.VideoFrame | ArrayLike) -> Luma:
        """Return a picture's luma plane; the context checks its shape."""
        if not isinstance(picture, av.VideoFrame):
            return np.asarray(picture)
        form = pixels(picture.format.name)
        if form.family == "rgb" or form.bits != self._bits:
            raise InputError(
                f"frame is {form.name}, not YUV or gray of {self._bits} bits: convert it first"
            )
        return self._convert(picture)

    def _take(self) -> list[PictureScore]:
        """Score the rows that are ready."""
        rows: list[Rows] = []
        while (step := self._context.pull()) is not None:
            rows.append(step)
        if not rows:
            return []
        table = np.stack(rows)
        scores = self._scores(table)
        self._table.append(table, scores)
        return [
            PictureScore(int(row["index"][0]), self._times[row["index"][0]], score, row["value"])
            for row, score in zip(table, scores, strict=True)
        ]

    def _scores(self, table: Rows) -> NDArray[np.float64]:
        """Score rows of shape (n, renditions), all at once if one model scores them all."""
        if all(model is self._models[0] for model in self._models):
            return self._models[0].score(table.ravel()).reshape(table.shape)
        columns = zip(self._models, table.T, strict=True)
        return np.stack([model.score(column) for model, column in columns], axis=1)

    def finish(self) -> list[Result]:
        """Say that no more pictures will come, and return a result for each rendition.

        Raises
        ------
        InputError
            No pictures have come.
        """
        self._context.flush()
        self._take()
        rows, scores = self._table.filled()
        if self._begun is None or not len(rows):
            raise InputError("no pictures were scored: push at least one")
        index = rows["index"][:, 0].copy()
        times = np.frombuffer(self._times)[index]
        fps = len(self._times) / max(clock.monotonic() - self._begun, 1e-9)
        self.close()
        return [
            Result(
                scores[:, k].copy(),
                rows["value"][:, k].copy(),
                index,
                times,
                fps,
                replace(self._provenance, model=model.info),
            )
            for k, model in enumerate(self._models)
        ]

    @property
    def model(self) -> ModelInfo:
        """The model and what runs it; that of the first rendition, if each has its own."""
        return self._models[0].info

    def close(self) -> None:
        """Stop and free; safe to call twice."""
        self._context.close()
        self._close_model()

    def _close_model(self) -> None:
        if self._own_model:
            self._models[0].close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()


class _Table:
    """Rows and scores of all pictures; grows by doubling, so that ten hours stay small."""

    def __init__(self, renditions: int) -> None:
        self._rows = np.empty((256, renditions), ROW)
        self._scores = np.empty((256, renditions), np.float64)
        self._count = 0

    def append(self, rows: Rows, scores: NDArray[np.float64]) -> None:
        end = self._count + len(rows)
        while end > len(self._rows):
            self._rows = np.concatenate([self._rows, np.empty_like(self._rows)])
            self._scores = np.concatenate([self._scores, np.empty_like(self._scores)])
        self._rows[self._count : end] = rows
        self._scores[self._count : end] = scores
        self._count = end

    def filled(self) -> tuple[Rows, NDArray[np.float64]]:
        return self._rows[: self._count], self._scores[: self._count]
