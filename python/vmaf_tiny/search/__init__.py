"""Find the CRF that gives a source the score that is asked for, and verify it.

>>> from vmaf_tiny.search import search
>>> found = search("source.mkv", 93)  # doctest: +SKIP
>>> found.outcome, found.crf, found.score, found.found.gap  # doctest: +SKIP
('met', 27.0, 93.1, 0.02)
"""

from vmaf_tiny.search.curve import Found, Goal, Probe
from vmaf_tiny.search.run import SearchProgress, SearchResult, search

__all__ = ["Found", "Goal", "Probe", "SearchProgress", "SearchResult", "search"]
