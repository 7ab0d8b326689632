"""Sweeps: many renditions of a source, resumable and in as many processes as wanted.

`grid` makes renditions of every combination of encoders, presets, sizes and qualities; `sweep`
encodes and scores them, keeps what is done in a `Store`, and goes on from there after a crash;
`bd_rates` compares their curves.
"""

from vmaf_tiny.sweep.curves import BdRate, bd_rates, curves_of
from vmaf_tiny.sweep.grid import grid
from vmaf_tiny.sweep.run import sweep
from vmaf_tiny.units import RenditionState, Store, WorkProgress, default_store

__all__ = [
    "BdRate",
    "RenditionState",
    "Store",
    "WorkProgress",
    "bd_rates",
    "curves_of",
    "default_store",
    "grid",
    "sweep",
]
