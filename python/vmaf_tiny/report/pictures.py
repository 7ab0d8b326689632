"""The pictures of a report: reference and distorted where an encode is worst."""

import base64
import io
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any, cast

import av
from av.video.reformatter import Colorspace, Interpolation

from vmaf_tiny.errors import InputError
from vmaf_tiny.frames import open_source
from vmaf_tiny.luma import Image, Luma
from vmaf_tiny.pairing import Pairing, choose
from vmaf_tiny.preflight import ALLOWANCES, preflight
from vmaf_tiny.table import Scored

QUALITY = 92
"""Of WebP, 0 to 100: no artefact of its own that would be taken for one of the encode."""

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
    if result.provenance.edits:
        raise InputError("its videos were edited before, which is not repeated here")
    wanted = {int(result.index[row]): row for row in rows}
    found: list[PicturePair] = []
    with ExitStack() as stack:
        sources = [
            stack.enter_context(open_source(path, role=role, damaged=True))
            for path, role in ((one.reference, "reference"), (one.distorted, "distorted"))
        ]
        infos = sources[0].info, sources[1].info
        plan = preflight(*infos, allow=ALLOWANCES)
        pairing = Pairing(how.kind if how else choose("auto", *infos)[0], *infos)
        pictures = [source.pictures(_as_it_is) for source in sources]
        for index, (ref, dis) in enumerate(pairing.pairs(*pictures)):
            if index % 50 == 0:
                step(f"{one.name}: looking for its worst pictures, {index} so far")
            if index in wanted:
                row = wanted.pop(index)
                seen = [_address(cast(Image, p.luma), plan.width, plan.height) for p in (ref, dis)]
                found.append(
                    PicturePair(
                        encode=number,
                        index=index,
                        time=float(result.times[row]),
                        score=float(result.scores[row]),
                        reference=seen[0],
                        distorted=seen[1],
                        width=plan.width,
                        height=plan.height,
                    )
                )
                if not wanted:
                    break
    if wanted:
        raise InputError(
            f"{one.distorted} has no picture {min(wanted)}, which was scored: it is another video"
        )
    return sorted(found, key=lambda pair: pair.score)


def _as_it_is(image: Image) -> Luma:
    """Keep a frame in place of its luma plane: it is to be seen in colour."""
    return cast(Luma, image)


def _address(image: Image, width: int, height: int) -> str:
    """Return a picture, at the size of the comparison, as an address that holds all of it."""
    if isinstance(image, av.VideoFrame):
        untagged = image.colorspace == _UNSPECIFIED and image.height >= _HD
        image = image.reformat(
            width=width,
            height=height,
            format="rgb24",
            src_colorspace=Colorspace.ITU709 if untagged else None,
            interpolation=Interpolation.BICUBIC | Interpolation.ACCURATE_RND,
        )
        picture: Any = image.to_image()  # type: ignore[no-untyped-call]
    else:
        raise InputError("pictures can be shown of files only")
    data = io.BytesIO()
    picture.save(data, "WEBP", quality=QUALITY, method=4)
    return f"data:image/webp;base64,{base64.b64encode(data.getvalue()).decode()}"
