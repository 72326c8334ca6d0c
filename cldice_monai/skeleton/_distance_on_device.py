"""The distance transform of `cldice_monai.skeleton.distance` in torch, with the same rounding."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

__all__ = ["squared_distances_on_device"]


def squared_distances_on_device(
    index: Tensor, *, shape: Sequence[int], spacing: Sequence[float]
) -> Tensor:
    """Return the squared distance from each foreground voxel to the nearest background voxel.

    Args:
        index: sorted flat positions of the foreground in a tensor of ``shape``. Every voxel of the
            border of the last ``len(spacing)`` axes is background.
        shape: of the padded tensor; axes before the spatial ones are items of a batch.
        spacing: voxel size along each spatial axis.

    Returns:
        float32 tensor, one value for each of ``index``, as `squared_distances` computes it.

    Example:
        >>> padded = torch.zeros(5, 7, dtype=torch.bool)
        >>> padded[1:4, 1:6] = True
        >>> index = padded.view(-1).nonzero().squeeze(1)
        >>> found = squared_distances_on_device(index, shape=(5, 7), spacing=(1, 1))
        >>> found.view(3, 5)[1].tolist()
        [1.0, 4.0, 4.0, 4.0, 1.0]
    """
    steps = np.asarray(spacing, dtype=np.float32)
    field = torch.zeros(int(np.prod(shape, dtype=np.int64)), device=index.device)
    best = (_steps_to_the_end_of_the_run(index) * float(steps[-1])) ** 2
    stride = 1
    for axis in range(len(steps) - 2, -1, -1):
        field[index] = best
        stride *= int(shape[axis - len(steps) + 1])
        _improve_along(best, field, index, stride=stride, step=steps[axis])
    return best


def _steps_to_the_end_of_the_run(index: Tensor) -> Tensor:
    """Return the steps to the background along the last axis, the shorter way."""
    number = torch.arange(index.numel(), device=index.device)
    is_start = torch.ones_like(index, dtype=torch.bool)
    is_start[1:] = index[1:] != index[:-1] + 1
    is_end = is_start.roll(-1)
    start = torch.where(is_start, number, 0).cummax(0).values
    end = torch.where(is_end, number, number[-1]).flip(0).cummin(0).values.flip(0)
    return torch.minimum(number - start + 1, end - number + 1).float()


def _improve_along(
    best: Tensor, field: Tensor, index: Tensor, *, stride: int, step: np.float32
) -> None:
    """Lower ``best`` in place by the parabolas of the voxels along one axis."""
    active = torch.arange(index.numel(), device=index.device)
    reach = 1
    while True:
        cost = float((reach * step) ** 2)
        active = active[best[active] > cost]
        if active.numel() == 0:
            return
        place = index[active]
        nearer = torch.minimum(field[place + reach * stride], field[place - reach * stride]) + cost
        best[active] = torch.minimum(best[active], nearer)
        reach += 1
