"""Deep supervision whose smaller labels keep every vessel."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import torch
from monai.losses import DeepSupervisionLoss
from torch import Tensor
from torch.nn.modules.loss import _Loss

from cldice_monai.losses._prepare import (
    ChannelSettings,
    blank,
    check_classes,
    counting,
    encode_classes,
)
from cldice_monai.topology.label_downsampling import downsample_label

__all__ = ["ClDiceDeepSupervisionLoss"]


class ClDiceDeepSupervisionLoss(DeepSupervisionLoss):
    """MONAI's DeepSupervisionLoss with a down-sampling that loses and cuts no vessel.

    Args:
        loss: a loss of this package, or another whose targets are one-hot or binary. Where it has
            a softmax, the background of a small label gives way to the other classes; two of these
            may still claim the same small voxel.
        weight_mode: "same", "exp" or "two", as MONAI's.
        weights: weights of the levels instead, as MONAI's.

    Raises:
        TypeError: where ``loss`` is not a module.

    Example:
        >>> from cldice_monai.losses import SoftDiceclDiceLoss
        >>> label = torch.zeros(1, 1, 16, 16)
        >>> label[..., 5, :] = 1
        >>> heads = [20 * label - 10, 20 * label[..., 1::4, 1::4] - 10]
        >>> loss = ClDiceDeepSupervisionLoss(SoftDiceclDiceLoss(sigmoid=True))
        >>> round(float(loss(heads, label)), 2)
        0.0
    """

    def __init__(
        self, loss: _Loss, weight_mode: str = "exp", weights: list[float] | None = None
    ) -> None:
        if not isinstance(loss, torch.nn.Module):
            raise TypeError(f"loss must be a loss module, got {loss!r}; write SoftDiceclDiceLoss()")
        super().__init__(loss, weight_mode, weights)

    def forward(
        self,
        input: Tensor | Sequence[Tensor] | None,
        target: Tensor,
        *,
        mask: Tensor | None = None,
    ) -> Tensor:
        """Return the weighted sum of the losses of all heads.

        Args:
            input: (B, C, ...) or one such tensor a head, the finest first.
            target: (B, C, ...) one-hot, or (B, 1, ...) class indices where the loss encodes them.
            mask: (B, 1 or C, ...) of the target's size, non-zero where a voxel counts; a small
                voxel counts where all that it covers do.

        Returns:
            Scalar, or of the shape that the loss returns for other reductions.

        Raises:
            ValueError: where ``input`` is None, and where class indices would have to be shrunk
                for a loss of another package.
        """
        if input is None:
            raise ValueError("input shouldn't be None.")
        heads = [input] if isinstance(input, Tensor) else list(input)
        if not heads:
            raise ValueError("input holds no head; pass one tensor or a list of them")
        target, mask = self._full_size(target, mask, heads[0].shape[1], len(heads))
        loss = self._loss_for(target, heads[0].shape[1])
        weights = [1.0] if isinstance(input, Tensor) else self.get_weights(levels=len(heads))
        terms = [
            weight * self._level(loss, head.float(), target, mask)
            for weight, head in zip(weights, heads, strict=True)
        ]
        return torch.stack(terms).sum(dim=0) if len(terms) > 1 else terms[0]

    def _level(
        self, loss: torch.nn.Module, head: Tensor, target: Tensor, mask: Tensor | None
    ) -> Tensor:
        size = head.shape[2:]
        if size != target.shape[2:]:
            target = downsample_label(target, size, background_channel=self._excludes)
            if mask is not None:
                mask = 1 - downsample_label(1 - mask, size)
        if mask is None:
            return loss(head, target)
        return loss(head, target, mask=mask)

    def _loss_for(self, target: Tensor, n_classes: int) -> torch.nn.Module:
        """The loss, kept from encoding again what is encoded: MONAI's form always does."""
        if target.shape[1] == 1 or n_classes == 1 or self._channels is None:
            return self.loss
        holder: Any = getattr(self.loss, "cldice", self.loss)
        if holder.monai_form is None or not holder.monai_form.channels.to_onehot_y:
            return self.loss
        loss = copy.deepcopy(self.loss)
        holder = getattr(loss, "cldice", loss)
        channels = replace(holder.monai_form.channels, to_onehot_y=False)
        holder.monai_form = holder.monai_form._replace(channels=channels)
        return loss

    @property
    def _channels(self) -> ChannelSettings | None:
        """How the loss reads its channels; None for a loss of another package."""
        holder = getattr(self.loss, "cldice", self.loss)
        channels = getattr(holder, "channels", None)
        return channels if isinstance(channels, ChannelSettings) else None

    @property
    def _excludes(self) -> bool:
        """Whether the classes exclude each other, so that the background gives way to the rest."""
        channels = self._channels
        if channels is not None:
            return channels.to_onehot_y or channels.softmax
        # DiceCELoss holds a cross-entropy whether or not its Dice has a sigmoid.
        if self._has("sigmoid"):
            return False
        cross_entropy = any(isinstance(m, torch.nn.CrossEntropyLoss) for m in self.loss.modules())
        return cross_entropy or self._has("softmax") or self._has("use_softmax")

    def _has(self, switch: str) -> bool:
        """Whether the loss, or one that it is made of, has a switch on."""
        return any(getattr(part, switch, False) is True for part in self.loss.modules())

    def _full_size(
        self, target: Tensor, mask: Tensor | None, n_classes: int, n_heads: int
    ) -> tuple[Tensor, Tensor | None]:
        """Encode class indices before they are shrunk; a number has no connectivity."""
        if mask is not None and not isinstance(mask, Tensor):
            raise TypeError(f"mask must be a tensor, got {type(mask).__name__}")
        channels = self._channels
        counts = counting(target, mask, None if channels is None else channels.ignore_index)
        mask = None
        if counts is not None:
            target, mask = blank(target, counts), counts.float()
        if target.shape[1] != 1 or n_classes == 1:
            return target, mask
        if channels is None:
            if n_heads > 1 and self._has("to_onehot_y"):
                raise ValueError(
                    "target must be one-hot for a loss of another package, got class indices; "
                    "encode it with AsDiscreted(to_onehot=...) and set to_onehot_y=False"
                )
            return target, mask
        if target.device.type == "cpu" and not torch.compiler.is_compiling():
            check_classes(target, n_classes, channels.ignore_index)
        return encode_classes(target, n_classes, channels.ignore_index), mask
