"""Running other programs, with all that they start in turn."""

import os
import signal
import subprocess
from contextlib import suppress
from typing import Any


def run(command: Any, *, timeout: float, **options: Any) -> subprocess.CompletedProcess[Any]:
    """Run a command as `subprocess.run` does; past its time, nothing that it started is left.

    The command gets a process group of its own, which is killed as a whole, and no terminal.
    """
    given = options.pop("input", None)
    options = {"stdin": subprocess.DEVNULL if given is None else subprocess.PIPE} | options
    if options.pop("capture_output", False):
        options |= {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen(command, process_group=0, **options) as process:
        try:
            out, err = process.communicate(given, timeout)
        except BaseException:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            raise
    return subprocess.CompletedProcess(command, process.returncode, out, err)
