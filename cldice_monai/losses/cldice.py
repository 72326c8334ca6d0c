"""Soft clDice as a loss: one minus the centreline Dice of probabilities and a label."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from monai.utils import LossReduction
from torch import Tensor
from torch.nn.modules.loss import _Loss

from cldice_monai.losses._arguments import check_activations, check_iter, refuse_leftovers
from cldice_monai.losses._counts import Smoothing, cldice_from_sums, cldice_sums
from cldice_monai.losses._forward import FirstCalls, named_pair
from cldice_monai.losses._prepare import ChannelSettings, Prepared, prepare
from cldice_monai.losses._reduce import reduce_loss, weigh_classes
from cldice_monai.skeleton.soft import soft_skeleton

__all__ = ["SoftclDiceLoss"]


class SoftclDiceLoss(_Loss):
    """One minus the soft centreline Dice, for each class of each item.

    Takes the arguments of MONAI's SoftclDiceLoss and DiceLoss under their names.

    Args:
        iter_: iterations of the soft skeleton, best the largest vessel radius in voxels.
        smooth_nr: constant added to the numerators of Tprec and Tsens (default 1e-5).
        smooth_dr: constant added to their denominators (default 1e-5).
        smooth: constant added to the denominator of the harmonic mean (default 0).
        include_background: whether channel 0 counts as a class.
        to_onehot_y: whether the target holds class indices in one channel.
        sigmoid: apply a sigmoid to the input.
        softmax: apply a softmax over the channels of the input.
        other_act: apply this activation instead; it must end in [0, 1].
        reduction: "mean", "sum" or "none"; "none" gives (B, C, 1, 1[, 1]).
        batch: sum over the batch before the ratios.
        weight: one value for all classes or one a class, without the left-out background.
        ignore_index: label value whose voxels do not count.
        spacing: voxel size along each spatial axis, so that thick slices are thinned evenly.
        validate: look at the value range in every call (True), in none (False), or always on the
            CPU and in the first call elsewhere (None).
        leftovers: arguments of other losses, refused with what to write instead.

    Raises:
        TypeError: for arguments of the wrong type or of another loss.
        ValueError: for values that cannot be used.

    Example:
        >>> label = torch.zeros(1, 1, 8, 16)
        >>> label[:, :, 3:6, 2:14] = 1
        >>> loss = SoftclDiceLoss(iter_=2)
        >>> round(float(loss(label, label)), 4), round(float(loss(1 - label, label)), 2)
        (0.0, 1.0)

    Reference:
        Shit et al., clDice, CVPR 2021, Algorithms 1 and 2.
    """

    def __init__(
        self,
        iter_: int = 3,
        smooth_nr: float | None = None,
        smooth_dr: float | None = None,
        smooth: float | None = None,
        include_background: bool = True,
        to_onehot_y: bool = False,
        sigmoid: bool = False,
        softmax: bool = False,
        other_act: Callable[[Tensor], Tensor] | None = None,
        reduction: LossReduction | str = LossReduction.MEAN,
        *,
        batch: bool = False,
        weight: Sequence[float] | float | Tensor | None = None,
        ignore_index: int | None = None,
        spacing: Sequence[float] | None = None,
        validate: bool | None = None,
        **leftovers: Any,
    ) -> None:
        super().__init__(reduction=LossReduction(reduction).value)
        refuse_leftovers(type(self).__name__, leftovers)
        check_activations(sigmoid, softmax, other_act)
        check_iter(iter_, auto=False)
        self.iter = iter_
        self.smoothing = checked_smoothing(smooth_nr, smooth_dr, smooth)
        self.channels = ChannelSettings(
            include_background, to_onehot_y, sigmoid, softmax, other_act, ignore_index
        )
        self.batch = batch
        self.spacing = None if spacing is None else tuple(spacing)
        self.register_buffer("class_weight", checked_weight(weight))
        self.class_weight: Tensor | None
        self._first_calls = FirstCalls(validate)

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
        """Return the loss.

        Args:
            input: (B, C, H, W) or (B, C, H, W, D), logits where an activation is set, otherwise
                probabilities in [0, 1].
            target: (B, C, ...) one-hot, or (B, 1, ...) with ``to_onehot_y``; any dtype.
            target_skeleton: (B, 1 or C, ...), the skeleton of the one-hot target.
            mask: (B, 1 or C, ...), non-zero where a voxel counts.
            y_pred: deprecated name of ``input``.
            y_true: deprecated name of ``target``.

        Returns:
            Scalar, or (B, C, 1, 1[, 1]) for reduction "none"; float32 for half precision.

        Raises:
            ValueError: for shapes that do not match and values outside [0, 1].
        """
        input, target = named_pair(input, target, y_pred, y_true)
        prepared = self.prepare(input, target, mask)
        loss = self.per_class(prepared, target_skeleton)
        return reduce_loss(loss, self.reduction, prepared.input.dim() - 2)

    def prepare(self, input: Tensor, target: Tensor, mask: Tensor | None) -> Prepared:
        """Return probabilities, one-hot label and mask in one shape."""
        check = self._first_calls.wants_check(input.device)
        return prepare(input, target, mask, self.channels, check_range=check)

    def per_class(self, prepared: Prepared, target_skeleton: Tensor | None) -> Tensor:
        """Return the weighted loss, (B, C), or (C,) where the batch is summed."""
        pair = (prepared.input, prepared.target)
        skeletons = self._skeletons(prepared, target_skeleton)
        sums = cldice_sums(pair, skeletons, prepared.mask, self.sum_axes(prepared.input))
        return weigh_classes(cldice_from_sums(sums, self.smoothing), self.class_weight)

    def sum_axes(self, x: Tensor) -> list[int]:
        """Return the axes that are summed over before the ratios."""
        return ([0] if self.batch else []) + list(range(2, x.dim()))

    def _skeletons(
        self, prepared: Prepared, target_skeleton: Tensor | None
    ) -> tuple[Tensor, Tensor]:
        predicted = soft_skeleton(prepared.input, self.iter, spacing=self.spacing)
        if target_skeleton is None:
            with torch.no_grad():
                true = soft_skeleton(prepared.target, self.iter, spacing=self.spacing)
        else:
            true = target_skeleton.detach().to(prepared.target)
        return predicted, true


def checked_smoothing(
    smooth_nr: float | None, smooth_dr: float | None, smooth: float | None
) -> Smoothing:
    """Return the constants with defaults filled in; a ValueError for a negative one."""
    defaults = Smoothing()
    values = []
    for name, value, default in (
        ("smooth_nr", smooth_nr, defaults.numerator),
        ("smooth_dr", smooth_dr, defaults.denominator),
        ("smooth", smooth, defaults.mean),
    ):
        if value is not None and not value >= 0:
            raise ValueError(f"{name} must be 0 or more but got {value}.")
        values.append(default if value is None else float(value))
    return Smoothing(*values)


def checked_weight(weight: Sequence[float] | float | Tensor | None) -> Tensor | None:
    """Return the weights as a tensor; a ValueError for a negative one."""
    if weight is None:
        return None
    weights = torch.as_tensor(weight)
    if weights.ndim > 1 or bool((weights < 0).any()):
        raise ValueError(f"weight must be one value or one a class, 0 or more, got {weight}")
    return weights
