"""vmaf-tiny models: the registry as a table or as JSON."""

import json
from dataclasses import asdict

from rich.table import Table

from vmaf_tiny._core import ModelEntry, registry
from vmaf_tiny.cli.show import plain, show


def run(model_dir: str | None, as_json: bool) -> int:
    """Print the registry of a folder; None is the package's own."""
    entries = registry(model_dir)
    if as_json:
        print(json.dumps([asdict(entry) for entry in entries], indent=2))
    else:
        show(_table(entries))
    return 0


def _table(entries: list[ModelEntry]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("id", "kind", "learned from", "sha256"):
        table.add_column(name, no_wrap=True)
    table.add_column("what it is")
    for entry in entries:
        digest = entry.sha256[:12] if entry.intact else "[red]altered or missing[/]"
        what = "tests the way into the runtime, no more" if entry.smoke else entry.description
        names = map(plain, (entry.id, entry.kind, entry.teacher))
        table.add_row(*names, digest, plain(what))
    return table
