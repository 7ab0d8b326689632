"""A stretch of a source that is encoded as if it were a clip of its own."""

from dataclasses import dataclass

LEAD_IN = 10
"""Seconds by which time stamps are late in the file of a segment, as NUT has none below 0."""


@dataclass(frozen=True)
class Segment:
    """A stretch of a source, from one of its key frames up to another.

    All but the number are time stamps in the units of the source's stream.

    Attributes
    ----------
    number
        Counted from 0.
    origin
        Of the first picture of the source.
    seek
        Of the key frame to decode from.
    stamps
        Of the pictures to decode from there on, in the order in which they are shown.
    before
        How many of these come first and are not encoded: the last is the reference before the
        seam, others are on the way to it.
    after
        Whether the last of them is the reference behind the next seam and is not encoded.
    """

    number: int
    origin: int
    seek: int
    stamps: tuple[int, ...]
    before: int
    after: bool

    @property
    def pictures(self) -> int:
        """How many pictures are encoded."""
        return len(self.stamps) - self.before - self.after
