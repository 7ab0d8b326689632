"""The pictures of a report: reference and distorted where an encode is worst."""

import base64
import io
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any, TypeAlias, cast

import av
import numpy as np
from av.error import FFmpegError
from av.video.reformatter import Colorspace, Interpolation

from vmaf_tiny.edit import Edit
from vmaf_tiny.encode.source import ROLE
from vmaf_tiny.errors import InputError
from vmaf_tiny.frames import Source, open_source
from vmaf_tiny.inputs import Scale
from vmaf_tiny.luma import Image, Luma
from vmaf_tiny.pairing import Kind, Pairing, choose
from vmaf_tiny.preflight import ALLOWANCES, preflight
from vmaf_tiny.table import Scored

QUALITY = 92
"""Of WebP, 0 to 100: no artefact of its own that would be taken for one of the encode."""

_NEAR = 1.0  # seconds that are decoded rather than skipped
_BACK = (0.0, 2.0, 10.0)  # seconds to go back for a key frame
_ROUNDED = 0.0011  # seconds: containers that count milliseconds
_LATEST = 1 << 62  # of time stamps, which FFmpeg keeps in 64 bits

_Images: TypeAlias = tuple[Image, Image]

_HD = 720  # rows from which untagged video is taken for BT.709
_UNSPECIFIED = 2


@dataclass(frozen=True)
class PicturePair:
    """A picture of the reference and the one that was compared with it.

    Attributes
    ----------
    encode
        Number of the encode.
    index, time, score
        Of the pair, as in its result; time may be NaN.
    reference, distorted
        As ``data:`` addresses of WebP pictures.
    width, height
        In samples.
    """

    encode: int
    index: int
    time: float
    score: float
    reference: str
    distorted: str
    width: int
    height: int


def picture_pairs(
    number: int, one: Scored, rows: Sequence[int], step: Callable[[str], None]
) -> list[PicturePair]:
    """Return pictures of an encode, paired as they were when it was scored.

    Parameters
    ----------
    number, one
        The encode.
    rows
        Of its result, such as the worst.
    step
        Told what is being done.

    Raises
    ------
    InputError
        A video cannot be read, or has not the pictures that were scored.
    """
    result, how = one.result, one.result.provenance.pairing
    if how and how.kind == "content":
        raise InputError("its pictures were paired by what they show, which is not repeated here")
    with ExitStack() as stack:
        sources = _open(one, stack)
        infos = sources[0].info, sources[1].info
        plan = preflight(*infos, allow=ALLOWANCES, scale=_size(one))
        kind = how.kind if how else choose("auto", *infos)[0]
        tell = f"{one.name}: looking for its worst pictures"
        found = {}
        # What is deinterlaced depends on the pictures before it.
        if (
            kind == "time"
            and not (how and how.loose)
            and not any(e.deinterlace for e in _edits(one))
        ):
            step(tell)
            found = _sought(one, rows, sources)
        if len(found) < len(rows):
            found = _read(one, rows, _open(one, stack), kind, lambda n: step(f"{tell}, {n} so far"))
        pairs = [
            PicturePair(
                encode=number,
                index=int(result.index[row]),
                time=float(result.times[row]),
                score=float(result.scores[row]),
                reference=_address(ref, plan.width, plan.height, plan.reference.turns),
                distorted=_address(dis, plan.width, plan.height, plan.distorted.turns),
                width=plan.width,
                height=plan.height,
            )
            for row, (ref, dis) in found.items()
        ]
    return sorted(pairs, key=lambda pair: pair.score)


def _size(one: Scored) -> Scale:
    """Return the size at which an encode was compared, as far as it is known."""
    how = one.result.provenance
    return (how.width, how.height) if how.width and how.height else "reference"


def _edits(one: Scored) -> tuple[Edit, Edit]:
    """Return what was done to the reference, or source, and to the encode before all else."""
    how = one.result.provenance
    lines = (*how.edits, *how.conversions)  # logs tell of both as one
    return Edit.parse(lines, "reference", ROLE), Edit.parse(lines, "distorted")


def _open(one: Scored, stack: ExitStack) -> list[Source]:
    sides = zip(
        (one.reference, one.distorted), ("reference", "distorted"), _edits(one), strict=True
    )
    return [
        stack.enter_context(open_source(path, role=role, damaged=True, edit=edit))
        for path, role, edit in sides
    ]


def _read(
    one: Scored,
    rows: Sequence[int],
    sources: Sequence[Source],
    kind: Kind,
    step: Callable[[int], None],
) -> dict[int, _Images]:
    """Return pairs by row, reading both videos from their starts."""
    wanted = {int(one.result.index[row]): row for row in rows}
    found: dict[int, _Images] = {}
    pairing = Pairing(kind, sources[0].info, sources[1].info)
    pictures = [source.pictures(_as_it_is) for source in sources]
    for index, (ref, dis) in enumerate(pairing.pairs(*pictures)):
        if index % 50 == 0:
            step(index)
        if index in wanted:
            found[wanted.pop(index)] = cast(Image, ref.luma), cast(Image, dis.luma)
        if not wanted:
            return found
    raise InputError(
        f"{one.distorted} has no picture {min(wanted)}, which was scored: it is another video"
    )


def _sought(one: Scored, rows: Sequence[int], sources: Sequence[Source]) -> dict[int, _Images]:
    """Return pairs by row, going to the key frames before them; those that can be had so."""
    times = one.result.times
    if any(source.info.timestamps != "own" for source in sources) or np.isnan(times).any():
        return {}
    reference, distorted = (_Finder(source) for source in sources)
    found: dict[int, _Images] = {}
    for row in sorted(rows):
        time = float(times[row])
        images = reference.at(time), distorted.at(time - reference.start + distorted.start)
        if images[0] is None or images[1] is None:
            return {}
        found[row] = images[0], images[1]
    return found


class _Finder:
    """Finds pictures of a video by their times, each later than the last one."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._images = source.images()
        _, start, first = next(self._images)
        self.start = start or 0.0
        self._last: tuple[float, Image] = (self.start, first)
        self._next: tuple[float, Image] | None = None

    def at(self, time: float) -> Image | None:
        """Return the picture that is shown at a time, give or take its rounding; or None."""
        if time - self._last[0] > _NEAR and not self._seek(time):
            return None
        while self._last[0] < time - _ROUNDED:
            _, now, image = next(self._images, (0, None, None))
            if now is None or image is None:
                return None
            self._last = now, image
        return self._last[1] if self._last[0] <= time + _ROUNDED else None

    def _seek(self, time: float) -> bool:
        """Go to a key frame at or before a time; return whether there is one.

        What is shown before a key frame may need pictures that were not decoded, so a key frame
        has to come first; containers without an index may have to go back further for one.
        """
        first = self._last[1]
        base = first.time_base if isinstance(first, av.VideoFrame) else None
        if not base:
            return False
        stamp = int(time / base)
        if abs(stamp) > _LATEST:
            return False
        for back in _BACK:
            self._source.seek(stamp, back)
            self._images = self._source.images()
            for _, now, image in self._images:
                if now is None or now > time + _ROUNDED:
                    break
                if isinstance(image, av.VideoFrame) and image.key_frame:
                    self._last = now, image
                    return True
        return False


def _as_it_is(image: Image) -> Luma:
    """Keep a frame in place of its luma plane: it is to be seen in colour."""
    return cast(Luma, image)


def _address(image: Image, width: int, height: int, turns: int) -> str:
    """Return a picture, at the size of the comparison, as an address that holds all of it.

    Parameters
    ----------
    image
        A frame.
    width, height
        In samples, in the end.
    turns
        Quarter turns counterclockwise.

    Raises
    ------
    InputError
        It cannot be shown.
    """
    try:
        return _encoded(image, width, height, turns)
    except (FFmpegError, OSError, ValueError, MemoryError) as error:
        raise InputError(f"a picture of {width}x{height} cannot be shown: {error}") from None


def _encoded(image: Image, width: int, height: int, turns: int) -> str:
    if isinstance(image, av.VideoFrame):
        if turns % 2:
            width, height = height, width
        untagged = image.colorspace == _UNSPECIFIED and image.height >= _HD
        image = image.reformat(
            width=width,
            height=height,
            format="rgb24",
            src_colorspace=Colorspace.ITU709 if untagged else None,
            interpolation=Interpolation.BICUBIC | Interpolation.ACCURATE_RND,
        )
        picture: Any = image.to_image()  # type: ignore[no-untyped-call]
        if turns:
            picture = picture.rotate(90 * turns, expand=True)
    else:
        raise InputError("pictures can be shown of files only")
    data = io.BytesIO()
    picture.save(data, "WEBP", quality=QUALITY, method=4)
    return f"data:image/webp;base64,{base64.b64encode(data.getvalue()).decode()}"
