"""vmaf-tiny report: results as a page."""

from collections.abc import Sequence

from vmaf_tiny.cli.bench import steps_shown
from vmaf_tiny.cli.lines import warn
from vmaf_tiny.errors import OptionError
from vmaf_tiny.files import check_writable


def run(
    paths: Sequence[str], output: str, title: str, pictures: int, window: float, quiet: bool
) -> int:
    """Write the page and say where it is."""
    from vmaf_tiny.report import read_for_report, write_report

    if output != "-":
        if not output.lower().endswith((".html", ".htm")):
            raise OptionError(f"-o {output} is no page: let it end in .html")
        check_writable(output, paths)
    results = read_for_report(paths)
    with steps_shown() as step:
        notes = write_report(
            output, results, title=title, pictures=pictures, window=window, step=step
        )
    for note in notes:
        warn(note)
    if output != "-" and not quiet:
        print(output)
    return 0
