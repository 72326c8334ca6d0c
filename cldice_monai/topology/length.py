"""The length of a voxel skeleton in millimetres, attributed voxel by voxel."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import product

import numpy as np

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
    flat = np.pad(counted, 1).ravel()
    total = 0.0
    for start, end, length_mm in _edges(voxels, spacing):
        total += 0.5 * float(flat[start].sum() + flat[end].sum()) * length_mm
    return total


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
    flat = np.pad(components, 1).ravel()
    lengths = np.zeros(int(flat.max(initial=0)) + 1)
    for start, _, length_mm in _edges(voxels, spacing):
        lengths += length_mm * np.bincount(flat[start], minlength=lengths.size)
    return lengths


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


def _edges(
    voxels: np.ndarray, spacing: np.ndarray
) -> Iterator[tuple[np.ndarray, np.ndarray, float]]:
    """Yield the edges of each direction: flat positions of both ends after padding by one, and mm.

    Args:
        voxels: boolean skeleton.
        spacing: distance in mm between voxel centres along each axis.
    """
    padded = np.pad(voxels, 1)
    strides = np.array([s // padded.itemsize for s in padded.strides])
    flat = padded.ravel()
    index = np.flatnonzero(flat)
    for offset in _half_of_the_offsets(voxels.ndim):
        edge = flat[index + offset @ strides]
        for between in _offsets_between(offset):
            edge &= ~flat[index + between @ strides]
        start = index[edge]
        yield start, start + offset @ strides, float(np.linalg.norm(offset * spacing))


def _half_of_the_offsets(ndim: int) -> list[np.ndarray]:
    """Return one of each pair of opposite neighbour offsets."""
    offsets = list(product((-1, 0, 1), repeat=ndim))
    return [np.array(offset) for offset in offsets[len(offsets) // 2 + 1 :]]


def _offsets_between(offset: np.ndarray) -> list[np.ndarray]:
    """Return the offsets of the voxels that are nearer to both ends of a diagonal edge."""
    parts = product(*[(0, step) if step else (0,) for step in offset])
    return [np.array(part) for part in parts if any(part) and part != tuple(offset)]
