"""The loss beside clDice: what it is given, and its average over the voxels that count."""

from __future__ import annotations

import copy
from collections.abc import Callable

import torch
from torch import Tensor, nn

from cldice_monai.losses._prepare import encode_classes

__all__ = ["base_value", "in_precision_of", "raw_target", "wants_activated"]

_Loss = Callable[[Tensor, Tensor], Tensor]
_TAKES_INDICES = (nn.CrossEntropyLoss, nn.NLLLoss)
_TAKES_PROBABILITIES = (nn.MSELoss, nn.L1Loss, nn.SmoothL1Loss, nn.HuberLoss, nn.BCELoss)


def wants_activated(base_loss: _Loss) -> bool:
    """Whether a loss compares probabilities with the label, so that logits would be wrong."""
    return isinstance(base_loss, _TAKES_PROBABILITIES)


def in_precision_of(base_loss: _Loss, input: Tensor) -> _Loss:
    """Return the loss with class weights in the precision of its input.

    A loss that was cast to half precision as a whole is given float32 all the same.
    """
    if not isinstance(base_loss, nn.Module) or not input.is_floating_point():
        return base_loss
    tensors = (*base_loss.buffers(), *base_loss.parameters())
    half = (torch.float16, torch.bfloat16)
    if input.dtype in half or not any(tensor.dtype in half for tensor in tensors):
        return base_loss
    return copy.deepcopy(base_loss).to(input.dtype)


def raw_target(base_loss: _Loss, input: Tensor, target: Tensor, ignore: int | None) -> Tensor:
    """Return the target in the form that a loss takes beside the input as it came.

    Args:
        base_loss: the loss.
        input: (B, C, ...).
        target: (B, 1 or C, ...), without gradient.
        ignore: class index that does not count, or None.

    Returns:
        Class indices (B, ...) for cross-entropy, one-hot for torch's losses that compare voxel by
        voxel, and else the target itself; a loss of MONAI encodes class indices by its own
        ``to_onehot_y``.
    """
    if isinstance(base_loss, _TAKES_INDICES) and target.shape[1] == 1:
        return target[:, 0].long()
    by_voxel = isinstance(base_loss, (*_TAKES_PROBABILITIES, nn.BCEWithLogitsLoss))
    if by_voxel and target.shape[1] == 1 < input.shape[1]:
        target = encode_classes(target, input.shape[1], ignore)
    if not target.is_floating_point() and target.shape == input.shape:
        return target.to(input.dtype)
    return target


def base_value(
    base_loss: _Loss, input: Tensor, target: Tensor, counts: Tensor | None, reduction: str
) -> Tensor:
    """Return the base loss over the voxels that count; a mask of ones changes nothing.

    The base loss' own "mean" or "sum" is kept, as it would be without a mask; one that gives a
    value a voxel is reduced as the compound loss is. ``reduction="none"`` gives one value an item.

    Args:
        base_loss: the loss.
        input: (B, C, ...), free of junk where a voxel does not count.
        target: what belongs to it, likewise.
        counts: boolean, (B, 1 or C, ...), or None where all voxels count.
        reduction: of the compound loss.

    Returns:
        Scalar, or (B, 1, 1, 1[, 1]) for "none".

    Raises:
        ValueError: where voxels are left out and the base loss gives no value a voxel.
    """
    own = getattr(base_loss, "reduction", None)
    if counts is None and (own is None or (own != "none" and reduction != "none")):
        return base_loss(input, target)
    values = _unreduced(base_loss)(input, target)
    if counts is None and values.dim() == 0:
        return values
    weights = _weights(base_loss, values, target)
    if counts is not None:
        fitted = _fitted(counts, values, input)
        values, weights = torch.where(fitted, values, 0), torch.where(fitted, weights, 0)
    axes = list(range(0 if reduction != "none" else 1, values.dim()))
    total = values.sum(axes)
    if own != "sum" and not (own == "none" and reduction == "sum"):
        weight = weights.sum(axes)
        total = torch.where(weight == 0, 0.0, total / torch.where(weight == 0, 1.0, weight))
    return total if reduction != "none" else total.reshape(-1, *[1] * (input.dim() - 1))


def _weights(base_loss: _Loss, values: Tensor, target: Tensor) -> Tensor:
    """What each value weighs in torch's mean: for class indices, the weight of their class."""
    if not isinstance(base_loss, _TAKES_INDICES) or target.dim() != values.dim():
        return torch.ones_like(values)
    known = target != base_loss.ignore_index
    if base_loss.weight is None:
        return known.to(values)
    return torch.where(known, base_loss.weight[torch.where(known, target, 0)], 0.0)


def _fitted(counts: Tensor, values: Tensor, input: Tensor) -> Tensor:
    """Bring the mask to the shape of the values; without channels a voxel counts where any does."""
    if values.dim() < input.dim() - 1 or values.shape[-1] != input.shape[-1]:
        raise ValueError(
            "mask and ignore_index need a base_loss with one value a voxel for "
            f'reduction="none", got the shape {tuple(values.shape)}; mask it in base_loss'
        )
    if values.dim() == input.dim() - 1:
        return counts.any(dim=1)
    if counts.shape[1] not in (1, values.shape[1]):
        counts = counts.any(dim=1, keepdim=True)
    return counts.expand(values.shape)


def _unreduced(base_loss: _Loss) -> _Loss:
    if not hasattr(base_loss, "reduction"):
        raise ValueError(
            "mask and ignore_index need a base_loss with a reduction that can be set to "
            f'"none", got {type(base_loss).__name__}; mask it in base_loss'
        )
    single = copy.copy(base_loss)
    single.reduction = "none"
    return single
