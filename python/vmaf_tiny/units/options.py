"""Options of all that does units of work: sweeps, ladders and searches take them by name."""

import os
from collections.abc import Callable, Collection, Sequence
from typing import TypedDict

from vmaf_tiny._core import Model
from vmaf_tiny.checks import Check
from vmaf_tiny.conditions import Models
from vmaf_tiny.edit import Edit
from vmaf_tiny.encode.source import check_again, check_source, survey_source
from vmaf_tiny.errors import OptionError
from vmaf_tiny.frames import RawFormat, SourceSpec
from vmaf_tiny.inputs import Scale
from vmaf_tiny.preflight import check_allowances
from vmaf_tiny.units.jobs import Scoring
from vmaf_tiny.units.run import Units, Work


class UnitOptions(TypedDict, total=False):
    """How encodes are scored, where work is done, and where its results are kept.

    Attributes
    ----------
    model_dir, device, clip, mode, allow, raw, threads, cpu
        As for `vmaf_tiny.score`.
    blind
        Tell a model that is conditioned on the encoder nothing of it, rather than encoder, preset
        and CRF of each rendition.
    edit, scale
        What is done to the source first, and the size of comparison, as for `encode_and_score`.
    store, workers, dask, upload, segment, at_once
        As for `Work`. With a store, what was killed goes on where it was, and several runs may
        share it.
    preflight
        Called once with what the source is like once it is edited, before work begins, which then
        waits for the look into it; None: it is looked into while it is encoded.
    """

    model_dir: str | os.PathLike[str] | None
    device: str
    clip: bool
    blind: bool
    mode: str
    allow: Collection[str]
    raw: RawFormat | None
    edit: Edit | None
    scale: Scale
    threads: int
    cpu: str
    store: str | os.PathLike[str] | None
    workers: int
    dask: str | None
    upload: bool
    segment: float | None
    at_once: int
    preflight: Callable[[Sequence[Check]], None] | None


def open_units(
    source: SourceSpec,
    model: str | os.PathLike[str] | Model | Models,
    options: UnitOptions,
) -> Units:
    """Return what does units of work on a source, by options as `UnitOptions` has them.

    Raises
    ------
    TypeError
        There is no such option.
    OptionError
        One has a wrong value.
    InputError
        Bars of the source are to be cropped and cannot be looked for.
    """
    if unknown := set(options) - set(UnitOptions.__annotations__):
        raise TypeError(f"there is no option {', '.join(sorted(unknown))}")
    work = Work(
        store=options.get("store"),
        workers=options.get("workers", 0),
        dask=options.get("dask"),
        upload=options.get("upload", False),
        segment=options.get("segment"),
        at_once=options.get("at_once", 0),
    )
    if isinstance(model, Model) and (work.workers or work.dask):
        raise OptionError("a model that is loaded stays in this process: give its id or path")
    check_again(source)
    seen = survey_source(source, options.get("raw"), options.get("edit"))
    if tell := options.get("preflight"):
        tell(check_source(source, options.get("raw"), seen))
    scoring = Scoring(
        model=model,
        model_dir=options.get("model_dir"),
        device=options.get("device", "auto"),
        clip=options.get("clip", True),
        blind=options.get("blind", False),
        mode=options.get("mode", "exact"),
        allow=tuple(sorted(check_allowances(options.get("allow", ())))),
        raw=options.get("raw"),
        scale=options.get("scale", "reference"),
        seen=seen,
        threads=options.get("threads", 0) or work.threads(),
        cpu=options.get("cpu", "best"),
    )
    return Units(source, scoring, work)
