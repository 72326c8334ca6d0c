"""Which voxels of a skeleton are neighbours, and how far apart they are."""

from __future__ import annotations

from itertools import product

import numpy as np
import numpy.typing as npt

__all__ = ["voxel_links"]

_Links = tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], npt.NDArray[np.float64]]


def voxel_links(
    voxels: npt.NDArray[np.bool_],
    step: npt.NDArray[np.float64],
    *,
    skip_shortcuts: bool = False,
) -> _Links:
    """Return the numbers of both voxels of each pair of neighbours, and their distance.

    Args:
        voxels: boolean (H, W) or (H, W, D); numbered in the order of ``np.argwhere``.
        step: voxel size along each axis.
        skip_shortcuts: leave out a diagonal where another voxel lies between its ends, nearer (in
            voxels) to both than they are to each other: the path through that voxel is there
            already. What is connected stays connected.

    Returns:
        Three arrays with one entry for each pair of voxels that share a face, an edge or a corner.

    Example:
        >>> [part.tolist() for part in voxel_links(np.eye(3, dtype=bool), np.array([3.0, 4.0]))]
        [[0, 1], [1, 2], [5.0, 5.0]]
        >>> corner = np.array([[True, False], [True, True]])
        >>> voxel_links(corner, np.ones(2), skip_shortcuts=True)[2].tolist()
        [1.0, 1.0]
    """
    padded = np.ascontiguousarray(np.pad(voxels, 1))  # whose strides are those of its ravel
    flat = padded.ravel()
    index = np.flatnonzero(flat)
    strides = np.array([s // padded.itemsize for s in padded.strides])
    offsets = list(product((-1, 0, 1), repeat=voxels.ndim))
    first, second, length = [], [], []
    for offset in offsets[len(offsets) // 2 + 1 :]:  # one of each pair of opposite ones
        neighbour = index + int(np.dot(offset, strides))
        is_linked = flat[neighbour]
        if skip_shortcuts:
            for between in _offsets_between(offset):
                is_linked &= ~flat[index + int(np.dot(between, strides))]
        found = np.flatnonzero(is_linked)
        first.append(found)
        second.append(np.searchsorted(index, neighbour[found]))
        length.append(np.full(len(found), float(np.linalg.norm(offset * step))))
    return np.concatenate(first), np.concatenate(second), np.concatenate(length)


def _offsets_between(offset: tuple[int, ...]) -> list[tuple[int, ...]]:
    """Return the offsets of the voxels that are nearer to both ends of a diagonal."""
    parts = product(*[(0, step) if step else (0,) for step in offset])
    return [part for part in parts if any(part) and part != offset]
