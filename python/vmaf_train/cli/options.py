# SPDX-License-Identifier: BSD-2-Clause-Patent
"""What the steps' options have in common."""

from __future__ import annotations

import argparse
import dataclasses
from collections.abc import Callable

from vmaf_train.models import MODELS, Model, model_by_id
from vmaf_train.provenance import Invocation

Step = Callable[[argparse.Namespace, Invocation], int]
Steps = dict[str, tuple[str, Callable[..., None], Step]]
"""By name: one line of help, what declares the options, what runs."""


def declare_model(parser: argparse.ArgumentParser, with_model: bool = True) -> None:
    """Take a model, and a name for one of one's own."""
    if with_model:
        parser.add_argument("model_id", choices=sorted(MODELS), metavar="MODEL", help="model's id")
    parser.add_argument("--id", help="call it so instead: for a model of your own of that kind")


def model_of(args: argparse.Namespace) -> Model:
    """Return the model that was asked for, by the name that was given to it."""
    model = model_by_id(args.model_id)
    return dataclasses.replace(model, id=args.id) if args.id else model


def whole(least: int) -> Callable[[str], int]:
    """Make the type of an option that is a whole number from `least`."""

    def whole_number(text: str) -> int:
        value = int(text)
        if value < least:
            raise argparse.ArgumentTypeError(f"{value} is less than {least}")
        return value

    whole_number.__name__ = "whole number"  # what argparse calls it in a complaint
    return whole_number


def amount(text: str) -> float:
    """Read a number that is not negative."""
    value = float(text)
    if not 0 <= value < 1e6:
        raise argparse.ArgumentTypeError(f"{text} is no amount")
    return value
