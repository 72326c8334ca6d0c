"""How thick a vessel is along its skeleton."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from cldice_monai.skeleton.distance import squared_distances
from cldice_monai.skeleton.mask import check_same_shape

__all__ = ["BEYOND", "PERCENTILES", "radii_along"]

BEYOND = 16
"""Voxels by which a vessel is taken to go on beyond the border."""

PERCENTILES = (5, 25, 50, 75, 95)
"""Of the radius, that a report lists."""


def radii_along(
    skeleton: npt.NDArray[np.bool_],
    mask: npt.NDArray[np.bool_],
    step: npt.NDArray[np.float64],
    *,
    beyond: Sequence[tuple[int, int]] | None = None,
) -> npt.NDArray[np.float64]:
    """Return the distance to the background at each voxel of a skeleton.

    At the border of the array the mask is taken to go on.

    Args:
        skeleton: (H, W) or (H, W, D) boolean.
        mask: what it was made from.
        step: voxel size along each axis.
        beyond: voxels by which it goes on before and behind the array, axis by axis; None for
            `BEYOND` everywhere.

    Returns:
        One distance a voxel, in the order of ``np.argwhere(skeleton)``.

    Raises:
        ValueError: shapes differ.

    Example:
        >>> bar = np.zeros((7, 9), bool)
        >>> bar[1:6] = True
        >>> radii_along(np.eye(7, 9, dtype=bool) & bar, bar, np.ones(2)).tolist()
        [1.0, 2.0, 3.0, 2.0, 1.0]
    """
    check_same_shape(skeleton, mask)
    margins = [(BEYOND, BEYOND)] * mask.ndim if beyond is None else list(beyond)
    grown = np.pad(np.pad(mask | skeleton, margins, mode="edge"), 1)
    index = np.flatnonzero(grown)
    square = squared_distances(index, shape=grown.shape, spacing=step.tolist())
    first = 1 + np.array([before for before, _ in margins])
    at = np.ravel_multi_index(tuple((np.argwhere(skeleton) + first).T), grown.shape)
    return np.sqrt(square[np.searchsorted(index, at)].astype(np.float64))
