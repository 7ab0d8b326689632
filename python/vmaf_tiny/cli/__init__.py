"""The command vmaf-tiny: what it says and how it ends."""

import gc
import io
import os
import sys
from collections.abc import Sequence

from vmaf_tiny.cli.interrupts import end_when_interrupted
from vmaf_tiny.cli.lines import say
from vmaf_tiny.errors import OptionError, VmafTinyError

FAILURE, USAGE = 1, 2

_NEW_OBJECTS = 20_000  # between looks for garbage that refers to itself, of which there is little


def program() -> int:
    """Run the command where nothing else runs in the process; see `main`.

    Starting makes tens of thousands of objects that stay, and Python would look through them again
    and again, and once more at the end: a tenth of the time of a short score.
    """
    gc.set_threshold(_NEW_OBJECTS, *gc.get_threshold()[1:])
    try:
        return main()
    finally:
        gc.freeze()


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command.

    Parameters
    ----------
    arguments
        What follows the command's name; None: those of the process.

    Returns
    -------
    status
        Exit status: 0, 1 failure, 2 usage, 130 interrupted.
    """
    _occupy_closed_streams()
    if sys.stdout is None:
        return _end(FAILURE, "error: standard output is closed: open it, if only as /dev/null")
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # names of files can be any bytes
    end_when_interrupted()
    # NumPy starts a thread for each processor, all of which spin for a while, to multiply
    # matrices; those here are too small for more than one.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    return _run(list(sys.argv[1:] if arguments is None else arguments))


def _run(tokens: list[str]) -> int:
    from cyclopts import CycloptsError

    from vmaf_tiny.cli.commands import app

    try:
        if not tokens:
            app.help_print([])
            return USAGE
        status: int | None = app(
            tokens, exit_on_error=False, print_error=False, result_action="return_value"
        )
        sys.stdout.flush()
    except BrokenPipeError:
        # The reader went away: end quietly, also when the interpreter flushes once more.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILURE
    except CycloptsError as error:
        said = " ".join(str(error).split())  # in several lines, where it lists choices
        return _end(USAGE, f"error: {said} See vmaf-tiny --help.")
    except OptionError as error:
        return _end(USAGE, f"error: {error}")
    except VmafTinyError as error:
        return _end(FAILURE, f"error: {error}")
    except OSError as error:
        what = error.filename or "standard output, or what else there was to read or write"
        return _end(FAILURE, f"error: {what}: {error.strerror or error}: try another place")
    except MemoryError:
        return _end(FAILURE, "error: not enough memory: try fewer --threads")
    except ImportError as error:  # such as of a library that does not fit into the memory
        return _end(FAILURE, f"error: {error}: install vmaf-tiny again, or give it more memory")
    except RuntimeError as error:
        if str(error) != "can't start new thread":
            raise
        return _end(FAILURE, "error: no thread can be started: try fewer --threads and --workers")
    return status or 0


def _occupy_closed_streams() -> None:
    """Keep a video that is opened from getting the number of a standard stream that is closed."""
    while (number := os.open(os.devnull, os.O_RDWR)) <= 2:
        if number == 2:
            sys.stderr = open(number, "w", closefd=False)  # noqa: SIM115
    os.close(number)


def _end(status: int, reason: str) -> int:
    say(reason)
    return status
