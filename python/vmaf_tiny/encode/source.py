"""The source of encodes to come: looked into, edited, opened and checked."""

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from os import PathLike

from vmaf_tiny.checks import Check, checks
from vmaf_tiny.containers import raw_for, read_once
from vmaf_tiny.edit import Edit
from vmaf_tiny.encode.feed import Feed
from vmaf_tiny.encode.seen import Seen
from vmaf_tiny.encode.segment import Segment
from vmaf_tiny.errors import InputError, OptionError
from vmaf_tiny.frames import RawFormat, SourceSpec, open_source
from vmaf_tiny.inputs import survey_edited
from vmaf_tiny.preflight import check_allowances, preflight_source
from vmaf_tiny.survey import Survey

ROLE = "source"
"""Of the source in messages."""

NO_SEAMS = (
    "what is deinterlaced cannot be split, as fields at the seams would lack their neighbours:"
    " encode without segments, or deinterlace to a file first"
)
"""Why a segment is refused."""


def check_again(source: SourceSpec) -> None:
    """Refuse a source that loops would read more than once, and that can be read only once.

    Raises
    ------
    InputError
        It is standard input, a pipe or a device.
    """
    if read_once(source):
        raise InputError("the source is read more than once: write it to a file first")


def survey_source(source: SourceSpec, raw: RawFormat | None, edit: Edit | None) -> Seen:
    """Look into a source, and find what is cropped if that is to be found.

    Where nothing is to be found before it is read, a file is looked into while it is read.

    Raises
    ------
    InputError
        Bars are to be cropped and cannot be looked for.
    """
    edit = edit or Edit()

    def look() -> tuple[Edit, Survey]:
        seen = survey_edited(source, _raw(source, raw), edit, ROLE)
        return seen.edit, seen.survey

    if edit.crop != "auto" and isinstance(source, str | PathLike):
        return Seen(edit, lambda: look()[1])
    return Seen(*look())


def check_source(source: SourceSpec, raw: RawFormat | None, seen: Seen) -> tuple[Check, ...]:
    """Return what a source is like as it is edited, though it may be refused.

    The look into it is waited for.

    Raises
    ------
    InputError
        It cannot be read.
    """
    form = _raw(source, raw)
    with open_source(source, role=ROLE, raw=form, damaged=True, edit=seen.edit) as opened:
        return checks((opened.info,), (seen.survey,))


@contextmanager
def open_feed(
    source: SourceSpec,
    *,
    raw: RawFormat | None = None,
    edit: Edit | Seen | None = None,
    allow: Collection[str] = (),
    segment: Segment | None = None,
) -> Iterator[Feed]:
    """Open a source for encoders until the end of the block.

    Parameters
    ----------
    source, raw, edit, allow
        As `encode_and_score` takes them.
    segment
        What is read of it; None: all.

    Raises
    ------
    InputError
        It cannot be read, or scores of its encodes would mean nothing.
    OptionError
        An option has a wrong value.
    """
    allowed = check_allowances(allow)
    seen = edit if isinstance(edit, Seen) else survey_source(source, raw, edit)
    if segment and seen.edit.deinterlace:
        raise OptionError(NO_SEAMS)
    damaged = "damage" in allowed
    form = _raw(source, raw)
    with open_source(source, role=ROLE, raw=form, damaged=damaged, edit=seen.edit) as opened:
        warnings = preflight_source(opened.info, allow=allowed)
        try:
            yield Feed(opened, segment, seen, warnings)
        finally:
            seen.wait()


def _raw(source: SourceSpec, raw: RawFormat | None) -> RawFormat | None:
    """Return what a raw source is like; planes have no name to tell by."""
    return raw_for(source, raw) or (None if isinstance(source, str | PathLike) else raw)
