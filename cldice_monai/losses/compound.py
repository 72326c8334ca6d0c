"""Soft clDice beside any other loss, as in the paper's Table 3."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any, Literal

import torch
from torch import Tensor, nn
from torch.nn.modules.loss import _Loss

from cldice_monai.losses._arguments import check_alpha
from cldice_monai.losses._forward import named_pair
from cldice_monai.losses._prepare import Prepared
from cldice_monai.losses._reduce import reduce_loss
from cldice_monai.losses.cldice import SoftclDiceLoss

__all__ = ["CompoundclDiceLoss"]

_TAKES_INDICES = (nn.CrossEntropyLoss, nn.NLLLoss)


class CompoundclDiceLoss(_Loss):
    """(1 - alpha) times a loss of your choice plus alpha times the soft clDice loss.

    Args:
        base_loss: called as ``base_loss(input, target)``, for example BCEWithLogitsLoss, MSELoss,
            CrossEntropyLoss, or MONAI's FocalLoss. It has to know itself whether it takes logits.
        alpha: weight of clDice, in [0, 1].
        base_input: whether the base loss is given the input as it comes ("raw") or after the
            activation named for clDice ("activated"), as BCELoss and MSELoss need for logits.
        settings: the keyword arguments of `SoftclDiceLoss`.

    Raises:
        TypeError: where ``base_loss`` cannot be called, and as `SoftclDiceLoss` does.
        ValueError: as `SoftclDiceLoss` does.

    Example:
        >>> label = torch.zeros(1, 1, 8, 16)
        >>> label[:, :, 3:6, 2:14] = 1
        >>> loss = CompoundclDiceLoss(nn.BCEWithLogitsLoss(), alpha=0.3, sigmoid=True)
        >>> round(float(loss(20 * label - 10, label)), 3)
        0.0

    Reference:
        Shit et al., clDice, CVPR 2021, equation 3 and Table 3.
    """

    def __init__(
        self,
        base_loss: Callable[[Tensor, Tensor], Tensor],
        alpha: float = 0.5,
        *,
        base_input: Literal["raw", "activated"] = "raw",
        **settings: Any,
    ) -> None:
        super().__init__()
        if not callable(base_loss):
            raise TypeError(f"base_loss must be a loss, got {base_loss!r}; write nn.MSELoss()")
        if base_input not in ("raw", "activated"):
            raise ValueError(f'base_input must be "raw" or "activated", got {base_input!r}')
        if settings.get("monai_compatible", False):
            raise ValueError("monai_compatible=True: MONAI has no such loss; remove it")
        check_alpha(alpha)
        self.cldice = SoftclDiceLoss(**settings)
        self.reduction = self.cldice.reduction
        self.base_loss = base_loss
        self.alpha = alpha
        self.base_input = base_input

    def forward(
        self,
        input: Tensor | None = None,
        target: Tensor | None = None,
        *,
        target_skeleton: Tensor | None = None,
        mask: Tensor | None = None,
        y_pred: Tensor | None = None,
        y_true: Tensor | None = None,
    ) -> Tensor:
        """Return the loss; arguments and errors as in `SoftclDiceLoss`.

        Raises:
            ValueError: also where voxels are left out and the base loss gives no value a voxel.
        """
        input, target = named_pair(input, target, y_pred, y_true)
        prepared = self.cldice.prepare(input, target, mask)
        cldice = self.cldice.per_class(prepared, target_skeleton)
        cldice = reduce_loss(cldice, self.reduction, prepared.input.dim() - 2)
        raw = prepared.input if self.base_input == "activated" else input
        return (1 - self.alpha) * self._base(raw, target, prepared) + self.alpha * cldice

    def _base(self, input: Tensor, target: Tensor, prepared: Prepared) -> Tensor:
        target = target.detach()
        counts = prepared.mask
        if self.base_input == "activated":
            target = prepared.target
        elif isinstance(self.base_loss, _TAKES_INDICES) and target.shape[1] == 1:
            target = target[:, 0].long()
        elif not target.is_floating_point() and target.shape == input.shape:
            target = target.to(input.dtype)
        if counts is None:
            return self.base_loss(input, target)
        return self._masked_base(input, target, counts)

    def _masked_base(self, input: Tensor, target: Tensor, counts: Tensor) -> Tensor:
        """The base loss averaged over the voxels that count.

        Input and target are set to 0 under the mask first, so that no ignored label reaches the
        base loss; its values there are left out afterwards.
        """
        in_target = counts[:, 0] if target.dim() < input.dim() else counts
        clean = torch.where(in_target.expand(target.shape), target, 0)
        values = _unreduced(self.base_loss)(torch.where(counts, input, 0), clean)
        if values.dim() == input.dim() - 1:
            counts = counts[:, 0]
        if values.dim() < counts.dim() or values.shape[-1] != input.shape[-1]:
            raise ValueError(
                "mask and ignore_index need a base_loss with one value a voxel for "
                f'reduction="none", got the shape {tuple(values.shape)}; mask it in base_loss'
            )
        kept = torch.where(counts, values, 0)
        if self.reduction == "none":
            return kept
        number = counts.expand(values.shape).sum().clamp(min=1)
        return kept.sum() / number if self.reduction == "mean" else kept.sum()


def _unreduced(base_loss: Callable[[Tensor, Tensor], Tensor]) -> Callable[[Tensor, Tensor], Tensor]:
    if not hasattr(base_loss, "reduction"):
        raise ValueError(
            "mask and ignore_index need a base_loss with a reduction that can be set to "
            f'"none", got {type(base_loss).__name__}; mask it in base_loss'
        )
    single = copy.copy(base_loss)
    single.reduction = "none"
    return single
