"""Units of work: pure functions of a source's bytes, a rendition and how it is scored.

A `Job` is what one pass does: some renditions of one source, or of a segment of it. `run_job` does
it, in any process on any machine, and gives a value for each rendition, to be stored under its
key.
"""

import functools
import hashlib
import json
import os
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from vmaf_tiny._core import Model, ModelInfo, version
from vmaf_tiny.conditions import BLIND, Models, shared_models
from vmaf_tiny.encode.codecs import encoder_version
from vmaf_tiny.encode.engine import EncodeProgress, encode_and_score
from vmaf_tiny.encode.rendition import Rendition
from vmaf_tiny.encode.result import RenditionResult
from vmaf_tiny.encode.seen import Seen
from vmaf_tiny.encode.segment import Segment
from vmaf_tiny.encode.tables import SCHEMA_VERSION, rendition_from_dict, rendition_to_dict
from vmaf_tiny.errors import InputError
from vmaf_tiny.frames import RawFormat, SourceSpec
from vmaf_tiny.inputs import Scale
from vmaf_tiny.units.store import digest, packed

Report = Callable[[EncodeProgress], None]


@dataclass(frozen=True)
class Scoring:
    """How encodes are scored: all that the score depends on, and what only its speed does.

    Attributes
    ----------
    model, model_dir, device, clip
        As for `vmaf_tiny.score`. A model that is loaded scores in this process alone.
    blind
        Whether a model that is conditioned on the encoder is told nothing of it.
    mode
        ``"exact"`` or ``"fast"``.
    allow
        What is not refused.
    raw
        What a raw source is like.
    scale
        The size of comparison.
    seen
        What is done to the source first, and a look into it.
    threads, cpu
        Of which the score does not depend.
    """

    model: str | os.PathLike[str] | Model | Models = "vmaf_tiny_v2"
    model_dir: str | os.PathLike[str] | None = None
    device: str = "auto"
    clip: bool = True
    blind: bool = False
    mode: str = "exact"
    allow: tuple[str, ...] = ()
    raw: RawFormat | None = None
    scale: Scale = "reference"
    seen: Seen = field(default_factory=Seen)
    threads: int = 0
    cpu: str = "best"

    def models(self) -> Model | Models:
        """Return what scores; the same in all of a process."""
        if isinstance(self.model, Model | Models):
            return self.model
        told = BLIND if self.blind else None
        return shared_models(
            self.model, told=told, model_dir=self.model_dir, device=self.device, clip=self.clip
        )

    def model_of(self, rendition: Rendition) -> Model:
        """Return the model that scores a rendition."""
        models = self.models()
        return models.of(rendition.conditions) if isinstance(models, Models) else models


@dataclass(frozen=True)
class Job:
    """What one pass does.

    Attributes
    ----------
    source
        Path; or pictures, for work in this process.
    sha256
        Of its bytes.
    renditions
        What is made.
    keys
        Under which the values are stored, one for each rendition.
    scoring
        How it is scored.
    segment
        What is encoded; None: all.
    files
        Where encodes are kept; or empty.
    """

    source: SourceSpec
    sha256: str
    renditions: tuple[Rendition, ...]
    keys: tuple[str, ...]
    scoring: Scoring
    segment: Segment | None = None
    files: tuple[Path, ...] = ()


def unit_key(
    sha256: str,
    rendition: Rendition,
    scoring: Scoring,
    model: ModelInfo,
    segment: Segment | None = None,
    *,
    kept: bool = False,
) -> tuple[str, dict[str, Any]]:
    """Return the key of a unit, and what it is the sha256 of.

    Parameters
    ----------
    sha256
        Of the source's bytes.
    kept
        Whether the encode is kept: a result goes with the file that was made with it.
    """
    raw = asdict(scoring.raw) if scoring.raw else None
    about = {
        "schema": SCHEMA_VERSION,
        "source": sha256,
        "segment": [segment.stamps[segment.before], segment.pictures] if segment else None,
        "rendition": rendition.to_dict(),
        "encoder": encoder_version(rendition.encoder),
        "model": model.sha256,
        "told": [model.codec, model.preset, model.crf],
        "provider": model.provider,
        "clip": model.clipped,
        "mode": scoring.mode,
        "allow": sorted(scoring.allow),
        "raw": {name: str(value) for name, value in raw.items()} if raw else None,
        "edit": asdict(scoring.seen.edit),
        "scale": scoring.scale,
        "library": version(),
        "kept": kept,
    }
    text = json.dumps(about, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest(), about


def run_job(job: Job, report: Report | None = None) -> list[bytes]:
    """Encode and score; return a value for each key.

    Raises
    ------
    VmafTinyError
        As `encode_and_score` does.
    """
    made = encode_and_score(
        job.source,
        job.renditions,
        job.scoring.models(),
        mode=job.scoring.mode,
        threads=job.scoring.threads,
        cpu=job.scoring.cpu,
        raw=job.scoring.raw,
        edit=job.scoring.seen,
        scale=job.scoring.scale,
        allow=job.scoring.allow,
        keep=list(job.files) or None,
        segment=job.segment,
        progress=report,
    )
    return [_value(replace(each, source_sha256=job.sha256)) for each in made]


def _value(made: RenditionResult) -> bytes:
    """Return a result as a value; where its file is, if it was kept, is for the caller to say."""
    size = made.kept.stat().st_size if made.kept else None
    return packed({"result": rendition_to_dict(replace(made, kept=None)), "file_size": size})


def result_of(value: dict[str, Any], source: str, kept: Path | None) -> RenditionResult:
    """Return the result of a value, of a source that may have moved since."""
    return replace(rendition_from_dict(value["result"]), source=source, kept=kept)


def run_remotely(job: Job, data: bytes | None, folder: str, report: Report | None) -> Any:
    """Do a job on another machine; return its values and the bytes of the files that it keeps.

    Parameters
    ----------
    job
        What to do; its files are not written there.
    data
        Bytes of the source, where it was uploaded; else it is at the same path there.
    folder
        For what is only needed on the way.
    """
    given = path_of(job)
    source = Path(folder) / f"vmaf-tiny-{job.sha256}{given.suffix}" if data else given
    if data and not source.is_file():
        part = source.with_name(f"{source.name}.{os.getpid()}.part")
        part.write_bytes(data)
        part.replace(source)
    found = _digest(str(source), source.stat().st_mtime_ns if source.exists() else 0)
    if found != job.sha256:
        raise InputError(f"{given} is another file on the worker: share it, or upload it")
    files = tuple(
        Path(folder) / f"vmaf-tiny-{os.getpid()}-{key}{file.suffix}"
        for key, file in zip(job.keys, job.files, strict=False)
    )
    try:
        values = run_job(replace(job, source=str(source), files=files), report)
        return values, [file.read_bytes() for file in files]
    finally:
        for file in files:
            file.unlink(missing_ok=True)


def path_of(job: Job) -> Path:
    """Return the path of a job's source."""
    assert isinstance(job.source, str | os.PathLike)
    return Path(job.source)


@functools.lru_cache(64)
def _digest(path: str, _modified: int) -> str:
    return digest(path)
