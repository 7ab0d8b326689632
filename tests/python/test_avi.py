"""AVI, whose frames have no times but the numbers of their chunks."""

from fractions import Fraction

import av
import numpy as np
import pytest
from av.packet import Packet

from clips import planes, write
from vmaf_tiny import score
from vmaf_tiny.frames import open_source

COUNT = 12
GONE = [5, 6, 9]
LEFT = [n for n in range(COUNT) if n not in GONE]
CODECS = {"every picture alone": ("ffv1", {"g": "1"}), "between others": ("mpeg4", {"bf": "2"})}
EMPTY_VOP = bytes.fromhex("000001b651d07f")


def times(path):
    with open_source(path) as source:
        return [time for _, time, _ in source.images()]


def dropped(path, gone, codec, options):
    """Write an AVI, of whose chunks some are empty."""
    whole = write(path.with_name(f"whole {path.name}"), planes(COUNT), codec=codec, options=options)
    with av.open(str(whole)) as given, av.open(str(path), "w") as out:
        stream = out.add_stream_from_template(given.streams.video[0])
        for packet in given.demux(video=0):
            if packet.size and packet.dts not in gone:  # the writer fills gaps by empty chunks
                packet.stream, packet.pts = stream, packet.dts
                out.mux(packet)
    return whole, path


@pytest.mark.parametrize("name", CODECS)
def test_a_dropped_frame_takes_its_time(tmp_path, name):
    """Frames behind it are compared with their own, not with the ones before."""
    codec, options = CODECS[name]
    # of B-frames, those that no other frame needs: the last but one is one
    gone = GONE if codec == "ffv1" else [COUNT - 4]
    whole, path = dropped(tmp_path / "a.avi", gone, codec, options)
    steps = np.diff(times(path))
    assert len(times(whole)) == COUNT and len(steps) == COUNT - 1 - len(gone)
    assert steps.max() > 0.079 and steps.sum() == pytest.approx(0.04 * (COUNT - 1))
    for pair in ((whole, path), (path, whole)):
        result = score(*pair)
        assert len(result.scores) == COUNT - len(gone)
        assert result.features[:, 1].min() > 0.999  # vif_scale0
        assert f"{len(gone)} of {COUNT} pictures of" in result.warnings[0]
        assert len(result.warnings) == 1


def test_packed_frames_are_in_order(tmp_path):
    """Old encoders put two frames into a chunk and a placeholder into the next."""
    lumas = planes(20)
    whole = write(tmp_path / "a.avi", lumas, codec="mpeg4", options={"bf": "1", "g": "100"})
    with av.open(str(whole)) as given:
        template = given.streams.video[0]
        coded = [bytes(packet) for packet in given.demux(template) if packet.size]
        kinds = [data[data.index(b"\0\0\1\xb6") + 4] >> 6 for data in coded]
        chunks = [coded[0].replace(b"\0\0\1\xb6", b"\0\0\1\xb2DivX503b1393p\0\0\1\xb6", 1)]
        number = 1
        while number < len(coded):
            packed = kinds[number : number + 2] == [1, 2]
            chunks += [b"".join(coded[number : number + 1 + packed])] + [EMPTY_VOP] * packed
            number += 1 + packed
        with av.open(str(tmp_path / "packed.avi"), "w") as out:
            stream = out.add_stream_from_template(template)
            for number, chunk in enumerate(chunks):
                packet = Packet(chunk)
                packet.stream, packet.time_base = stream, Fraction(1, 25)
                packet.pts = packet.dts = number
                packet.is_keyframe = not number
                out.mux(packet)
    assert 2 in kinds
    found = times(tmp_path / "packed.avi")
    assert np.allclose(np.diff(found), 0.04)
    assert score(whole, tmp_path / "packed.avi").features[:, 1].min() > 0.999
