"""Larger, anisotropic voxels of an acquisition, interpolated back to the grid of the label."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

__all__ = ["as_acquired", "as_labelled"]

_Image = npt.NDArray[np.float32]


def as_acquired(image: _Image, voxel_size: Sequence[int]) -> _Image:
    """Average a volume over the voxels of an acquisition.

    Args:
        image: (X, Y, Z) float32.
        voxel_size: sides of such a voxel in voxels of the image; the last one along an axis may be
            thinner.

    Returns:
        float32, each side divided by the voxel's and rounded up.

    Example:
        >>> import numpy as np
        >>> line = np.arange(5.0, dtype=np.float32).reshape(1, 1, 5)
        >>> as_acquired(line, (1, 1, 2)).ravel().tolist()
        [0.5, 2.5, 4.0]
    """
    for axis, size in enumerate(voxel_size):
        if size > 1:
            n = image.shape[axis]
            first = np.arange(0, n, size)
            count = np.diff(np.append(first, n)).astype(np.float32)
            total = np.add.reduceat(image, first, axis=axis)
            image = np.asarray(total / _along(count, axis), dtype=np.float32)
    return image


def as_labelled(acquired: _Image, voxel_size: Sequence[int], shape: Sequence[int]) -> _Image:
    """Interpolate an acquisition linearly to the voxels that it was averaged from.

    Args:
        acquired: as `as_acquired` returns it.
        voxel_size: as there.
        shape: three sides of the volume in voxels.

    Returns:
        float32 of that shape; beyond the middle of the first and the last voxel of the
        acquisition the values go on as they are there.

    Example:
        >>> import numpy as np
        >>> line = np.array([0.5, 2.5], dtype=np.float32).reshape(1, 1, 2)
        >>> as_labelled(line, (1, 1, 2), (1, 1, 4)).ravel().tolist()
        [0.5, 1.0, 2.0, 2.5]
    """
    for axis, (size, n) in enumerate(zip(voxel_size, shape, strict=True)):
        if size > 1:
            first = np.arange(0, n, size)
            middle = (first + np.minimum(first + size, n) - 1) / 2.0
            place = np.interp(np.arange(n), middle, np.arange(len(middle)))
            below = np.minimum(place.astype(np.int64), len(middle) - 1)
            above = np.minimum(below + 1, len(middle) - 1)
            t = _along((place - below).astype(np.float32), axis)
            acquired = acquired.take(below, axis) * (1 - t) + acquired.take(above, axis) * t
    return acquired


def _along(values: _Image, axis: int) -> _Image:
    line = [1, 1, 1]
    line[axis] = -1
    return values.reshape(line)
