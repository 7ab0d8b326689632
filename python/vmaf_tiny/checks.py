"""What two videos are like, side by side."""

from dataclasses import dataclass
from fractions import Fraction

from vmaf_tiny.edit import Box
from vmaf_tiny.frames import VideoInfo
from vmaf_tiny.survey import Survey

UNKNOWN = "unknown"


@dataclass(frozen=True)
class Check:
    """One property of two videos.

    Attributes
    ----------
    name
        Of the property.
    reference, distorted
        What it is, in words; the distorted's is empty where there is one video only.
    differs
        Whether both are known and not the same.
    """

    name: str
    reference: str
    distorted: str
    differs: bool


def checks(infos: tuple[VideoInfo, ...], surveys: tuple[Survey, ...]) -> tuple[Check, ...]:
    """Return what one or two videos are like.

    Parameters
    ----------
    infos
        The reference, and maybe the distorted.
    surveys
        What a look into each told.
    """
    columns = [_column(info, survey) for info, survey in zip(infos, surveys, strict=True)]
    found = []
    for name, one in columns[0].items():
        other = columns[1][name] if len(columns) > 1 else ""
        known = other and UNKNOWN not in (one, other)
        found.append(Check(name, one, other, bool(known and one != other)))
    return tuple(found)


def _column(info: VideoInfo, survey: Survey) -> dict[str, str]:
    return {
        "size": f"{info.width}x{info.height}",
        "aspect": _aspect(info),
        "turn": _turn(info),
        "pixels": info.pixel_format,
        "bits": str(info.bits),
        "range": _range(info),
        "transfer": info.hdr or info.transfer or UNKNOWN,
        "matrix": info.matrix or ("RGB" if info.family == "rgb" else UNKNOWN),
        "primaries": info.primaries or UNKNOWN,
        "fields": "interlaced" if info.interlaced else "progressive",
        "rate": f"{float(info.rate):.6g} fps" if info.rate else UNKNOWN,
        "times": _times(info, survey),
        "pictures": UNKNOWN if info.frame_count is None else str(info.frame_count),
        "duration": UNKNOWN if info.duration is None else f"{info.duration:.3f} s",
        "bars": _bars(info, survey.area),
    }


def _aspect(info: VideoInfo) -> str:
    samples = info.sample_aspect or Fraction(1)
    shown = samples * info.width / info.height
    if info.turns % 2:
        shown = 1 / shown
    text = f"{float(shown):.4g}:1"
    return text if samples == 1 else f"{text}, samples {samples.numerator}:{samples.denominator}"


def _turn(info: VideoInfo) -> str:
    turned = f"{90 * info.turns} degrees counterclockwise" if info.turns else "upright"
    return f"{turned}, mirrored" if info.mirrored else turned


def _range(info: VideoInfo) -> str:
    if info.family == "rgb":
        return "full"
    if info.range is None:
        return UNKNOWN
    return info.range if info.range_said else f"{info.range} (untagged)"


def _times(info: VideoInfo, survey: Survey) -> str:
    if survey.steps is None:
        return {"constant": "one rate", "none": "none", "own": UNKNOWN}[info.timestamps]
    shortest, longest = (1000 * step for step in survey.steps)
    kind = "variable" if survey.variable else "constant"
    return f"{kind}, {shortest:.1f} to {longest:.1f} ms"


def _bars(info: VideoInfo, area: Box | None) -> str:
    if area is None:
        return UNKNOWN
    return "none" if area[:2] == (info.width, info.height) else f"around {area}"
