"""Which preset pays: crf_sweep.py SOURCE, run again after Ctrl-C to go on."""

import sys

from vmaf_tiny.sweep import bd_rates, grid, sweep

renditions = grid(["libx264"], crf=[22, 28, 34, 40], presets=["veryfast", "medium"])
results = sweep(sys.argv[1], renditions, store="sweep.sqlite")
for made in results:
    worst = made.worst_window()
    print(
        f"{made.rendition.label:24} {made.bitrate / 1000:8.1f} kbit/s  VMAF {made.score:.2f},"
        f" worst second {worst.score:.2f} at {worst.start:.2f} s"
    )
for rate in bd_rates(results):
    more = f"{rate.rate:+.1f} %" if rate.rate is not None else "unknown"
    print(f"{rate.test} against {rate.anchor}: {more} bitrate {rate.reason}")
