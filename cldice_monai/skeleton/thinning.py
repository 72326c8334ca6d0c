"""Exact thinning: delete simple points in the order of their depth until only curves remain.

Every deletion is of a simple point, so the Betti numbers cannot change. The order centres the
result: voxels join level by level of their distance to the background, and one sweep over all that
joined so far peels the sides turn by turn. Within a turn the voxels of one parity sub-field (every
other voxel along each axis) are never neighbours, so they can be deleted at the same time.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise, product

import numpy as np
from scipy import ndimage

from cldice_monai.skeleton.connectivity import Connectivity
from cldice_monai.skeleton.distance import squared_distances
from cldice_monai.skeleton.mask import bounding_box
from cldice_monai.skeleton.simple_points import OPEN_AFTER, OPEN_BEFORE, SIMPLE
from cldice_monai.skeleton.simple_table import load_table

__all__ = ["LEVELS", "thin", "thin_within_exterior"]

LEVELS = 4  # a voxel of depth; with fewer the result is centred less well, with more no better
_FEW = 400  # voxels below which the calls cost more than the work


def thin(
    items: np.ndarray,
    *,
    connectivity: Connectivity = "foreground-full",
    spacing: Sequence[float] | None = None,
) -> np.ndarray:
    """Thin a batch of masks; the boundary checks are in `cldice_monai.skeleton.skeletonize`.

    Args:
        items: boolean (N, H, W) or (N, H, W, D).
        connectivity: of the foreground.
        spacing: voxel size along each spatial axis; None for 1.

    Returns:
        Boolean array of the same shape, each item as if it had been thinned alone.

    Example:
        >>> bar = np.zeros((1, 5, 9), bool)
        >>> bar[0, 1:4, 1:8] = True
        >>> thin(bar)[0, 2].astype(int)
        array([0, 0, 1, 1, 1, 1, 1, 0, 0])
    """
    result = np.zeros(items.shape, bool)
    box = bounding_box(items)
    if box is None:
        return result
    ndim = items.ndim - 1
    inner = (slice(None),) + (slice(1, -1),) * ndim
    part = items[(slice(None), *box)]
    # np.pad would keep a Fortran order; the flat positions below are those of C order.
    padded = np.zeros((len(items), *(size + 2 for size in part.shape[1:])), bool)
    padded[inner] = part
    index = np.flatnonzero(padded)
    steps = (1.0,) * ndim if spacing is None else tuple(spacing)
    depth = np.sqrt(squared_distances(index, shape=padded.shape, spacing=steps))
    # The sub-fields are those of the whole array, wherever its bounding box begins.
    fields = _sub_fields(index, padded.shape, [part.start - 1 for part in box])
    neighbourhoods = _Neighbourhoods(index, padded.shape, connectivity)
    levels = np.rint(LEVELS * depth / np.float32(min(steps))).astype(np.int32)
    padded[...] = False
    padded.reshape(-1)[_thin_by_level(neighbourhoods, index, fields, levels)] = True
    result[(slice(None), *box)] = padded[inner]
    return result


def thin_within_exterior(
    item: np.ndarray, *, connectivity: Connectivity, spacing: Sequence[float] | None = None
) -> np.ndarray:
    """Thin one mask whose outside is set too: one cell around the array that is never deleted.

    Args:
        item: boolean (H, W) or (H, W, D).
        connectivity: of what is set.
        spacing: voxel size along each axis; None for 1.

    Returns:
        Boolean array padded by one: the skeleton, and the padding, True, as the exterior cell.

    Example:
        >>> outside_of_a_square = np.ones((5, 5), bool)
        >>> outside_of_a_square[1:4, 1:4] = False
        >>> int(thin_within_exterior(outside_of_a_square, connectivity="foreground-face").sum())
        24
    """
    # A second layer, not set, lets the neighbourhoods of the exterior be looked up.
    padded = np.pad(np.pad(np.ascontiguousarray(item), 1, constant_values=True), 1)[None]
    index = np.flatnonzero(padded)
    neighbourhoods = _Neighbourhoods(index, padded.shape, connectivity)
    inside = np.pad(item, 2)[None].reshape(-1)[index]
    steps = (1.0,) * item.ndim if spacing is None else tuple(spacing)
    depth = np.ones(item.shape)
    if not item.all():
        depth = ndimage.distance_transform_edt(item, sampling=steps) / min(steps)
    levels = np.rint(LEVELS * depth[item]).astype(np.int32)
    fields = _sub_fields(index[inside], padded.shape, [-2] * item.ndim)
    kept = _thin_by_level(neighbourhoods, index[inside], fields, levels)
    result = padded.reshape(-1).copy()
    result[index[inside]] = False
    result[kept] = True
    return result.reshape(padded.shape)[(0,) + (slice(1, -1),) * item.ndim]


class _Neighbourhoods:
    """The neighbourhood of every voxel, kept up to date as voxels are deleted.

    Each voxel holds the 9 bits of its own plane; the 27 of a 3D neighbourhood are three look-ups.
    """

    def __init__(
        self, index: np.ndarray, shape: tuple[int, ...], connectivity: Connectivity
    ) -> None:
        self.ndim = len(shape) - 1
        self.table = load_table(self.ndim, connectivity)
        self.plane_stride = shape[-1] * shape[-2]
        self.offsets = [dy * shape[-1] + dx for dy, dx in product((-1, 0, 1), repeat=2)]
        self.without_bit = np.array([~(1 << bit) for bit in range(9)], np.int16)
        self.planes = np.zeros(int(np.prod(shape, dtype=np.int64)), np.int16)
        for bit, offset in enumerate(self.offsets):
            self.planes[index - offset] |= np.int16(1 << bit)

    def flags(self, index: np.ndarray) -> np.ndarray:
        """Return the flags of voxels; a deleted voxel has none."""
        own = self.planes[index]
        if self.ndim == 2:
            return self.table.flags[own]
        lower = own.astype(np.int32) << 9
        lower |= self.planes[index - self.plane_stride]
        place = self.table.classes[lower].astype(np.int32) << 9
        place |= self.planes[index + self.plane_stride]
        return self.table.flags[place]

    def delete(self, index: np.ndarray) -> None:
        """Delete voxels that are no neighbours of each other."""
        if index.size < _FEW:
            # One call that repeats places instead of nine that do not.
            places = np.subtract.outer(index, self.offsets)
            np.bitwise_and.at(self.planes, places, self.without_bit)
            return
        for offset, without_bit in zip(self.offsets, self.without_bit, strict=True):
            self.planes[index - offset] &= without_bit

    def remaining(self, index: np.ndarray) -> np.ndarray:
        """Tell which voxels are not deleted."""
        return self.planes[index] & (1 << 4) != 0


def _thin_by_level(
    neighbourhoods: _Neighbourhoods, index: np.ndarray, fields: np.ndarray, levels: np.ndarray
) -> np.ndarray:
    """Sweep once for every level, empty ones too so that an item does not depend on its batch."""
    order = np.argsort(levels, kind="stable")
    ends = np.cumsum(np.bincount(levels))
    index, fields = index[order], fields[order]
    active, active_fields = index[:0], fields[:0]
    for start, end in pairwise([0, *ends.tolist()]):
        active = np.concatenate([active, index[start:end]])
        active_fields = np.concatenate([active_fields, fields[start:end]])
        active, active_fields, _ = _sweep(neighbourhoods, active, active_fields)
    changed = True
    while changed:
        active, active_fields, changed = _sweep(neighbourhoods, active, active_fields)
    return active


def _sweep(
    neighbourhoods: _Neighbourhoods, active: np.ndarray, fields: np.ndarray
) -> tuple[np.ndarray, np.ndarray, bool]:
    """Peel the negative sides, then the positive ones; return what is left."""
    before = active.size
    for side in (OPEN_BEFORE, OPEN_AFTER):
        # Who may go is judged for the whole side first. Asked again between the sub-fields, the
        # ends of what has just become a curve would be kept as spurs.
        chosen = neighbourhoods.flags(active) & side != 0
        candidates, of_field = active[chosen], fields[chosen]
        if not candidates.size:
            continue
        candidates = candidates[np.argsort(of_field, kind="stable")]
        ends = np.cumsum(np.bincount(of_field, minlength=1 << neighbourhoods.ndim)).tolist()
        for start, end in pairwise([0, *ends]):
            if start == end:
                continue
            turn = candidates[start:end]
            neighbourhoods.delete(turn[neighbourhoods.flags(turn) & SIMPLE != 0])
        remaining = neighbourhoods.remaining(active)
        active, fields = active[remaining], fields[remaining]
    return active, fields, active.size < before


def _sub_fields(index: np.ndarray, shape: tuple[int, ...], origin: list[int]) -> np.ndarray:
    """Return the parity of each voxel's coordinates as one number below 2^ndim."""
    fields = np.zeros(index.size, np.uint8)
    rest = index
    for axis in range(len(origin) - 1, -1, -1):
        rest, coordinate = np.divmod(rest, shape[axis + 1])
        fields |= (((coordinate + origin[axis]) & 1) << axis).astype(np.uint8)
    return fields
