"""The exact binary skeleton with a gradient that passes straight through it."""

from __future__ import annotations

import torch
from torch import Tensor

from cldice_monai.skeleton.binary import skeletonize

__all__ = ["exact_skeleton"]


def exact_skeleton(x: Tensor) -> Tensor:
    """Return the exact skeleton of the voxels of at least one half, for use in a loss.

    The skeleton itself has no derivative. Its voxels hand their gradient on to the probability
    they lie on, as if the skeleton were a fixed mask times the probability.

    Args:
        x: (B, C, H, W) or (B, C, H, W, D), floating, probabilities in [0, 1].

    Returns:
        Tensor of 0 and 1 of the shape and dtype of ``x``, computed on the CPU.

    Example:
        >>> x = torch.zeros(1, 1, 3, 5)
        >>> x[..., 0:3, 1:4] = 0.9
        >>> exact_skeleton(x).sum().item() >= 1
        True

    Reference:
        Shit et al., clDice, CVPR 2021, section 6 (future work: other skeletons).
    """
    skeleton = _thinned(x.detach())
    return skeleton + skeleton * (x - x.detach())


@torch.compiler.disable
def _thinned(x: Tensor) -> Tensor:
    """Thin in numpy; torch.compile would trace it and lose what it writes in place."""
    return skeletonize(x >= 0.5).to(x)
