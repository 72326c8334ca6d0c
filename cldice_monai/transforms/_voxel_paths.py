"""A skeleton as paths from voxel to voxel: who is whose neighbour, and how far apart."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from scipy.sparse import csr_array

from cldice_monai.skeleton.links import voxel_links

__all__ = ["VoxelPaths", "voxel_paths"]


class VoxelPaths(NamedTuple):
    """The voxels of a skeleton and the steps between neighbours (8 or 26).

    Attributes:
        voxels: (N, ndim) indices.
        steps: (N, N) sparse, the distance between neighbours, both ways.
        degree: (N,) number of neighbours.
    """

    voxels: np.ndarray
    steps: csr_array
    degree: np.ndarray


def voxel_paths(skeleton: np.ndarray, *, spacing: Sequence[float]) -> VoxelPaths:
    """Read the paths of a skeleton.

    Args:
        skeleton: boolean (X, Y) or (X, Y, Z), one voxel thin.
        spacing: voxel size along each axis.

    Returns:
        Its voxels and steps.

    Example:
        >>> voxel_paths(np.eye(3, dtype=bool), spacing=(3.0, 4.0)).steps.toarray()[0].tolist()
        [0.0, 5.0, 0.0]
    """
    voxels = np.argwhere(skeleton)
    first, second, length = voxel_links(skeleton, np.asarray(spacing, dtype=np.float64))
    row, column = np.concatenate([first, second]), np.concatenate([second, first])
    shape = (len(voxels), len(voxels))
    steps = csr_array((np.concatenate([length, length]), (row, column)), shape=shape)
    return VoxelPaths(voxels, steps, np.bincount(row, minlength=len(voxels)))
