"""Count connected components by labelling voxels with connected-components-3d, an optional extra.

Several times faster than runs on patches and on noise; slower, and with four bytes a voxel more, on
large volumes with few vessels.
"""

from __future__ import annotations

from functools import cache
from importlib import import_module
from types import ModuleType

import numpy as np
from scipy import ndimage

__all__ = ["count_labelled_components", "label_components", "labelling_is_faster"]

_SMALL_ITEM = 2**20  # voxels
_VOXELS_PER_RUN = 64  # fewer than that is noise


@cache
def _connected_components_3d() -> ModuleType | None:
    try:
        return import_module("cc3d")
    except (ImportError, ValueError):  # a build for another numpy raises ValueError
        return None


def labelling_is_faster(shape: tuple[int, ...], n_runs: int = 0) -> bool:
    """Return whether the extra is installed and is the faster way for these masks.

    Args:
        shape: of a batch of masks, (N, H, W) or (N, H, W, D).
        n_runs: runs in the foreground of the batch, if they are known.

    Returns:
        True for small items, and for noise.
    """
    n_voxels = int(np.prod(shape, dtype=np.int64))
    if not n_voxels or _connected_components_3d() is None:
        return False
    return n_voxels < shape[0] * _SMALL_ITEM or n_voxels < _VOXELS_PER_RUN * n_runs


def count_labelled_components(items: np.ndarray, *, full: bool) -> np.ndarray:
    """Count the connected components of each item of a batch.

    Args:
        items: boolean (N, H, W) or (N, H, W, D), padded: no axis of space shorter than 3 (with
            axes of one voxel connected-components-3d 4.1.1 fails).
        full: whether voxels are connected by corners and edges (8 or 26) or by faces (4 or 6).

    Returns:
        int64 array of N counts.

    Raises:
        RuntimeError: connected-components-3d is not installed.
    """
    cc3d = _connected_components_3d()
    if cc3d is None:
        raise RuntimeError(
            "connected-components-3d is not installed; pip install 'cldice-monai[topology]'"
        )
    ndim = items.ndim - 1
    connectivity = (3**ndim - 1) if full else 2 * ndim
    counts = [
        cc3d.connected_components(
            item, connectivity=connectivity, return_N=True, binary_image=True
        )[1]
        for item in items
    ]
    return np.array(counts, np.int64)


def label_components(mask: np.ndarray, *, full: bool) -> np.ndarray:
    """Number the connected components of a mask, always in the same way.

    Args:
        mask: boolean (H, W) or (H, W, D).
        full: as for `count_labelled_components`.

    Returns:
        Whole numbers of four bytes, of the same shape: 0 outside the mask, else 1, 2, ...

    Example:
        >>> label_components(np.eye(3, dtype=bool), full=False).diagonal().tolist()
        [1, 2, 3]
    """
    cc3d = _connected_components_3d()
    # connected-components-3d 4.1.1 fails with axes of one voxel, and with 8-connectivity in 2D
    if cc3d is None or mask.ndim < 3 or min(mask.shape) < 3:
        structure = ndimage.generate_binary_structure(mask.ndim, mask.ndim if full else 1)
        labels: np.ndarray = ndimage.label(mask, structure, output=np.int32)[0]
        return labels
    connectivity = (3**mask.ndim - 1) if full else 2 * mask.ndim
    found = cc3d.connected_components(
        np.ascontiguousarray(mask),
        connectivity=connectivity,
        binary_image=True,
        out_dtype=np.uint32,
    )
    return np.asarray(found).view(np.int32)
