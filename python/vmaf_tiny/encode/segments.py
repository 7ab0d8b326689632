"""Split a source at its key frames into segments that are encoded apart, and join what comes of it.

A segment is encoded as if it were a clip of its own, so its first picture is a key frame, and the
encode of the whole source is what its segments give one after the other: it differs from one that
was made in a single run, as encoders look across what would be a seam. The scores are those of
that encode. Motion at a seam needs the reference picture before it and the one behind it, which
are decoded too, so that features of the segments, put one after the other, equal those of the
joined encode to the bit. (Where an encoder drops pictures beside a seam, motion there is still that
of neighbours in the source.)
"""

import os
from collections.abc import Iterator, Sequence
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from av.container import OutputContainer
from av.error import FFmpegError
from av.packet import Packet
from av.video.stream import VideoStream

from vmaf_tiny.alignment import SHOWN, Alignment, Run, Verdict
from vmaf_tiny.containers import Media, RawFormat, raw_for
from vmaf_tiny.encode.join import joined
from vmaf_tiny.encode.result import RenditionResult
from vmaf_tiny.encode.segment import LEAD_IN, Segment
from vmaf_tiny.encode.source import ROLE
from vmaf_tiny.errors import InputError
from vmaf_tiny.files import write_atomically
from vmaf_tiny.pairing import PairingReport, SideReport
from vmaf_tiny.result import Result

_SLACK = 1e-4  # seconds that are no difference


def split(
    path: str | os.PathLike[str], seconds: float, raw: RawFormat | None = None
) -> list[Segment]:
    """Split a video at key frames into segments of at least so many seconds.

    Nothing is decoded. The last segment may be shorter; one that would be shorter than half joins
    the one before.

    Parameters
    ----------
    path
        Of the video.
    seconds
        More than 0.
    raw
        What raw video is like.

    Raises
    ------
    InputError
        The video has no time stamps to split it by.
    """
    stamps, keys, base = _scan(path, raw_for(path, raw))
    starts = [0]
    for number in np.flatnonzero(keys).tolist():
        if (stamps[number] - stamps[starts[-1]]) * base >= Fraction(seconds):
            starts.append(number)
    if len(starts) > 1 and (stamps[-1] - stamps[starts[-1]]) * base < Fraction(seconds) / 2:
        starts.pop()
    ends = [*starts[1:], len(stamps)]
    return [
        _segment(number, stamps, keys, *bounds)
        for number, bounds in enumerate(zip(starts, ends, strict=True))
    ]


def cut_out(
    path: str | os.PathLike[str],
    stretches: Sequence[tuple[float, float]],
    raw: RawFormat | None = None,
) -> list[Segment]:
    """Return segments of the pictures that are shown in stretches of a video.

    Parameters
    ----------
    path
        Of the video.
    stretches
        Seconds at which each begins and before which it ends. They may begin with any picture and
        need not adjoin.
    raw
        What raw video is like.

    Raises
    ------
    InputError
        The video has no time stamps, or no picture is shown in one of them.
    """
    stamps, keys, base = _scan(path, raw_for(path, raw))
    times = np.array([float(stamp * base) for stamp in stamps])
    segments = []
    for number, (start, end) in enumerate(stretches):
        first, after = np.searchsorted(times, (start - _SLACK, end - _SLACK)).tolist()
        if first == after:
            raise InputError(f"{os.fspath(path)} shows nothing from {start:g} to {end:g} seconds")
        segments.append(_segment(number, stamps, keys, first, after))
    return segments


def _segment(number: int, stamps: Sequence[int], keys: Sequence[bool], a: int, b: int) -> Segment:
    seek = max(a - 1, 0)
    while not keys[seek] and seek > 0:
        seek -= 1
    after = b < len(stamps)
    return Segment(
        number, stamps[0], stamps[seek], tuple(stamps[seek : b + after]), a - seek, after
    )


def _scan(
    path: str | os.PathLike[str], raw: RawFormat | None
) -> tuple[list[int], list[bool], Fraction]:
    """Return time stamps in order, which of them are key frames, and what they count."""
    media = Media(path, role=ROLE, raw=raw, damaged=True)  # whoever decodes it will tell of damage
    try:
        base = media.stream.time_base
        found = {
            packet.pts: packet.is_keyframe
            for packet in media.packets()
            if packet.size and not packet.is_discard
        }
    finally:
        media.close()
    if None in found or not found or not base:
        raise InputError(
            f"{media.label} has no time stamps to split it by: encode it without segments"
        )
    stamps = sorted(stamp for stamp in found if stamp is not None)
    return stamps, [found[stamp] for stamp in stamps], base


def join_results(parts: Sequence[RenditionResult], kept: Path | None = None) -> RenditionResult:
    """Return the result of a whole source from those of its segments, in order.

    Parameters
    ----------
    parts
        All of one rendition.
    kept
        The file of the joined encode.
    """
    first = parts[0]
    result = joined([(part.result, 0, len(part.result.scores)) for part in parts])
    return replace(
        first,
        result=_told(result, [part.result for part in parts]),
        bytes=sum(part.bytes - part.header for part in parts) + first.header,
        duration=sum(part.duration for part in parts),
        encode_seconds=sum(part.encode_seconds for part in parts),
        pictures=sum(part.pictures for part in parts),
        sizes=np.concatenate([part.sizes for part in parts]),
        keyframes=np.concatenate([part.keyframes for part in parts]),
        kept=kept,
        segments=len(parts),
    )


def _told(result: Result, parts: Sequence[Result]) -> Result:
    """Add what was said of all parts."""
    reports = [part.provenance.pairing for part in parts]
    pairing = _sum([report for report in reports if report])
    found = [part.provenance.alignment for part in parts]
    alignment = _aligned([each for each in found if each])
    return replace(
        result,
        warnings=tuple(dict.fromkeys(text for part in parts for text in part.warnings)),
        provenance=replace(result.provenance, pairing=pairing, alignment=alignment),
    )


def _sum(reports: Sequence[PairingReport]) -> PairingReport:
    def side(which: str) -> SideReport:
        sides: list[SideReport] = [getattr(report, which) for report in reports]
        return SideReport(
            sides[0].name,
            sum(each.total for each in sides),
            all(each.read_out for each in sides),
            sum(each.skipped for each in sides),
            sum(each.left for each in sides),
        )

    return PairingReport(
        reports[0].kind,
        sum(report.pairs for report in reports),
        side("reference"),
        side("distorted"),
    )


def _aligned(parts: Sequence[Alignment]) -> Alignment:
    """Return how the whole is aligned, from how its parts are, each of which was looked at anew."""
    runs, jumps = _lags(parts)
    changes = sum(part.changes for part in parts) + len(jumps)
    verdict = _verdict(parts, changes, runs[0].lag if runs else 0)
    drifting = [part.drift for part in parts if part.drift]
    alike = [(part.likeness, part.pairs) for part in parts if part.likeness is not None]
    weight = sum(pairs for _, pairs in alike)
    return replace(
        parts[0],
        verdict=verdict,
        confidence=min((p.confidence for p in parts if p.verdict != "unknown"), default=0.0),
        offset=runs[0].lag if runs else 0,
        missing=sum(part.missing for part in parts) + sum(jump for jump in jumps if jump > 0),
        repeated=sum(part.repeated for part in parts) - sum(jump for jump in jumps if jump < 0),
        held=sum(part.held for part in parts),
        longest=max(part.longest for part in parts),
        drift=float(np.mean(drifting)) if verdict == "drifting" else 0.0,
        likeness=sum(one * pairs for one, pairs in alike) / weight if weight else None,
        pairs=sum(part.pairs for part in parts),
        changes=changes,
        runs=tuple(runs[:SHOWN]),
        off=sum(part.off for part in parts),
        strays=sum(part.strays for part in parts),
    )


def _lags(parts: Sequence[Alignment]) -> tuple[list[Run], list[int]]:
    """Return the runs of one lag of the whole, and by how much lags change from part to part."""
    runs: list[Run] = []
    jumps: list[int] = []
    begin, last = 0, None
    for part in parts:
        if part.verdict != "unknown":
            if last is not None and part.offset != last:
                jumps.append(part.offset - last)
            shown = part.runs[last == part.offset :]  # the first goes on with the one before
            runs += [Run(begin + run.pair, run.lag) for run in shown]
            last = part.offset + part.missing - part.repeated
        begin += part.pairs
    return runs, jumps


def _verdict(parts: Sequence[Alignment], changes: int, offset: int) -> Verdict:
    known = [part for part in parts if part.verdict != "unknown"]
    if not known or any(part.verdict == "unlike" for part in known):
        return "unlike" if known else "unknown"
    if not changes:
        return "shifted" if offset else "aligned"
    # Steadily where parts do so and none does otherwise.
    signs = {np.sign(part.drift) for part in known if part.changes}
    return "drifting" if len(signs) == 1 and 0 not in signs else "uneven"


def join_files(parts: Sequence[Path], durations: Sequence[float], target: Path) -> None:
    """Write the encodes of segments one after the other into one Matroska file.

    Parameters
    ----------
    parts
        NUT files, which keep time stamps as they are, `LEAD_IN` seconds late.
    durations
        Seconds of each, after which the next begins.
    target
        Appears whole or not at all.

    Raises
    ------
    InputError
        A part cannot be read, or parts have different headers.
    """

    def write(temporary: Path) -> None:
        with av.open(str(temporary), "w", format="matroska") as out:
            _append_all(parts, durations, out)

    try:
        write_atomically(target, write)
    except FFmpegError as error:
        raise InputError(f"segments cannot be joined into {target}: {error.strerror}") from None


def _append_all(parts: Sequence[Path], durations: Sequence[float], out: OutputContainer) -> None:
    """Write all packets, shifted by the time that is shown before their part."""
    starts = np.concatenate([[0.0], np.cumsum(durations)[:-1]]).tolist()
    stamps: list[int] = []
    for path, start in zip(parts, starts, strict=True):
        stamps += [packet.pts or 0 for packet in _packets(path, start)]
    decoding = iter(_decoding_stamps(stamps))
    with av.open(str(parts[0])) as container:
        given = container.streams.video[0]
        header = given.codec_context.extradata
        stream = out.add_stream_from_template(given, opaque=True)
    for path, start in zip(parts, starts, strict=True):
        for packet in _packets(path, start, header):
            packet.dts = next(decoding)
            packet.stream = stream
            out.mux(packet)


def _packets(
    path: Path, start: float, header: bytes | None = None
) -> "Iterator[Packet[VideoStream]]":
    """Give the packets of a part, their time stamps counted from the start of the whole."""
    with av.open(str(path)) as container:
        given = container.streams.video[0]
        if header is not None and given.codec_context.extradata != header:
            raise InputError(
                "encodes of segments have different headers, so they cannot be one file: keep them"
                " without segments"
            )
        shift = round((Fraction(start) - LEAD_IN) / (given.time_base or 1))
        for packet in container.demux(given):
            if packet.size and packet.pts is not None:
                packet.pts += shift
                yield packet


def _decoding_stamps(stamps: Sequence[int]) -> list[int]:
    """Return when packets are decoded, in their order, by when they are shown.

    That is when the picture is shown that comes so many places earlier, as is needed for none to
    be decoded later than it is shown.
    """
    shown = np.sort(stamps)
    delay = int((np.arange(len(stamps)) - np.searchsorted(shown, stamps)).max())
    step = int(shown[1] - shown[0]) if len(shown) > 1 else 1
    early = shown[0] - step * np.arange(delay, 0, -1)
    decoded: list[int] = np.concatenate([early, shown])[: len(stamps)].tolist()
    return decoded
