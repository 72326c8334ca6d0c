"""A skeleton as paths from voxel to voxel: who is whose neighbour, and how far apart."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from typing import NamedTuple

import numpy as np
from scipy.sparse import csr_array

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
    padded = np.pad(skeleton, 1)
    flat = padded.ravel()
    index = np.flatnonzero(flat)
    strides = np.array([stride // padded.itemsize for stride in padded.strides])
    rows, columns, lengths = [], [], []
    for offset in product((-1, 0, 1), repeat=skeleton.ndim):
        if not any(offset):
            continue
        neighbour = index + int(np.dot(offset, strides))
        has_one = np.flatnonzero(flat[neighbour])
        rows.append(has_one)
        columns.append(np.searchsorted(index, neighbour[has_one]))
        lengths.append(np.full(has_one.size, np.linalg.norm(np.multiply(offset, spacing))))
    row, column = np.concatenate(rows), np.concatenate(columns)
    steps = csr_array((np.concatenate(lengths), (row, column)), shape=(index.size, index.size))
    degree = np.bincount(row, minlength=index.size)
    return VoxelPaths(np.argwhere(skeleton), steps, degree)
