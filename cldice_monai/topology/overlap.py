"""Tprec, Tsens, clDice, and the ghosts and misses behind them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from scipy import ndimage

from cldice_monai.skeleton.binary import skeletonize
from cldice_monai.skeleton.mask import (
    Mask,
    as_mask,
    as_mask_on_device,
    check_same_shape,
    in_form_of,
    stays_on_device,
)
from cldice_monai.topology.length import check_spacing, skeleton_length_mm

__all__ = [
    "GhostsAndMisses",
    "OverlapScores",
    "cldice",
    "ghosts_and_misses",
    "overlap_scores",
    "topology_precision",
    "topology_sensitivity",
]


class OverlapScores(NamedTuple):
    """The three centreline scores of a prediction, each in [0, 1] or NaN (not measured).

    Attributes:
        cldice: harmonic mean of the other two, 0 where both are 0.
        tprec: share of the predicted skeleton inside the label.
        tsens: share of the label's skeleton inside the prediction.
    """

    cldice: float
    tprec: float
    tsens: float


@dataclass(frozen=True)
class GhostsAndMisses:
    """Where two masks disagree about the network, as voxels and as figures.

    Attributes:
        ghosts: voxels of the predicted skeleton outside the label, boolean, the masks' shape; an
            array, or a tensor where the prediction is one.
        misses: voxels of the label's skeleton outside the prediction, boolean, the same shape.
        n_ghost_voxels: number of ghosts.
        n_miss_voxels: number of misses.
        n_ghost_pieces: connected pieces (8 or 26) of the ghosts.
        n_miss_pieces: connected pieces (8 or 26) of the misses.
        ghost_length_mm: length of the ghosts along the predicted skeleton; None without spacing.
        miss_length_mm: length of the misses along the label's skeleton; None without spacing.
        spacing_mm: the spacing that the lengths were measured with; None without.
    """

    ghosts: Mask
    misses: Mask
    n_ghost_voxels: int
    n_miss_voxels: int
    n_ghost_pieces: int
    n_miss_pieces: int
    ghost_length_mm: float | None
    miss_length_mm: float | None
    spacing_mm: tuple[float, ...] | None


def overlap_scores(pred: Mask, label: Mask, *, ignore_empty: bool = True) -> OverlapScores:
    """Return clDice, Tprec and Tsens of one pair of masks, thinning each mask once.

    Args:
        pred: (H, W) or (H, W, D), binary.
        label: the same shape, binary.
        ignore_empty: what an empty label gives. True: NaN. False: 1 if the prediction is empty too,
            else 0. An empty prediction of a label that is not empty always gives 0.

    Returns:
        The three scores.

    Raises:
        TypeError: a mask holds no numbers.
        ValueError: a mask is not binary or the shapes differ.

    Example:
        >>> label = np.zeros((3, 9), bool)
        >>> label[1, :] = True
        >>> pred = label.copy()
        >>> pred[1, 6:] = False
        >>> overlap_scores(pred, label)
        OverlapScores(cldice=0.8, tprec=1.0, tsens=0.6666666666666666)

    Reference:
        Shit et al., clDice, CVPR 2021, equations 1 and 2.
    """
    predicted, true = _pair_where_it_is(pred, label)
    if not true.any():
        value = float("nan") if ignore_empty else float(not predicted.any())
        return OverlapScores(value, value, value)
    if not predicted.any():
        return OverlapScores(0.0, 0.0, 0.0)
    tprec = _share_inside(skeletonize(predicted), true)
    tsens = _share_inside(skeletonize(true), predicted)
    both = tprec + tsens
    return OverlapScores(2 * tprec * tsens / both if both > 0 else 0.0, tprec, tsens)


def cldice(pred: Mask, label: Mask, *, ignore_empty: bool = True) -> float:
    """Return clDice, the harmonic mean of Tprec and Tsens.

    Args:
        pred: (H, W) or (H, W, D), binary.
        label: the same shape, binary.
        ignore_empty: what an empty label gives, see `overlap_scores`.

    Returns:
        A number in [0, 1], 0 where Tprec and Tsens are both 0, or NaN for an ignored empty label.

    Raises:
        TypeError: a mask holds no numbers.
        ValueError: a mask is not binary or the shapes differ.

    Example:
        >>> cldice(np.eye(4, dtype=bool), np.eye(4, dtype=bool))
        1.0

    Reference:
        Shit et al., clDice, CVPR 2021, equation 2.
    """
    return overlap_scores(pred, label, ignore_empty=ignore_empty).cldice


def topology_precision(pred: Mask, label: Mask, *, ignore_empty: bool = True) -> float:
    """Return Tprec = |skeleton of pred inside label| / |skeleton of pred|.

    Args:
        pred: (H, W) or (H, W, D), binary.
        label: the same shape, binary.
        ignore_empty: what an empty label gives, see `overlap_scores`.

    Returns:
        A number in [0, 1], or NaN for an ignored empty label.

    Raises:
        TypeError: a mask holds no numbers.
        ValueError: a mask is not binary or the shapes differ.

    Example:
        >>> topology_precision(np.ones((1, 4), bool), np.array([[0, 0, 1, 1]]))
        0.5

    Reference:
        Shit et al., clDice, CVPR 2021, equation 1.
    """
    return overlap_scores(pred, label, ignore_empty=ignore_empty).tprec


def topology_sensitivity(pred: Mask, label: Mask, *, ignore_empty: bool = True) -> float:
    """Return Tsens = |skeleton of label inside pred| / |skeleton of label|.

    Args:
        pred: (H, W) or (H, W, D), binary.
        label: the same shape, binary.
        ignore_empty: what an empty label gives, see `overlap_scores`.

    Returns:
        A number in [0, 1], or NaN for an ignored empty label.

    Raises:
        TypeError: a mask holds no numbers.
        ValueError: a mask is not binary or the shapes differ.

    Example:
        >>> topology_sensitivity(np.array([[0, 0, 0, 1]]), np.ones((1, 4), bool))
        0.25

    Reference:
        Shit et al., clDice, CVPR 2021, equation 1.
    """
    return overlap_scores(pred, label, ignore_empty=ignore_empty).tsens


def ghosts_and_misses(
    pred: Mask,
    label: Mask,
    *,
    spacing_mm: Sequence[float] | None = None,
    skeletons: tuple[np.ndarray, np.ndarray] | None = None,
) -> GhostsAndMisses:
    """Find the predicted centreline outside the label and the true centreline not predicted.

    Args:
        pred: (H, W) or (H, W, D), binary.
        label: the same shape, binary.
        spacing_mm: distance in mm between voxel centres along each axis; None measures no length.
        skeletons: of prediction and label, boolean arrays, where they are known already.

    Returns:
        Masks, counts, connected pieces and lengths. Empty masks give zeros.

    Raises:
        TypeError: a mask holds no numbers.
        ValueError: a mask is not binary, shapes differ, or the spacing does not fit.

    Example:
        >>> label = np.zeros((3, 6), bool)
        >>> label[1, :4] = True
        >>> pred = np.roll(label, 2, axis=1)
        >>> found = ghosts_and_misses(pred, label, spacing_mm=(1.0, 1.0))
        >>> found.n_ghost_voxels, found.n_miss_voxels, found.ghost_length_mm
        (2, 2, 1.5)

    Reference:
        Shit et al., clDice, CVPR 2021, appendix A.
    """
    predicted, true = _pair(pred, label)
    spacing = None
    if spacing_mm is not None:
        spacing = tuple(float(s) for s in check_spacing(spacing_mm, ndim=true.ndim))
    if skeletons is None:
        skeletons = skeletonize(predicted), skeletonize(true)
    predicted_skeleton, true_skeleton = skeletons
    ghosts, misses = predicted_skeleton & ~true, true_skeleton & ~predicted
    full = ndimage.generate_binary_structure(true.ndim, true.ndim)
    return GhostsAndMisses(
        ghosts=in_form_of(pred, ghosts),
        misses=in_form_of(pred, misses),
        n_ghost_voxels=int(np.count_nonzero(ghosts)),
        n_miss_voxels=int(np.count_nonzero(misses)),
        n_ghost_pieces=int(ndimage.label(ghosts, structure=full)[1]),
        n_miss_pieces=int(ndimage.label(misses, structure=full)[1]),
        ghost_length_mm=_length(predicted_skeleton, ghosts, spacing),
        miss_length_mm=_length(true_skeleton, misses, spacing),
        spacing_mm=spacing,
    )


def _pair(pred: Mask, label: Mask) -> tuple[np.ndarray, np.ndarray]:
    predicted, true = as_mask(pred, name="pred"), as_mask(label, name="label")
    check_same_shape(predicted, true)
    return predicted, true


def _pair_where_it_is(pred: Mask, label: Mask) -> tuple[Any, Any]:
    """Return the masks as tensors where both are on a GPU, else as arrays."""
    if not (stays_on_device(pred) and stays_on_device(label)):
        return _pair(pred, label)
    predicted, true = as_mask_on_device(pred, name="pred"), as_mask_on_device(label, name="label")
    check_same_shape(predicted, true)
    return predicted, true


def _share_inside(skeleton: Any, mask: Any) -> float:
    return int((skeleton & mask).sum()) / int(skeleton.sum())


def _length(
    skeleton: np.ndarray, part: np.ndarray, spacing_mm: tuple[float, ...] | None
) -> float | None:
    if spacing_mm is None:
        return None
    return skeleton_length_mm(skeleton, spacing_mm=spacing_mm, within=part)
