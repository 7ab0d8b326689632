"""What FFmpeg's libraries log, listened to for a moment.

How much PyAV hears of it is a setting of the process, normally none. PyAV fails, with a traceback,
in a thread that is about to log when that becomes none; so nothing new gets to PyAV any more at
once, and the setting follows when no thread can be about to log.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import av.logging

_QUIET = -8
_LATER = 0.1  # seconds


class _Switch:
    """Sets the level, and takes it back."""

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self._timer: threading.Timer | None = None
        self._own = 0  # level that was set last
        self._drain = av.logging.Capture(local=False)  # of what comes too late

    def level(self) -> int | None:
        """Return what it is, or will be soon."""
        level: int | None = av.logging.get_level()
        return None if self._timer and level == self._own else level

    def on(self, level: int) -> int | None:
        """Listen; return what is to be taken back to."""
        before = self.level()
        timer, self._timer = self._timer, None
        if timer:
            timer.cancel()
        if before is None and not timer:
            self._drain.__enter__()
        elif before is not None and timer:  # a program has begun to listen meanwhile
            self._drop()
        self._set(level)
        return before

    def back(self, level: int | None) -> None:
        """Take back what `on` has changed."""
        if level is not None:
            self._set(level)
            return
        av.logging.set_libav_level(_QUIET)
        av.logging.restore_default_callback()
        self._timer = threading.Timer(_LATER, self._end)
        self._timer.name, self._timer.daemon = "vmaf-tiny-log", True
        try:
            self._timer.start()
        except RuntimeError:  # there are as many threads as there may be
            self._silence()

    def _set(self, level: int) -> None:
        av.logging.set_level(level)
        self._own = level

    def _end(self) -> None:
        with self.lock:
            if self._timer is threading.current_thread():
                self._silence()

    def _silence(self) -> None:
        level, self._timer = self.level(), None
        av.logging.set_level(level)
        av.logging.set_libav_level(av.logging.INFO)
        self._drop()

    def _drop(self) -> None:
        self._drain.__exit__(None, None, None)
        self._drain.logs.clear()


_SWITCH = _Switch()
LOCK = _SWITCH.lock
"""Of the setting; to be held by what had better not log while it changes."""


@contextmanager
def listened(level: int) -> Iterator[list[tuple[int, str, str]]]:
    """Give the list that grows by what is logged, by any thread, until the end of the block.

    Parameters
    ----------
    level
        Of PyAV's, what is less important is not logged.

    Yields
    ------
    logs
        Level, name and text of each message.
    """
    with LOCK:
        before = _SWITCH.on(level)
        try:
            with av.logging.Capture(local=False) as logs:
                yield logs
        finally:
            _SWITCH.back(before)


def hears(level: int) -> bool:
    """Return whether the program that uses this package listens to messages of a level itself."""
    with LOCK:
        now = _SWITCH.level()
    return now is not None and now >= level
