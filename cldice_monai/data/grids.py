"""How far two voxel grids lie apart."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np

__all__ = ["GRID_TOLERANCE_VOXELS", "grid_shift_voxels"]

GRID_TOLERANCE_VOXELS = 1e-3
"""Grids closer than this, in voxels at the worst corner, count as the same."""


def grid_shift_voxels(affine: np.ndarray, other: np.ndarray, shape: Sequence[int]) -> float:
    """Return how far ``other`` puts the volume's corners from where ``affine`` puts them.

    An affine map differs from another most at a corner of the volume, so eight corners suffice.
    The distance is measured along the axes of the first grid, in its voxels.

    Args:
        affine: voxel to world, shape (4, 4), invertible.
        other: the affine to compare, shape (4, 4).
        shape: spatial shape of the volume, in voxels.

    Returns:
        The largest distance over the corners, in voxels of ``affine``.

    Example:
        >>> moved = np.eye(4)
        >>> moved[0, 3] = 0.5
        >>> grid_shift_voxels(np.eye(4), moved, (8, 8, 8))
        0.5
    """
    corners = np.array(list(itertools.product(*((0, n - 1) for n in shape))), dtype=np.float64)
    homogeneous = np.concatenate([corners, np.ones((len(corners), 1))], axis=1)
    moved_world = homogeneous @ (np.asarray(other) - np.asarray(affine))[:3].T
    moved_voxels = np.linalg.solve(np.asarray(affine, dtype=np.float64)[:3, :3], moved_world.T)
    return float(np.linalg.norm(moved_voxels, axis=0).max())
