"""Several processes that train one network together, started by torchrun."""

from __future__ import annotations

import logging
import os
from datetime import timedelta
from typing import TYPE_CHECKING

import torch
import torch.distributed as dist
from torch import nn

from cldice_monai.errors import InputError, show_input_errors_as_one_line
from cldice_monai.workflows.fixed_norms import has_fixed_norms

if TYPE_CHECKING:
    from cldice_monai.workflows.prepare import TrainingData

__all__ = [
    "join_processes",
    "leave_processes",
    "local_device",
    "require_enough_validation",
    "require_same_data",
    "with_shared_norms",
]

_NO_LIMIT = timedelta(days=30)


def local_device() -> str:
    """Return the device of this process: the GPU of its local rank, or the CPU.

    Returns:
        "cuda:N", N the local rank, or "cpu" where there is no GPU.

    Raises:
        InputError: if there is a GPU and the process was not started by torchrun.

    Example:
        >>> from unittest import mock
        >>> with mock.patch.dict(os.environ, LOCAL_RANK="1"):  # as torchrun sets it
        ...     local_device() == ("cuda:1" if torch.cuda.is_available() else "cpu")
        True
    """
    if not torch.cuda.is_available():
        return "cpu"
    return f"cuda:{_environment('LOCAL_RANK')}"


def with_shared_norms(network: nn.Module, *, device: str | torch.device) -> nn.Module:
    """Let batch norms take their statistics over the crops of all processes, on GPUs.

    On CPUs torch has no such norm: there each process has those of its own crops. Norms of
    `with_fixed_norms` take none from crops, and stay.

    Args:
        network: changed in place; its weights keep their names.
        device: where it is trained.

    Returns:
        The network.

    Example:
        >>> network = nn.Sequential(nn.Conv3d(1, 4, 3), nn.BatchNorm3d(4))
        >>> type(with_shared_norms(network, device="cuda:1")[1]).__name__
        'SyncBatchNorm'
    """
    if torch.device(device).type != "cuda" or has_fixed_norms(network):
        return network
    shared: nn.Module = nn.SyncBatchNorm.convert_sync_batchnorm(network)
    return shared


def join_processes(*, on_cpu: bool = False) -> int:
    """Meet the other processes, by NCCL on GPUs and gloo on CPUs; the first one alone reports.

    Args:
        on_cpu: the work is on the CPU although there may be GPUs, and of unequal length: processes
            wait for each other as long as it takes.

    Returns:
        Rank of this process.

    Raises:
        InputError: if the process was not started by torchrun.

    Example:
        >>> from unittest import mock
        >>> torchrun = dict(RANK="0", WORLD_SIZE="1", MASTER_ADDR="localhost", MASTER_PORT="0")
        >>> with mock.patch.dict(os.environ, torchrun):  # which it sets for each process
        ...     join_processes(on_cpu=True)
        0
        >>> dist.get_world_size()
        1
        >>> leave_processes()
    """
    show_input_errors_as_one_line()
    rank = _environment("RANK")
    on_gpu = torch.cuda.is_available() and not on_cpu
    if on_gpu:
        torch.cuda.set_device(_environment("LOCAL_RANK"))
    if not dist.is_initialized():
        timeout = _NO_LIMIT if on_cpu else None
        dist.init_process_group("nccl" if on_gpu else "gloo", timeout=timeout)
    if rank > 0:
        logging.getLogger("cldice_monai").setLevel(logging.WARNING)
    return rank


def leave_processes() -> None:
    """End the group, after all its processes have come this far.

    Example:
        >>> leave_processes()  # without a group there is nothing to end
        >>> dist.is_initialized()
        False
    """
    if dist.is_initialized():
        dist.barrier()
        dist.destroy_process_group()


def require_same_data(data: TrainingData) -> None:
    """Refuse to train where the processes see different cases, as on nodes with other folders.

    Args:
        data: the cases of this process.

    Raises:
        InputError: where another process has other cases or another split, in all processes.

    Example:
        >>> from unittest import mock
        >>> from cldice_monai.workflows.prepare import TrainingData
        >>> def gather(found, own): found[:] = [own, ("9 + 2 volumes", "node2")]  # of two processes
        >>> shared = dict(get_world_size=lambda: 2, all_gather_object=gather)
        >>> with mock.patch.multiple(dist, **shared):
        ...     require_same_data(TrainingData([{"case_id": "a"}], []))  # doctest: +ELLIPSIS
        Traceback (most recent call last):
        ...
        cldice_monai.errors.InputError: dataset_dir: the processes see different data (1 + 0 ...
    """
    found: list[tuple[str, str] | None] = [None] * dist.get_world_size()
    dist.all_gather_object(found, (data.fingerprint(), os.uname().nodename))
    different = {entry[0]: entry for entry in found if entry is not None}
    if len(different) > 1:
        counts = "; ".join(f"{cases} on {node}" for cases, node in different.values())
        raise InputError(
            f"dataset_dir: the processes see different data ({counts}); give every node the same "
            "folder"
        )


def require_enough_validation(data: TrainingData) -> None:
    """Refuse to train where a process would have nothing to validate.

    Args:
        data: the cases of all processes.

    Raises:
        InputError: where there are fewer validation cases than processes.

    Example:
        >>> from unittest import mock
        >>> from cldice_monai.workflows.prepare import TrainingData
        >>> data = TrainingData([{"case_id": "a"}], [{"case_id": "b"}])
        >>> with mock.patch.object(dist, "get_world_size", return_value=2):
        ...     require_enough_validation(data)  # doctest: +ELLIPSIS
        Traceback (most recent call last):
        ...
        cldice_monai.errors.InputError: 1 for validation is less than one for each of 2 ...
    """
    n_cases, n_processes = len(data.validation), dist.get_world_size()
    if n_cases < n_processes:
        raise InputError(
            f"{n_cases} for validation is less than one for each of {n_processes} processes; "
            "start fewer with --nproc_per_node, or validate on more cases with --val_fraction"
        )


def _environment(name: str) -> int:
    try:
        return int(os.environ[name])
    except (KeyError, ValueError) as error:
        raise InputError(
            f"{name} is not set: a multi_gpu config is for several processes; start them with "
            "torchrun --nproc_per_node=N -m monai.bundle run ..."
        ) from error
