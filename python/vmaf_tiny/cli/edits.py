"""Options that say what is done to one video or both before they are compared."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any, cast

from cyclopts import Group, Parameter

from vmaf_tiny.cli.options import LIST
from vmaf_tiny.errors import OptionError

EDIT = Group(
    "Repairs",
    help="Each is SIDE=VALUE, where SIDE is reference, distorted or both, and may be repeated.",
    sort_key=2,
)
SOURCE_EDIT = Group("Repairs", sort_key=2)
SIDES = {"reference": (0,), "distorted": (1,), "both": (0, 1)}


@Parameter(name="*", group=EDIT)
@dataclass(frozen=True)
class EditOptions:
    """What is done to pictures first, by FFmpeg's filters."""

    crop: Annotated[tuple[str, ...], LIST] = ()
    """Keep W:H:X:Y of the stored picture; auto: all but black bars. auto alone: of both."""

    rotate: Annotated[tuple[str, ...], LIST] = ()
    """90, 180 or 270 degrees clockwise, hflip, vflip, or 0, instead of what the file says."""

    deinterlace: Annotated[tuple[str, ...], LIST] = ()
    """frame or field: by bwdif, to a picture for each frame or for each field."""

    range: Annotated[tuple[str, ...], LIST] = ()
    """limited or full: convert to this range from the one that the file says."""

    scale: Annotated[str, Parameter(group=EDIT)] = "reference"
    """The size of comparison: reference, distorted, or WxH."""

    def arguments(self) -> dict[str, Any]:
        """Return what `vmaf_tiny.score` takes of these."""
        from vmaf_tiny.edit import Box, Edit

        asked: list[dict[str, Any]] = [{}, {}]
        crops = ["both=auto" if text == "auto" else text for text in self.crop]
        for option, values in (
            ("crop", crops),
            ("rotate", self.rotate),
            ("deinterlace", self.deinterlace),
            ("range", self.range),
        ):
            for side, value in _by_side(option, values):
                asked[side][option] = value
        for edit in asked:
            if edit.get("crop", "auto") != "auto":
                edit["crop"] = Box.parse(edit["crop"])
        return {"edit": (Edit(**asked[0]), Edit(**asked[1])), "scale": _scale(self.scale)}


@Parameter(name="*", group=SOURCE_EDIT)
@dataclass(frozen=True)
class SourceEditOptions:
    """What is done to pictures of the source first, by FFmpeg's filters; encoders get them so."""

    crop: str | None = None
    """Keep W:H:X:Y of the stored picture; auto: all but black bars."""

    rotate: str | None = None
    """90, 180 or 270 degrees clockwise, hflip, vflip, or 0, instead of what the file says."""

    deinterlace: str | None = None
    """frame or field: by bwdif, to a picture for each frame or for each field."""

    range: str | None = None
    """limited or full: convert to this range from the one that the file says."""

    scale: str = "reference"
    """The size of comparison: reference, that of the source; distorted, that of the rendition; or
    WxH."""

    def arguments(self) -> dict[str, Any]:
        """Return what functions that encode and score take of these."""
        from vmaf_tiny.edit import Box, Edit

        asked: dict[str, Any] = {
            name: getattr(self, name) for name in ("crop", "rotate", "deinterlace", "range")
        }
        if asked["crop"] not in (None, "auto"):
            asked["crop"] = Box.parse(asked["crop"])
        return {"edit": Edit(**asked), "scale": _scale(self.scale)}


def _scale(text: str) -> str | tuple[int, int]:
    if size := re.fullmatch(r"(\d+)x(\d+)", text):
        return cast(tuple[int, int], tuple(map(int, size.groups())))
    return text


def _by_side(option: str, values: Sequence[str]) -> list[tuple[int, str]]:
    """Read SIDE=VALUE."""
    found = []
    for text in values:
        side, equals, value = text.partition("=")
        if side not in SIDES or not equals:
            raise OptionError(
                f"--{option} {text}: say which video, as --{option} distorted={value or text}"
            )
        found += [(number, value) for number in SIDES[side]]
    return found
