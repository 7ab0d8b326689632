"""Suggest the rungs of a ladder for a video: ladder.py SOURCE ROWS,ROWS,... NAME."""

import sys
from pathlib import Path

from vmaf_tiny.encode import Rendition
from vmaf_tiny.ladder import build_ladder

source, rows, name = sys.argv[1:4]
ladder = build_ladder(
    source,
    sizes=[int(each) for each in rows.split(",")],
    rendition=Rendition("libx264", preset="veryfast"),
    crf=[20, 26, 32, 38],
    scores=[90, 75, 60, 45],
)
for rung in ladder.rungs:
    size = f"{rung.width}x{rung.height}"
    print(f"{rung.asked:10} {size:>9} {rung.bitrate / 1000:8.0f} kbit/s  VMAF {rung.score:.2f}")
Path(f"{name}.m3u8").write_text(ladder.hls())
Path(f"{name}.mpd").write_text(ladder.dash())
