"""vmaf-tiny preflight: what two videos are like, and whether they can be compared."""

import json as json_text
from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING

from vmaf_tiny.checks import Check
from vmaf_tiny.cli.edits import EditOptions
from vmaf_tiny.cli.lines import say, warn
from vmaf_tiny.cli.options import PairOptions, RawOptions

if TYPE_CHECKING:
    from rich.table import Table


def run(
    reference: str,
    distorted: str | None,
    pair: PairOptions,
    edit: EditOptions,
    raw: RawOptions,
    json: bool,
) -> int:
    """Look at one or two videos; 1 if they would be refused."""
    from vmaf_tiny.cli.show import show
    from vmaf_tiny.inputs import examine

    found = examine(
        reference,
        distorted,
        **raw.arguments(),
        **edit.arguments(),
        allow=pair.arguments()["allow"],
    )
    if json:
        print(json_text.dumps(asdict(found)))
    else:
        show(table(found.checks))
        for text in found.conversions:
            print("would be converted:", text)
    for warning in found.warnings:
        warn(warning)
    if found.refusal:
        say(f"error: {found.refusal}")
    return 1 if found.refusal else 0


def table(checks: Sequence[Check], role: str = "reference") -> "Table":
    """Return properties as a table in which what differs stands out.

    Parameters
    ----------
    checks
        Of the videos.
    role
        What the first of them is.
    """
    from rich.table import Table

    from vmaf_tiny.cli.show import plain

    rows = Table(box=None, pad_edge=False, header_style="dim")
    rows.add_column("preflight", style="dim")
    rows.add_column(role)
    if two := any(check.distorted for check in checks):
        rows.add_column("distorted")
    for check in checks:
        values = [check.reference, check.distorted] if two else [check.reference]
        style = "yellow" if check.differs else None
        rows.add_row(check.name, *map(plain, values), style=style)
    return rows
