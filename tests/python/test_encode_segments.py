"""Segments: split at key frames, joined so that nothing shows at the seams."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import clips
import vmaf_tiny
from renditions import DROPS
from vmaf_tiny.alignment import Run
from vmaf_tiny.encode import Rendition, encode_and_score
from vmaf_tiny.encode.segments import join_files, join_results, split

SIZE = 256, 144
COUNT = 50
# Of these, what is encoded does not depend on neighbours, so that it is the same in segments.
INTRA = [
    Rendition("mjpeg", qp=9, options={"strict": "unofficial"}),
    Rendition("libx264", qp=33, preset="ultrafast", options={"g": "1"}),
]
INTER = [
    Rendition("libx264", crf=30, preset="veryfast"),
    Rendition("libx264", crf=30, preset="veryfast", size=(128, 72)),
    Rendition("libx265", crf=32, preset="ultrafast"),
    Rendition("libvpx-vp9", crf=40, preset="8", options={"deadline": "realtime"}),
    Rendition("libsvtav1", crf=40, preset="12"),
]


@pytest.fixture(scope="module", params=["mkv", "mp4", "ts"])
def source(request, tmp_path_factory):
    path = tmp_path_factory.mktemp("source") / f"clip.{request.param}"
    lumas = [clips.noisy(clips.plane(n, *SIZE), seed=n) for n in range(COUNT)]
    return clips.write(path, lumas, options={"bf": "2", "g": "8", "qp": "18"})


def in_segments(source, renditions, folder: Path):
    folder.mkdir()
    segments = split(source, 0.6)
    assert len(segments) > 2
    assert sum(segment.pictures for segment in segments) == COUNT
    made = []
    for segment in segments:
        files = [folder / f"{k}.{segment.number}.nut" for k in range(len(renditions))]
        made.append(encode_and_score(source, renditions, keep=files, segment=segment))
    whole = []
    for k, parts in enumerate(zip(*made, strict=True)):
        kept = folder / f"{k}.mkv"
        join_files([part.kept for part in parts], [part.duration for part in parts], kept)
        whole.append(join_results(parts, kept))
    return whole


def test_features_of_segments_equal_those_of_the_unsplit_run(source, tmp_path):
    split_up = in_segments(source, INTRA, tmp_path / "parts")
    whole = encode_and_score(source, INTRA)
    for one, other in zip(split_up, whole, strict=True):
        assert one.segments > 2
        assert other.segments == 1
        for name in ("features", "scores", "index"):
            assert np.array_equal(getattr(one.result, name), getattr(other.result, name)), name
        assert np.allclose(one.result.times, other.result.times, atol=1e-9, rtol=0)
        # x264 signs the first packet of each segment.
        added = np.flatnonzero(one.sizes != other.sizes)
        assert len(added) < one.segments
        assert one.bytes - other.bytes == (one.sizes - other.sizes).sum()
        assert one.duration == pytest.approx(other.duration)
        assert one.pooled == other.pooled


def test_scores_of_segments_equal_those_of_the_joined_encode(source, tmp_path):
    for made in in_segments(source, INTER, tmp_path / "parts"):
        again = vmaf_tiny.score(source, made.kept)
        assert np.array_equal(made.result.features, again.features), made.rendition.label
        assert np.array_equal(made.result.scores, again.scores)
        assert again.warnings == made.result.warnings == ()
        assert made.result.provenance.pairing.pairs == COUNT
        found, expected = (r.provenance.alignment for r in (made.result, again))
        assert (found.verdict, found.pairs, found.runs) == ("aligned", COUNT, expected.runs)
        assert found.likeness == pytest.approx(expected.likeness, abs=1e-4)
        assert made.keyframes.sum() >= made.segments


def part_with(made, **found):
    """A result of a segment of which this was found."""
    provenance = made.result.provenance
    alignment = replace(provenance.alignment, **found)
    result = replace(made.result, provenance=replace(provenance, alignment=alignment))
    return replace(made, result=result)


def test_what_was_found_of_all_parts_is_told(source):
    (made,) = encode_and_score(source, INTRA[:1])
    right = part_with(made, held=2, longest=2)
    unknown = part_with(made, verdict="unknown", confidence=0.0)
    late = part_with(
        made, verdict="shifted", confidence=0.5, offset=-1, runs=(Run(0, -1),), off=COUNT
    )
    whole = join_results([right, unknown, late, right]).result.provenance.alignment
    assert (whole.verdict, whole.confidence, whole.offset) == ("uneven", 0.5, 0)
    assert whole.runs == (Run(0, 0), Run(2 * COUNT, -1), Run(3 * COUNT, 0))
    assert (whole.missing, whole.repeated, whole.changes) == (1, 1, 2)
    assert (whole.pairs, whole.off, whole.held, whole.longest) == (4 * COUNT, COUNT, 4, 2)
    assert "1 missing and 1 too many" in whole.fault()
    late_all = join_results([late, late]).result.provenance.alignment
    assert (late_all.verdict, late_all.offset, late_all.changes) == ("shifted", -1, 0)
    drift = part_with(made, verdict="drifting", drift=0.01, changes=4, missing=4)
    drifting = join_results([right, drift, drift]).result.provenance.alignment
    assert (drifting.verdict, drifting.drift, drifting.missing) == ("drifting", 0.01, 8)
    assert join_results([unknown] * 2).result.provenance.alignment.verdict == "unknown"
    unlike = part_with(made, verdict="unlike")
    assert join_results([right, unlike]).result.provenance.alignment.verdict == "unlike"


def test_a_rendition_that_drops_pictures_is_joined_too(source, tmp_path):
    made, _ = in_segments(source, [DROPS, INTRA[0]], tmp_path / "parts")
    again = vmaf_tiny.score(source, made.kept)
    assert made.segments <= len(made.result.scores) < COUNT
    # Motion beside a seam is that of neighbours in the source, shown or not.
    assert np.array_equal(made.result.features[:, :5], again.features[:, :5])
    assert np.array_equal(made.result.times, again.times)


def test_segments_are_as_long_as_asked_for(source):
    segments = split(source, 0.6)
    for segment in segments[:-1]:
        assert 0.6 * 25 <= segment.pictures < 0.6 * 25 + 8
    assert len(split(source, 100)) == 1
    assert segments[0].before == 0
    assert not segments[-1].after


def test_what_has_no_key_frames_is_one_segment(tmp_path):
    lumas = [clips.plane(n, *SIZE) for n in range(20)]
    path = clips.write(tmp_path / "long.mkv", lumas, options={"g": "250"})
    assert len(split(path, 0.2)) == 1
