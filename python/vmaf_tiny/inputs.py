"""The two videos of a comparison: looked into, edited, opened, checked against each other."""

import functools
import os
from collections.abc import Collection, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from typing import Self, TypeAlias

import numpy as np
from av.container import InputContainer
from av.video.stream import VideoStream

from vmaf_tiny.checks import Check, checks
from vmaf_tiny.containers import raw_for, read_once
from vmaf_tiny.edit import Box, Edit
from vmaf_tiny.errors import InputError, OptionError
from vmaf_tiny.frames import RawFormat, Source, SourceSpec, open_source
from vmaf_tiny.preflight import Plan, check_allowances, preflight, preflight_source
from vmaf_tiny.processors import processors
from vmaf_tiny.survey import Survey, survey

RawSpec: TypeAlias = RawFormat | tuple[RawFormat | None, RawFormat | None] | None
EditSpec: TypeAlias = tuple[Edit | None, Edit | None] | None
Scale: TypeAlias = str | tuple[int, int]

_ROLES = ("reference", "distorted")


class Inputs:
    """What is to be compared.

    Parameters
    ----------
    reference, distorted
        As `vmaf_tiny.score` takes them; the distorted may be None.
    raw, edit, scale, allow, threads
        As `vmaf_tiny.score` takes them.

    Raises
    ------
    InputError
        The videos cannot be read independently, or have no bars to crop.
    OptionError
        An option has a value that is unknown.
    """

    def __init__(
        self,
        reference: SourceSpec,
        distorted: SourceSpec | None,
        *,
        raw: RawSpec = None,
        edit: EditSpec = None,
        scale: Scale = "reference",
        allow: Collection[str] = (),
        threads: int = 0,
    ) -> None:
        self._threads = decoder_threads(threads)
        self._specs = [reference] if distorted is None else [reference, distorted]
        if distorted is not None:
            _check_two(reference, distorted)
        self._allowed = check_allowances(allow)
        self._scale = scale
        self._formats = (
            raw if isinstance(raw, tuple) else [raw_for(spec, raw) for spec in self._specs]
        )
        self._edits: Sequence[Edit | None] = edit or (None, None)
        sides = zip(self._specs, self._formats, self._edits, _ROLES, strict=False)
        # Files at the same time; all else one after the other, as both may be the same.
        files = all(isinstance(spec, str | os.PathLike) for spec in self._specs)
        self._together = files and not any(map(read_once, self._specs))
        pool = ThreadPoolExecutor(len(self._specs) if files else 1)
        self._looks = [pool.submit(survey_edited, *side) for side in sides]
        # Files are opened while they are looked into, unless that tells what is done to them.
        found = any(side and side.crop == "auto" for side in self._edits)
        pool.shutdown(wait=found or not self._together)
        if found:
            self._edits = [seen.edit for seen in self._seen]

    @functools.cached_property
    def _seen(self) -> list["Surveyed"]:
        """What looking into the videos has told; waits for it."""
        return [look.result() for look in self._looks]

    def close(self) -> None:
        """Wait for what still looks into the videos; safe to call twice."""
        wait(self._looks)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    @property
    def edits(self) -> tuple[str, ...]:
        """What is done to the videos, for people."""
        pairs = zip(self._seen, _ROLES, strict=False)
        return tuple(text for seen, role in pairs for text in seen.edit.said(role))

    def open(self, stack: ExitStack) -> list[Source]:
        """Open the videos, to be closed by the stack."""
        damaged = "damage" in self._allowed
        opens = [
            functools.partial(
                open_source,
                spec,
                role=role,
                raw=form,
                decode_threads=self._threads,
                damaged=damaged,
                edit=edit,
            )
            for spec, role, form, edit in zip(
                self._specs, _ROLES, self._formats, self._edits, strict=False
            )
        ]
        if not self._together:
            return [stack.enter_context(call()) for call in opens]
        with ThreadPoolExecutor(len(opens)) as pool:
            opened = [pool.submit(call) for call in opens]
        for one in opened:
            if one.exception() is None:  # to be closed, though the other may have failed
                stack.enter_context(one.result())
        return [one.result() for one in opened]

    def checks(self, sources: Sequence[Source]) -> tuple[Check, ...]:
        """Return what the videos are like."""
        return checks(tuple(source.info for source in sources), self._surveys)

    def plan(self, sources: Sequence[Source]) -> Plan:
        """Check the videos against each other, see `preflight.preflight`."""
        one, other = (source.info for source in sources)
        surveys = self._seen[0].survey, self._seen[1].survey
        return preflight(one, other, allow=self._allowed, scale=self._scale, surveys=surveys)

    def warnings(self, source: Source) -> list[str]:
        """Check the only video as the source of encodes, see `preflight.preflight_source`."""
        survey = self._seen[0].survey
        return preflight_source(source.info, survey=survey, allow=self._allowed)

    @property
    def _surveys(self) -> tuple[Survey, ...]:
        return tuple(seen.survey for seen in self._seen)

    def check_twice(self) -> None:
        """Refuse what cannot be read once to find the alignment and once more to score."""
        for spec in self._specs:
            again = isinstance(spec, Sequence | np.ndarray | os.PathLike)  # a str is a sequence
            if read_once(spec) or not again:
                raise OptionError(
                    "to fix the alignment, both videos are read twice: give files, lists or arrays"
                )


@dataclass(frozen=True)
class Preflight:
    """What is known before the first comparison.

    Attributes
    ----------
    checks
        Properties of both videos.
    conversions
        What would be done to pictures.
    warnings
        What the user must know.
    refusal
        Why the videos are not compared, and what to do; None: they are.
    """

    checks: tuple[Check, ...]
    conversions: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    refusal: str | None = None


def examine(
    reference: SourceSpec,
    distorted: SourceSpec | None = None,
    *,
    raw: RawSpec = None,
    edit: EditSpec = None,
    scale: Scale = "reference",
    allow: Collection[str] = (),
) -> Preflight:
    """Look at two videos, or at the source of encodes to come, without scoring.

    Parameters
    ----------
    reference, distorted, raw, edit, scale, allow
        As `vmaf_tiny.score` takes them; without a distorted video, the reference is checked as
        what is to be encoded.

    Raises
    ------
    InputError
        A video cannot be read. That they must not be compared is no error here.
    OptionError
        An option has a value that is unknown.
    """
    with ExitStack() as stack:
        inputs = Inputs(reference, distorted, raw=raw, edit=edit, scale=scale, allow=allow)
        stack.enter_context(inputs)
        sources = inputs.open(stack)
        found = inputs.checks(sources)
        notes = tuple(note for source in sources for note in source.info.notes)
        try:
            if distorted is None:
                warned = inputs.warnings(sources[0])
                return Preflight(found, inputs.edits, (*notes, *warned))
            plan = inputs.plan(sources)
        except InputError as error:
            return Preflight(found, inputs.edits, notes, str(error))
    return Preflight(found, (*inputs.edits, *plan.conversions), (*notes, *plan.warnings))


@dataclass(frozen=True)
class Surveyed:
    """What is done to a video before all else, and what a look into it told.

    Attributes
    ----------
    edit
        `Edit.crop` is no longer ``"auto"``.
    survey
        Of the video as it is edited.
    """

    edit: Edit = field(default_factory=Edit)
    survey: Survey = field(default_factory=Survey)


def decoder_threads(threads: int) -> int:
    """Return how many threads each of two decoders gets beside those that score.

    Where scorers keep all processors busy, a pair takes (score + 2 decode) / processors, so that a
    decoder of half as many threads keeps up, however long decoding takes. More would only hold
    more pictures; FFmpeg advises against more than 16.

    Parameters
    ----------
    threads
        For scoring; 0: one per processor.

    Examples
    --------
    >>> [decoder_threads(n) for n in (1, 2, 8, 64)]
    [1, 1, 4, 16]
    """
    if threads < 1:
        threads = processors()
    return min((threads + 1) // 2, 16)


def survey_edited(
    spec: SourceSpec, raw: RawFormat | None, edit: Edit | None, role: str
) -> Surveyed:
    """Look into a video, and find what is cropped if that is to be found.

    Raises
    ------
    InputError
        Bars are to be cropped and cannot be looked for.
    """
    edit = edit or Edit()
    if edit.crop != "auto":
        return Surveyed(edit, survey(spec, raw, edit))
    seen = survey(spec, raw, replace(edit, rotate=None))
    if seen.area is None:
        which = f"{role}=" if role in _ROLES else ""
        raise InputError(
            f"no black bars can be looked for in the {role}, which is dark or read only once:"
            f" give --crop {which}W:H:X:Y"
        )
    size = seen.area[:2] if edit.rotate not in ("90", "270") else seen.area[1::-1]
    return Surveyed(replace(edit, crop=seen.area), replace(seen, area=Box(*size, 0, 0)))


def _check_two(reference: SourceSpec, distorted: SourceSpec) -> None:
    """Refuse two videos that cannot be read independently."""
    one, other = _read_from(reference), _read_from(distorted)
    if isinstance(one, str) and isinstance(other, str) and one == other == "-":
        raise InputError("both videos are standard input: give a file for one of them")
    if one is other and isinstance(one, InputContainer | Iterator):
        raise InputError("both videos are read from one object: open it twice")


def _read_from(spec: SourceSpec) -> object:
    """Return what a video is read from."""
    if isinstance(spec, os.PathLike):
        return os.fspath(spec)
    return spec.container if isinstance(spec, VideoStream) else spec
