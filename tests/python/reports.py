"""A source, encodes of it, what scoring them gave, and what a page holds: for tests of reports."""

from html.parser import HTMLParser
from pathlib import Path

import numpy as np

import clips
import vmaf_tiny
from vmaf_tiny.encode import Rendition
from vmaf_tiny.ladder import Ladder, build_ladder
from vmaf_tiny.probe import describe
from vmaf_tiny.search import SearchResult, search
from vmaf_tiny.table import Scored

COUNT, RATE, BAD = 60, 25, range(30, 42)
"""Pictures, pictures per second, and those that are far worse in all encodes."""


def encoded(folder: Path, qps=(24, 34, 44), name="source") -> list[Scored]:
    """Write a source and encodes of it, and score them."""
    planes = clips.planes(COUNT)
    clips.write(folder / f"{name}.mkv", planes, rate=RATE)
    spoiled = [clips.noisy(p, 40) if n in BAD else p for n, p in enumerate(planes)]
    for qp in qps:
        clips.write(folder / f"{name}-qp{qp}.mp4", spoiled, rate=RATE, options={"qp": str(qp)})
    reference = str(folder / f"{name}.mkv")
    made = [str(folder / f"{name}-qp{qp}.mp4") for qp in qps]
    return [describe(vmaf_tiny.score(reference, path), reference, path) for path in made]


def looped(folder: Path) -> list[Ladder | SearchResult]:
    """Return a ladder and a search of a source."""
    lumas = [clips.noisy(clips.plane(n, 256, 144), 4, n) for n in range(30)]
    source = clips.write(folder / "loops.mkv", lumas, rate=RATE)
    fast = Rendition("libx264", preset="ultrafast")
    ladder = build_ladder(
        source, sizes=[144, 72], rendition=fast, crf=[24, 34, 44], scores=[70], keep=folder
    )
    return [ladder, search(source, 80, rendition=fast, samples=0)]


def picture(address: str) -> np.ndarray:
    """Return the samples of a picture that a page holds."""
    import base64
    import io

    from PIL import Image

    kind, data = address.split(",", 1)
    assert kind == "data:image/webp;base64"
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(data))).convert("L"), float)


class Tags(HTMLParser):
    """Collects tags and the text of table cells."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.rows: list[list[str]] = []
        self._within = ""
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        self._within = tag
        if tag == "tr":
            self.rows.append([])
        if tag in ("td", "th"):
            self.rows[-1].append("")

    def handle_data(self, data):
        if self.rows and self.rows[-1] and self._within not in ("script", "style"):
            self.rows[-1][-1] += data.strip()
