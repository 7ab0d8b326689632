"""What a report is about, in groups: the encodes of a source, a ladder, a search."""

import os
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeAlias

from vmaf_tiny.encode import RenditionResult
from vmaf_tiny.encode.tables import from_dict, is_document, read_document
from vmaf_tiny.ladder import Ladder
from vmaf_tiny.probe import weigh
from vmaf_tiny.rescore import read_results
from vmaf_tiny.search import SearchResult
from vmaf_tiny.table import Scored

Reported: TypeAlias = Scored | Ladder | SearchResult
"""What there can be a report about."""

_LAST_NUMBER = re.compile(r"\d+(?:\.\d+)?(?=\D*$)")


@dataclass(frozen=True)
class Group:
    """What has a section of its own.

    Attributes
    ----------
    title
        Name of the source.
    encodes
        All of it.
    leading
        Numbers of the encodes that are looked at first.
    ladder, search
        What the encodes are of; without either they are of one source, whatever they are.
    """

    title: str
    encodes: Sequence[Scored]
    leading: frozenset[int]
    ladder: Ladder | None = None
    search: SearchResult | None = None

    @property
    def of(self) -> str:
        """What was encoded, as far as it is the same of all: ``"libx264 medium"``."""
        first = self.encodes[0]
        return " ".join(filter(None, (first.encoder, first.preset)))


def read_for_report(paths: Iterable[str | os.PathLike[str]]) -> list[Reported]:
    """Read results: as `rescore.read_results` does, but ladders and searches as what they are.

    Raises
    ------
    InputError, OptionError
        As `rescore.read_results` does.
    """
    found: list[Reported] = []
    for path in paths:
        if Path(path).is_file() and is_document(path):
            found += read_document(path, _reported)
        else:
            found += read_results([path])
    return found


def _reported(document: Mapping[str, Any]) -> list[Reported]:
    if "outcome" in document:
        return [SearchResult.from_dict(document)]
    if "rungs" in document:
        return [Ladder.from_dict(document)]
    return [made.scored for made in from_dict(document)]


def grouped(results: Sequence[Reported]) -> list[Group]:
    """Return ladders and searches each on its own, other encodes by their source."""
    plain = [weighed(one) for one in results if isinstance(one, Scored)]
    sources: dict[str, list[Scored]] = {}
    for one in with_series(plain):
        sources.setdefault(source_name(one), []).append(one)
    groups = [
        Group(name, encodes, frozenset(range(len(encodes)))) for name, encodes in sources.items()
    ]
    for each in results:
        if isinstance(each, Ladder):
            groups.append(_of_ladder(each))
        elif isinstance(each, SearchResult):
            groups.append(_of_search(each))
    return groups


def _of_ladder(ladder: Ladder) -> Group:
    """Return a ladder: a curve for each size; its rungs lead, or its hull if it has none."""
    encodes = []
    for made in ladder.points:
        size = f"{made.encoder.width}\N{MULTIPLICATION SIGN}{made.encoder.height}"
        name = f"{size} {made.rendition.quality}"
        encodes.append(replace(made.scored, name=name, series=size))
    leading = frozenset(rung.point for rung in ladder.rungs) or frozenset(ladder.hull)
    return Group(source_name(encodes[0]), encodes, leading, ladder=ladder)


def _of_search(search: SearchResult) -> Group:
    """Return the encodes of the whole of a search; the answer leads."""
    whole: Sequence[RenditionResult] = search.whole or (search.made,)
    encodes = [replace(made.scored, name=made.rendition.quality) for made in whole]
    leading = frozenset(n for n, made in enumerate(whole) if made.rendition.crf == search.crf)
    return Group(source_name(encodes[0]), encodes, leading, search=search)


def weighed(one: Scored) -> Scored:
    """Return an encode with what its file tells, where that is not known yet.

    Results may be a stranger's, and what they name an address, a pipe or standard input.
    """
    if one.size is not None or not Path(one.distorted).is_file():
        return one
    weight = weigh(one.distorted)
    return replace(one, **vars(weight)) if weight else one


def with_series(encodes: Sequence[Scored]) -> list[Scored]:
    """Return encodes with the names of their curves.

    Those that do not have one and whose names differ in the last number only, such as ``crf20``
    and ``crf26``, are one curve.
    """
    named = [one.series or _LAST_NUMBER.sub("", one.name).strip(" ._-") for one in encodes]
    return [replace(one, series=name or one.name) for one, name in zip(encodes, named, strict=True)]


def source_name(one: Scored) -> str:
    """Return the name of what an encode was compared with."""
    said = one.result.provenance.reference
    return Path(one.reference).name or re.sub(r" \([^()]*\)$", "", said) or "unknown source"
