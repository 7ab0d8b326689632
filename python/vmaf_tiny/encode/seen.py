"""What is done to a source first, and a look into it, which need not be over before it is read."""

import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import Any

from vmaf_tiny.edit import Edit
from vmaf_tiny.survey import Survey


class Seen:
    """What is done to a source before all else, and what a look into it tells.

    Nothing that a look tells changes what is encoded, but where bars are to be cropped off. So a
    look can be taken by another thread while encoders work. It is taken once, however many passes
    there are; what is sent to another process has been taken.

    Parameters
    ----------
    edit
        What is done; `Edit.crop` is no longer ``"auto"``.
    survey
        What a look told, of the video as it is edited; or what takes it.

    Attributes
    ----------
    edit : Edit
        As given.
    """

    def __init__(
        self, edit: Edit | None = None, survey: Survey | Callable[[], Survey] | None = None
    ) -> None:
        self.edit = edit or Edit()
        self._look: Callable[[], Survey] | None = None
        self._told: Future[Survey] | None = None
        if callable(survey):
            self._look = survey
        else:
            self._told = Future()
            self._told.set_result(survey or Survey())
        self._lock = threading.Lock()

    def begin(self) -> Future[Survey]:
        """Take the look in a thread of its own, unless that was begun already."""
        with self._lock:
            if self._told is None:
                assert self._look is not None
                pool = ThreadPoolExecutor(1, thread_name_prefix="vmaf-tiny-look")
                self._told = pool.submit(self._look)
                pool.shutdown(wait=False)
            return self._told

    def wait(self) -> None:
        """Wait until the look has been taken, if it was begun."""
        wait([self._told] if self._told else [])

    @property
    def survey(self) -> Survey:
        """What the look told; it is taken now if it was not begun."""
        return self.begin().result()

    def __reduce__(self) -> tuple[Any, ...]:
        """Take the look before this is sent."""
        return Seen, (self.edit, self.survey)
