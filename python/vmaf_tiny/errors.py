"""What can go wrong. Every message is one line that says what is wrong and what to do."""

import errno
import re

# What ends a line or commands a terminal; names of files may have it in them.
_CONTROLS = re.compile("[\\x00-\\x1f\\x7f-\\x9f\\u2028\\u2029]")


MALFORMED = (
    ArithmeticError, AttributeError, ExceptionGroup, LookupError, RecursionError, StopIteration,
    TypeError, ValueError,
)  # fmt: skip
"""What Python raises where a document of strangers is not what it says it is."""


def one_line(text: str) -> str:
    """Return a text with escapes in place of what ends a line or commands a terminal."""
    return _CONTROLS.sub(lambda found: found[0].encode("unicode_escape").decode(), text)


class VmafTinyError(Exception):
    """Anything that this package cannot do; the base of all its errors."""

    def __init__(self, text: object = "") -> None:
        super().__init__(one_line(str(text)))


class OptionError(VmafTinyError):
    """An option has a value that is unknown, out of range or not available here."""


class InputError(VmafTinyError):
    """A video, picture or number cannot be scored as it is."""


class ModelError(VmafTinyError):
    """A model or its registry is missing, altered, refused or fails to run."""


class OrtMissingError(ModelError):
    """ONNX Runtime was not found, so features can be had but no scores."""


def from_code(code: int, text: str, subject: type[VmafTinyError]) -> Exception:
    """Return the error for a negative errno value of the core.

    Parameters
    ----------
    code
        What the core returned, below 0.
    text
        The core's message.
    subject
        The error that fits what the call was about, for all but what has a class of its own.
    """
    if -code == errno.ENOSYS:
        return OrtMissingError(text)
    if -code == errno.EPIPE:  # no error to tell of: nobody reads any more
        return BrokenPipeError(errno.EPIPE, text)
    if -code in (errno.ENOMEM, errno.EAGAIN):  # the machine's fault, not the subject's
        return VmafTinyError(text)
    return subject(text)
