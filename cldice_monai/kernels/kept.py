"""What the kernels of the soft skeleton keep for the backward pass, without content."""

from __future__ import annotations

import torch
from torch import Tensor

__all__ = ["empty_kept", "nothing_kept", "word_type"]


def nothing_kept(x: Tensor) -> tuple[Tensor, Tensor]:
    """Return two tensors without elements: an operator always returns as many.

    Args:
        x: the image.
    """
    return x.new_empty((0,)), x.new_empty((0,))


def empty_kept(x: Tensor, sizes: tuple[int, ...], n_levels: int) -> tuple[Tensor, Tensor]:
    """Return what the kernels keep of volumes, without content, for torch.compile.

    Args:
        x: the image.
        sizes: its shape as volumes.
        n_levels: number of erosions.
    """
    real = torch.float64 if x.dtype == torch.float64 else torch.float32
    levels = (n_levels + 1, *sizes)
    return x.new_empty(sizes, dtype=real), x.new_empty(levels, dtype=word_type(x.dtype))


def word_type(dtype: torch.dtype) -> torch.dtype:
    """Return what the kernels keep a voxel and level in.

    Args:
        dtype: of the image.
    """
    return torch.int64 if dtype == torch.float64 else torch.int32
