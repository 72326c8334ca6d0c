"""Dice and clDice from sums over voxels: the mathematics of the losses, without settings."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

_NOTHING = 1e-30  # of sums of probabilities; a quotient of less has no gradient in float32

__all__ = ["Smoothing", "cldice_from_sums", "cldice_sums", "dice_from_sums", "dice_sums"]


class Smoothing(NamedTuple):
    """Constants added to the numerators, the denominators and the harmonic mean's denominator."""

    numerator: float = 1e-5
    denominator: float = 1e-5
    mean: float = 0.0


def cldice_sums(
    pair: tuple[Tensor, Tensor],
    skeletons: tuple[Tensor, Tensor],
    mask: Tensor | None,
    axes: Sequence[int],
) -> Tensor:
    """Return the four sums that clDice is made of.

    Each voxel of the predicted skeleton counts with the square of its probability. Without a
    weight, faint noise in a large background owns the soft skeleton and with it Tprec; noise of
    height e in n voxels adds e n without a weight, e^2 n with the probability and e^3 n with its
    square, which no volume that fits in memory brings near the skeleton of a vessel.

    Args:
        pair: probabilities and label, (B, C, ...).
        skeletons: their soft skeletons.
        mask: boolean, True where a voxel counts, or None.
        axes: the axes that are summed over.

    Returns:
        Tensor (4, ...): |S_P V_P^2 V_L|, |S_P V_P^2|, |S_L V_P|, |S_L|.

    Reference:
        Shit et al., clDice, CVPR 2021, Algorithm 2, with the weight V_P^2 in Tprec.
    """
    (probability, label), (predicted, true) = pair, skeletons
    predicted = predicted * probability**2
    if mask is not None:
        predicted, true = torch.where(mask, predicted, 0), torch.where(mask, true, 0)
    axes = list(axes)
    return torch.stack(
        [
            (predicted * label).sum(axes),
            predicted.sum(axes),
            (true * probability).sum(axes),
            true.sum(axes),
        ]
    )


def _ratio(numerator: Tensor, denominator: Tensor, smoothing: Smoothing) -> Tensor:
    """The smoothed ratio; 1 where there is nothing to be wrong about."""
    empty = denominator < _NOTHING
    safe = torch.where(empty, 1.0, denominator + smoothing.denominator)
    return torch.where(empty, 1.0, (numerator + smoothing.numerator) / safe)


def cldice_from_sums(sums: Tensor, smoothing: Smoothing) -> Tensor:
    """Return 1 - clDice from the four sums.

    Args:
        sums: (4, ...) as `cldice_sums` returns them.
        smoothing: the three constants; with zeros the result is still never NaN.

    Returns:
        Tensor (...): 0 where both are empty, 1 where only one is.
    """
    tprec = _ratio(sums[0], sums[1], smoothing)
    tsens = _ratio(sums[2], sums[3], smoothing)
    total = tprec + tsens + smoothing.mean
    disjoint = total < _NOTHING
    mean = 2 * tprec * tsens / torch.where(disjoint, 1.0, total)
    return 1 - torch.where(disjoint, 0.0, mean)


def dice_sums(
    pair: tuple[Tensor, Tensor],
    mask: Tensor | None,
    axes: Sequence[int],
    *,
    squared_pred: bool = False,
    soft_label: bool = False,
) -> Tensor:
    """Return the sums that Dice is made of.

    Args:
        pair: probabilities and label, (B, C, ...).
        mask: boolean, True where a voxel counts, or None.
        axes: the axes that are summed over.
        squared_pred: square both in the denominator, as MONAI's DiceLoss.
        soft_label: use the overlap that is right for labels between 0 and 1, as MONAI's DiceLoss.

    Returns:
        Tensor (3, ...): overlap, prediction, label.
    """
    probability, label = pair
    if mask is not None:
        probability, label = torch.where(mask, probability, 0), torch.where(mask, label, 0)
    axes = list(axes)
    if squared_pred:
        sizes = [(probability * probability).sum(axes), (label * label).sum(axes)]
    else:
        sizes = [probability.sum(axes), label.sum(axes)]
    if soft_label and not squared_pred:
        overlap = (sizes[0] + sizes[1] - (probability - label).abs().sum(axes)) / 2
    else:
        overlap = (probability * label).sum(axes)
    return torch.stack([overlap, *sizes])


def dice_from_sums(sums: Tensor, smoothing: Smoothing, *, jaccard: bool = False) -> Tensor:
    """Return 1 - Dice, or 1 - Jaccard, from the three sums.

    Args:
        sums: (3, ...) as `dice_sums` returns them.
        smoothing: the first two constants are used.
        jaccard: whether the intersection over the union is meant.

    Returns:
        Tensor (...): 0 where both are empty.
    """
    overlap, predicted, label = sums
    denominator = 2 * (predicted + label - overlap) if jaccard else predicted + label
    return 1 - _ratio(2 * overlap, denominator, smoothing)
