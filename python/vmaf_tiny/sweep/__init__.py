"""Sweeps: many renditions of a source, resumable and in as many processes as wanted.

`grid` makes renditions of every combination of encoders, presets, sizes and qualities; `sweep`
encodes and scores them, keeps what is done in a `Store`, and goes on from there after a crash;
`bd_rates` compares their curves.
"""

from vmaf_tiny.sweep.curves import BdRate, bd_rates, curves_of
from vmaf_tiny.sweep.grid import grid
from vmaf_tiny.sweep.run import RenditionState, SweepProgress, sweep
from vmaf_tiny.sweep.store import Store, default_store

__all__ = [
    "BdRate",
    "RenditionState",
    "Store",
    "SweepProgress",
    "bd_rates",
    "curves_of",
    "default_store",
    "grid",
    "sweep",
]
