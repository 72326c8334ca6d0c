"""Thick slices: an anisotropic acquisition, interpolated back to the grid of the label."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

__all__ = ["as_slices", "between_slices"]

_Image = npt.NDArray[np.float32]


def as_slices(image: _Image, thickness: int) -> _Image:
    """Average a volume over slices along its last axis.

    Args:
        image: (X, Y, Z) float32.
        thickness: voxels in a slice; the last slice may be thinner.

    Returns:
        (X, Y, ceil(Z / thickness)) float32.

    Example:
        >>> import numpy as np
        >>> as_slices(np.arange(5.0, dtype=np.float32).reshape(1, 1, 5), 2).ravel().tolist()
        [0.5, 2.5, 4.0]
    """
    first = np.arange(0, image.shape[2], thickness)
    total = np.add.reduceat(image, first, axis=2)
    return np.asarray(total / np.diff(np.append(first, image.shape[2])).astype(np.float32))


def between_slices(slices: _Image, thickness: int, n: int) -> _Image:
    """Interpolate slices linearly to the voxels that they were averaged from.

    Args:
        slices: (X, Y, S) float32, as `as_slices` returns them.
        thickness: voxels in a slice.
        n: voxels along the last axis.

    Returns:
        (X, Y, n) float32; before the middle of the first slice and after that of the last one the
        values go on as they are there.

    Example:
        >>> import numpy as np
        >>> slices = np.array([0.5, 2.5], dtype=np.float32).reshape(1, 1, 2)
        >>> between_slices(slices, 2, 4).ravel().tolist()
        [0.5, 1.0, 2.0, 2.5]
    """
    first = np.arange(0, n, thickness)
    middle = (first + np.minimum(first + thickness, n) - 1) / 2.0
    place = np.interp(np.arange(n), middle, np.arange(len(middle)))
    below = np.minimum(place.astype(np.int64), len(middle) - 1)
    above = np.minimum(below + 1, len(middle) - 1)
    t = (place - below).astype(np.float32)
    return np.asarray(slices[:, :, below] * (1 - t) + slices[:, :, above] * t)
