"""Deep supervision whose smaller labels keep every vessel."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from monai.losses import DeepSupervisionLoss
from torch import Tensor
from torch.nn.modules.loss import _Loss

from cldice_monai.losses._prepare import ChannelSettings, encode_classes
from cldice_monai.topology.label_downsampling import downsample_label

__all__ = ["ClDiceDeepSupervisionLoss"]


class ClDiceDeepSupervisionLoss(DeepSupervisionLoss):
    """MONAI's DeepSupervisionLoss with a down-sampling that loses and cuts no vessel.

    Args:
        loss: a loss of this package, or another whose targets are one-hot or binary.
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
            Scalar, or what the loss returns for other reductions of one head.

        Raises:
            ValueError: where ``input`` is None, and where class indices would have to be shrunk
                for a loss of another package.
        """
        if input is None:
            raise ValueError("input shouldn't be None.")
        heads = [input] if isinstance(input, Tensor) else list(input)
        target, mask = self._full_size(target, mask, heads[0].shape[1], len(heads))
        weights = [1.0] if isinstance(input, Tensor) else self.get_weights(levels=len(heads))
        terms = [
            weight * self._level(head.float(), target, mask)
            for weight, head in zip(weights, heads, strict=True)
        ]
        return torch.stack(terms).sum() if len(terms) > 1 else terms[0]

    def _level(self, head: Tensor, target: Tensor, mask: Tensor | None) -> Tensor:
        size = head.shape[2:]
        if size != target.shape[2:]:
            target = downsample_label(target, size, background_channel=self._encodes)
            if mask is not None:
                mask = 1 - downsample_label(1 - mask, size)
        if mask is None:
            return self.loss(head, target)
        return self.loss(head, target, mask=mask)

    @property
    def _channels(self) -> ChannelSettings | None:
        """How the loss reads its channels; None for a loss of another package."""
        holder = getattr(self.loss, "cldice", self.loss)
        channels = getattr(holder, "channels", None)
        return channels if isinstance(channels, ChannelSettings) else None

    @property
    def _encodes(self) -> bool:
        channels = self._channels
        return channels is not None and channels.to_onehot_y

    def _full_size(
        self, target: Tensor, mask: Tensor | None, n_classes: int, n_heads: int
    ) -> tuple[Tensor, Tensor | None]:
        """Encode class indices before they are shrunk; a number has no connectivity."""
        mask = None if mask is None else (mask != 0).float()
        channels: Any = self._channels
        if target.shape[1] != 1 or n_classes == 1:
            return target, mask
        if channels is None:
            if n_heads > 1 and getattr(self.loss, "to_onehot_y", False):
                raise ValueError(
                    "target must be one-hot for a loss of another package, got class indices; "
                    "encode it with AsDiscreted(to_onehot=...) and set to_onehot_y=False"
                )
            return target, mask
        if channels.ignore_index is not None:
            known = (target != channels.ignore_index).float()
            mask = known if mask is None else mask * known
        return encode_classes(target, n_classes, channels.ignore_index), mask
