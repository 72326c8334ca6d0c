"""Betti numbers and Euler characteristic of a voxel mask, exact, with the connectivity named."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from cldice_monai.skeleton.connectivity import Connectivity, check_connectivity
from cldice_monai.skeleton.mask import (
    Array,
    Mask,
    as_items,
    as_mask,
    as_mask_on_device,
    bounding_box,
    in_form_of,
    stays_on_device,
)
from cldice_monai.topology._components_on_device import count_on_device
from cldice_monai.topology._euler_on_device import euler_on_device
from cldice_monai.topology.components import background_runs, count_components, foreground_runs
from cldice_monai.topology.euler import euler_of_items
from cldice_monai.topology.labelled_components import (
    count_labelled_components,
    labelling_is_faster,
)

__all__ = [
    "batched_betti_numbers",
    "batched_euler_characteristic",
    "betti_numbers",
    "euler_characteristic",
]


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
    if stays_on_device(mask):
        return tuple(betti_on_device(as_mask_on_device(mask)[None], connectivity)[0].tolist())
    numbers = _betti_of_items(_crop(as_mask(mask)[None]), connectivity)
    return tuple(int(number) for number in numbers[0])


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
    if stays_on_device(mask):
        closed = connectivity == "foreground-full"
        return int(euler_on_device(as_mask_on_device(mask)[None], closed=closed))
    return int(euler_of_items(_crop(as_mask(mask)[None]), connectivity=connectivity)[0])


def batched_betti_numbers(masks: Array, *, connectivity: Connectivity = "foreground-full") -> Array:
    """Return the Betti numbers of every batch item and channel, counted at once.

    Args:
        masks: (B, C, H, W) or (B, C, H, W, D), binary.
        connectivity: as for `betti_numbers`.

    Returns:
        int64 array (B, C, 2) or (B, C, 3), or tensor on the device of ``masks``.

    Raises:
        TypeError: ``masks`` holds no numbers.
        ValueError: as for `betti_numbers`.

    Example:
        >>> batched_betti_numbers(np.ones((1, 2, 4, 4)))
        array([[[1, 0],
                [1, 0]]])
    """
    check_connectivity(connectivity)
    if stays_on_device(masks):
        tensor = as_mask_on_device(masks, name="masks", ranks=(4, 5))
        found: Any = betti_on_device(tensor.flatten(0, 1), connectivity)
        return found.view(*tensor.shape[:2], found.shape[1])
    voxels: np.ndarray = as_mask(masks, name="masks", ranks=(4, 5))
    items = _crop(as_items(voxels))
    numbers = _betti_of_items(items, connectivity).reshape((*voxels.shape[:2], items.ndim - 1))
    return in_form_of(masks, numbers)


def batched_euler_characteristic(
    masks: Array, *, connectivity: Connectivity = "foreground-full"
) -> Array:
    """Return the Euler characteristic of every batch item and channel.

    Args:
        masks: (B, C, H, W) or (B, C, H, W, D), binary.
        connectivity: as for `betti_numbers`.

    Returns:
        int64 array (B, C), or tensor on the device of ``masks``.

    Raises:
        TypeError: ``masks`` holds no numbers.
        ValueError: as for `betti_numbers`.

    Example:
        >>> batched_euler_characteristic(np.ones((1, 2, 4, 4)))
        array([[1, 1]])
    """
    check_connectivity(connectivity)
    if stays_on_device(masks):
        tensor = as_mask_on_device(masks, name="masks", ranks=(4, 5))
        closed = connectivity == "foreground-full"
        found: Any = euler_on_device(tensor.flatten(0, 1), closed=closed)
        return found.view(tensor.shape[:2])
    voxels: np.ndarray = as_mask(masks, name="masks", ranks=(4, 5))
    numbers = euler_of_items(_crop(as_items(voxels)), connectivity=connectivity)
    numbers = numbers.reshape(voxels.shape[:2])
    return in_form_of(masks, numbers)


def betti_on_device(items: torch.Tensor, connectivity: Connectivity) -> torch.Tensor:
    """Return the Betti numbers of each mask of a batch, counted where it is.

    Args:
        items: boolean (N, H, W) or (N, H, W, D), on any device.
        connectivity: as for `betti_numbers`.

    Returns:
        int64 tensor (N, 2) or (N, 3) on the device of ``items``.

    Example:
        >>> betti_on_device(torch.ones(1, 2, 2, 2, dtype=torch.bool), "foreground-full").tolist()
        [[1, 0, 0]]
    """
    closed = connectivity == "foreground-full"
    components, outside = count_on_device(items, full=closed)
    enclosed = outside - 1
    if items.dim() == 3:
        return torch.stack([components, enclosed], -1)
    loops = components + enclosed - euler_on_device(items, closed=closed)
    return torch.stack([components, loops, enclosed], -1)


def _crop(items: np.ndarray) -> np.ndarray:
    """Return the part of a batch in the bounding box of what is set (one voxel if nothing is)."""
    box = bounding_box(items)
    return items[:, *(box or (slice(0, 1),) * (items.ndim - 1))]


def _betti_of_items(items: np.ndarray, connectivity: Connectivity) -> np.ndarray:
    closed = connectivity == "foreground-full"
    components, enclosed = _components_and_enclosed(items, closed=closed)
    if items.ndim == 3:
        return np.stack([components, enclosed], axis=-1)
    loops = components + enclosed - euler_of_items(items, connectivity=connectivity)
    return np.stack([components, loops, enclosed], axis=-1)


def _components_and_enclosed(items: np.ndarray, *, closed: bool) -> tuple[np.ndarray, np.ndarray]:
    """Count the components of each item, and those of its background that it encloses.

    By Alexander duality all components of the padded background but the outer one are enclosed.
    """
    if labelling_is_faster(items.shape):
        return _labelled_components_and_enclosed(items, closed=closed)
    runs = foreground_runs(items)
    if labelling_is_faster(items.shape, n_runs=runs.starts.size):
        return _labelled_components_and_enclosed(items, closed=closed)
    components = count_components(runs, full=closed)
    return components, count_components(background_runs(runs), full=not closed) - 1


def _labelled_components_and_enclosed(
    items: np.ndarray, *, closed: bool
) -> tuple[np.ndarray, np.ndarray]:
    padded = np.pad(items, [(0, 0), *[(1, 1)] * (items.ndim - 1)])
    outside = count_labelled_components(~padded, full=not closed)
    return count_labelled_components(padded, full=closed), outside - 1
