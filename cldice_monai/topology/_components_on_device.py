"""Connected components counted by runs, as `cldice_monai.topology.components`, in torch.

The runs are labelled by propagation: every run takes the smallest label among those it meets, and
every label that of its own run, until nothing changes. It works on any device; on the CPU scipy is
faster.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor

from cldice_monai.topology.components import row_shifts

__all__ = ["count_components_on_device", "count_on_device"]


class _Runs(NamedTuple):
    """Stretches of set voxels along the last axis of a padded batch, by flat position."""

    starts: Tensor
    ends: Tensor
    shape: tuple[int, ...]


def count_on_device(items: Tensor, *, full: bool) -> tuple[Tensor, Tensor]:
    """Count the components of each mask of a batch, and those of its padded background.

    Args:
        items: boolean (N, H, W) or (N, H, W, D).
        full: whether the foreground is connected by corners and edges (8 or 26) or by faces (4 or
            6); the background is connected the other way.

    Returns:
        Two int64 tensors of N counts on the device of ``items``.

    Example:
        >>> ring = torch.ones(1, 3, 3, dtype=torch.bool)
        >>> ring[0, 1, 1] = False
        >>> count_on_device(ring, full=True)
        (tensor([1]), tensor([2]))
    """
    runs = _foreground_runs(items)
    width = runs.shape[-1]
    rows = torch.arange(0, int(np.prod(runs.shape, dtype=np.int64)), width, device=items.device)
    background = _Runs(
        torch.cat([rows, runs.ends]).sort().values,
        torch.cat([rows + width, runs.starts]).sort().values,
        runs.shape,
    )
    return _count(runs, full=full), _count(background, full=not full)


def count_components_on_device(items: Tensor, *, full: bool) -> Tensor:
    """Count the components of each mask of a batch.

    Args:
        items: boolean (N, H, W) or (N, H, W, D).
        full: as for `count_on_device`.

    Returns:
        int64 tensor of N counts on the device of ``items``.

    Example:
        >>> count_components_on_device(torch.eye(3, dtype=torch.bool)[None], full=False)
        tensor([3])
    """
    return _count(_foreground_runs(items), full=full)


def _foreground_runs(items: Tensor) -> _Runs:
    padded = F.pad(items, (1, 1) * (items.dim() - 1))
    flat = padded.view(-1)
    # Every row begins and ends with background, so that starts and ends alternate.
    changes = (flat[1:] != flat[:-1]).nonzero().squeeze(1) + 1
    return _Runs(changes[0::2].contiguous(), changes[1::2].contiguous(), tuple(padded.shape))


def _count(runs: _Runs, *, full: bool) -> Tensor:
    n_items = runs.shape[0]
    item = runs.starts // int(np.prod(runs.shape[1:], dtype=np.int64))
    links = [_links(runs, shift, reach=int(full)) for shift in row_shifts(runs.shape, full=full)]
    first, second = (torch.cat(part) for part in zip(*links, strict=True))
    # The padding of one item lies beside that of the next.
    together = (item[first] == item[second]).nonzero().squeeze(1)
    label = _propagate(item.numel(), first[together], second[together])
    is_root = label == torch.arange(label.numel(), device=label.device)
    return torch.zeros(n_items, dtype=torch.int64, device=label.device).index_add_(
        0, item, is_root.to(torch.int64)
    )


def _links(runs: _Runs, shift: int, *, reach: int) -> tuple[Tensor, Tensor]:
    """Pair each run with the runs that it meets ``shift`` voxels further on."""
    low = torch.searchsorted(runs.ends, runs.starts + (shift - reach), right=True)
    high = torch.searchsorted(runs.starts, runs.ends + (shift + reach))
    counts = (high - low).clamp(min=0)
    first = torch.repeat_interleave(counts)
    before = torch.repeat_interleave(counts.cumsum(0) - counts, counts)
    place = torch.arange(first.numel(), device=first.device)
    return first, place - before + low[first]


def _propagate(n_runs: int, first: Tensor, second: Tensor) -> Tensor:
    """Return for every run the smallest number of a run it is linked to, over any distance."""
    label = torch.arange(n_runs, device=first.device)
    while True:
        ends = label[first], label[second]
        lower = torch.minimum(*ends)
        # The runs whose numbers are the labels take the lower one too, or chains would be slow.
        after = label.scatter_reduce(0, torch.cat(ends), lower.repeat(2), "amin")
        after = after[after]
        if torch.equal(after, label):
            return label
        label = after
