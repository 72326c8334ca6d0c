"""Soft clDice beside any other loss, as in the paper's Table 3."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

import torch
from torch import Tensor
from torch.nn.modules.loss import _Loss

from cldice_monai.losses._arguments import check_alpha
from cldice_monai.losses._base_loss import (
    base_value,
    in_precision_of,
    raw_target,
    wants_activated,
)
from cldice_monai.losses._forward import named_pair
from cldice_monai.losses._prepare import Prepared, blank, plain
from cldice_monai.losses._reduce import reduce_loss
from cldice_monai.losses.cldice import SoftclDiceLoss

__all__ = ["CompoundclDiceLoss"]


class CompoundclDiceLoss(_Loss):
    """(1 - alpha) times a loss of your choice plus alpha times the soft clDice loss.

    Args:
        base_loss: called as ``base_loss(input, target)``, for example BCEWithLogitsLoss, MSELoss,
            CrossEntropyLoss, or MONAI's FocalLoss. Its own reduction is kept; ``reduction="none"``
            here makes it one value an item.
        alpha: weight of clDice, in [0, 1].
        base_input: whether the base loss is given the input as it comes ("raw") or after the
            activation named for clDice, with the one-hot target ("activated"). By default torch's
            MSELoss, L1Loss, SmoothL1Loss, HuberLoss and BCELoss get "activated", all else "raw".
        settings: the keyword arguments of `SoftclDiceLoss`. ``sync_ranks`` acts on clDice alone:
            the base loss is that of each process, whose gradients DistributedDataParallel averages.

    Raises:
        TypeError: where ``base_loss`` cannot be called, and as `SoftclDiceLoss` does.
        ValueError: as `SoftclDiceLoss` does.

    Example:
        >>> import torch
        >>> from torch import nn
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
        base_input: Literal["raw", "activated"] | None = None,
        **settings: Any,
    ) -> None:
        super().__init__()
        if not callable(base_loss):
            raise TypeError(f"base_loss must be a loss, got {base_loss!r}; write nn.MSELoss()")
        if base_input is None:
            base_input = "activated" if wants_activated(base_loss) else "raw"
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
        return (1 - self.alpha) * self._base(input, target, prepared) + self.alpha * cldice

    def _base(self, input: Tensor, target: Tensor, prepared: Prepared) -> Tensor:
        counts = prepared.mask
        if self.base_input == "activated":
            input, target = prepared.input, prepared.target
        else:
            input, target = plain(input), plain(target).detach()
            if input.dtype in (torch.float16, torch.bfloat16):
                input = input.float()  # sums over a volume overflow in half precision
            if counts is not None:
                input, target = blank(input, counts), blank(target, counts)
            ignored = self.cldice.channels.ignore_index
            target = raw_target(self.base_loss, input, target, ignored)
        base_loss = in_precision_of(self.base_loss, input)
        return base_value(base_loss, input, target, counts, self.reduction)
