"""Is it the thin vessels that are missed? The label's centreline by radius."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from cldice_monai.skeleton.mask import Mask, as_mask, check_same_shape
from cldice_monai.skeleton.radius import radii_along

__all__ = ["BIN_TITLES", "RadiusBin", "misses_by_radius"]

_EDGES = (0.0, 1.5, 3.0, 6.0, float("inf"))  # in voxels, of the smallest side

BIN_TITLES = ("below 1.5", "1.5 to 3", "3 to 6", "6 and above")
"""The bins of `misses_by_radius`, in voxels of the smallest side."""


class RadiusBin(NamedTuple):
    """Centreline of vessels of one range of radii.

    Attributes:
        from_radius: the range starts here, in the unit of the spacing.
        to_radius: and ends before this; infinite for the last.
        n_voxels: voxels of the label's centreline in it.
        n_missed: those of them outside the prediction.

    Example:
        >>> RadiusBin(0.0, 1.5, n_voxels=8, n_missed=2).share_missed
        0.25
    """

    from_radius: float
    to_radius: float
    n_voxels: int
    n_missed: int

    @property
    def share_missed(self) -> float:
        """Share of the centreline that is missed; NaN where there is none."""
        return self.n_missed / self.n_voxels if self.n_voxels else float("nan")


def misses_by_radius(
    pred: Mask,
    label: Mask,
    label_skeleton: Mask,
    *,
    spacing: Sequence[float],
) -> list[RadiusBin]:
    """Count the missed centreline in bins of the label's radius.

    The radius of a centreline voxel is its distance to the label's background. The bins end at 1.5,
    3 and 6 times the smallest side of a voxel.

    Args:
        pred: (H, W) or (H, W, D), binary.
        label: the same shape.
        label_skeleton: of the label.
        spacing: voxel size along each axis.

    Returns:
        Four bins, from thin to thick.

    Raises:
        TypeError: a mask holds no numbers.
        ValueError: shapes differ, or a mask is not binary.

    Example:
        >>> label = np.zeros((9, 9), bool)
        >>> label[4, :] = True
        >>> pred = label.copy()
        >>> pred[4, 6:] = False
        >>> misses_by_radius(pred, label, label, spacing=(0.5, 0.5))[0]
        RadiusBin(from_radius=0.0, to_radius=0.75, n_voxels=9, n_missed=3)
    """
    check_same_shape(pred, label)
    voxels = as_mask(label, name="label")
    line = as_mask(label_skeleton, name="label_skeleton")
    edges = np.array(_EDGES) * min(spacing)
    radius = radii_along(line, voxels, np.array(spacing, dtype=np.float64))
    bins = np.digitize(radius, edges[1:-1])
    is_missed = ~as_mask(pred, name="pred")[line]
    n_bins = len(_EDGES) - 1
    counts = np.bincount(bins, minlength=n_bins)
    missed = np.bincount(bins, weights=is_missed, minlength=n_bins).astype(np.int64)
    return [
        RadiusBin(float(edges[i]), float(edges[i + 1]), int(counts[i]), int(missed[i]))
        for i in range(n_bins)
    ]
