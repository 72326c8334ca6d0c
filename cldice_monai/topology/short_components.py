"""Take away the components of a mask whose centreline is too short to be a vessel."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from cldice_monai.skeleton.binary import skeletonize
from cldice_monai.skeleton.mask import Array, as_mask, in_form_of
from cldice_monai.topology.length import check_spacing, component_lengths_mm

__all__ = ["remove_short_components"]


def remove_short_components(
    mask: Array, *, min_length_mm: float, spacing_mm: Sequence[float]
) -> Array:
    """Remove the connected components whose skeleton is shorter than a length.

    A component is what touches at faces, edges or corners (8 or 26). Its length is that of its
    whole skeleton, all branches together, which ends about one radius before the vessel does; a
    round blob has a skeleton of one voxel and no length.

    Args:
        mask: (H, W) or (H, W, D), binary: bool or 0/1 of any dtype.
        min_length_mm: components shorter than this are removed; 0 removes nothing.
        spacing_mm: distance in mm between voxel centres along each axis.

    Returns:
        Boolean array of the mask's shape, or plain tensor on its device.

    Raises:
        TypeError: the mask holds no numbers.
        ValueError: the mask is not binary, the length is negative or no number, or the spacing
            does not fit.

    Example:
        >>> mask = np.array([[1, 1, 1, 1, 0, 1, 1]], bool)
        >>> remove_short_components(mask, min_length_mm=1.5, spacing_mm=(1, 1)).astype(int)
        array([[1, 1, 1, 1, 0, 0, 0]])
    """
    from scipy import ndimage

    voxels = as_mask(mask)
    spacing = check_spacing(spacing_mm, ndim=voxels.ndim)
    if not 0 <= min_length_mm < float("inf"):
        raise ValueError(f"min_length_mm must be 0 or a length in mm, got {min_length_mm!r}")
    if min_length_mm == 0:
        return in_form_of(mask, voxels.copy())
    components, _ = ndimage.label(voxels, structure=np.ones((3,) * voxels.ndim))
    skeleton = skeletonize(voxels, spacing=tuple(spacing))
    kept = component_lengths_mm(skeleton, components, spacing_mm=spacing_mm) >= min_length_mm
    kept[0] = False  # what lies outside all components
    return in_form_of(mask, kept[components])
