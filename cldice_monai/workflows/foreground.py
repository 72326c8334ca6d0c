"""The masks that validation metrics compare: the vessel, or each class of vessel."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import torch

__all__ = ["foreground_masks"]


def foreground_masks(
    n_channels: int,
) -> Callable[[Iterable[Mapping[str, Any]]], tuple[list[torch.Tensor], list[torch.Tensor]]]:
    """Return the ``output_transform`` of a metric that leaves the background out.

    Args:
        n_channels: output channels of the network: 1 (a sigmoid), or the number of classes with
            the background first.

    Returns:
        A function that takes a decollated output, dictionaries with "pred" and "label" of 1 channel
        (a mask, or numbers of classes) or one-hot, and returns two lists of channel-first
        masks with one channel for each class of vessel.

    Example:
        >>> item = {"pred": torch.tensor([[0, 1, 2]]), "label": torch.tensor([[0, 2, 2]])}
        >>> pred, label = foreground_masks(3)([item])
        >>> pred[0].tolist()
        [[0, 1, 0], [0, 0, 1]]
    """

    def masks(
        output: Iterable[Mapping[str, Any]],
    ) -> tuple[list[torch.Tensor], list[torch.Tensor]]:
        items = list(output)
        pred = [_foreground(item["pred"], n_channels) for item in items]
        label = [_foreground(item["label"], n_channels) for item in items]
        return pred, label

    return masks


def _foreground(mask: torch.Tensor, n_channels: int) -> torch.Tensor:
    if n_channels <= 2 and mask.shape[0] == 1:
        return mask
    if mask.shape[0] == 1:  # numbers of classes
        return torch.cat([(mask == number).to(mask.dtype) for number in range(1, n_channels)])
    return mask[1:]
