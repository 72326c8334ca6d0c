"""The length of a voxel skeleton in millimetres, attributed voxel by voxel."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product

import numpy as np

from cldice_monai.skeleton.mask import Mask, as_mask, check_same_shape

__all__ = ["check_spacing", "skeleton_length_mm"]


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
    padded = np.pad(voxels, 1)
    strides = np.array([s // padded.itemsize for s in padded.strides])
    flat, counted_flat = padded.ravel(), np.pad(counted, 1).ravel()
    index = np.flatnonzero(flat)
    total = 0.0
    for offset in _half_of_the_offsets(voxels.ndim):
        edge = flat[index + offset @ strides]
        for between in _offsets_between(offset):
            edge &= ~flat[index + between @ strides]
        start = index[edge]
        halves = counted_flat[start].sum() + counted_flat[start + offset @ strides].sum()
        total += 0.5 * float(halves) * float(np.linalg.norm(offset * spacing))
    return total


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


def _half_of_the_offsets(ndim: int) -> list[np.ndarray]:
    """Return one of each pair of opposite neighbour offsets."""
    offsets = list(product((-1, 0, 1), repeat=ndim))
    return [np.array(offset) for offset in offsets[len(offsets) // 2 + 1 :]]


def _offsets_between(offset: np.ndarray) -> list[np.ndarray]:
    """Return the offsets of the voxels that are nearer to both ends of a diagonal edge."""
    parts = product(*[(0, step) if step else (0,) for step in offset])
    return [np.array(part) for part in parts if any(part) and part != tuple(offset)]
