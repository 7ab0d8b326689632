"""The lines of the table of benchmarks: what is measured, beside what it must be."""

from dataclasses import dataclass

from rich.table import Table


@dataclass(frozen=True)
class Row:
    """A line of the table; what is a ratio is better the more it is, all else the less."""

    what: str
    must: float | None
    aim: float | None
    measured: float
    unit: str = "x"
    more_is_better: bool = True
    gated: bool = True  # False: by the clock, which whoever shares the cores moves at will

    @property
    def verdict(self) -> str:
        """Say which of the two is reached."""
        sign = 1 if self.more_is_better else -1
        reached = [
            goal is not None and sign * self.measured >= sign * goal
            for goal in (self.must, self.aim)
        ]
        if self.must is None:
            return ""
        return "aim" if reached[1] else "must" if reached[0] else "less"

    @property
    def far_off(self) -> bool:
        """Whether a ratio is less than two thirds of what it must be."""
        if not self.gated or self.unit != "x" or self.must is None:
            return False
        return self.measured < self.must * 2 / 3


def table(rows: list[Row]) -> Table:
    """Return the rows as a table."""
    shown = Table(box=None, pad_edge=False, header_style="dim")
    shown.add_column("")
    for heading in ("must", "aim", "measured"):
        shown.add_column(heading, justify="right")
    shown.add_column("reached")
    for row in rows:
        goals = ("" if goal is None else f"{goal:.4g}" for goal in (row.must, row.aim))
        shown.add_row(row.what, *goals, f"{row.measured:.2f} {row.unit}", row.verdict)
    return shown
