"""The binary skeleton of a mask, with the same Betti numbers by construction."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch

from cldice_monai.skeleton._thinning_on_device import thin_on_device
from cldice_monai.skeleton.connectivity import Connectivity, check_connectivity
from cldice_monai.skeleton.mask import (
    Array,
    as_items,
    as_mask,
    as_mask_on_device,
    check_spacing,
    in_form_of,
    stays_on_device,
)
from cldice_monai.skeleton.thinning import thin

__all__ = ["skeletonize"]


def skeletonize(
    mask: Array,
    *,
    connectivity: Connectivity = "foreground-full",
    spacing: Sequence[float] | None = None,
) -> Array:
    """Thin masks to centred curves that keep every component, loop and cavity.

    Guaranteed, because only simple points are ever deleted: the skeleton is a subset of the mask
    and has the same Betti numbers under the connectivity named. It is one voxel thin wherever the
    topology allows: what is left is the end of a curve or cannot be deleted; a cavity keeps a
    closed surface around it. The result is the same for a mask alone and in a batch, and thinning
    it again changes nothing. What lies outside the array is background.

    Not guaranteed: that turning or mirroring the mask turns or mirrors the skeleton (sides are
    peeled in a fixed order), or that a rough surface leaves no spurs.

    Args:
        mask: (H, W), (H, W, D), (B, C, H, W) or (B, C, H, W, D), binary: bool or 0/1 of any dtype.
            Batch items and channels are thinned each for itself.
        connectivity: ``"foreground-full"`` (foreground 8 or 26, background 4 or 6, as
            `cldice_monai.topology.betti_numbers`) or ``"foreground-face"``, the dual.
        spacing: voxel size along each spatial axis, so that the skeleton is centred in physical
            distance; None centres it in voxels.

    Returns:
        Boolean array of the mask's shape, or plain tensor on its device; all False for an empty
        mask.

    Raises:
        TypeError: ``mask`` is no array or tensor of numbers.
        ValueError: ``mask`` is not binary or has another number of axes, the connectivity is
            unknown, or the spacing does not fit.

    Example:
        >>> bar = np.zeros((5, 9), bool)
        >>> bar[1:4, 1:8] = True
        >>> skeletonize(bar).astype(int)
        array([[0, 0, 0, 0, 0, 0, 0, 0, 0],
               [0, 0, 0, 0, 0, 0, 0, 0, 0],
               [0, 0, 1, 1, 1, 1, 1, 0, 0],
               [0, 0, 0, 0, 0, 0, 0, 0, 0],
               [0, 0, 0, 0, 0, 0, 0, 0, 0]])

    Reference:
        Shit et al., clDice, CVPR 2021, section 3; simple points: Bertrand and Malandain, Pattern
        Recognition Letters 15, 1994.
    """
    check_connectivity(connectivity)
    if stays_on_device(mask):
        found: Any = _thin_on_its_device(mask, connectivity, spacing)
        return found
    voxels: np.ndarray = as_mask(mask, ranks=(2, 3, 4, 5))
    items = as_items(voxels)
    check_spacing(spacing, items.ndim - 1)
    skeleton = thin(items, connectivity=connectivity, spacing=spacing).reshape(voxels.shape)
    return in_form_of(mask, skeleton)


def _thin_on_its_device(
    mask: Any, connectivity: Connectivity, spacing: Sequence[float] | None
) -> torch.Tensor:
    tensor = as_mask_on_device(mask, ranks=(2, 3, 4, 5))
    batch = tensor.flatten(0, 1) if tensor.ndim > 3 else tensor[None]
    check_spacing(spacing, batch.ndim - 1)
    return thin_on_device(batch, connectivity=connectivity, spacing=spacing).view(tensor.shape)
