"""The product of what the levels of the soft skeleton leave, factor by factor."""

from __future__ import annotations

import triton
import triton.language as tl

__all__ = ["before_level", "counted", "quotient_without"]


@triton.jit
def quotient_without(taken: tl.tensor, counts: tl.tensor) -> tl.tensor:
    """Return by what the gradient pass multiplies to leave one factor out of the product.

    That is 1 / (1 - taken), and 0 where there is no gradient. Where all was taken the product is 0;
    no other level can have taken anything, so that without this factor it would be 1.
    """
    factor = tl.maximum(1.0 - taken, 0.0)
    alone = factor == 0.0
    return tl.where(counts, 1.0 / tl.where(alone, 1.0, factor), 0.0)


@triton.jit
def before_level(product: tl.tensor, mask: tl.tensor, is_first: tl.constexpr) -> tl.tensor:
    """Return the product of the levels before this one."""
    if is_first:
        whole = tl.full(mask.shape, 1.0, product.dtype.element_ty)
    else:
        whole = tl.load(product, mask=mask, other=1.0)
    return whole


@triton.jit
def counted(
    kept: tl.tensor,
    probability: tl.tensor,
    mask: tl.tensor,
    real: tl.constexpr,
    weighted: tl.constexpr,
) -> tl.tensor:
    """Return what voxels of a skeleton count: a prediction's with the square of its probability."""
    count = 1.0 - kept
    if weighted:
        weight = tl.load(probability, mask=mask, other=0.0).to(real)
        count = count * (weight * weight)
    return tl.where(mask, count, 0.0)
