"""What scoring gives: scores and features of each picture, pooled values, and how they came."""

import json
import math
import os
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vmaf_tiny._core import FEATURES, ROW, ModelInfo, Rows, pool, write_log
from vmaf_tiny.alignment import Alignment
from vmaf_tiny.checks import Check
from vmaf_tiny.pairing import PairingReport


@dataclass(frozen=True)
class Provenance:
    """How a result came about: all that is needed to get it again.

    Attributes
    ----------
    version
        Of this library.
    model
        The model and what ran it.
    cpu, threads
        Kernels and number of threads that made the features, neither of which changes them.
    mode
        ``"exact"`` or ``"fast"``.
    subsample
        Every how many pictures one was scored.
    width, height, bits
        Of the luma planes that were compared.
    vif_gain_limit, adm_gain_limit
        Limits of the gain that was counted as enhancement.
    reference, distorted
        What the videos are; empty where pictures were pushed.
    pairing
        How pictures were paired; None where they were pushed in pairs.
    alignment
        Whether pairs show the same; None: not looked at.
    before
        What `alignment` was before pictures were paired by what they show; None: they were not.
    checks
        What both videos were like.
    edits
        What was done to videos before all else, which `conversions` have too.
    conversions
        What was done to pictures before they were compared.
    command
        The command line of the process.
    created
        When the scoring began, as ISO 8601 in UTC.
    """

    version: str
    model: ModelInfo
    cpu: str
    threads: int
    subsample: int
    mode: str
    width: int
    height: int
    bits: int
    command: str
    created: str
    reference: str = ""
    distorted: str = ""
    pairing: PairingReport | None = None
    alignment: Alignment | None = None
    before: Alignment | None = None
    conversions: tuple[str, ...] = ()
    checks: tuple[Check, ...] = ()
    edits: tuple[str, ...] = ()
    vif_gain_limit: float = 100.0
    adm_gain_limit: float = 100.0

    @property
    def aligned(self) -> str:
        """A line on the alignment; empty if it was not looked at."""
        text = str(self.alignment or "")
        return f"{text}; was {self.before} before it was fixed" if self.before else text

    def notes(self) -> dict[str, str]:
        """Return lines for a log, of what the log does not have from elsewhere."""
        notes = {
            "reference": self.reference,
            "distorted": self.distorted,
            "pairing": str(self.pairing or ""),
            "alignment": self.aligned,
            "conversions": "; ".join(self.conversions),
            "preflight": _table(self.checks),
            "threads": str(self.threads),
            "subsample": str(self.subsample),
            "mode": self.mode,
            "command": self.command,
            "created": self.created,
        }
        return {key: value for key, value in notes.items() if value}


def _table(checks: tuple[Check, ...]) -> str:
    """Return both videos' properties as a JSON object, each with its one or two values."""
    if not checks:
        return ""
    return json.dumps({check.name: [check.reference, check.distorted] for check in checks})


LARGEST = 1e18
"""Of numbers in results that are read; what is more is no result."""


def amount(value: Any) -> float:
    """Return a number that a document has, which must be one, 0 to `LARGEST`.

    Raises
    ------
    ValueError, TypeError, OverflowError
        It is not.
    """
    number = float(value)
    if not 0 <= number <= LARGEST:
        raise ValueError(f"{value} is no amount")
    return number


def check_read(
    scores: NDArray[np.float64], features: NDArray[np.float64], times: NDArray[np.float64]
) -> None:
    """Refuse columns of a file that cannot have come from scoring, for all that reads results.

    Parameters
    ----------
    scores, features, times
        As `Result` has them.

    Raises
    ------
    ValueError
        There are no pictures, or some without a value, or a value that none has.
    """
    values = np.column_stack([features, scores])
    if not len(scores) or not (np.abs(values) <= LARGEST).all():  # False of what is no number
        raise ValueError("there are no pictures, or some without a value that one can have")
    if not (np.isnan(times) | (np.abs(times) <= LARGEST)).all():
        raise ValueError("there is a picture at a time that none has")


@dataclass(frozen=True, eq=False)
class Result:
    """Scores of one distorted video.

    Attributes
    ----------
    scores
        ``float64`` array of shape (n,), 0 to 100 unless clipping was turned off.
    features
        ``float64`` array of shape (n, 6), columns in the order of `FEATURES`.
    index
        ``int64`` array of shape (n,): number of the pair, counted from 0.
    times
        ``float64`` array of shape (n,): seconds in the reference; NaN where unknown.
    pooled
        ``"vmaf"`` and each of `FEATURES`, each by name of a pooling such as ``"mean"`` or
        ``"p5"``.
    fps
        Pictures scored per second.
    warnings
        What may make the score mean less than it seems.
    provenance
        How it came about.
    """

    scores: NDArray[np.float64]
    features: NDArray[np.float64]
    index: NDArray[np.int64]
    times: NDArray[np.float64]
    fps: float
    provenance: Provenance
    warnings: tuple[str, ...] = ()
    pooled: dict[str, dict[str, float]] = field(init=False)

    def __post_init__(self) -> None:
        columns = dict(zip(FEATURES, self.features.T, strict=True))
        pooled = {name: pool(values) for name, values in {**columns, "vmaf": self.scores}.items()}
        object.__setattr__(self, "pooled", pooled)

    @property
    def score(self) -> float:
        """The score of the video: the mean over its pictures."""
        return self.pooled["vmaf"]["mean"]

    def worst(self, n: int = 5) -> list[tuple[int, float, float]]:
        """Return the pictures of the lowest scores, worst first.

        Returns
        -------
        worst
            Index, time in seconds (NaN where unknown) and score of at most `n` pictures.
        """
        order = np.argsort(self.scores, kind="stable")[: max(n, 0)]
        columns = (self.index[order], self.times[order], self.scores[order])
        return list(zip(*(column.tolist() for column in columns), strict=True))

    def rows(self) -> Rows:
        """Return indices and features as a `ROW` array of shape (n,)."""
        rows = np.empty(len(self.scores), ROW)
        rows["index"], rows["value"] = self.index, self.features
        return rows

    def write(self, path: str | os.PathLike[str], format: str = "json") -> None:
        """Write a log that parses with what parses libvmaf's.

        Parameters
        ----------
        path
            Where to, ``"-"`` for standard output. A file appears whole or not at all.
        format
            ``"xml"``, ``"json"``, ``"csv"`` or ``"sub"``.

        Raises
        ------
        OptionError
            The format is unknown.
        VmafTinyError
            The log cannot be written.
        BrokenPipeError
            The reader of a pipe has gone.
        """
        notes = self.provenance.notes()
        if self.warnings:
            notes["warnings"] = "; ".join(self.warnings)
        write_log(
            path,
            format,
            self.rows(),
            self.scores,
            model=self.provenance.model,
            cpu=self.provenance.cpu,
            fps=self.fps,
            notes=notes,
            width=self.provenance.width,
            height=self.provenance.height,
        )

    def to_dict(self) -> dict[str, Any]:
        """Return all of it as what JSON has, with None for what is unknown."""
        frames = [
            {
                "index": index,
                "time": None if math.isnan(time) else time,
                "vmaf": score,
                **dict(zip(FEATURES, values, strict=True)),
            }
            for index, time, score, values in zip(
                self.index.tolist(),
                self.times.tolist(),
                self.scores.tolist(),
                self.features.tolist(),
                strict=True,
            )
        ]
        return {
            "score": self.score,
            "pooled": self.pooled,
            "fps": self.fps,
            "warnings": list(self.warnings),
            "provenance": asdict(self.provenance),
            "frames": frames,
        }
