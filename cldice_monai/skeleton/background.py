"""The skeleton of the background, seen from the sphere that the paper embeds an image in."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from cldice_monai.skeleton.connectivity import Connectivity, check_connectivity
from cldice_monai.skeleton.mask import Array, as_items, as_mask, check_spacing, in_form_of
from cldice_monai.skeleton.thinning import thin_within_exterior

__all__ = ["background_skeleton"]


def background_skeleton(
    mask: Array,
    *,
    connectivity: Connectivity = "foreground-full",
    spacing: Sequence[float] | None = None,
) -> Array:
    """Thin what is not in a mask, together with all that lies outside the array.

    The paper completes the grid to a sphere by one exterior cell. Here the array is padded by one
    layer that stands for this cell: it belongs to the background and to its skeleton and is never
    deleted. The background is thinned under the connectivity dual to the mask's.

    Args:
        mask: (H, W), (H, W, D), (B, C, H, W) or (B, C, H, W, D), binary, bool or 0/1 of any dtype.
        connectivity: of the mask, as for `skeletonize`; its background has the dual one.
        spacing: voxel size along each axis, for centring; None centres in voxels.

    Returns:
        Boolean array, or tensor on the mask's device, two longer than the mask along each spatial
        axis: the skeleton, the outermost layer True. Of an empty mask, whose background is the
        whole sphere, all True.

    Raises:
        TypeError: ``mask`` holds no numbers.
        ValueError: ``mask`` is not binary or has another number of axes, the connectivity is
            unknown, or the spacing does not fit.

    Example:
        >>> ring = np.ones((5, 5), bool)
        >>> ring[1:4, 1:4] = False
        >>> background_skeleton(ring)[1:-1, 1:-1].astype(int)
        array([[0, 0, 0, 0, 0],
               [0, 0, 0, 0, 0],
               [0, 1, 1, 1, 0],
               [0, 0, 0, 0, 0],
               [0, 0, 0, 0, 0]])

    Reference:
        Shit et al., clDice, CVPR 2021, section 3 and corollary 1.1.
    """
    check_connectivity(connectivity)
    voxels = as_mask(mask, ranks=(2, 3, 4, 5))
    items = as_items(voxels)
    check_spacing(spacing, items.ndim - 1)
    dual: Connectivity = (
        "foreground-face" if connectivity == "foreground-full" else "foreground-full"
    )
    thinned = [thin_within_exterior(~item, connectivity=dual, spacing=spacing) for item in items]
    size = [n + 2 for n in items.shape[1:]]
    batch = np.array(thinned, bool).reshape(*voxels.shape[: voxels.ndim - len(size)], *size)
    return in_form_of(mask, batch)
