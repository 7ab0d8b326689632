"""Memory of an encode-and-score pass does not grow with the length of the source."""

import itertools
import sys

import pytest

import clips
from vmaf_tiny import peer, textures

SIZE = 160, 96
# Signatures of the last two thousand pictures are held, so that there is no less to compare.
SHORT, LONG = 2700, 5700
MOST = 4.0  # MiB; a signature held for each picture more would be 6.6, a luma plane 44
MIB = 1024  # of the KiB that a peak is counted in
PASS = """\
import sys
from vmaf_tiny.encode import Rendition, encode_and_score
renditions = [Rendition(crf=crf, preset="ultrafast") for crf in (24, 32)]
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
    # Scores, features, times and packets are about 90 bytes a picture and rendition: 0.5 MiB, and
    # twice that where tables grow by doubling.
    assert long - short < MOST
