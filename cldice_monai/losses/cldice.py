"""Soft clDice as a loss: one minus the centreline Dice of probabilities and a label."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Literal

from monai.utils import LossReduction
from torch import Tensor
from torch.nn.modules.loss import _Loss

from cldice_monai.losses._arguments import (
    check_activations,
    check_iter,
    check_spacing,
    check_sync,
    checked_smoothing,
    checked_weight,
    refuse_leftovers,
)
from cldice_monai.losses._auto_iter import Iterations
from cldice_monai.losses._counts import cldice_from_sums, cldice_sums
from cldice_monai.losses._forward import FirstCalls, named_pair
from cldice_monai.losses._fused_sums import fused_cldice_sums, may_fuse
from cldice_monai.losses._monai_form import MonaiForm, check_monai_only, monai_smoothing
from cldice_monai.losses._prepare import ChannelSettings, Prepared, prepare
from cldice_monai.losses._reduce import reduce_loss, weigh_classes
from cldice_monai.losses._skeletons import Skeletoniser, check_skeletoniser, skeleton_pair
from cldice_monai.losses._sync import sum_over_ranks

__all__ = ["SoftclDiceLoss"]


class SoftclDiceLoss(_Loss):
    """One minus the soft centreline Dice, for each class of each item.

    Takes the arguments of MONAI's SoftclDiceLoss, in its order, and of DiceLoss, by name.

    Args:
        iter_: iterations of the soft skeleton, best the largest vessel radius in voxels
            (`suggest_iter`), or "auto": taken from the first target that is not empty.
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
        spacing: voxel size along each spatial axis, so that thick slices are thinned evenly;
            ``iter_`` then counts voxels of the finest axis.
        skeleton: "soft", "exact" (binary, with a gradient that passes straight through; CPU), or a
            function from (B, C, ...) probabilities to skeletons in [0, 1] of the same shape.
        validate: look at the value range in every call (True), in none (False), or always on the
            CPU and in the first call elsewhere (None).
        sync_ranks: sum over the processes of a distributed training before the ratios; it needs
            ``batch=True``.
        monai_compatible: compute MONAI 1.6.1's SoftclDiceLoss, with its defaults; arguments that
            MONAI has not are refused.
        leftovers: arguments of other losses, refused with what to write instead.

    Raises:
        TypeError: for arguments of the wrong type or of another loss.
        ValueError: for values that cannot be used.

    Example:
        >>> import torch
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
        iter_: int | Literal["auto"] = 3,
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
        skeleton: Skeletoniser = "soft",
        validate: bool | None = None,
        sync_ranks: bool = False,
        monai_compatible: bool = False,
        **leftovers: Any,
    ) -> None:
        super().__init__(reduction=LossReduction(reduction).value)
        refuse_leftovers(type(self).__name__, leftovers)
        check_activations(sigmoid, softmax, other_act)
        check_iter(iter_, auto=not monai_compatible)
        check_sync(sync_ranks, batch)
        check_skeletoniser(skeleton)
        check_spacing(spacing, soft=isinstance(skeleton, str) and skeleton == "soft")
        fill = monai_smoothing if monai_compatible else checked_smoothing
        self.smoothing = fill(smooth_nr, smooth_dr, smooth)
        self.channels = ChannelSettings(
            include_background, to_onehot_y, sigmoid, softmax, other_act, ignore_index
        )
        self.monai_form: MonaiForm | None = None
        if monai_compatible:
            chosen = None if skeleton == "soft" else skeleton
            check_monai_only(
                {"batch": batch, "weight": weight, "ignore_index": ignore_index}
                | {"spacing": spacing, "skeleton": chosen, "sync_ranks": sync_ranks}
                | {"validate": validate}
            )
            self.monai_form = MonaiForm(int(iter_), self.smoothing, self.channels, self.reduction)
        self.iterations = Iterations(iter_, spacing)
        self.skeleton = skeleton
        self.batch = batch
        self.sync_ranks = sync_ranks
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
            target_skeleton: skeleton of the one-hot target, with or without the background that
                is left out; it saves its computation.
            mask: (B, 1 or C, ...), non-zero where a voxel counts. What the input says elsewhere
                changes neither the loss nor its gradient.
            y_pred: deprecated name of ``input``.
            y_true: deprecated name of ``target``.

        Returns:
            Scalar, or (B, C, 1, 1[, 1]) for reduction "none"; float32 for half precision.

        Raises:
            ValueError: for shapes that do not match and values outside [0, 1].
        """
        input, target = named_pair(input, target, y_pred, y_true)
        if self.monai_form is not None:
            check_monai_only({"target_skeleton": target_skeleton, "mask": mask})
            return self.monai_form.cldice(input, target, encode=True)
        prepared = self.prepare(input, target, mask)
        loss = self.per_class(prepared, target_skeleton)
        return reduce_loss(loss, self.reduction, prepared.input.dim() - 2)

    def prepare(self, input: Tensor, target: Tensor, mask: Tensor | None) -> Prepared:
        """Return probabilities, one-hot label and mask in one shape."""
        spacing = self.iterations.spacing
        if spacing is not None and len(spacing) != input.dim() - 2:
            raise ValueError(
                f"spacing must have one number for each spatial axis of input, got {spacing!r} "
                f"for the shape {tuple(input.shape)}"
            )
        check = self._first_calls.wants_check(input.device)
        return prepare(input, target, mask, self.channels, check_range=check)

    def per_class(self, prepared: Prepared, target_skeleton: Tensor | None) -> Tensor:
        """Return the weighted loss, (B, C), or (C,) where the batch is summed."""
        iter_ = self.iterations.for_target(
            prepared.target,
            background_first=self.channels.background_first and prepared.target.shape[1] > 1,
        )
        spacing = self.iterations.spacing
        if target_skeleton is None and may_fuse(prepared, self.skeleton):
            sums = fused_cldice_sums(prepared, iter_, spacing, batch=self.batch)
        else:
            skeletons = skeleton_pair(prepared, target_skeleton, self.skeleton, iter_, spacing)
            pair = (prepared.input, prepared.target)
            sums = cldice_sums(pair, skeletons, prepared.mask, self.sum_axes(prepared.input))
        loss = cldice_from_sums(self.pooled(sums), self.smoothing)
        return weigh_classes(loss, self.class_weight)

    def sum_axes(self, x: Tensor) -> list[int]:
        """Return the axes that are summed over before the ratios."""
        return ([0] if self.batch else []) + list(range(2, x.dim()))

    def pooled(self, sums: Tensor) -> Tensor:
        """Return the sums, over all processes where ``sync_ranks`` asks for it."""
        return sum_over_ranks(sums) if self.sync_ranks else sums

    @property
    def iter(self) -> int | None:
        """Number of iterations; None for "auto" until it is resolved."""
        return self.iterations.value
