"""Smaller labels in which no vessel is lost or broken, for deep supervision."""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor

__all__ = ["downsample_label"]


def downsample_label(
    label: Tensor, size: Sequence[int], *, background_channel: bool = False
) -> Tensor:
    """Shrink labels so that every component stays, in one piece.

    A small voxel is set where any of the voxels it covers is. So no component vanishes, and
    neighbours (by face, edge or corner) land in the same voxel or in neighbours, so that none
    falls apart. Vessels closer than a small voxel may merge. Picking the nearest voxel, as deep
    supervision does elsewhere, loses and cuts thin vessels.

    Args:
        label: (B, C, H, W) or (B, C, H, W, D), one-hot or binary, any dtype; values between 0
            and 1 give the largest covered.
        size: the new number of voxels along each spatial axis, at most the old one.
        background_channel: whether channel 0 is what no other channel claims; it is then made
            again from the others and gives way to them.

    Returns:
        Tensor (B, C, *size) of the same dtype.

    Raises:
        ValueError: for a shape or size that cannot be used.

    Example:
        >>> line = torch.zeros(1, 1, 8, 8)
        >>> line[..., 5, :] = 1
        >>> downsample_label(line, (2, 2))[0, 0].tolist()
        [[0.0, 0.0], [1.0, 1.0]]
    """
    shape, size = tuple(label.shape[2:]), tuple(int(n) for n in size)
    if label.dim() not in (4, 5) or len(size) != len(shape):
        raise ValueError(
            f"label must be (B, C, H, W) or (B, C, H, W, D) and size have one number an axis, "
            f"got {tuple(label.shape)} and {size}"
        )
    if any(not 1 <= new <= old for new, old in zip(size, shape, strict=True)):
        raise ValueError(f"size must be between 1 and {shape}, got {size}; labels only shrink")
    if size == shape:
        return label
    pool = F.adaptive_max_pool2d if len(size) == 2 else F.adaptive_max_pool3d
    small = pool(label if label.is_floating_point() else label.float(), size)
    if background_channel and label.shape[1] > 1:
        claimed = small[:, 1:].amax(dim=1, keepdim=True)
        small = torch.cat([1 - claimed, small[:, 1:]], dim=1)
    return small.to(label.dtype)
