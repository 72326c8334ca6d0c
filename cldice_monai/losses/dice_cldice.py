"""Soft Dice and soft clDice in one loss, equation 3 of the paper."""

from __future__ import annotations

from typing import Any, Literal

from monai.utils import LossReduction
from torch import Tensor
from torch.nn.modules.loss import _Loss

from cldice_monai.losses._arguments import check_alpha, refuse_leftovers
from cldice_monai.losses._counts import dice_from_sums, dice_sums
from cldice_monai.losses._forward import named_pair
from cldice_monai.losses._monai_form import check_monai_only
from cldice_monai.losses._prepare import Prepared
from cldice_monai.losses._reduce import reduce_loss, weigh_classes
from cldice_monai.losses.cldice import SoftclDiceLoss

__all__ = ["SoftDiceclDiceLoss"]


class SoftDiceclDiceLoss(_Loss):
    """(1 - alpha) times the soft Dice loss plus alpha times the soft clDice loss.

    Args:
        iter_: iterations of the soft skeleton.
        alpha: weight of clDice, in [0, 1].
        smooth_nr: as in `SoftclDiceLoss`, for both terms.
        smooth_dr: as in `SoftclDiceLoss`, for both terms.
        smooth: as in `SoftclDiceLoss`.
        include_background: whether channel 0 counts as a class.
        to_onehot_y: whether the target holds class indices in one channel.
        sigmoid: apply a sigmoid to the input.
        softmax: apply a softmax over the channels of the input.
        other_act: apply this activation instead; it must end in [0, 1].
        reduction: "mean", "sum" or "none".
        squared_pred: square the sizes in the Dice term's denominator.
        jaccard: use the Jaccard index in place of Dice.
        soft_label: use the Dice overlap that is right for labels between 0 and 1.
        others: the further keyword arguments of `SoftclDiceLoss`, ``monai_compatible`` among them.

    Raises:
        TypeError: for arguments of the wrong type or of another loss.
        ValueError: for values that cannot be used.

    Example:
        >>> import torch
        >>> label = torch.zeros(1, 1, 8, 16)
        >>> label[:, :, 3:6, 2:14] = 1
        >>> loss = SoftDiceclDiceLoss(sigmoid=True)
        >>> round(float(loss(20 * label - 10, label)), 3)
        0.0

    Reference:
        Shit et al., clDice, CVPR 2021, equation 3.
    """

    def __init__(
        self,
        iter_: int | Literal["auto"] = 3,
        alpha: float = 0.5,
        smooth_nr: float | None = None,
        smooth_dr: float | None = None,
        smooth: float | None = None,
        include_background: bool = True,
        to_onehot_y: bool = False,
        sigmoid: bool = False,
        softmax: bool = False,
        other_act: Any = None,
        reduction: LossReduction | str = LossReduction.MEAN,
        *,
        squared_pred: bool = False,
        jaccard: bool = False,
        soft_label: bool = False,
        **others: Any,
    ) -> None:
        super().__init__(reduction=LossReduction(reduction).value)
        check_alpha(alpha)
        refuse_leftovers(type(self).__name__, foreign_arguments(others))
        self.alpha = alpha
        self.squared_pred = squared_pred
        self.jaccard = jaccard
        self.soft_label = soft_label
        if others.get("monai_compatible", False):
            check_monai_only(
                {"squared_pred": squared_pred, "jaccard": jaccard, "soft_label": soft_label}
            )
        self.cldice = SoftclDiceLoss(
            iter_,
            smooth_nr,
            smooth_dr,
            smooth,
            include_background=include_background,
            to_onehot_y=to_onehot_y,
            sigmoid=sigmoid,
            softmax=softmax,
            other_act=other_act,
            reduction=reduction,
            **others,
        )

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
        """Return the loss; arguments, result and errors as in `SoftclDiceLoss`."""
        input, target = named_pair(input, target, y_pred, y_true)
        if self.cldice.monai_form is not None:
            check_monai_only({"target_skeleton": target_skeleton, "mask": mask})
            return self.cldice.monai_form.dice_cldice(input, target, self.alpha)
        prepared = self.cldice.prepare(input, target, mask)
        dice = self._dice(prepared)
        cldice = self.cldice.per_class(prepared, target_skeleton)
        loss = (1 - self.alpha) * dice + self.alpha * cldice
        return reduce_loss(loss, self.reduction, prepared.input.dim() - 2)

    def _dice(self, prepared: Prepared) -> Tensor:
        sums = dice_sums(
            (prepared.input, prepared.target),
            prepared.mask,
            self.cldice.sum_axes(prepared.input),
            squared_pred=self.squared_pred,
            soft_label=self.soft_label,
        )
        dice = dice_from_sums(self.cldice.pooled(sums), self.cldice.smoothing, jaccard=self.jaccard)
        return weigh_classes(dice, self.cldice.class_weight)


def foreign_arguments(others: dict[str, Any]) -> dict[str, Any]:
    """Return the keyword arguments that `SoftclDiceLoss` does not have by name."""
    return {name: value for name, value in others.items() if name not in _CLDICE_ARGUMENTS}


_CLDICE_ARGUMENTS = set(SoftclDiceLoss.__init__.__annotations__) - {"leftovers", "return"}
