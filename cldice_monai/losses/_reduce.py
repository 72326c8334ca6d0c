"""Class weights and the reduction over batch and classes, as in MONAI's DiceLoss."""

from __future__ import annotations

from torch import Tensor

__all__ = ["reduce_loss", "weigh_classes"]


def weigh_classes(loss: Tensor, weight: Tensor | None) -> Tensor:
    """Multiply each class by its weight.

    Args:
        loss: (..., C), one value a class in the last axis.
        weight: scalar or (C,), or None for no weights; one class alone is not weighted.

    Returns:
        Tensor of the shape of ``loss``.

    Raises:
        ValueError: where the number of weights is not the number of classes.
    """
    n_classes = loss.shape[-1]
    if weight is None:
        return loss
    if weight.ndim > 0 and weight.shape[0] != n_classes:
        raise ValueError(
            f"weight must hold one value for each of the {n_classes} classes, got "
            f"{weight.shape[0]}; with include_background=False leave out the background's"
        )
    return loss if n_classes == 1 else loss * weight.to(loss)


def reduce_loss(loss: Tensor, reduction: str, n_spatial: int) -> Tensor:
    """Reduce the loss over batch and classes.

    Args:
        loss: (B, C), or (C,) where the batch is summed before the ratio.
        reduction: "mean", "sum" or "none".
        n_spatial: number of spatial axes, which "none" keeps with size 1.

    Returns:
        Scalar, or (B, C, 1, 1[, 1]) for "none".
    """
    if reduction == "mean":
        return loss.mean()
    if reduction == "sum":
        return loss.sum()
    return loss.reshape(*loss.shape, *[1] * n_spatial)
