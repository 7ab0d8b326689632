"""The faults that `faults.py` plants are of the sources as they are."""

from pathlib import Path

import pytest

from faults import FAULTS, Fault

CORE = Path(__file__).parents[2] / "filter"


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_a_fault_can_be_planted(fault: Fault) -> None:
    """What it replaces is there once."""
    assert (CORE / fault.file).read_text().count(fault.right) == 1
