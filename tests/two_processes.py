"""Two processes that train together by gloo, on this machine."""

from __future__ import annotations

import socket
from collections.abc import Callable, MutableMapping
from typing import Any

import torch
import torch.distributed as dist
import torch.multiprocessing as mp

__all__ = ["in_two_processes"]


def in_two_processes(work: Callable[[int], Any]) -> list[Any]:
    """Call a function of a module in two processes that have met; return what each returned.

    Args:
        work: takes the rank; returns plain numbers and lists, no tensors.
    """
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with mp.Manager() as manager:
        results = manager.dict()
        mp.spawn(_meet, args=(port, work, results), nprocs=2)
        return [results[rank] for rank in range(2)]


def _meet(
    rank: int, port: int, work: Callable[[int], Any], results: MutableMapping[int, Any]
) -> None:
    dist.init_process_group("gloo", init_method=f"tcp://127.0.0.1:{port}", rank=rank, world_size=2)
    torch.set_num_threads(1)
    results[rank] = work(rank)
    dist.destroy_process_group()
