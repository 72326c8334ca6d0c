"""How the kernels of the soft skeleton share out a batch of volumes among their programs."""

from __future__ import annotations

import triton
import triton.language as tl

__all__ = ["place"]


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
