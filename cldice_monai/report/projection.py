"""Maximum-intensity projections of volumes, with square pixels."""

from __future__ import annotations

import numpy as np
from scipy import ndimage

__all__ = ["as_grey", "outline", "project"]

_MOST_REPEATED = 32  # times; a header may claim voxels a million times as long as wide


def project(
    volume: np.ndarray, *, axis: int = 2, spacing_mm: tuple[float, ...] = (1.0, 1.0, 1.0)
) -> np.ndarray:
    """Project a volume along one axis and make its pixels square.

    The maximum is taken along ``axis``; the coarser of the two axes that remain is repeated
    (nearest neighbour) until both have the finer one's spacing, but no more than 32 times. The
    first remaining axis runs to the right and the second one upwards, as viewers of NIfTI volumes
    show them.

    Args:
        volume: (X, Y, Z) array of numbers or booleans; a (X, Y) image is only turned.
        axis: axis to look along, 0, 1 or 2; ignored for 2D.
        spacing_mm: size of a voxel along each axis, in mm.

    Returns:
        2D array (rows, columns) of the same dtype.

    Example:
        >>> import numpy as np
        >>> volume = np.zeros((4, 3, 2)); volume[3, 0, 1] = 5
        >>> project(volume).shape, float(project(volume)[-1, -1])
        ((3, 4), 5.0)
    """
    if volume.ndim == 3:
        flat = volume.max(axis=axis)
        spacing = [s for i, s in enumerate(spacing_mm) if i != axis]
    else:
        flat, spacing = volume, list(spacing_mm[:2])
    finest = min(spacing)
    for image_axis, step in enumerate(spacing):
        size = max(1, round(flat.shape[image_axis] * min(step / finest, _MOST_REPEATED)))
        if size != flat.shape[image_axis]:
            index = (np.arange(size) + 0.5) * flat.shape[image_axis] / size
            flat = np.take(flat, index.astype(int), axis=image_axis)
    return np.ascontiguousarray(flat.T[::-1])


def as_grey(flat: np.ndarray) -> np.ndarray:
    """Scale a projection to grey values, from its 1st to its 99.8th percentile.

    Args:
        flat: (rows, columns) numbers; what is not finite becomes black.

    Returns:
        (rows, columns, 3) uint8.

    Example:
        >>> as_grey(np.array([[0.0, 1.0]]))[0, :, 0].tolist()
        [0, 255]
    """
    finite = flat[np.isfinite(flat)]
    low, high = np.percentile(finite, (1, 99.8)) if finite.size else (0.0, 1.0)
    scaled = np.clip((flat - low) / max(float(high - low), 1e-12), 0, 1)
    grey = (255 * np.nan_to_num(scaled)).astype(np.uint8)
    return np.repeat(grey[..., None], 3, axis=2)


def outline(mask: np.ndarray) -> np.ndarray:
    """Return the pixels of a 2D mask that touch its background, the image border not counted.

    Args:
        mask: (rows, columns) boolean array.

    Returns:
        Boolean array of the same shape.

    Example:
        >>> square = np.zeros((5, 5), bool)
        >>> square[1:4, 1:4] = True
        >>> outline(square).astype(int).tolist()[2]
        [0, 1, 0, 1, 0]
    """
    inner = ndimage.binary_erosion(mask, border_value=1)
    return np.asarray(mask & ~inner)
