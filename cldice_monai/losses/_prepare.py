"""From what a network and a loader hand over to probabilities, one-hot labels and a mask."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass

import torch
from monai.metrics.utils import create_ignore_mask
from monai.networks import one_hot
from torch import Tensor

__all__ = [
    "ChannelSettings",
    "Prepared",
    "blank",
    "check_classes",
    "counting",
    "encode_classes",
    "plain",
    "prepare",
]

_TOLERANCE = 1e-4


@dataclass(frozen=True)
class ChannelSettings:
    """How the channels of input and target are read, under the names of MONAI's DiceLoss."""

    include_background: bool = True
    to_onehot_y: bool = False
    sigmoid: bool = False
    softmax: bool = False
    other_act: Callable[[Tensor], Tensor] | None = None
    ignore_index: int | None = None

    @property
    def background_first(self) -> bool:
        """Whether channel 0 of what is scored is known to be the background.

        Classes that exclude each other have one; channels with a sigmoid are vessels of their own.
        """
        return self.include_background and (self.to_onehot_y or self.softmax)


@dataclass(frozen=True)
class Prepared:
    """Tensors of one shape (B, C, H, W) or (B, C, H, W, D).

    Attributes:
        input: probabilities, float32 or float64, with gradient; 0 where a voxel does not count.
        target: the label in the dtype of ``input``, without gradient; 0 likewise.
        mask: boolean, (B, 1 or C, ...), True where a voxel counts; None where all do.
        background_left_out: whether there was a channel before the first.
    """

    input: Tensor
    target: Tensor
    mask: Tensor | None
    background_left_out: bool = False


def prepare(
    input: Tensor,
    target: Tensor,
    mask: Tensor | None,
    settings: ChannelSettings,
    *,
    check_range: bool,
) -> Prepared:
    """Activate, encode, drop the background channel and unite mask and ignore_index.

    Args:
        input: (B, C, H, W) or (B, C, H, W, D), logits or probabilities.
        target: (B, 1 or C, ...), any dtype; class indices where ``to_onehot_y``.
        mask: (B, 1 or C, ...) or None, non-zero where a voxel counts.
        settings: how the channels are read.
        check_range: whether to look at the values, which waits for the device.

    Returns:
        The three tensors in one shape.

    Raises:
        ValueError: for shapes that do not match and values outside [0, 1].
    """
    input, target = plain(input), plain(target).detach()
    if mask is not None and not isinstance(mask, Tensor):
        raise TypeError(f"mask must be a tensor, got {type(mask).__name__}")
    _check_shapes(input, target, mask, settings)
    n_channels = input.shape[1]
    counts = counting(target, mask, settings.ignore_index)
    if counts is not None:
        # Before the activation, so that the gradient is free of NaN too.
        input = blank(input, counts, across=settings.softmax or settings.other_act is not None)
        target = blank(target, counts)
    input = _activate(input, settings)
    if settings.to_onehot_y and n_channels > 1 and target.shape[1] == 1:
        if check_range:
            check_classes(target, n_channels, settings.ignore_index)
        target = encode_classes(target, n_channels, settings.ignore_index)
    left_out = not settings.include_background and n_channels > 1
    if left_out:
        input, target = input[:, 1:], target[:, 1:]
        if counts is not None and counts.shape[1] == n_channels:
            counts = counts[:, 1:]
    target = target.to(input.dtype)
    if counts is not None:
        input, target = blank(input, counts), blank(target, counts)
    if check_range:
        _check_range(input, target, settings, single=n_channels == 1)
    return Prepared(input, target, counts, left_out)


def plain(x: Tensor) -> Tensor:
    """A tensor without metadata, which would be carried through every operation."""
    return x.as_tensor() if hasattr(x, "as_tensor") else x


def _check_shapes(
    input: Tensor,
    target: Tensor,
    mask: Tensor | None,
    settings: ChannelSettings,
) -> None:
    if input.dim() not in (4, 5):
        raise ValueError(
            f"input must be (B, C, H, W) or (B, C, H, W, D), got {tuple(input.shape)}; "
            "add batch and channel axes with x[None, None]"
        )
    n_channels = input.shape[1]
    one_hot_missing = n_channels > 1 and not settings.to_onehot_y
    if _mismatch(target, input) or (target.shape[1] == 1 and one_hot_missing):
        hint = "; set to_onehot_y=True for class indices" if one_hot_missing else ""
        raise ValueError(
            f"target must have the shape of input {tuple(input.shape)}"
            f"{' or one channel' if settings.to_onehot_y else ''}, got {tuple(target.shape)}{hint}"
        )
    if mask is not None and _mismatch(mask, input):
        raise ValueError(
            f"mask must have the shape of input {tuple(input.shape)} or one channel, "
            f"got {tuple(mask.shape)}"
        )
    if n_channels == 1:
        for name, idle in (
            ("softmax=True", settings.softmax),
            ("to_onehot_y=True", settings.to_onehot_y),
            ("include_background=False", not settings.include_background),
        ):
            if idle:
                warnings.warn(f"single channel prediction, `{name}` ignored.", stacklevel=4)


def _mismatch(other: Tensor, like: Tensor) -> bool:
    """Whether ``other`` has neither the shape of ``like`` nor that shape with one channel."""
    return (
        other.dim() != like.dim()
        or other.shape[0] != like.shape[0]
        or other.shape[1] not in (1, like.shape[1])
        or other.shape[2:] != like.shape[2:]
    )


def counting(target: Tensor, mask: Tensor | None, ignore_index: int | None) -> Tensor | None:
    """Return where a voxel counts by ``mask`` and by ``ignore_index``, boolean; None for all."""
    counts = None if mask is None else plain(mask) != 0
    # MONAI subtracts one-hot labels from one, which booleans do not allow.
    labels = target.float() if target.dtype == torch.bool else target
    ignored = create_ignore_mask(labels, ignore_index)
    if ignored is None:
        return counts
    return ignored != 0 if counts is None else counts & (ignored != 0)


def blank(x: Tensor, counts: Tensor, *, across: bool = False) -> Tensor:
    """Set what does not count to 0, whatever it holds.

    Args:
        x: (B, C, ...).
        counts: boolean, (B, 1 or any, ...), True where a voxel counts.
        across: only where no channel counts, because the channels of ``x`` depend on each other.
    """
    across = across or counts.shape[1] != x.shape[1]
    return x.masked_fill(~(counts.any(dim=1, keepdim=True) if across else counts), 0)


def _activate(input: Tensor, settings: ChannelSettings) -> Tensor:
    """Half precision is left here: its sums overflow and its skeletons round."""
    if input.dtype != torch.float64:
        input = input.float()
    if settings.sigmoid:
        return torch.sigmoid(input)
    if settings.softmax and input.shape[1] > 1:
        return torch.softmax(input, dim=1)
    return input if settings.other_act is None else settings.other_act(input)


def encode_classes(target: Tensor, n_channels: int, ignore_index: int | None) -> Tensor:
    """Return class indices (B, 1, ...) as one-hot (B, C, ...); a foreign ignore_index as 0."""
    if ignore_index is not None and not 0 <= ignore_index < n_channels:
        target = torch.where(target == ignore_index, torch.zeros_like(target), target)
    return one_hot(target, num_classes=n_channels)


def check_classes(target: Tensor, n_channels: int, ignore_index: int | None) -> None:
    """Raise a ValueError where class indices, apart from the one ignored, have no channel."""
    wrong = ~((target >= 0) & (target < n_channels))  # true of NaN too
    if ignore_index is not None:
        wrong &= target != ignore_index
    if wrong.any():
        raise ValueError(
            f"target holds the class {target[wrong][0].item():g}, but input has {n_channels} "
            f"channels; give it classes from 0 to {n_channels - 1}, or set ignore_index"
        )


def _check_range(input: Tensor, target: Tensor, settings: ChannelSettings, *, single: bool) -> None:
    if settings.other_act is not None:
        for_input = "other_act must end in [0, 1]"
    elif single:
        for_input = "set sigmoid=True for logits (softmax=True acts on several channels)"
    else:
        for_input = "set sigmoid=True or softmax=True for logits"
    for_target = "make it binary with target > 0"
    for_target += (
        " (to_onehot_y=True acts on several channels)"
        if single
        else ", or set to_onehot_y=True for class indices"
    )
    for name, values, remedy in (("input", input, for_input), ("target", target, for_target)):
        if values.numel() == 0:
            continue
        low, high = (bound.item() for bound in torch.aminmax(values.detach()))
        if low < -_TOLERANCE or high > 1 + _TOLERANCE:
            raise ValueError(
                f"{name} must lie in [0, 1], got values from {low:.4g} to {high:.4g}; {remedy}"
            )
