"""Cut the short dead ends that a rough surface leaves on a skeleton."""

from __future__ import annotations

from itertools import product

import numpy as np

from cldice_monai.skeleton.connectivity import Connectivity, check_connectivity
from cldice_monai.skeleton.mask import Array, as_mask, in_form_of
from cldice_monai.skeleton.thinning import thin

__all__ = ["prune_spurs"]


def prune_spurs(
    skeleton: Array, *, max_voxels: int, connectivity: Connectivity = "foreground-full"
) -> Array:
    """Remove the branches of a skeleton that end after a few voxels.

    A spur is a path from the end of a curve to the first voxel with three or more neighbours, that
    voxel not included. The shortest go first, one at each junction, and all are judged anew: where
    a curve ends in a fork, the longer arm remains as its continuation. What a spur stood on is
    thinned again. Components, loops and cavities stay under the connectivity named; a curve without
    a junction is never shortened.

    Pruning changes Tprec and Tsens. Apply it to prediction and label alike, and say so.

    Args:
        skeleton: (H, W) or (H, W, D), binary, as `skeletonize` returns it.
        max_voxels: longest spur to remove, in voxels. 0 removes none.
        connectivity: the one that the skeleton was made with.

    Returns:
        Boolean array of the same shape, or tensor on its device; a subset of ``skeleton``.

    Raises:
        TypeError: ``skeleton`` holds no numbers.
        ValueError: ``skeleton`` is not binary or has another number of axes, ``max_voxels`` is
            negative, or the connectivity is unknown.

    Example:
        >>> curve = np.zeros((4, 9), bool)
        >>> curve[3, :] = True
        >>> curve[1:3, 4] = True
        >>> prune_spurs(curve, max_voxels=1).sum(axis=1)
        array([0, 0, 0, 9])
    """
    if max_voxels < 0:
        raise ValueError(f"max_voxels must be 0 or more, got {max_voxels}")
    check_connectivity(connectivity)
    voxels = as_mask(skeleton, name="skeleton")
    padded = np.ascontiguousarray(np.pad(voxels, 1))
    strides = [int(np.prod(padded.shape[axis + 1 :])) for axis in range(padded.ndim)]
    reach = padded.ndim if connectivity == "foreground-full" else 1
    steps = [o for o in product((-1, 0, 1), repeat=padded.ndim) if 0 < np.abs(o).sum() <= reach]
    offsets = np.array([np.dot(step, strides) for step in steps])
    for longest in range(1, max_voxels + 1):
        while _cut(padded.reshape(-1), offsets, longest):
            padded = thin(padded[None], connectivity=connectivity)[0]
    pruned = np.ascontiguousarray(padded[(slice(1, -1),) * padded.ndim])
    return in_form_of(skeleton, pruned)


def _cut(alive: np.ndarray, offsets: np.ndarray, longest: int) -> bool:
    """Remove a spur of at most ``longest`` voxels at each junction; tell whether any was."""
    places = np.flatnonzero(alive)
    ends = places[alive[places[:, None] + offsets].sum(axis=1) == 1]
    taken: set[int] = set()
    cut: list[int] = []
    for end in ends.tolist():
        path, junction = _path(alive, offsets, end, longest)
        # A neighbour of a junction that has lost a spur is judged in the next round.
        if junction is None or junction in taken:
            continue
        taken.update([junction, *(junction + offsets).tolist()])
        cut.extend(path)
    alive[cut] = False
    return bool(cut)


def _path(
    alive: np.ndarray, offsets: np.ndarray, end: int, longest: int
) -> tuple[list[int], int | None]:
    """Follow a curve from its end; return its voxels and the junction, None where it is too far."""
    path = [end]
    while len(path) <= longest:
        around = path[-1] + offsets
        ahead = [place for place in around[alive[around]].tolist() if place not in path]
        if len(ahead) != 1:
            return path, None
        if int(alive[ahead[0] + offsets].sum()) > 2:
            return path, ahead[0]
        path.append(ahead[0])
    return path, None
