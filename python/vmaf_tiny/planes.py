"""Pictures as planes: in colour, for models that look at pictures; luma alone, to be lent."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from vmaf_tiny.errors import InputError


@dataclass(frozen=True, slots=True, eq=False)
class Planes:
    """A picture.

    Attributes
    ----------
    planes
        Luma, blue and red difference; or red, green and blue; or luma alone. Arrays of shape
        (height, width), chroma smaller by `subsampling`; ``uint8`` for 8 bits, ``uint16`` above.
    bits
        Bits per sample, 8 to 16.
    matrix
        One of `_core.MATRICES`.
    full
        Whether black is 0 and white the largest sample; else 16 and 235, times a power of two.
    subsampling
        Of chroma, across and down: 0, 1 or 2 for a sample per 1, 2 or 4 pixels.

    Raises
    ------
    InputError
        The planes are of another type, or of shapes that do not fit together.
    """

    planes: tuple[NDArray[Any], ...]
    bits: int
    matrix: str
    full: bool
    subsampling: tuple[int, int] = (0, 0)

    def __post_init__(self) -> None:
        dtype = np.uint16 if self.bits > 8 else np.uint8
        for plane in self.planes:
            if plane.ndim != 2 or plane.dtype != dtype:
                raise InputError(
                    f"plane is {plane.dtype}{list(plane.shape)}, not one of {self.bits} bits"
                )
        if len(self.planes) not in (1, 3) or any(p.shape != self._chroma for p in self.planes[1:]):
            shapes = ", ".join(str(list(plane.shape)) for plane in self.planes)
            raise InputError(f"planes of shapes {shapes} are not a picture")

    @property
    def shape(self) -> tuple[int, int]:
        """Height and width."""
        height, width = self.planes[0].shape
        return height, width

    @property
    def _chroma(self) -> tuple[int, int]:
        across, down = self.subsampling
        height, width = self.shape
        return height + (1 << down) - 1 >> down, width + (1 << across) - 1 >> across

    def described(self) -> dict[str, int]:
        """Return what a picture is like, in the words of the core."""
        (height, width), (across, down) = self.shape, self.subsampling
        what = {"width": width, "height": height, "bits": self.bits, "full_range": self.full}
        return what | {"shift_x": across, "shift_y": down}

    def packed(self) -> list[NDArray[Any]]:
        """Return the planes with the samples of a row adjacent, copied only where they are not."""
        return [
            p if p.strides[1] == p.itemsize and p.flags.aligned else p.copy("C")
            for p in self.planes
        ]


def lendable(plane: ArrayLike, shape: tuple[int, int], dtype: np.dtype[Any]) -> NDArray[Any]:
    """Return a luma plane as an array that can be lent to C: itself or, if need be, a copy.

    Raises
    ------
    InputError
        It has another shape or type.
    """
    array = np.asarray(plane)
    if (array.dtype, array.shape) != (dtype, shape):
        raise InputError(f"plane is {array.dtype}{list(array.shape)}, not {dtype}{list(shape)}")
    adjacent = array.strides[1] == array.itemsize
    apart = abs(array.strides[0]) >= array.shape[1] * array.itemsize
    return array if adjacent and apart and array.flags.aligned else array.copy("C")
