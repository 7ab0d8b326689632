"""What tests encode, where it is of one kind."""

from vmaf_tiny.encode import Rendition

DROPS = Rendition(
    "libvpx-vp9",
    bitrate=8_000,
    options={
        "deadline": "realtime",
        "cpu-used": "8",
        "drop-threshold": "90",
        "bufsize": "2000",
        "minrate": "8000",
        "maxrate": "8000",
        "lag-in-frames": "0",
    },
)
"""Has a rate so low that the encoder drops pictures."""
