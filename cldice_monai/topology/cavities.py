"""Fill the cavities of a mask: what is enclosed by vessel on all sides."""

from __future__ import annotations

import numpy as np

from cldice_monai.skeleton.mask import Array, as_mask, in_form_of
from cldice_monai.topology.labelled_components import label_components

__all__ = ["fill_cavities", "fill_cavities_of_classes"]


def fill_cavities(mask: Array) -> Array:
    """Fill every cavity, so that b2 is 0.

    A cavity is a piece of background, 6-connected, that does not touch the border of the volume.
    Foreground inside it becomes one with what encloses it.

    Args:
        mask: (H, W, D), binary: bool or 0/1 of any dtype.

    Returns:
        Boolean array of the mask's shape, or plain tensor on its device.

    Raises:
        TypeError: the mask holds no numbers.
        ValueError: the mask is not binary, or has two axes, where a hole is a loop of the network.

    Example:
        >>> ball = np.zeros((5, 5, 5), bool)
        >>> ball[1:4, 1:4, 1:4] = True
        >>> hollow = ball.copy()
        >>> hollow[2, 2, 2] = False
        >>> bool((fill_cavities(hollow) == ball).all())
        True
    """
    voxels = as_mask(mask)
    return in_form_of(mask, fill_cavities_of_classes(voxels.astype(np.uint8)) > 0)


def fill_cavities_of_classes(classes: np.ndarray) -> np.ndarray:
    """Fill the cavities that one class alone encloses with that class.

    Args:
        classes: whole numbers (H, W, D), 0 is background.

    Returns:
        A copy. Background that two classes enclose together stays background.

    Raises:
        ValueError: for another number of axes.

    Example:
        >>> classes = np.full((3, 3, 5), 2)
        >>> classes[1, 1, [1, 3]] = 0
        >>> classes[..., 4] = 1
        >>> fill_cavities_of_classes(classes)[1, 1].tolist()
        [2, 2, 2, 0, 1]
    """
    if classes.ndim != 3:
        raise ValueError(
            f"cavities are in volumes of three axes, got shape {classes.shape}: in two dimensions "
            "a hole is a loop of the network"
        )
    filled = classes.copy()
    pieces = label_components(classes == 0, full=False)
    value = _enclosing_class(pieces, classes)
    outside = pieces > 0
    filled[outside] = value[pieces[outside]]
    return filled


def _enclosing_class(pieces: np.ndarray, classes: np.ndarray) -> np.ndarray:
    """Return for each piece of background the one class around it; 0 where there is no such."""
    is_open = np.zeros(int(pieces.max(initial=0)) + 1, bool)
    for axis in range(pieces.ndim):
        for end in (0, -1):
            is_open[np.unique(pieces.take(end, axis))] = True
    is_open[0] = True
    least = np.full(is_open.size, np.iinfo(np.int64).max)
    most = np.zeros(is_open.size, np.int64)
    for axis in range(pieces.ndim):
        before, after = (np.moveaxis(array, axis, 0) for array in (pieces, classes))
        for numbers, beside in ((before[:-1], after[1:]), (before[1:], after[:-1])):
            at_wall = ~is_open[numbers] & (beside > 0)
            np.minimum.at(least, numbers[at_wall], beside[at_wall])
            np.maximum.at(most, numbers[at_wall], beside[at_wall])
    return np.where((least == most) & ~is_open, most, 0).astype(classes.dtype)
