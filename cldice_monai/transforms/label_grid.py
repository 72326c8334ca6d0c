"""Bring a label to another grid along its own axes without breaking a thin vessel."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from monai.data import MetaTensor
from monai.data.utils import to_affine_nd
from monai.transforms import SpatialResample

from cldice_monai.transforms._containers import as_numpy

__all__ = ["resample_label"]


def resample_label(label: MetaTensor, affine: torch.Tensor, shape: Sequence[int]) -> torch.Tensor:
    """Resample a label so that no vessel falls apart.

    Along axes that get coarser each voxel takes the largest value of the old voxels whose centres
    it covers: every old voxel lands somewhere, and neighbours land in one voxel or in neighbours
    (by face, edge or corner). Along axes that get finer each voxel takes the nearest old one, by
    MONAI's SpatialResample. Vessels that come closer than a coarse voxel merge.

    Args:
        label: (C, X, Y) or (C, X, Y, Z) with its affine; of several classes the largest number
            wins.
        affine: of the new grid; its axes are parallel to the old ones.
        shape: of the new grid.

    Returns:
        Plain tensor (C, *shape) of the label's dtype.

    Raises:
        ValueError: if the axes of the two grids are not parallel (a sheared affine).

    Example:
        >>> line = torch.zeros(1, 8, 8)
        >>> line[0, 5] = 1
        >>> old = MetaTensor(line, affine=torch.eye(4))
        >>> resample_label(old, torch.diag(torch.tensor([4.0, 4.0, 1.0, 1.0])), (2, 2))[0].tolist()
        [[0.0, 0.0], [1.0, 1.0]]
    """
    ndim = label.ndim - 1
    old, new = (to_affine_nd(ndim, a.numpy(force=True)) for a in (label.affine, affine))
    to_old = np.linalg.solve(old, new)
    scale, offset = np.diag(to_old)[:-1], to_old[:-1, -1]
    if not np.allclose(to_old[:-1, :-1], np.diag(scale), atol=1e-4):
        raise ValueError(
            "label must keep the direction of its axes, and this affine is sheared; "
            'resample it with mode "nearest"'
        )
    array = as_numpy(label)
    between = old.copy()
    for axis in np.flatnonzero(scale > 1 + 1e-6).tolist():
        array = _coarser(array, axis, scale[axis], offset[axis], int(shape[axis]))
        between[:, -1] += between[:, axis] * offset[axis]
        between[:, axis] *= scale[axis]
    coarse = MetaTensor(torch.from_numpy(array.astype(np.float32)), affine=between)
    fine = SpatialResample(mode="nearest")(coarse, dst_affine=new, spatial_size=tuple(shape))
    return fine.as_tensor().to(device=label.device, dtype=label.dtype)


def _coarser(array: np.ndarray, axis: int, scale: float, offset: float, size: int) -> np.ndarray:
    """Take the largest of the old values that each of ``size`` voxels covers along one axis."""
    moved = np.moveaxis(array, axis + 1, 0)
    place = np.floor((np.arange(len(moved)) - offset) / scale + 0.5)
    place = np.clip(place, 0, size - 1).astype(int)
    starts = np.flatnonzero(np.diff(place, prepend=-1))
    coarse = np.zeros((size, *moved.shape[1:]), array.dtype)
    coarse[place[starts]] = np.maximum.reduceat(moved, starts, axis=0)
    return np.moveaxis(coarse, 0, axis + 1)
