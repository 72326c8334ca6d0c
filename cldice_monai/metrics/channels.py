"""From the tensors that MONAI hands to a metric to one pair of masks a batch item and channel."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence

import numpy as np
import torch

from cldice_monai.skeleton.mask import as_mask

__all__ = ["binary_channels", "measure_channels"]

_ONE_HOT = "AsDiscrete(argmax=True, to_onehot=C)"


def binary_channels(
    y_pred: torch.Tensor, y: torch.Tensor, *, include_background: bool
) -> tuple[np.ndarray, np.ndarray]:
    """Check a pair of batches and return them as boolean arrays, background left out if asked.

    Args:
        y_pred: (B, C, H, W) or (B, C, H, W, D), binary: one-hot classes or one foreground channel.
        y: the same shape, binary.
        include_background: whether channel 0 of several is measured. With a single channel, which
            can only be the foreground, False cannot act and warns.

    Returns:
        Prediction and label, boolean (B, C', H, W[, D]).

    Raises:
        TypeError: not tensors.
        ValueError: another rank, different shapes, or values other than 0 and 1.

    Example:
        >>> x = torch.zeros(1, 2, 4, 4)
        >>> binary_channels(x, x, include_background=False)[0].shape
        (1, 1, 4, 4)
    """
    predicted = as_mask(y_pred, name="y_pred", ranks=(4, 5))
    true = as_mask(y, name="y", ranks=(4, 5))
    if predicted.shape != true.shape:
        raise ValueError(
            f"y_pred and y must have one shape, got {predicted.shape} and {true.shape}; "
            f"make both one-hot with {_ONE_HOT}, or both one channel"
        )
    if include_background:
        return predicted, true
    if predicted.shape[1] == 1:
        warnings.warn(
            "include_background=False cannot act on a single channel: it is measured as foreground",
            stacklevel=2,
        )
        return predicted, true
    return predicted[:, 1:], true[:, 1:]


def measure_channels(
    measure: Callable[[np.ndarray, np.ndarray], Sequence[float]],
    y_pred: torch.Tensor,
    y: torch.Tensor,
    *,
    include_background: bool,
) -> torch.Tensor:
    """Apply a function of two masks to every batch item and channel.

    Args:
        measure: takes the prediction's and the label's mask (spatial axes alone) and returns a
            fixed number n of figures.
        y_pred: as for `binary_channels`.
        y: as for `binary_channels`.
        include_background: as for `binary_channels`.

    Returns:
        float32 tensor (B, C', n) on the device of ``y_pred``.

    Raises:
        TypeError: not tensors.
        ValueError: see `binary_channels`.

    Example:
        >>> x = torch.ones(2, 1, 4, 4)
        >>> measure_channels(lambda p, t: [p.sum(), t.sum()], x, x, include_background=True).shape
        torch.Size([2, 1, 2])
    """
    predicted, true = binary_channels(y_pred, y, include_background=include_background)
    rows = [
        [[float(v) for v in measure(p, t)] for p, t in zip(item_p, item_t, strict=True)]
        for item_p, item_t in zip(predicted, true, strict=True)
    ]
    return torch.tensor(rows, dtype=torch.float32, device=y_pred.device)
