"""The paper's soft skeleton for values of any range, by pooling and automatic differentiation."""

from __future__ import annotations

import functools

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor

__all__ = ["soft_skeleton_any_range"]


def soft_skeleton_any_range(x: Tensor, iter_: int) -> Tensor:
    """Return the soft skeleton of the paper's appendix, for tensors that are no probabilities.

    Slow and large, as every pooling keeps the place of its extremes: it is there so that results
    for logits or class indices, which the fast form does not handle, can be repeated.

    Args:
        x: (B, C, H, W) or (B, C, H, W, D), floating, any values.
        iter_: number of iterations, 0 or more.

    Returns:
        Tensor of the shape of ``x``.

    Example:
        >>> soft_skeleton_any_range(torch.tensor([[[[0.0, 3.0, 0.0]]]]), 0)[0, 0, 0].tolist()
        [0.0, 3.0, 0.0]

    Reference:
        Shit et al., clDice, CVPR 2021, appendix G.2 and G.3.
    """
    skeleton = torch.zeros_like(x)
    for level in range(iter_ + 1):
        eroded = _erode(x)
        residue = F.relu(x - _dilate(eroded))
        skeleton = residue if level == 0 else skeleton + F.relu(residue - skeleton * residue)
        x = eroded
    return skeleton


def _dilate(x: Tensor) -> Tensor:
    pool = F.max_pool2d if x.dim() == 4 else F.max_pool3d
    return pool(x, 3, stride=1, padding=1)


def _erode(x: Tensor) -> Tensor:
    pool = F.max_pool2d if x.dim() == 4 else F.max_pool3d
    n_dims = x.dim() - 2
    lines = []
    for axis in range(n_dims):
        size = [3 if i == axis else 1 for i in range(n_dims)]
        lines.append(-pool(-x, size, stride=1, padding=[n // 2 for n in size]))
    return functools.reduce(torch.minimum, lines)
