"""Sums over the processes of a distributed training."""

from __future__ import annotations

from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor

__all__ = ["largest_over_ranks", "sum_over_ranks"]


def _is_distributed() -> bool:
    return dist.is_available() and dist.is_initialized() and dist.get_world_size() > 1


class _AllReduceSum(torch.autograd.Function):
    """A sum whose gradient is summed in turn: each rank's loss depends on every rank's input."""

    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        total = x.clone()
        dist.all_reduce(total)
        return total

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Tensor:
        total = gradients[0].contiguous().clone()
        dist.all_reduce(total)
        return total


def sum_over_ranks(x: Tensor) -> Tensor:
    """Return the sum over all processes, differentiable; ``x`` itself where there is only one.

    Every rank's gradient is that of the sum of all ranks' losses; the mean over ranks that
    DistributedDataParallel takes makes it the gradient of one loss of the whole batch.
    """
    return _AllReduceSum.apply(x) if _is_distributed() else x


def largest_over_ranks(value: int, device: torch.device) -> int:
    """Return the largest ``value`` of all processes; it waits for the device."""
    if not _is_distributed():
        return value
    largest = torch.tensor(value, device=device)
    dist.all_reduce(largest, op=dist.ReduceOp.MAX)
    return int(largest.item())
