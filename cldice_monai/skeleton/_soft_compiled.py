"""The soft skeleton by kernels that are compiled with the system's C compiler on first use.

Nothing is kept on disk: the shared object is built in a folder of its own, loaded and deleted, in
about a second. Without a compiler, or where it fails, `load_kernels` returns None and the caller
takes the plain tensor operations.
"""

from __future__ import annotations

import ctypes
import logging
import os
import shutil
import subprocess
import tempfile
import threading
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from cldice_monai.skeleton._soft_source import c_source

__all__ = ["as_volumes", "compiled_backward", "compiled_forward", "find_compiler", "load_kernels"]

_LOG = logging.getLogger(__name__)
_SECONDS_TO_COMPILE = 60
_VOXELS_PER_THREAD = 16384
_LOCK = threading.Lock()
_LOADED: dict[torch.dtype, ctypes.CDLL | None] = {}
_NAMES = {torch.float32: ("float", "f32"), torch.float64: ("double", "f64")}


def _renew_lock() -> None:
    global _LOCK
    _LOCK = threading.Lock()


# A process forked while another thread compiles would wait for a thread that it does not have.
os.register_at_fork(after_in_child=_renew_lock)


def find_compiler() -> str | None:
    """Return the path of a C compiler, or None."""
    for name in (os.environ.get("CC", ""), "cc", "gcc", "clang"):
        path = shutil.which(name) if name else None
        if path:
            return path
    return None


def load_kernels(dtype: torch.dtype) -> ctypes.CDLL | None:
    """Compile and load the kernels of a dtype once a process; None where that is not possible.

    Threads that come meanwhile wait for the first.

    Args:
        dtype: float32 or float64.
    """
    if dtype not in _LOADED:
        with _LOCK:
            if dtype not in _LOADED:
                _LOADED[dtype] = _compile(dtype)
    return _LOADED[dtype]


def _compile(dtype: torch.dtype) -> ctypes.CDLL | None:
    compiler = find_compiler()
    if compiler is None:
        _LOG.info("no C compiler found: the soft skeleton runs in plain tensor operations")
        return None
    for flags in (["-march=native"], []):
        try:
            return _build(compiler, flags, c_source(*_NAMES[dtype]))
        except (OSError, subprocess.SubprocessError) as error:
            _LOG.info("%s %s cannot build the soft skeleton: %s", compiler, flags, error)
    return None


def _build(compiler: str, flags: list[str], code: str) -> ctypes.CDLL:
    with tempfile.TemporaryDirectory(prefix="cldice_monai_") as folder:
        source, target = Path(folder, "soft.c"), Path(folder, "soft.so")
        source.write_text(code)
        command = [compiler, "-std=c11", "-O3", "-fno-trapping-math", "-fno-math-errno"]
        command += [*flags, "-shared", "-fPIC", "-o", str(target), str(source)]
        subprocess.run(command, check=True, capture_output=True, timeout=_SECONDS_TO_COMPILE)
        return ctypes.CDLL(str(target))


def _run(
    name: str,
    dtype: torch.dtype,
    tensors: list[Tensor],
    axes: list[int],
    sizes: tuple[int, ...],
    options: tuple[int, ...],
) -> None:
    """Call one kernel in several threads; ctypes releases the interpreter's lock meanwhile.

    The work is shared out when it is known how many threads could be started.

    Raises:
        MemoryError: where a thread gets no memory for its rows and planes.
    """
    kernel = getattr(load_kernels(dtype), f"{name}_{_NAMES[dtype][1]}")
    n_voxels = sizes[1] * sizes[2] * sizes[3]
    wanted = min(torch.get_num_threads(), sizes[1], max(1, n_voxels // _VOXELS_PER_THREAD))
    barrier = (ctypes.c_int * 3)(0, 0, 0)
    shared: list[Any] = [ctypes.c_void_p(tensor.data_ptr()) for tensor in tensors]
    shared += [(ctypes.c_int * len(axes))(*axes), (ctypes.c_long * 4)(*sizes)]
    helpers: list[threading.Thread] = []
    all_started = threading.Event()

    def work(thread: int) -> None:
        all_started.wait()
        n_threads = len(helpers) + 1
        own = (ctypes.c_int * 6)(*options[:3], n_threads, thread, *options[3:])
        kernel(*shared, own, barrier)

    try:
        for i in range(1, wanted):
            helper = threading.Thread(target=work, args=(i,), daemon=True)
            helper.start()
            helpers.append(helper)
    except RuntimeError as error:
        _LOG.info("%d of %d threads could be started: %s", len(helpers) + 1, wanted, error)
    all_started.set()
    work(0)
    for helper in helpers:
        helper.join()
    if barrier[2]:
        raise MemoryError(f"no memory for the soft skeleton of images of {sizes[1:]} voxels")


def as_volumes(x: Tensor, axes: list[int]) -> tuple[tuple[int, ...], list[int]]:
    """Return the shape and the axes with which kernels see a batch of images or volumes.

    An image goes as a volume whose planes are single rows and whose middle axis is idle.

    Args:
        x: (N, H, W) or (N, D, H, W).
        axes: for each level one bit for each axis that is eroded.

    Returns:
        Four sizes, and the axes of a volume.

    Example:
        >>> as_volumes(torch.zeros(2, 8, 9), [0b11])
        ((2, 8, 1, 9), [5])
    """
    if x.dim() == 3:
        return (x.shape[0], x.shape[1], 1, x.shape[2]), [
            bits & 1 | (bits & 2) << 1 for bits in axes
        ]
    return tuple(x.shape), axes


def compiled_forward(
    x: Tensor, axes: list[int], core: bool, ignore_border: bool
) -> tuple[Tensor, Tensor]:
    """Return the soft skeleton and the product it is the complement of, as `eager_forward`.

    Args:
        x: (N, H, W) or (N, D, H, W), float32 or float64, contiguous, on the CPU.
        axes: for each level one bit for each axis that is eroded.
        core: whether what survives the last erosion is added.
        ignore_border: whether the outside is neutral instead of background.

    Returns:
        Skeleton and product, each of the shape of ``x``.
    """
    sizes, axes = as_volumes(x, axes)
    skeleton, product = torch.empty_like(x), torch.empty_like(x)
    size = x[0].numel()
    spare = torch.empty((sizes[3] + 2 * size,), dtype=x.dtype)
    spare[: sizes[3]] = 0
    options = (len(axes), int(core), int(ignore_border))
    _run("forward", x.dtype, [x, skeleton, product, spare], axes, sizes, options)
    return skeleton, product


def compiled_backward(
    gradient: Tensor, x: Tensor, product: Tensor, axes: list[int], options: tuple[bool, bool]
) -> Tensor:
    """Return the gradient with respect to ``x``, as `eager_backward`.

    Args:
        gradient: gradient of the skeleton, contiguous.
        x: as given to `compiled_forward`.
        product: as returned by it.
        axes: as given to it.
        options: (core, ignore_border) as given to it.

    Returns:
        Gradient of the shape of ``x``.
    """
    sizes, axes = as_volumes(x, axes)
    out = torch.empty_like(x)
    size = x[0].numel()
    n_levels = len(axes)
    step = max(1, round(n_levels**0.5))
    n_kept = n_levels // step + step - 1
    spare = torch.empty((sizes[3] + (1 + n_kept) * size,), dtype=x.dtype)
    spare[: sizes[3]] = 0
    tensors = [gradient, x, product, out, spare]
    settings = (n_levels, *map(int, options), step)
    _run("backward", x.dtype, tensors, axes, sizes, settings)
    return out
