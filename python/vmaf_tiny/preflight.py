"""Before the first comparison: refuse what would score wrongly, decide what must be converted."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import TypeAlias

from vmaf_tiny.edit import Box
from vmaf_tiny.errors import InputError, OptionError
from vmaf_tiny.frames import VideoInfo
from vmaf_tiny.luma import MATRICES, Conversion, Range, pixels
from vmaf_tiny.survey import Survey

ALLOWANCES = {
    "range": "compare full range with limited range as they are",
    "hdr": "score PQ or HLG video with a model that knows SDR only",
    "interlaced": "compare interlaced with progressive video as they are",
    "matrix": "turn RGB into luma by BT.601, as FFmpeg does unasked, where the other side does"
    " not say its matrix",
    "stretch": "compare a picture that is stretched, as it is",
    "bars": "compare with black bars on one side, as it is",
    "damage": "score what can be decoded of damaged or cut-off video",
}
"""What is refused unless it is allowed by name, and what happens then."""

SMALLEST, LARGEST = 33, 32768  # VMT_SIZE_MIN and VMT_SIZE_MAX of the public header
_SAME_BARS = 0.01  # of the height or width
_SAME_ASPECT = 0.02  # or two samples: encoders round sizes

_Sides: TypeAlias = tuple[VideoInfo, VideoInfo]


@dataclass(frozen=True)
class Plan:
    """What is going to be compared, and how.

    Attributes
    ----------
    width, height, bits
        Of the luma planes that are compared.
    reference, distorted
        What is done to the pictures of each side before.
    conversions
        The same for people; empty if pictures are compared as they are.
    warnings
        What the user must know.
    """

    width: int
    height: int
    bits: int
    reference: Conversion
    distorted: Conversion
    conversions: tuple[str, ...]
    warnings: tuple[str, ...]

    @property
    def shape(self) -> tuple[int, int, int]:
        """Width, height and bits, by which those that are compared alike are grouped."""
        return self.width, self.height, self.bits


def check_allowances(allow: Collection[str]) -> frozenset[str]:
    """Return the names of what is allowed.

    Raises
    ------
    OptionError
        A name is unknown.
    """
    names = frozenset([allow] if isinstance(allow, str) else allow)
    if unknown := sorted(names - ALLOWANCES.keys()):
        raise OptionError(f"cannot allow {unknown[0]!r}: choose among {', '.join(ALLOWANCES)}")
    return names


def preflight(
    reference: VideoInfo,
    distorted: VideoInfo,
    *,
    allow: Collection[str] = (),
    scale: str | tuple[int, int] = "reference",
    surveys: tuple[Survey, Survey] = (Survey(), Survey()),
    made: bool = False,
) -> Plan:
    """Compare what two videos say of themselves, and plan.

    Unless told otherwise, the distorted is scaled to the size of the reference. The one of fewer
    bits is brought to the bits of the other, and both are turned upright if they are not stored
    the same way up.

    Parameters
    ----------
    allow
        Names among `ALLOWANCES`.
    scale
        The size of comparison: ``"reference"``, ``"distorted"``, or width and height.
    surveys
        What a look into the videos told.
    made
        The distorted is an encode of the reference that is made here, after `preflight_source`: of
        what that says, nothing is said again.

    Raises
    ------
    InputError
        The comparison would be wrong, and this was not allowed.
    OptionError
        `allow` has an unknown name.
    """
    allowed = check_allowances(allow)
    sides = reference, distorted
    warnings = [
        *([] if made else _check_transfer(sides, allowed)),
        *_check_range(sides, allowed),
        *([] if made else _check_fields(sides, allowed)),
        *_check_tags(sides),
        *(f"{side.label} has transparency, which was ignored" for side in sides if side.alpha),
    ]
    matrix, range_, more = _rgb_to_luma(sides, allowed)
    turned = (reference.turns, reference.mirrored) != (distorted.turns, distorted.mirrored)
    if reference.mirrored != distorted.mirrored:
        mirrored = reference if reference.mirrored else distorted
        raise InputError(
            f"{mirrored.label} is shown mirrored, the other video is not: mirror one of them, as"
            f" by {_option('rotate', mirrored, 'hflip')}"
        )
    size = _upright_size(reference) if turned else (reference.width, reference.height)
    other = _upright_size(distorted) if turned else (distorted.width, distorted.height)
    sizes = size, other
    if isinstance(scale, tuple):
        size = scale
    elif scale == "distorted":
        size = other
    elif scale != "reference":
        raise OptionError(f"cannot scale to {scale!r}: use reference, distorted, or a size")
    if min(size) < SMALLEST or max(size) > LARGEST:
        raise InputError(
            f"{reference.label} is {size[0]}x{size[1]}: VMAF is defined for sizes of"
            f" {SMALLEST} to {LARGEST} only"
        )
    bits = max(reference.bits, distorted.bits)
    plans = [
        Conversion(
            bits=bits,
            matrix=matrix,
            range=range_,
            turns=side.turns if turned else 0,
            shift=bits - side.bits,
            full=(side.range or range_) == "full",
        )
        for side in sides
    ]
    for k in (0, 1):
        if sizes[k] != size:
            plans[k] = replace(plans[k], size=size)
    return Plan(
        *size,
        bits,
        plans[0],
        plans[1],
        tuple(text for side, todo in zip(sides, plans, strict=True) for text in _say(side, todo)),
        (
            *warnings,
            *more,
            *_check_bars(sides, surveys, turned, allowed),
            *_check_shape(sides, *sizes, allowed, made),
        ),
    )


def preflight_source(
    source: VideoInfo, *, survey: Survey | None = None, allow: Collection[str] = ()
) -> list[str]:
    """Check the source of encodes to come, and return what the user must know.

    Parameters
    ----------
    source
        What it is like, as edited.
    survey
        What a look into it told.
    allow
        Names among `ALLOWANCES`.

    Raises
    ------
    InputError
        Scores of its encodes would mean nothing, and this was not allowed.
    OptionError
        `allow` has an unknown name.
    """
    allowed = check_allowances(allow)
    warnings = _check_transfer((source,), allowed)
    if source.interlaced:
        what = f"{source.label} is interlaced, and would be encoded and compared as if it were not"
        by = _option("deinterlace", source, "frame")
        warnings += _refuse(what, f"deinterlace it first, as by {by}", "interlaced", allowed)
    if source.mirrored:
        by = _option("rotate", source, "hflip")
        raise InputError(f"{source.label} is shown mirrored: mirror it first, as by {by}")
    return [*warnings, *(bar_warnings(source, survey) if survey else [])]


def bar_warnings(source: VideoInfo, survey: Survey) -> list[str]:
    """Return what the user must know of black bars of the source of encodes."""
    if survey.area is None or max(_margins(source, survey.area)) <= _SAME_BARS:
        return []
    return [
        f"{source.label} has black bars around {survey.area}, which are encoded and scored,"
        f" too, unless they are cropped off by {_option('crop', source, 'auto')}"
    ]


def damage_warnings(side: VideoInfo, damages: int) -> list[str]:
    """Return what the user must know of a video that was read in spite of damage."""
    return [f"{side.label} is damaged in {damages} places; what decodes was scored"] * (damages > 0)


def _option(name: str, side: VideoInfo, value: object) -> str:
    """Return the option that repairs a side; that of the one source there is names no side."""
    which = f"{side.role}=" if side.role in ("reference", "distorted") else ""
    return f"--{name} {which}{value}"


def _refuse(what: str, instead: str, name: str, allowed: frozenset[str]) -> list[str]:
    """Raise, or return a warning if this is allowed."""
    if name not in allowed:
        raise InputError(f"{what}: {instead}, or allow {name} (--allow-{name})")
    return [what]


def _check_transfer(sides: tuple[VideoInfo, ...], allowed: frozenset[str]) -> list[str]:
    bright = [f"{side.label} is HDR ({side.hdr})" for side in sides if side.hdr]
    if not bright:
        return []
    what = f"{' and '.join(bright)}, and models know SDR only"
    return _refuse(
        what, f"tone-map {'both' if len(sides) > 1 else 'it'} to SDR first", "hdr", allowed
    )


def _check_range(sides: _Sides, allowed: frozenset[str]) -> list[str]:
    ranges = {side.range for side in sides if side.range}
    if len(ranges) < 2:
        return []
    said = [
        f"{side.label} has {side.range} range{'' if side.range_said else ' (as usual, untagged)'}"
        for side in sides
    ]
    instead = f"tag it right, convert one, as by {_option('range', sides[1], sides[0].range)}"
    return _refuse(f"{said[0]}, {said[1]}", instead, "range", allowed)


def _check_fields(sides: _Sides, allowed: frozenset[str]) -> list[str]:
    woven = [side for side in sides if side.interlaced]
    if len(woven) == 2:
        return ["both videos are interlaced; their fields were compared woven, as they are"]
    if not woven:
        return []
    what = f"{woven[0].label} is interlaced, the other video is not"
    by = _option("deinterlace", woven[0], "frame")
    return _refuse(
        what,
        f"deinterlace it as the other one was, as by {by}",
        "interlaced",
        allowed,
    )


def _check_tags(sides: _Sides) -> list[str]:
    """Warn of colours that are meant differently, which luma may show."""
    alike = {"smpte170m": "bt709", "bt2020_10": "bt709", "bt2020_12": "bt709"}
    tags = {
        "matrix": [side.matrix for side in sides],
        "transfer": [alike.get(side.transfer or "", side.transfer) for side in sides],
        "primaries": [side.primaries for side in sides],
    }
    differ = [f"{key} {a} and {b}" for key, (a, b) in tags.items() if a and b and a != b]
    return [f"colour tags differ, so luma may too: {', '.join(differ)}"] if differ else []


def _rgb_to_luma(sides: _Sides, allowed: frozenset[str]) -> tuple[str, Range, list[str]]:
    """Return the matrix and range to turn RGB into luma by, and warnings."""
    rgb = [side for side in sides if side.family == "rgb"]
    if len(rgb) != 1:
        return "bt709", "limited", []
    other = sides[0] if rgb[0] is sides[1] else sides[1]
    range_: Range = other.range or "limited"
    if other.matrix in MATRICES:
        return other.matrix, range_, []
    what = (
        f"{rgb[0].label} is RGB, and {other.label} does not say by which matrix it was made from"
        " RGB"
    )
    instead = "tag it (bt709 or smpte170m), or give the RGB video as YUV"
    warnings = _refuse(what, instead, "matrix", allowed)
    return "bt601", range_, [f"{warnings[0]}; BT.601 was assumed"]


def _upright_size(side: VideoInfo) -> tuple[int, int]:
    size = side.width, side.height
    return size[::-1] if side.turns % 2 else size


def _check_bars(
    sides: _Sides, surveys: tuple[Survey, Survey], turned: bool, allowed: frozenset[str]
) -> list[str]:
    """Refuse black bars on one side that the other has not."""
    one, other = (survey.area for survey in surveys)
    if one is None or other is None or turned:
        return []
    margins = [_margins(side, area) for side, area in zip(sides, (one, other), strict=True)]
    if all(abs(a - b) <= _SAME_BARS for a, b in zip(*margins, strict=True)):
        return []
    barred = 0 if sum(margins[0]) > sum(margins[1]) else 1
    area = (one, other)[barred]
    less = "has none" if not sum(margins[1 - barred]) else "has less or others"
    what = f"{sides[barred].label} has black bars around {area}, the other video {less}"
    how = f"{sides[barred].role}={area}" if less == "has none" else "auto"
    return _refuse(what, f"crop them off by --crop {how}", "bars", allowed)


def _margins(side: VideoInfo, area: Box) -> tuple[float, ...]:
    """Return shares of width and height that are bars: left, right, top, bottom."""
    right, bottom = side.width - area.x - area.width, side.height - area.y - area.height
    return (
        area.x / side.width,
        right / side.width,
        area.y / side.height,
        bottom / side.height,
    )


def _check_shape(
    sides: _Sides,
    size: tuple[int, int],
    other: tuple[int, int],
    allowed: frozenset[str],
    made: bool,
) -> list[str]:
    """Refuse a picture that lies on its side, or is stretched."""
    if not made and (size[0] - size[1]) * (other[0] - other[1]) < 0:
        raise InputError(
            f"{sides[0].label} is {size[0]}x{size[1]}, {sides[1].label} is {other[0]}x{other[1]}:"
            f" turn one of them, as by --rotate {sides[1].role}=90, or crop it"
        )
    stored = (other[0] / other[1]) / (size[0] / size[1])
    shown = stored
    if sides[0].sample_aspect and sides[1].sample_aspect:
        shown *= sides[1].sample_aspect / sides[0].sample_aspect
    # A stretch is right if the shape on screen stays; or that of the samples, where pixels of
    # both have one shape, be it tagged or not.
    if min(abs(stored - 1), abs(shown - 1)) <= max(_SAME_ASPECT, 2 / min(other)):
        return []
    width = 2 * round(size[0] * other[1] / size[1] / 2)
    crop = "crop one of them, as by --crop reference=W:H:X:Y"
    return _refuse(
        f"{sides[1].label} of {other[0]}x{other[1]} would be stretched to the shape of"
        f" {size[0]}x{size[1]}",
        f"give a size of that shape, such as {width}x{other[1]}" if made else crop,
        "stretch",
        allowed,
    )


def _say(side: VideoInfo, todo: Conversion) -> list[str]:
    """Say for people what is done to one side."""
    said = []
    if side.family == "rgb":
        matrix = todo.matrix.replace("bt", "BT.").upper()
        said.append(f"{side.role} turned from RGB into luma by {matrix}, {todo.range} range")
    elif side.pixel_format != "luma" and not pixels(side.pixel_format).direct:
        form = pixels(side.pixel_format).planar
        said.append(f"{side.role} repacked from {side.pixel_format} to {form} by swscale")
    if todo.turns:
        said.append(f"{side.role} turned by {90 * todo.turns} degrees counterclockwise")
    if todo.shift:
        how = "repeated upper bits" if todo.full else "left shift"
        said.append(f"{side.role} brought from {side.bits} to {todo.bits} bits by {how}")
    if todo.size:
        width, height = todo.size
        said.append(f"{side.role} scaled to {width}x{height} by swscale bicubic")
    return said
