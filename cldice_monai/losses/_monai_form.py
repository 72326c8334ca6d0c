"""The clDice losses exactly as MONAI 1.6.1 computes them, so that old runs can be repeated."""

from __future__ import annotations

import warnings
from typing import Any, NamedTuple

import torch
from monai.losses import DiceLoss
from monai.networks import one_hot
from torch import Tensor

from cldice_monai.losses._counts import Smoothing
from cldice_monai.losses._prepare import ChannelSettings, plain
from cldice_monai.skeleton.soft import soft_skeleton
from cldice_monai.skeleton.soft_any_range import soft_skeleton_any_range

__all__ = ["MonaiForm", "check_monai_only", "monai_smoothing"]


class MonaiForm(NamedTuple):
    """The arguments of MONAI's SoftclDiceLoss."""

    iter_: int
    smoothing: Smoothing
    channels: ChannelSettings
    reduction: str

    def cldice(self, input: Tensor, target: Tensor, *, encode: bool) -> Tensor:
        """Return MONAI's SoftclDiceLoss.

        Args:
            input: (B, C, H, W) or (B, C, H, W, D).
            target: (B, C, ...), or (B, 1, ...) with ``encode``, floating.
            encode: whether a target of class indices is to be made one-hot.

        Returns:
            Scalar, or (B,) for reduction "none".

        Raises:
            AssertionError: where the shapes differ, as MONAI does.
        """
        input, target = plain(input), plain(target)
        input, target = _channels(input, target, self.channels, encode)
        if not target.is_floating_point():
            raise TypeError(
                f"target must be floating with monai_compatible=True, got {target.dtype}; "
                "convert it with target.float()"
            )
        if target.shape != input.shape:
            raise AssertionError(
                f"ground truth has different shape ({target.shape}) from input ({input.shape})"
            )
        channels = self.channels
        activated = channels.sigmoid or (channels.softmax and input.shape[1] > 1)
        predicted = _skeleton(input, self.iter_, in_range=activated)
        true = _skeleton(target, self.iter_, in_range=False)
        axes = list(range(1, input.dim()))
        nr, dr, smooth = self.smoothing
        tprec = ((predicted * target).sum(axes) + nr) / (predicted.sum(axes) + dr)
        tsens = ((true * input).sum(axes) + nr) / (true.sum(axes) + dr)
        loss = 1.0 - 2.0 * (tprec * tsens) / (tprec + tsens + smooth)
        if self.reduction == "none":
            return loss
        return loss.mean() if self.reduction == "mean" else loss.sum()

    def dice_cldice(self, input: Tensor, target: Tensor, alpha: float) -> Tensor:
        """Return MONAI's SoftDiceclDiceLoss; arguments as `cldice`.

        Raises:
            ValueError: where the number of axes or channels does not fit.
        """
        input, target = plain(input), plain(target)
        if input.dim() != target.dim():
            raise ValueError(
                "the number of dimensions for input and target should be the same, "
                f"got shape {input.shape} and {target.shape}."
            )
        if target.shape[1] != 1 and target.shape[1] != input.shape[1]:
            raise ValueError(
                "number of channels for target is neither 1 nor the same as input, "
                f"got shape {input.shape} and {target.shape}."
            )
        channels = self.channels
        if channels.to_onehot_y:
            target = _encode(target, input.shape[1])
        dice = DiceLoss(
            include_background=channels.include_background,
            sigmoid=channels.sigmoid,
            softmax=channels.softmax,
            other_act=channels.other_act,
            reduction=self.reduction,
            smooth_nr=self.smoothing.numerator,
            smooth_dr=self.smoothing.denominator,
        )
        cldice = self.cldice(input, target, encode=False)
        return (1.0 - alpha) * dice(input, target) + alpha * cldice


def monai_smoothing(
    smooth_nr: float | None, smooth_dr: float | None, smooth: float | None
) -> Smoothing:
    """Return the constants with MONAI's defaults; a ValueError where MONAI raises one."""
    values = [
        default if value is None else float(value)
        for value, default in ((smooth_nr, 1.0), (smooth_dr, 1.0), (smooth, 1e-4))
    ]
    if values[2] <= 0:
        raise ValueError(f"smooth must be a positive value but got {smooth}.")
    return Smoothing(*values)


def check_monai_only(arguments: dict[str, Any]) -> None:
    """Raise a ValueError where an argument that MONAI's losses do not have is given."""
    given = [name for name, value in arguments.items() if value is not None and value is not False]
    if given:
        raise ValueError(
            f"monai_compatible=True takes the arguments of MONAI's loss only, got {given}; "
            "remove them, or monai_compatible"
        )


def _skeleton(x: Tensor, iter_: int, *, in_range: bool) -> Tensor:
    """Class indices and logits are let through, as MONAI lets them.

    Values cannot be looked at in a compiled graph, and elsewhere than on the CPU a look waits for
    the device: what is not known to lie in [0, 1] takes the slow form there, which is right for
    every range.
    """
    can_look = x.device.type == "cpu" and not torch.compiler.is_compiling()
    if in_range or (can_look and _is_in_range(x)):
        return soft_skeleton(x, iter_, core=False, border="ignore")
    return soft_skeleton_any_range(x, iter_)


def _is_in_range(x: Tensor) -> bool:
    if x.numel() == 0:
        return True
    low, high = (bound.item() for bound in torch.aminmax(x.detach()))
    return not (low < 0 or high > 1)


def _encode(target: Tensor, n_channels: int) -> Tensor:
    if n_channels == 1:
        warnings.warn("single channel prediction, `to_onehot_y=True` ignored.", stacklevel=4)
        return target
    return one_hot(target, num_classes=n_channels)


def _channels(
    input: Tensor, target: Tensor, channels: ChannelSettings, encode: bool
) -> tuple[Tensor, Tensor]:
    n_channels = input.shape[1]
    if channels.sigmoid:
        input = torch.sigmoid(input)
    if channels.softmax and n_channels == 1:
        warnings.warn("single channel prediction, `softmax=True` ignored.", stacklevel=4)
    elif channels.softmax:
        input = torch.softmax(input, dim=1)
    if channels.other_act is not None:
        input = channels.other_act(input)
    if channels.to_onehot_y and encode:
        target = _encode(target, n_channels)
    if not channels.include_background and n_channels == 1:
        message = "single channel prediction, `include_background=False` ignored."
        warnings.warn(message, stacklevel=4)
    elif not channels.include_background:
        input, target = input[:, 1:], target[:, 1:]
    return input, target
