"""Searches against brute force: search.py CLIP... prints both answers, for each clip and target.

Without clips, those of the shared data are taken where they are, eight of them.
"""

import sys
from pathlib import Path

from vmaf_tiny.encode import Rendition, encode_and_score
from vmaf_tiny.search import search

SHARED = Path(__file__).parents[3] / "shared/data/clips"
NAMES = (
    "asl_again.mkv", "asl_bird.mkv", "asl_sister.mkv", "asl_walk.mkv", "bottle-detection.mp4",
    "nflx_Seeking_30_480_1050.mp4", "sample_with_increasing_timestamps_360p.mp4",
    "sowt-with-video.mov",
)  # fmt: skip
CRFS = range(14, 46)
PRESET, TARGET, TOLERANCE, AT_ONCE = "ultrafast", 90.0, 0.3, 8


def brute_force(path: Path) -> dict[int, float]:
    """Return the score of every CRF."""
    renditions = [Rendition("libx264", preset=PRESET, crf=crf) for crf in CRFS]
    scores: dict[int, float] = {}
    for first in range(0, len(renditions), AT_ONCE):
        for made in encode_and_score(path, renditions[first : first + AT_ONCE]):
            scores[int(made.rendition.crf or 0)] = made.score
    return scores


def main() -> int:
    """Print the table; 1 if an answer is neither that of brute force nor its neighbour."""
    clips = [Path(name) for name in sys.argv[1:]] or [SHARED / name for name in NAMES]
    print(f"{'clip':44} brute  found  probes  score     gap  outcome")
    far = 0
    for clip in clips:
        scores = brute_force(clip)
        best = max((c for c, s in scores.items() if s >= TARGET - TOLERANCE), default=CRFS[0])
        found = search(
            clip,
            TARGET,
            rendition=Rendition("libx264", preset=PRESET),
            tolerance=TOLERANCE,
            crf=(CRFS[0], CRFS[-1]),
        )
        gap = "" if found.found.gap is None else f"{found.found.gap:+.2f}"
        far += abs(found.crf - best) > 1
        print(
            f"{clip.name:44} {best:5} {found.crf:6.0f} {len(found.found.probes):7}"
            f" {found.score:6.2f} {gap:>7}  {found.outcome}",
            flush=True,
        )
    return int(far > 0)


if __name__ == "__main__":
    sys.exit(main())
