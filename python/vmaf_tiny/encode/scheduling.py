"""Keep encoders from taking the machine for themselves."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path


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
