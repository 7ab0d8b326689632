"""Where an encoder fails first: worst_frames.py SOURCE."""

import sys

from vmaf_tiny.encode import Rendition, encode_and_score

(made,) = encode_and_score(sys.argv[1], [Rendition("libx264", crf=32, preset="veryfast")])
print(f"{made.rendition.label}: VMAF {made.score:.2f}, {made.bitrate / 1000:.1f} kbit/s")
for index, second, score in made.result.worst(5):
    key = ", a key frame" if made.keyframes[index] else ""
    print(f"frame {index} at {second:.2f} s: {score:.2f}, {made.sizes[index]} bytes{key}")
