"""The command at a terminal."""

import os
import pty
import re
import select
import subprocess
import time

from command import COMMAND


class Terminal:
    """A command whose standard error, or also output, is a terminal."""

    def __init__(self, *arguments, output=False, **options):
        self._here, there = pty.openpty()
        self.process = subprocess.Popen(
            [*COMMAND, *map(str, arguments)],
            stdout=there if output else subprocess.PIPE, stderr=there,
            env={**os.environ, "TERM": "xterm-256color", "COLUMNS": "100"}, **options,
        )  # fmt: skip
        os.close(there)
        self.text = ""

    def read(self, until=None, seconds=60.0):
        """Read to the end, or until a pattern was seen."""
        end = time.monotonic() + seconds
        while not (until and re.search(until, self.text)):
            assert time.monotonic() < end, self.text
            if select.select([self._here], [], [], 0.2)[0]:
                try:
                    data = os.read(self._here, 65536)
                except OSError:  # Linux: the other end is closed
                    break
                if not data:
                    break
                self.text += data.decode()
        return self.text

    def close(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        if self.process.stdout:
            self.process.stdout.close()
        os.close(self._here)
