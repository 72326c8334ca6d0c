"""Kernels of the exact thinning: look up a neighbourhood and, in place, delete what is simple."""

from __future__ import annotations

from typing import Any

import torch
import triton
import triton.language as tl
from torch import Tensor

__all__ = ["delete_simple", "flags"]

_BLOCK = 128


@triton.jit
def _flags_at(
    mask: tl.tensor,
    there: tl.tensor,
    classes: tl.tensor,
    table: tl.tensor,
    plane: tl.tensor,
    row: tl.tensor,
    ndim: tl.constexpr,
) -> tl.tensor:
    """Return the flags of voxels; a neighbourhood is numbered plane by plane, row by row."""
    if ndim == 2:
        lower = tl.zeros(there.shape, tl.int32)
        for bit in tl.static_range(9):
            shift = (bit // 3 - 1) * row + bit % 3 - 1
            lower += tl.load(mask + shift, mask=there, other=0).to(tl.int32) << bit
        found = tl.load(table + lower, mask=there, other=0)
    else:
        lower, upper = tl.zeros(there.shape, tl.int32), tl.zeros(there.shape, tl.int32)
        for bit in tl.static_range(27):
            shift = (bit // 9 - 1) * plane + (bit % 9 // 3 - 1) * row + bit % 3 - 1
            value = tl.load(mask + shift, mask=there, other=0).to(tl.int32)
            if bit < 18:
                lower += value << bit
            else:
                upper += value << (bit - 18)
        number = tl.load(classes + lower, mask=there, other=0).to(tl.int32)
        found = tl.load(table + number * 512 + upper, mask=there, other=0)
    return found


@triton.jit(do_not_specialize=["size", "plane", "row"])
def flags_kernel(
    mask: tl.tensor,
    index: tl.tensor,
    classes: tl.tensor,
    table: tl.tensor,
    out: tl.tensor,
    size: tl.tensor,
    plane: tl.tensor,
    row: tl.tensor,
    ndim: tl.constexpr,
    block: tl.constexpr,
) -> None:
    """Write the flags of voxels."""
    at = tl.program_id(0).to(tl.int64) * block + tl.arange(0, block)
    there = at < size
    place = tl.load(index + at, mask=there, other=0)
    found = _flags_at(mask + place, there, classes, table, plane, row, ndim)
    tl.store(out + at, found, mask=there)


@triton.jit(do_not_specialize=["size", "plane", "row"])
def delete_kernel(
    mask: tl.tensor,
    index: tl.tensor,
    classes: tl.tensor,
    table: tl.tensor,
    size: tl.tensor,
    plane: tl.tensor,
    row: tl.tensor,
    simple: tl.constexpr,
    ndim: tl.constexpr,
    block: tl.constexpr,
) -> None:
    """Delete voxels that are simple; none is a neighbour of another, so that the order is free."""
    at = tl.program_id(0).to(tl.int64) * block + tl.arange(0, block)
    there = at < size
    place = tl.load(index + at, mask=there, other=0)
    found = _flags_at(mask + place, there, classes, table, plane, row, ndim)
    gone = there & (found & simple != 0)
    tl.store(mask + place, tl.zeros((block,), tl.uint8), mask=gone)


def flags(neighbourhoods: Any, index: Tensor) -> Tensor:
    """Return the flags of the voxels at flat positions.

    Args:
        neighbourhoods: the mask as bytes in ``flat``, ``classes`` and ``table`` of simple points,
            the ``strides`` of the spatial axes and their number ``ndim``.
        index: int64.
    """
    out = torch.empty_like(index, dtype=torch.uint8)
    _launch(flags_kernel, neighbourhoods, index, out)
    return out


def delete_simple(neighbourhoods: Any, index: Tensor, simple: int) -> None:
    """Delete the voxels at flat positions that are simple.

    Args:
        neighbourhoods: as for `flags`.
        index: int64; no two of them may be neighbours.
        simple: the bit of the flags that says so.
    """
    _launch(delete_kernel, neighbourhoods, index, simple=simple)


def _launch(
    kernel: Any, neighbourhoods: Any, index: Tensor, *outputs: Tensor, **constants: Any
) -> None:
    if index.numel() == 0:
        return
    with torch.cuda.device_of(index):  # triton launches on the current device
        kernel[(triton.cdiv(index.numel(), _BLOCK),)](
            neighbourhoods.flat, index, neighbourhoods.classes, neighbourhoods.table, *outputs,
            size=index.numel(), plane=neighbourhoods.strides[0], row=neighbourhoods.strides[-2],
            ndim=neighbourhoods.ndim, block=_BLOCK, **constants,
        )  # fmt: skip
