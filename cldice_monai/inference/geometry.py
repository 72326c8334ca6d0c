"""The grid of a volume as measurements see it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from cldice_monai.data.nifti import Volume

__all__ = ["Grid", "grid_of"]

_SQUARE = 1e-3  # cosine of the angle between two axes up to which they count as at right angles


@dataclass(frozen=True)
class Grid:
    """Size of a voxel, and what of it can be trusted.

    Attributes:
        spacing_mm: along each axis; None where the file does not say it.
        voxel_mm: volume of a voxel in mm3, its area in mm2 for a picture; None likewise.
        at_right_angles: whether lengths can be measured by the spacing.
        is_flat: whether it is a picture: one voxel deep.

    Example:
        >>> Grid((0.5, 0.5), 0.25, at_right_angles=True, is_flat=True).voxel_mm  # mm2 of a pixel
        0.25
    """

    spacing_mm: tuple[float, ...] | None
    voxel_mm: float | None
    at_right_angles: bool
    is_flat: bool


def grid_of(volume: Volume, *, is_picture: bool) -> Grid:
    """Return the grid of a volume.

    Args:
        volume: with its affine.
        is_picture: it was segmented as a picture, and its third axis has no size.

    Returns:
        The grid; two axes for a picture.

    Example:
        >>> from pathlib import Path
        >>> volume = Volume(np.zeros((1, 2, 2, 2)), np.diag([2.0, 2.0, 5.0, 1.0]), "micron",
        ...                 0, 1, (2, 2, 2), Path("a.nii"))
        >>> grid = grid_of(volume, is_picture=False)
        >>> grid.spacing_mm, round(grid.voxel_mm * 1e9), grid.at_right_angles
        ((0.002, 0.002, 0.005), 20, True)
    """
    n_axes = 2 if is_picture else 3
    steps = volume.affine[:3, :n_axes] * volume.mm_per_unit
    lengths = np.linalg.norm(steps, axis=0)
    cosines = (steps / lengths).T @ (steps / lengths) - np.eye(n_axes)
    squared = float(np.linalg.det(steps.T @ steps))
    if volume.unit == "unknown" and is_picture:
        return Grid(None, None, at_right_angles=True, is_flat=True)
    return Grid(
        tuple(float(length) for length in lengths),
        float(np.sqrt(max(0.0, squared))),
        at_right_angles=bool(np.abs(cosines).max() < _SQUARE),
        is_flat=is_picture,
    )
