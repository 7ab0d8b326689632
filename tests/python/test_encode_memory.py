"""Memory of an encode-and-score pass does not grow with the length of the source."""

import itertools
import sys

import pytest

import clips
from vmaf_tiny import peer, textures

SIZE = 320, 180
SHORT, LONG = 200, 1000
MIB = 1024  # of the KiB that a peak is counted in
PASS = """\
import sys
from vmaf_tiny.encode import Rendition, encode_and_score
renditions = [Rendition(crf=crf, preset="veryfast") for crf in (24, 32)]
made = encode_and_score(sys.argv[1], renditions, threads=2)
assert all(each.pictures == int(sys.argv[2]) for each in made)
"""


def peak(path, count):
    """Return MiB that a process takes at most to make two encodes and score them."""
    command = [sys.executable, "-c", PASS, str(path), str(count)]
    return peer.cost_of(command).peak / MIB


@pytest.mark.slow
def test_memory_does_not_grow_with_the_length(tmp_path):
    width, height = SIZE
    some = textures.as_samples(textures.natural(64, height, width, 8), 8)
    peaks = []
    for count in (SHORT, LONG):
        pictures = itertools.islice(itertools.cycle(some), count)
        path = clips.write(tmp_path / f"{count}.mkv", list(pictures))
        peaks.append(peak(path, count))
    short, long = peaks
    print(f"{SHORT} pictures: {short:.1f} MiB, {LONG} pictures: {long:.1f} MiB")
    # The signatures of the last thousand pictures, of two videos each, fill 9 MiB by and by; all
    # luma of the pictures more, of one rendition alone, would be 44 MiB.
    assert long - short < 20
