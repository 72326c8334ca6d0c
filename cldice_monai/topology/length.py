"""The length of a voxel skeleton in millimetres, attributed voxel by voxel."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from cldice_monai.skeleton.links import voxel_links
from cldice_monai.skeleton.mask import Mask, as_mask, check_same_shape

__all__ = ["check_spacing", "component_lengths_mm", "skeleton_length_mm"]


def skeleton_length_mm(
    skeleton: Mask, *, spacing_mm: Sequence[float], within: Mask | None = None
) -> float:
    """Return the length of a skeleton, or of the part of it inside another mask.

    Neighbouring skeleton voxels (8 or 26) are joined by straight edges between their centres. A
    diagonal edge is left out where a skeleton voxel lies between its ends, nearer to both than they
    are to each other: the path through that voxel is already counted. Each voxel owns half of every
    edge that meets it, so the lengths inside and outside a mask add up to the whole. A voxel
    without neighbours has no length.

    Args:
        skeleton: (H, W) or (H, W, D), binary.
        spacing_mm: distance in mm between voxel centres along each axis.
        within: mask of the same shape; only skeleton voxels inside it are counted. None counts all.

    Returns:
        Length in mm, 0.0 for an empty skeleton.

    Raises:
        TypeError: a mask holds no numbers.
        ValueError: a mask is not binary, shapes differ, or the spacing does not fit.

    Example:
        >>> line = np.zeros((3, 5), bool)
        >>> line[1, :] = True
        >>> skeleton_length_mm(line, spacing_mm=(1.0, 0.5))
        2.0
    """
    voxels = as_mask(skeleton, name="skeleton")
    spacing = check_spacing(spacing_mm, ndim=voxels.ndim)
    counted = voxels if within is None else voxels & _same_shape(voxels, within)
    first, second, length = voxel_links(voxels, spacing, skip_shortcuts=True)
    owned = counted[voxels].astype(float)
    return float(0.5 * (length * (owned[first] + owned[second])).sum())


def component_lengths_mm(
    skeleton: Mask, components: np.ndarray, *, spacing_mm: Sequence[float]
) -> np.ndarray:
    """Return the length of the skeleton of each component of a mask.

    Lengths are measured as by `skeleton_length_mm`; together they are that of the whole.

    Args:
        skeleton: (H, W) or (H, W, D), binary.
        components: whole numbers of the same shape: the component that a voxel belongs to, under
            the full connectivity (8 or 26), 0 outside all of them.
        spacing_mm: distance in mm between voxel centres along each axis.

    Returns:
        Length in mm of component 0, 1, ..., as many as there are in ``components``.

    Raises:
        TypeError: the skeleton holds no numbers.
        ValueError: the skeleton is not binary, shapes differ, or the spacing does not fit.

    Example:
        >>> skeleton = np.array([[1, 1, 1, 0, 1, 1]], bool)
        >>> components = np.array([[1, 1, 1, 0, 2, 2]])
        >>> component_lengths_mm(skeleton, components, spacing_mm=(1.0, 0.5))
        array([0. , 1. , 0.5])
    """
    voxels = as_mask(skeleton, name="skeleton")
    check_same_shape(voxels, components)
    spacing = check_spacing(spacing_mm, ndim=voxels.ndim)
    first, _, length = voxel_links(voxels, spacing, skip_shortcuts=True)
    owner = components[voxels][first]
    n_components = int(components.max(initial=0)) + 1
    return np.bincount(owner, weights=length, minlength=n_components)


def check_spacing(spacing_mm: Sequence[float], *, ndim: int) -> np.ndarray:
    """Return the spacing as an array, or raise where it does not fit the number of axes.

    Args:
        spacing_mm: one length in mm an axis.
        ndim: number of spatial axes.

    Returns:
        Array of ``ndim`` floats.

    Raises:
        ValueError: another number of values, or one that is not positive and finite.

    Example:
        >>> check_spacing((1.0, 0.5), ndim=2)
        array([1. , 0.5])
    """
    spacing = np.asarray(spacing_mm, dtype=float)
    if spacing.shape != (ndim,):
        raise ValueError(f"spacing_mm must have {ndim} values, one an axis, got {spacing_mm!r}")
    if not (np.isfinite(spacing).all() and (spacing > 0).all()):
        raise ValueError(f"spacing_mm must be positive and finite, got {spacing_mm!r}")
    return spacing


def _same_shape(voxels: np.ndarray, within: Mask) -> np.ndarray:
    other = as_mask(within, name="within")
    check_same_shape(voxels, other)
    return other
