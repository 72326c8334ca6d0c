"""The Euler characteristic of `cldice_monai.topology.euler` in torch, on whole bytes."""

from __future__ import annotations

from itertools import product

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor

__all__ = ["euler_on_device"]


def euler_on_device(items: Tensor, *, closed: bool) -> Tensor:
    """Return the Euler characteristic of each mask of a batch.

    Args:
        items: boolean (N, H, W) or (N, H, W, D).
        closed: whether voxels are closed cubes (the foreground is connected by corners) or open.

    Returns:
        int64 tensor of N numbers on the device of ``items``.

    Example:
        >>> euler_on_device(torch.ones(2, 3, 4, dtype=torch.bool), closed=True).tolist()
        [1, 1]

    Reference:
        Shit et al., clDice, CVPR 2021, section 5.2 (chi = V - E + F).
    """
    ndim = items.dim() - 1
    padded = F.pad(items, (1, 1) * ndim)
    total = torch.zeros(len(items), dtype=torch.int64, device=items.device)
    for joined in product((False, True), repeat=ndim):
        cells = padded
        for axis in range(1, ndim + 1):
            if joined[axis - 1]:
                n = cells.shape[axis] - 1
                here, after = cells.narrow(axis, 0, n), cells.narrow(axis, 1, n)
                cells = here | after if closed else here & after
        dimension = ndim - sum(joined) if closed else sum(joined)
        total += (-1) ** dimension * cells.flatten(1).sum(1)
    return total
