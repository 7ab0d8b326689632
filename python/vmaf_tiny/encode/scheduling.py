"""Share the machine between encoders and those who score, and keep it from being taken."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from vmaf_tiny.processors import processors

_PER_ENCODER = 3  # threads that score what a thread of the fastest encoder makes


def scoring_threads(encoding: int) -> int:
    """Return how many threads score what encoders make: no more than they can keep busy.

    Each holds memory of its own, and the pictures that it works on. Features of a picture take up
    to three times as long as its encode by x264 ultrafast, a third as long as one by medium.

    Parameters
    ----------
    encoding
        Threads of all encoders together.

    Examples
    --------
    >>> scoring_threads(1) in (1, 2, 3)
    True
    """
    return min(processors(), _PER_ENCODER * encoding)


@contextmanager
def scheduling_kept() -> Iterator[None]:
    """Undo what is done meanwhile to the scheduling of the calling thread and of new ones.

    SVT-AV1 run as root, as in most containers, makes the thread that opens it and all of its own
    real-time (SCHED_FIFO): nothing else then gets a processor, not even other processes. Where
    threads cannot be told apart (other systems than Linux) this does nothing.
    """
    if not Path("/proc/self/task").is_dir():
        yield
        return
    policy, parameters = os.sched_getscheduler(0), os.sched_getparam(0)
    try:
        yield
    finally:
        for task in Path("/proc/self/task").iterdir():
            # A thread may end meanwhile; and who may not set a policy did not get one.
            with suppress(OSError):
                if os.sched_getscheduler(int(task.name)) in (os.SCHED_FIFO, os.SCHED_RR):
                    os.sched_setscheduler(int(task.name), policy, parameters)
