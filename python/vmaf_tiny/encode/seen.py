"""What is done to a source first, and a look into it, which need not be over before it is read."""

import threading
from collections.abc import Callable
from concurrent.futures import Future
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
        self._look = survey if callable(survey) else None
        self._told: Future[Survey] = Future()
        if not callable(survey):
            self._told.set_result(survey or Survey())
        self._thread: threading.Thread | None = None
        self._lock = threading.Lock()

    def begin(self) -> None:
        """Take the look in a thread of its own, unless that was begun already."""
        with self._lock:
            if self._look is None or self._thread is not None:
                return
            self._thread = threading.Thread(target=self._take, name="vmaf-tiny-look", daemon=True)
            self._thread.start()

    def _take(self) -> None:
        assert self._look is not None
        try:
            self._told.set_result(self._look())
        except BaseException as error:  # raised where the survey is asked for
            self._told.set_exception(error)

    def wait(self) -> None:
        """Wait until the look has been taken, if it was begun."""
        if self._thread is not None:
            self._thread.join()

    @property
    def survey(self) -> Survey:
        """What the look told; it is taken now if it was not begun."""
        self.begin()
        return self._told.result()

    def __reduce__(self) -> tuple[Any, ...]:
        """Take the look before this is sent."""
        return Seen, (self.edit, self.survey)
