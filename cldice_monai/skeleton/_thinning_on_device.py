"""The exact thinning of `cldice_monai.skeleton.thinning` in torch, voxel for voxel the same.

It runs on any device, so that it is tested on the CPU; there numpy is faster. The foreground is a
list of positions. A sweep waits for the device three times, to learn how long its lists are.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise, product
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor

from cldice_monai.skeleton._distance_on_device import squared_distances_on_device
from cldice_monai.skeleton.connectivity import Connectivity
from cldice_monai.skeleton.simple_points import OPEN_AFTER, OPEN_BEFORE, SIMPLE
from cldice_monai.skeleton.simple_table import load_table
from cldice_monai.skeleton.thinning import LEVELS
from cldice_monai.skeleton.usable_kernels import has_thinning_kernels, thinning_kernels

__all__ = ["errors_of_kernels", "thin_on_device"]

_AT_ONCE = 1 << 20  # positions whose 27 neighbours are looked up in one operation


def thin_on_device(
    items: Tensor,
    *,
    connectivity: Connectivity = "foreground-full",
    spacing: Sequence[float] | None = None,
) -> Tensor:
    """Thin a batch of masks where they are.

    Args:
        items: boolean (N, H, W) or (N, H, W, D).
        connectivity: of the foreground.
        spacing: voxel size along each spatial axis; None for 1.

    Returns:
        Boolean tensor of the same shape and device: what `thin` returns.

    Example:
        >>> bar = torch.zeros(1, 5, 9, dtype=torch.bool)
        >>> bar[0, 1:4, 1:8] = True
        >>> thin_on_device(bar)[0, 2].int().tolist()
        [0, 0, 1, 1, 1, 1, 1, 0, 0]
    """
    ndim = items.dim() - 1
    padded = F.pad(items.to(torch.uint8), (1, 1) * ndim)
    flat = padded.view(-1)
    index = flat.nonzero().squeeze(1)
    if index.numel() == 0:
        return torch.zeros_like(items)
    steps = (1.0,) * ndim if spacing is None else tuple(spacing)
    squared = squared_distances_on_device(index, shape=padded.shape, spacing=steps)
    levels = LEVELS * squared.sqrt() / float(np.float32(min(steps)))
    kernels = thinning_kernels() if has_thinning_kernels(items.device) else None
    _thin_by_level(
        _Neighbourhoods(flat, padded.shape, connectivity, kernels),
        index,
        _sub_fields(index, padded.shape),
        levels.round().to(torch.int64),
    )
    inner = (slice(None),) + (slice(1, -1),) * ndim
    return padded[inner].bool()


class _Neighbourhoods:
    """The mask and the table of simple points; deleting a voxel sets its byte to zero."""

    def __init__(
        self, flat: Tensor, shape: torch.Size, connectivity: Connectivity, kernels: Any = None
    ) -> None:
        self.flat, self.ndim, self.kernels = flat, len(shape) - 1, kernels
        table = load_table(self.ndim, connectivity)
        self.classes = torch.tensor(table.classes, device=flat.device)
        self.table = torch.tensor(table.flags, device=flat.device)
        self.strides = [int(np.prod(shape[axis + 1 :])) for axis in range(1, len(shape))]
        offsets = [np.dot(o, self.strides) for o in product((-1, 0, 1), repeat=self.ndim)]
        self.offsets = torch.tensor(np.array(offsets), device=flat.device)
        self.weights = 1 << torch.arange(len(offsets), device=flat.device)

    def flags(self, index: Tensor) -> Tensor:
        """Return the flags of voxels; a deleted voxel has none."""
        if self.kernels:
            found: Tensor = self.kernels.flags(self, index)
            return found
        parts = [self._flags(part) for part in index.split(_AT_ONCE)]
        return parts[0] if len(parts) == 1 else torch.cat(parts)

    def _flags(self, index: Tensor) -> Tensor:
        code = (self.flat[index[:, None] + self.offsets] * self.weights).sum(1)
        if self.ndim == 2:
            return self.table[code]
        lower = self.classes[code & (1 << 18) - 1].to(torch.int64)
        return self.table[lower << 9 | code >> 18]

    def delete_simple(self, index: Tensor) -> None:
        """Delete those voxels that are simple; no two of ``index`` may be neighbours."""
        if self.kernels:
            self.kernels.delete_simple(self, index, SIMPLE)
            return
        self.flat[index] = 1 - (self.flags(index) & SIMPLE)


def errors_of_kernels(kernels: Any, device: torch.device) -> int:
    """Return for how many voxels of a small mask the kernels are wrong.

    Args:
        kernels: the module with them.
        device: where they are tried.
    """
    generator = torch.Generator().manual_seed(0)
    mask = F.pad((torch.rand((1, 6, 7, 8), generator=generator) < 0.7).to(torch.uint8), (1, 1) * 3)
    flat = mask.to(device).view(-1)
    index = flat.nonzero().squeeze(1)
    plain = _Neighbourhoods(flat.clone(), mask.shape, "foreground-full")
    tried = _Neighbourhoods(flat, mask.shape, "foreground-full", kernels)
    wrong = (plain.flags(index) != tried.flags(index)).sum()
    field = index[_sub_fields(index, mask.shape) == 0]
    plain.delete_simple(field)
    tried.delete_simple(field)
    return int(wrong + (plain.flat != tried.flat).sum())


def _thin_by_level(
    neighbourhoods: _Neighbourhoods, index: Tensor, fields: Tensor, levels: Tensor
) -> None:
    order = levels.argsort(stable=True)
    ends = torch.bincount(levels).cumsum(0).tolist()
    index, fields = index[order], fields[order]
    active, active_fields = index[:0], fields[:0]
    for start, end in pairwise([0, *ends]):
        active = torch.cat([active, index[start:end]])
        active_fields = torch.cat([active_fields, fields[start:end]])
        active, active_fields = _sweep(neighbourhoods, active, active_fields)
    before = -1
    while before != active.numel():
        before = active.numel()
        active, active_fields = _sweep(neighbourhoods, active, active_fields)


def _sweep(
    neighbourhoods: _Neighbourhoods, active: Tensor, fields: Tensor
) -> tuple[Tensor, Tensor]:
    """Peel the negative sides, then the positive ones; return what is left."""
    if active.numel() == 0:
        return active, fields
    n_fields = 1 << neighbourhoods.ndim
    for side in (OPEN_BEFORE, OPEN_AFTER):
        # Deleted voxels stay in the list until the end of the sweep; they have no flags.
        chosen = neighbourhoods.flags(active) & side != 0
        turns = torch.where(chosen, fields, n_fields)
        ends = torch.bincount(turns, minlength=n_fields + 1).cumsum(0).tolist()
        if ends[n_fields - 1] == 0:
            continue
        candidates = active[turns.argsort(stable=True)[: ends[n_fields - 1]]]
        for start, end in pairwise([0, *ends[:n_fields]]):
            if start < end:
                neighbourhoods.delete_simple(candidates[start:end])
    remaining = neighbourhoods.flat[active].nonzero().squeeze(1)
    return active[remaining], fields[remaining]


def _sub_fields(index: Tensor, shape: torch.Size) -> Tensor:
    """Return the parity of each voxel's coordinates in the array without its padding."""
    fields = torch.zeros_like(index)
    rest = index
    for axis in range(len(shape) - 2, -1, -1):
        fields |= ((rest % shape[axis + 1] - 1) & 1) << axis
        rest = rest // shape[axis + 1]
    return fields
