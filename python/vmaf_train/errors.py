# SPDX-License-Identifier: BSD-2-Clause-Patent
"""What the factory raises when it cannot go on."""

from __future__ import annotations


class TrainError(Exception):
    """A step failed; the message is one line that says what is wrong and what to do."""


class TableError(TrainError):
    """A table or checkpoint does not have what a step needs; scripts answer with exit code 2."""
