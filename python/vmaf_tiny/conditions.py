"""Models for encodes whose encoder, preset and CRF are known: a conditioned one is told of them."""

import functools
import os
import threading
from dataclasses import dataclass
from typing import Any, Self

from vmaf_tiny._core import Model


@dataclass(frozen=True)
class Conditions:
    """What a model that is conditioned on the encoder is told, as `Model` takes it.

    Attributes
    ----------
    codec
        FFmpeg's name of the encoder; or ``"blind"``; None: nothing is known.
    preset, crf
        Of the encoder; None: not known.
    """

    codec: str | None = None
    preset: str | None = None
    crf: str | None = None


BLIND = Conditions("blind")
"""For scores without that knowledge."""


class Models:
    """A model, loaded once for every encoder, preset and CRF that it is to be told of.

    One that is not conditioned on the encoder is loaded once.

    Parameters
    ----------
    model, options
        As `Model` takes them, but for codec, preset and crf.
    told
        What the model is told whatever the encode; None: what is known of each.

    Examples
    --------
    >>> from vmaf_tiny.conditions import Conditions, Models
    >>> with Models("vmaf_tiny_v2") as models:
    ...     one = models.of(Conditions("libx264", crf="23"))
    ...     one is models.of(Conditions("libx265", crf="30"))
    True
    """

    def __init__(
        self,
        model: str | os.PathLike[str] = "vmaf_tiny_v2",
        *,
        told: Conditions | None = None,
        **options: Any,
    ) -> None:
        self._model, self._told, self._options = model, told, options
        self._loaded: dict[Conditions, Model] = {}
        self._common: Model | None = None
        self._lock = threading.Lock()

    def of(self, conditions: Conditions) -> Model:
        """Return the model that scores encodes of this kind; it stays open as long as these.

        Raises
        ------
        OrtMissingError, ModelError
            As `Model` does.
        """
        key = self._told or conditions
        with self._lock:
            if self._common is not None:
                return self._common
            if key not in self._loaded:
                model = Model(
                    self._model,
                    codec=key.codec,
                    preset=key.preset,
                    crf=key.crf,
                    codec_optional=self._told is None,
                    **self._options,
                )
                if not model.info.codec:
                    self._common = model
                self._loaded[key] = model
            return self._loaded[key]

    def __reduce__(self) -> tuple[Any, ...]:
        """Let it be sent to another process, which loads what it needs of it, and once."""
        return _shared, (os.fspath(self._model), self._told, tuple(sorted(self._options.items())))

    def close(self) -> None:
        """Free them; safe to call twice."""
        with self._lock:
            for model in self._loaded.values():
                model.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()


def shared_models(
    model: str | os.PathLike[str], *, told: Conditions | None = None, **options: Any
) -> Models:
    """Return `Models` that all of this process share; they stay open."""
    return _shared(os.fspath(model), told, tuple(sorted(options.items())))


@functools.cache
def _shared(model: str, told: Conditions | None, options: tuple[tuple[str, Any], ...]) -> Models:
    return Models(model, told=told, **dict(options))
