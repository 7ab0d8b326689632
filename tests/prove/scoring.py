"""Scores what is named on standard input, a line of JSON each, and says what came of it.

A line is the list of arguments of the command; the answer is its exit status, what it wrote and how
many seconds of the processor it took. One process for many: a crash ends it, which whoever started
it notices.
"""

import io
import json
import sys
import time
from contextlib import redirect_stderr, redirect_stdout

from vmaf_tiny.cli import main


def answer(arguments: list[str]) -> dict[str, object]:
    out, err = io.StringIO(), io.StringIO()
    start = time.process_time()
    with redirect_stdout(out), redirect_stderr(err):
        status = main(arguments)
    return {
        "status": status,
        "out": out.getvalue(),
        "err": err.getvalue(),
        "seconds": time.process_time() - start,
    }


if __name__ == "__main__":
    # Decoders that complain by themselves must not get between the answers.
    answers = sys.stdout
    for line in sys.stdin:
        print(json.dumps(answer(json.loads(line))), file=answers, flush=True)
