"""Betti numbers and Euler characteristic of a voxel mask, exact, with the connectivity named."""

from __future__ import annotations

from itertools import product

import numpy as np
from scipy import ndimage

from cldice_monai.skeleton.connectivity import Connectivity, check_connectivity
from cldice_monai.skeleton.mask import Mask, as_mask

__all__ = ["betti_numbers", "euler_characteristic"]


def betti_numbers(mask: Mask, *, connectivity: Connectivity = "foreground-full") -> tuple[int, ...]:
    """Count components, loops and cavities of a mask.

    Args:
        mask: (H, W) or (H, W, D), binary, bool or 0/1 of any dtype.
        connectivity: ``"foreground-full"`` (foreground 8- or 26-, background 4- or 6-connected:
            voxels are closed cubes, as in the paper) or ``"foreground-face"`` (the dual:
            foreground 4 or 6, background 8 or 26). The numbers differ; name the one you used.

    Returns:
        ``(b0, b1)`` in 2D, ``(b0, b1, b2)`` in 3D: connected components, independent loops,
        cavities. All zero for an empty mask. What lies outside the array is background.

    Raises:
        TypeError: ``mask`` holds no numbers.
        ValueError: ``mask`` is not binary, has another number of axes, or the connectivity is
            unknown.

    Example:
        >>> ring = np.ones((3, 3), bool)
        >>> ring[1, 1] = False
        >>> betti_numbers(ring)
        (1, 1)
        >>> corner_touch = np.eye(2, dtype=bool)
        >>> betti_numbers(corner_touch), betti_numbers(corner_touch, connectivity="foreground-face")
        ((1, 0), (2, 0))

    Reference:
        Shit et al., clDice, CVPR 2021, section 3 (cubical complex) and appendix A.
    """
    check_connectivity(connectivity)
    voxels = np.pad(_crop(as_mask(mask)), 1)
    ndim = voxels.ndim
    full, face = ndimage.generate_binary_structure(ndim, ndim), None
    inside, outside = (full, face) if connectivity == "foreground-full" else (face, full)
    b0 = int(ndimage.label(voxels, structure=inside)[1])
    # Alexander duality: the components of the background beyond the outer one are enclosed.
    enclosed = int(ndimage.label(~voxels, structure=outside)[1]) - 1
    if ndim == 2:
        return b0, enclosed
    return b0, b0 + enclosed - _euler_of_padded(voxels, connectivity), enclosed


def euler_characteristic(mask: Mask, *, connectivity: Connectivity = "foreground-full") -> int:
    """Return the Euler characteristic of a mask: b0 - b1 in 2D, b0 - b1 + b2 in 3D.

    It is counted locally (vertices - edges + faces - cubes), without labelling a component.

    Args:
        mask: (H, W) or (H, W, D), binary, bool or 0/1 of any dtype.
        connectivity: as for `betti_numbers`.

    Returns:
        The Euler characteristic; 0 for an empty mask.

    Raises:
        TypeError: ``mask`` holds no numbers.
        ValueError: ``mask`` is not binary, has another number of axes, or the connectivity is
            unknown.

    Example:
        >>> euler_characteristic(np.ones((4, 4, 4), bool))
        1

    Reference:
        Shit et al., clDice, CVPR 2021, section 5.2 and appendix H.3.
    """
    check_connectivity(connectivity)
    return _euler_of_padded(np.pad(_crop(as_mask(mask)), 1), connectivity)


def _crop(voxels: np.ndarray) -> np.ndarray:
    """Return the part of ``voxels`` in the bounding box of what is set (empty if nothing is)."""
    box = ndimage.find_objects(voxels.view(np.uint8))
    return voxels[box[0]] if box else voxels[(slice(0),) * voxels.ndim]


def _euler_of_padded(voxels: np.ndarray, connectivity: Connectivity) -> int:
    """Sum the cells of the cubical complex with alternating sign.

    Closed cubes: a cell that extends along the axes D is present where any voxel around it is set,
    the OR along the axes not in D. The dual complex has a cell across the axes A where all voxels
    along A are set, the AND.
    """
    closed = connectivity == "foreground-full"
    join = np.logical_or if closed else np.logical_and
    total = 0
    for joined in product((False, True), repeat=voxels.ndim):
        cells = voxels
        for axis in np.flatnonzero(joined):
            before = (slice(None),) * axis + (slice(None, -1),)
            after = (slice(None),) * axis + (slice(1, None),)
            cells = join(cells[before], cells[after])
        dimension = voxels.ndim - sum(joined) if closed else sum(joined)
        total += (-1) ** dimension * int(np.count_nonzero(cells))
    return total
