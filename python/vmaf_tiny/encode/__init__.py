"""Encode a source in many ways and score every encode, in one pass and in memory.

`Rendition` says what to make: an encoder, one quality (CRF, QP or bitrate), preset, size, pixel
format and further options. `encode_and_score` decodes the source once, feeds all renditions,
decodes what their encoders write, and scores it against the same pictures; it gives a
`RenditionResult` for each: bytes, bitrate, encode fps, the pooled score, the worst window and an
array for every value that a picture has. `write_results` and `read_results` keep them as JSON,
Parquet or CSV.

>>> from vmaf_tiny.encode import Rendition, encode_and_score
>>> ladder = [Rendition("libx264", crf=crf, preset="veryfast") for crf in (20, 26, 32)]
>>> for made in encode_and_score("source.mkv", ladder):  # doctest: +SKIP
...     print(made.rendition.label, made.bitrate, made.score, made.worst_window())
"""

from vmaf_tiny.encode.engine import (
    EncodeProgress,
    RenditionProgress,
    encode_and_score,
)
from vmaf_tiny.encode.rendition import Rendition
from vmaf_tiny.encode.result import EncoderInfo, RenditionResult
from vmaf_tiny.encode.tables import read_results, write_results
from vmaf_tiny.windows import Window

__all__ = [
    "EncodeProgress",
    "EncoderInfo",
    "Rendition",
    "RenditionProgress",
    "RenditionResult",
    "Window",
    "encode_and_score",
    "read_results",
    "write_results",
]
