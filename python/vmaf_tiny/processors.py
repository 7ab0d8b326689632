"""How many processors there are to work with."""

import os


def processors() -> int:
    """Return how many processors this process may use, which may be fewer than there are."""
    allowed = getattr(os, "sched_getaffinity", None)  # not on every system
    return len(allowed(0)) if allowed else os.cpu_count() or 1
