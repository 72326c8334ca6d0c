"""How the kernels of the soft skeleton share out a batch of volumes among their programs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import triton
import triton.language as tl

__all__ = ["compiled_once", "place"]


def compiled_once(*numbers: str) -> Callable[[Callable[..., None]], Any]:
    """Return a decorator for kernels that serve every size and every address.

    A thread reads one voxel at a time and would not be faster for knowing them. The levels of a
    volume of odd size begin anywhere: each mixture of addresses would be compiled for itself.

    Args:
        numbers: the names of the arguments that are whole numbers.
    """

    def decorate(kernel: Callable[..., None]) -> Any:
        pointers = [n for n, kind in kernel.__annotations__.items() if kind == "tl.tensor"]
        return triton.jit(do_not_specialize=numbers, do_not_specialize_on_alignment=pointers)(
            kernel
        )

    return decorate


@triton.jit
def place(
    depth: tl.tensor, height: tl.tensor, width: tl.tensor, planes: tl.tensor, block: tl.constexpr
) -> tl.tensor:
    """Return what part of the batch a program works on.

    Returns:
        Number of the item, its first plane, positions within a plane, and for each position
        whether it exists and whether it has a neighbour before and after it in its column and row.
    """
    n_blocks = tl.cdiv(height * width, block)
    n_chunks = tl.cdiv(depth, planes)
    program = tl.program_id(0)
    rest = program // n_blocks
    at = (program % n_blocks) * block + tl.arange(0, block)
    inside = at < height * width
    column = at % width
    up, down = inside & (at >= width), at < height * width - width
    left, right = inside & (column > 0), inside & (column < width - 1)
    return rest // n_chunks, (rest % n_chunks) * planes, at, inside, up, down, left, right
