"""Exact squared Euclidean distance to the background, computed at the foreground voxels alone."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

__all__ = ["squared_distances"]


def squared_distances(
    index: np.ndarray, *, shape: Sequence[int], spacing: Sequence[float]
) -> np.ndarray:
    """Return the squared distance from each foreground voxel to the nearest background voxel.

    One pass an axis takes the minimum of what lies ahead and behind, step by step, only for voxels
    that a farther step could still improve: the cost grows with the number of foreground voxels
    times their depth, not with the size of the grid.

    Args:
        index: sorted flat positions of the foreground in an array of ``shape``. Every voxel of the
            border of the last ``len(spacing)`` axes is background.
        shape: of the padded array; axes before the spatial ones are items of a batch.
        spacing: voxel size along each spatial axis.

    Returns:
        float32 array, one value for each of ``index``; exact for integer spacing.

    Example:
        >>> padded = np.zeros((5, 7), bool)
        >>> padded[1:4, 1:6] = True
        >>> found = squared_distances(np.flatnonzero(padded), shape=(5, 7), spacing=(1, 1))
        >>> found.reshape(3, 5)[1]
        array([1., 4., 4., 4., 1.], dtype=float32)
    """
    steps = np.asarray(spacing, dtype=np.float32)
    # Background is 0 everywhere; foreground values are filled in axis by axis.
    field = np.zeros(int(np.prod(shape, dtype=np.int64)), np.float32)
    best = (steps[-1] * _steps_to_the_end_of_the_run(index)) ** 2
    stride = 1
    for axis in range(len(steps) - 2, -1, -1):
        field[index] = best
        stride *= int(shape[axis - len(steps) + 1])
        _improve_along(best, field, index, stride=stride, step=steps[axis])
    return best


def _steps_to_the_end_of_the_run(index: np.ndarray) -> np.ndarray:
    """Return the steps to the background along the last axis, the shorter way."""
    number = np.arange(index.size)
    breaks = np.flatnonzero(np.diff(index) != 1) + 1
    starts = np.concatenate([[0], breaks])
    lengths = np.diff(np.concatenate([starts, [index.size]]))
    since_start = number - np.repeat(starts, lengths)
    to_end = np.repeat(lengths, lengths) - since_start
    return np.minimum(since_start + 1, to_end).astype(np.float32)


def _improve_along(
    best: np.ndarray, field: np.ndarray, index: np.ndarray, *, stride: int, step: np.float32
) -> None:
    """Lower ``best`` in place by the parabolas of the voxels along one axis."""
    active = np.arange(index.size)
    reach = 1
    while active.size:
        cost = (reach * step) ** 2
        active = active[best[active] > cost]
        place = index[active]
        # Beyond the background nothing is read: its parabola has made the voxel inactive.
        ahead, behind = field[place + reach * stride], field[place - reach * stride]
        best[active] = np.minimum(best[active], np.minimum(ahead, behind) + cost)
        reach += 1
