"""What FFmpeg's libraries log, listened to for a moment.

How much PyAV hears of it is a setting of the process, normally none. PyAV fails, with a traceback,
in a thread that is about to log when that becomes none; so nothing gets to PyAV any more at once,
and the setting follows when no thread can be about to log.
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

    def level(self) -> int | None:
        """Return what it is, or will be soon."""
        level: int | None = av.logging.get_level()
        return None if self._timer and level == self._own else level

    def on(self, level: int) -> int | None:
        """Listen; return what is to be taken back to."""
        before = self.level()
        if self._timer:
            self._timer.cancel()
            self._timer = None
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
    with LOCK, av.logging.Capture(local=False) as logs:
        before = _SWITCH.on(level)
        try:
            yield logs
        finally:
            _SWITCH.back(before)


def hears(level: int) -> bool:
    """Return whether the program that uses this package listens to messages of a level itself."""
    with LOCK:
        now = _SWITCH.level()
    return now is not None and now >= level
