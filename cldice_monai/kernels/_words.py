"""What the forward pass leaves of a voxel and level for the backward pass, in one word.

The low eight bits hold the places of a maximum and a minimum, the others a quotient: 0, or 1 and
more. Its bits are counted from those of 1, and the lowest are rounded off, so that 24 bits hold it
to 1e-6 of itself (with double precision 56 bits, to 1e-15).
"""

from __future__ import annotations

import triton
import triton.language as tl

__all__ = ["choice_of", "quotient_of", "word_of"]


@triton.jit
def word_of(quotient: tl.tensor, choice: tl.tensor, real: tl.constexpr) -> tl.tensor:
    """Return a quotient (0, or from 1 to 2**24, in double precision to 2**53) and a choice packed.

    Not 0 is written as one more than its distance from 1, so that 0 is left for 0.
    """
    if real == tl.float64:
        rest = quotient.to(tl.int64, bitcast=True) - 0x3FF0000000000000
        code = ((rest + 2) >> 2) + 1
    else:
        rest = quotient.to(tl.int32, bitcast=True) - 0x3F800000
        code = ((rest + 8) >> 4) + 1
    code = tl.where(quotient == 0.0, 0, code).to(code.dtype)
    return (code << 8) | (choice & 255).to(code.dtype)


@triton.jit
def choice_of(word: tl.tensor) -> tl.tensor:
    """Return the places packed into words."""
    return (word & 255).to(tl.int32)


@triton.jit
def quotient_of(word: tl.tensor, real: tl.constexpr) -> tl.tensor:
    """Return the quotients packed into words."""
    if real == tl.float64:
        code = (word >> 8) & 0xFFFFFFFFFFFFFF
        found = (((code - 1) << 2) + 0x3FF0000000000000).to(tl.float64, bitcast=True)
    else:
        code = (word >> 8) & 0xFFFFFF
        found = (((code - 1) << 4) + 0x3F800000).to(tl.float32, bitcast=True)
    return tl.where(code == 0, 0.0, found)
