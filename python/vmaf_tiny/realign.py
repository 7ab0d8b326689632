"""Read two videos together and find how their pictures belong together by what they show."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from vmaf_tiny.aligner import BAND, Aligner, Shelf
from vmaf_tiny.alignment import Alignment
from vmaf_tiny.frames import Picture, Source
from vmaf_tiny.luma import Conversion, Converter
from vmaf_tiny.pairing import Kind, Pairing
from vmaf_tiny.preflight import Plan

ALIGNMENTS = ("check", "fix", "off")
"""Warn of pictures that are not compared with their own; pair them by what they show; neither."""


class Watched:
    """Pairs pictures that have signatures, and finds whether pairs show the same.

    Parameters
    ----------
    pairing
        How they are paired.
    reference, distorted
        All pictures of each video, with signatures if they are to be looked at.
    matches
        Collect which pictures fit each other.
    """

    def __init__(
        self,
        pairing: Pairing,
        reference: Iterator[Picture],
        distorted: Iterator[Picture],
        *,
        matches: bool = False,
    ) -> None:
        self._pairing = pairing
        self._aligner = aligner = Aligner(matches=matches)
        self._reference = _shelved(reference, aligner.reference)
        self._distorted = _shelved(distorted, aligner.distorted)
        self._last = (-1, -1)
        self._step = 1.0  # pictures of the reference per distorted one

    def pairs(self) -> Iterator[tuple[Picture, Picture]]:
        """Give the pairs, once."""
        for one, other in self._pairing.pairs(self._reference, self._distorted):
            self._last = one.index, other.index
            if one.cells is not None:
                self._aligner.pair(*self._last)
            yield one, other
        if self._last[1] > 0:
            self._step = self._last[0] / self._last[1]

    def finish(self) -> Alignment:
        """Return how the videos are aligned."""
        if self._last[1] < BAND:  # short enough to be a part from further on
            self._read_on(self._reference, BAND + self._aligner.lag)
        return self._aligner.finish()

    def finish_matches(self) -> tuple[Alignment, NDArray[np.int64]]:
        """Return the same, and which pictures fit each other, be they paired or not."""
        # What comes after the end of the reference may belong to what comes before.
        self._read_on(self._distorted, BAND - self._aligner.lag)
        for distorted in range(self._last[1] + 1, self._aligner.distorted.count):
            past = max(round((distorted - self._last[1]) * self._step), 1)
            self._aligner.pair(self._last[0] + past, distorted)
        for _ in self._reference:  # as lags may grow
            self._aligner.catch_up()
        return self._aligner.finish(), self._aligner.matches

    def _read_on(self, pictures: Iterator[Picture], count: int) -> None:
        for _ in islice(pictures, max(count, 0)):
            pass


def read_both(
    sources: tuple[Source, Source], conversions: tuple[Conversion, Conversion], sign: bool
) -> tuple[Iterator[Picture], Iterator[Picture]]:
    """Read both videos in threads of their own.

    Parameters
    ----------
    sources
        Reference and distorted.
    conversions
        What is done to their pictures.
    sign
        Whether to give signatures.
    """
    one, other = (
        source.read_ahead(Converter(todo), sign=todo.bits if sign else None)
        for source, todo in zip(sources, conversions, strict=True)
    )
    return one, other


def find(
    sources: tuple[Source, Source], plan: Plan, kind: Kind, step: Callable[[], None]
) -> tuple[Alignment, NDArray[np.int64]]:
    """Read two videos to find which pictures fit each other.

    Parameters
    ----------
    sources
        Reference and distorted; they are read to their ends.
    plan
        How they are compared; they are not scaled for this.
    kind
        How they are paired at first.
    step
        Called with each pair.

    Returns
    -------
    alignment, matches
        How the pairs are aligned, and numbers of pictures that fit, see `Aligner.matches`.
    """
    todo = replace(plan.reference, size=None), replace(plan.distorted, size=None)
    pairing = Pairing(kind, sources[0].info, sources[1].info)
    watched = Watched(pairing, *read_both(sources, todo, True), matches=True)
    for _ in watched.pairs():
        step()
    return watched.finish_matches()


def _shelved(pictures: Iterable[Picture], shelf: Shelf) -> Iterator[Picture]:
    """Pass pictures on, and put their signatures on a shelf."""
    for picture in pictures:
        if picture.cells is not None:
            shelf.add(picture.cells)
        yield picture
