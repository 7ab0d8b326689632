"""The command as another process, and what is said of its errors."""

import sys

import processes

COMMAND = (sys.executable, "-m", "vmaf_tiny")


def run(*arguments, **options):
    return processes.run(
        [*COMMAND, *map(str, arguments)], capture_output=True, timeout=120, **options
    )


def assert_one_line(err, *words):
    assert err.startswith("vmaf-tiny: error: ") and err.count("\n") == 1 and err.endswith("\n"), err
    for word in words:
        assert word in err
