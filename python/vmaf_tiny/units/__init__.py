"""Units of work on a source: done here, in other processes or on a cluster, and never twice.

What sweeps, ladders and searches stand on. A unit encodes and scores one rendition, of a source or
of a segment of it; it has a key made of all that its result depends on, under which a `Store` keeps
the result as soon as it is there. `Units` does the units of one source that are missing.

>>> from vmaf_tiny.encode import Rendition
>>> from vmaf_tiny.units import Scoring, Units, Work
>>> with Units("source.mkv", Scoring(), Work(store="results.sqlite")) as units:  # doctest: +SKIP
...     (made,) = units.make([Rendition(crf=23)])
"""

from vmaf_tiny.units.jobs import Scoring
from vmaf_tiny.units.progress import RenditionState, WorkProgress
from vmaf_tiny.units.run import Units, Work
from vmaf_tiny.units.store import Store, default_store

__all__ = [
    "RenditionState",
    "Scoring",
    "Store",
    "Units",
    "Work",
    "WorkProgress",
    "default_store",
]
