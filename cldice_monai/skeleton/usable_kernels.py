"""Whether the kernels for GPUs can be used here."""

from __future__ import annotations

import importlib
import logging
from collections.abc import Callable
from functools import cache
from typing import Any

import torch

from cldice_monai.skeleton._soft_eager import eager_backward, eager_forward

__all__ = ["has_soft_kernels", "has_thinning_kernels", "thinning_kernels"]

_LOG = logging.getLogger(__name__)
_ALLOWED_ERROR = 1e-4  # of gradients of about 10, in single precision


@torch.compiler.assume_constant_result
def has_soft_kernels(device: torch.device) -> bool:
    """Return whether the soft skeleton runs in Triton kernels on a device.

    They are tried once a process and device on a small volume, against plain tensor operations.
    Where they cannot be had, or differ, a warning says so once and plain operations are used.

    Args:
        device: of the tensor.

    Returns:
        True on an NVIDIA GPU where triton is installed and its kernels work.

    Example:
        >>> has_soft_kernels(torch.device("cpu"))
        False
    """
    return device.type != "cpu" and _tried("soft skeleton", device)


def has_thinning_kernels(device: torch.device) -> bool:
    """Return whether the exact thinning runs in Triton kernels on a device, found out likewise.

    Args:
        device: of the mask.

    Example:
        >>> has_thinning_kernels(torch.device("cpu"))
        False
    """
    return device.type != "cpu" and _tried("exact thinning", device)


def thinning_kernels() -> Any:
    """Return the module with the kernels of the exact thinning; triton is imported with it."""
    return importlib.import_module("cldice_monai.kernels.thinning")


@cache
def _tried(what: str, device: torch.device) -> bool:
    trial = _error_on if what == "soft skeleton" else _errors_of_thinning_on
    reason = _reason_against(device, trial)
    if reason:
        _LOG.warning("the %s runs in plain tensor operations on %s: %s", what, device, reason)
    return not reason


def _reason_against(device: torch.device, trial: Callable[[torch.device], float]) -> str:
    if device.type != "cuda":
        return "its kernels are for NVIDIA GPUs"
    if torch.version.hip is not None:
        return "its kernels have never been tried on ROCm"
    try:
        error = trial(device)
    except ImportError:
        return "triton is not installed (pip install triton)"
    except Exception as failure:  # whatever a compiler or a driver says, training can go on
        return f"its kernels do not run here ({type(failure).__name__}: {failure})"
    return "" if error <= _ALLOWED_ERROR else f"its kernels are wrong here (by {error:.2g})"


def _errors_of_thinning_on(device: torch.device) -> float:
    thinning = importlib.import_module("cldice_monai.skeleton._thinning_on_device")
    return float(thinning.errors_of_kernels(thinning_kernels(), device))


def _error_on(device: torch.device) -> float:
    """Return the largest difference from plain operations, on one volume without ties."""
    kernels = importlib.import_module("cldice_monai.kernels.soft_triton")
    generator = torch.Generator().manual_seed(0)
    x, gradient = (torch.rand((2, 5, 7, 6), generator=generator).to(device) for _ in range(2))
    options, n_levels = (True, True), 3
    skeleton, kept, _ = kernels.triton_forward(x, [7] * n_levels, options, keep=True)
    found = kernels.triton_backward(gradient, kept, [7] * n_levels, options)
    schedule: list[tuple[bool, ...]] = [(True, True, True)] * n_levels
    expected, product = eager_forward(x, schedule, *options)
    of_x = eager_backward(gradient, x, product, schedule, options)
    # Of floats, max would pass over a NaN.
    return float(torch.stack([skeleton - expected, found - of_x]).abs().max())
