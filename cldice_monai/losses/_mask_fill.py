"""What stands under a mask while an image is skeletonised."""

from __future__ import annotations

import torch
from torch import Tensor

__all__ = ["extend_past_mask"]


def extend_past_mask(x: Tensor, counts: Tensor | None, n_steps: int | None) -> Tensor:
    """Replace what does not count by a straight continuation of what does.

    Zeros under the mask would move the skeleton of a vessel that is cut by it. Instead each step
    gives the masked voxels next to known ones the largest known value among their face
    neighbours, so that a vessel runs on as it would past the border of an image. That is exact
    where the cut is perpendicular to the vessel; a slanted cut bends the continuation.

    Args:
        x: (B, C, H, W) or (B, C, H, W, D).
        counts: boolean, (B, 1 or C, ...), True where a voxel counts; None where all do.
        n_steps: how many voxels deep the continuation is; zeros lie beyond it. None goes on until
            everything is filled.

    Returns:
        Tensor of the shape of ``x``; its gradient does not pass through the continuation,
        and is therefore not the exact derivative next to the mask.

    Example:
        >>> x = torch.tensor([[[[0.0, 0.7, 0.2, 0.2]]]])
        >>> extend_past_mask(x, torch.tensor([[[[True, True, False, False]]]]), 1)[0, 0, 0]
        tensor([0.0000, 0.7000, 0.7000, 0.0000])
    """
    if counts is None:
        return x
    counts = counts.expand(x.shape)
    unknown = -1.0
    with torch.no_grad():
        filled = torch.where(counts, x, unknown)
        # On other devices a look would wait, and in a compiled graph break it.
        may_look = x.device.type == "cpu" and not torch.compiler.is_compiling()
        for _ in range(sum(x.shape[2:]) if n_steps is None else n_steps):
            before = filled
            filled = torch.where(filled == unknown, _highest_neighbour(filled), filled)
            if n_steps is None and may_look and torch.equal(filled, before):
                break
        filled = filled.clamp(min=0)
    return torch.where(counts, x, filled)


def _highest_neighbour(x: Tensor) -> Tensor:
    highest = x.clone()
    for axis in range(2, x.dim()):
        n = x.shape[axis] - 1
        for here, there in ((0, 1), (1, 0)):
            part = highest.narrow(axis, here, n)
            # Not out=part: torch.compile refuses a view that is not contiguous there.
            part.copy_(torch.maximum(part, x.narrow(axis, there, n)))
    return highest
