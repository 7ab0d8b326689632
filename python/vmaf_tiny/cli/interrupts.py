"""How the command ends when it is interrupted."""

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

INTERRUPTED = 130
"""Exit status."""


class _Ending:
    """Ends at once: an exception could get lost in a decoder that called back into Python.

    No log is cut short by it, as Python runs this before or after the call that writes one.
    """

    def __init__(self, words: str) -> None:
        self._words = words

    def __call__(self, *_: object) -> None:
        shows = os.isatty(2) and os.environ.get("TERM") != "dumb"
        # A progress bar may be there, with the cursor hidden.
        clear = b"\r\x1b[2K\x1b[?25h" if shows else b""
        os.write(2, clear + f"vmaf-tiny: {self._words}\n".encode(errors="replace"))
        os._exit(INTERRUPTED)


def end_when_interrupted() -> None:
    """End with a line and `INTERRUPTED`, unless who called this has an answer of their own."""
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, _Ending("interrupted"))


@contextmanager
def told_how_to_go_on(words: str) -> Iterator[None]:
    """Say this too if the command is interrupted until the end of the block."""
    before: Callable[..., Any] | int | None = signal.getsignal(signal.SIGINT)
    if words and isinstance(before, _Ending):
        signal.signal(signal.SIGINT, _Ending(f"interrupted: {words}"))
        try:
            yield
        finally:
            signal.signal(signal.SIGINT, before)
    else:
        yield
