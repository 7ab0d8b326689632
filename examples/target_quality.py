"""Encode a video at a given quality: target_quality.py SOURCE TARGET FOLDER."""

import sys

from vmaf_tiny.encode import Rendition
from vmaf_tiny.search import search

source, target, folder = sys.argv[1:4]
found = search(
    source,
    float(target),
    rendition=Rendition("libx264", preset="veryfast"),
    pool="harmonic_mean",
    keep=folder,
)
for probe in found.found.probes:
    what = "whole" if probe.whole else f"samples, {probe.low:.2f} to {probe.high:.2f}"
    print(f"CRF {probe.crf:g}: {probe.score:.2f} ({what})")
print(f"{found.outcome}: {found.found.reason}")
print(f"{found.made.kept}: {found.made.bitrate / 1000:.0f} kbit/s, {found.score:.2f}")
