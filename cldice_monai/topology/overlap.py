"""Tprec, Tsens and clDice."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from cldice_monai.skeleton.binary import skeletonize
from cldice_monai.skeleton.mask import (
    Mask,
    as_mask,
    as_mask_on_device,
    check_same_shape,
    stays_on_device,
)

__all__ = [
    "OverlapScores",
    "cldice",
    "overlap_scores",
    "pair_where_it_is",
    "topology_precision",
    "topology_sensitivity",
]


class OverlapScores(NamedTuple):
    """The three centreline scores of a prediction, each in [0, 1] or NaN (not measured).

    Attributes:
        cldice: harmonic mean of the other two, 0 where both are 0.
        tprec: share of the predicted skeleton inside the label.
        tsens: share of the label's skeleton inside the prediction.

    Example:
        >>> label = np.zeros((3, 9), bool)
        >>> label[1] = True
        >>> scores = overlap_scores(label & (np.arange(9) < 6), label)
        >>> scores.tprec, round(scores.tsens, 3)
        (1.0, 0.667)
    """

    cldice: float
    tprec: float
    tsens: float


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
    predicted, true = pair_where_it_is(pred, label)
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
    """Return Tprec, ``|skeleton of pred inside label| / |skeleton of pred|``.

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
    """Return Tsens, ``|skeleton of label inside pred| / |skeleton of label|``.

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


def _pair(pred: Mask, label: Mask) -> tuple[np.ndarray, np.ndarray]:
    predicted, true = as_mask(pred, name="pred"), as_mask(label, name="label")
    check_same_shape(predicted, true)
    return predicted, true


def pair_where_it_is(pred: Mask, label: Mask) -> tuple[Any, Any]:
    """Return two masks of one shape as tensors where both are on a GPU, else as arrays.

    Args:
        pred: (H, W) or (H, W, D), binary.
        label: the same shape, binary.

    Returns:
        The masks, boolean.

    Raises:
        TypeError: a mask holds no numbers.
        ValueError: a mask is not binary or the shapes differ.

    Example:
        >>> import torch
        >>> pred, label = pair_where_it_is(np.eye(3), torch.eye(3))
        >>> type(label).__name__, pred.dtype
        ('ndarray', dtype('bool'))
    """
    if not (stays_on_device(pred) and stays_on_device(label)):
        return _pair(pred, label)
    predicted, true = as_mask_on_device(pred, name="pred"), as_mask_on_device(label, name="label")
    check_same_shape(predicted, true)
    return predicted, true


def _share_inside(skeleton: Any, mask: Any) -> float:
    return int((skeleton & mask).sum()) / int(skeleton.sum())
