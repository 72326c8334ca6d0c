"""Kernels of the soft skeleton's gradient: nothing is scattered, every voxel asks its neighbours.

With A_j the gradient of the erosion I_j through all but the opening that dilates it, the launch for
level j computes two things in one pass over the planes: the gradient of I_j, from A_{j+1} at the
voxels whose minimum was taken here and from what level j itself took away; and A_j, by subtracting
what the residues of level j - 1 send to the voxel that their maximum was taken from. Both choices
lie in one word. The order of the additions is fixed, so that every run gives the same result.
"""

from __future__ import annotations

import triton
import triton.language as tl

from cldice_monai.kernels._grid import compiled_once, place
from cldice_monai.kernels._words import choice_of, quotient_of

__all__ = ["gradient_kernel", "seed_kernel"]


@triton.jit
def _plane(
    words: tl.tensor,
    above: tl.tensor,
    weighted: tl.tensor,
    at: tl.tensor,
    there: tl.tensor,
    inside: tl.tensor,
    up: tl.tensor,
    down: tl.tensor,
    left: tl.tensor,
    right: tl.tensor,
    width: tl.tensor,
    real: tl.constexpr,
    rows: tl.constexpr,
    crosses: tl.constexpr,
    boxes: tl.constexpr,
) -> tl.tensor:
    """Gather what the 3 x 3 voxels around each position of one plane send.

    Returns:
        What minima send to the plane before, to this one and to the one after; what maxima send to
        the three.
    """
    zero = tl.zeros(inside.shape, real)
    low_a, low_b, low_c, high_a, high_b, high_c = zero, zero, zero, zero, zero, zero
    inside, up, down = inside & there, up & there, down & there
    left, right = left & there, right & there
    # i // 3 is 0 in the own column, 1 in the one before, 2 in the one after; i % 3 so for rows.
    for i in tl.static_range(9):
        if (rows or i % 3 == 0) and (boxes or i < 3 or i % 3 == 0):
            near = inside if i % 3 == 0 else (up if i % 3 == 1 else down)
            if i >= 3:
                near = near & (left if i // 3 == 1 else right)
            shift = 0 if i % 3 == 0 else (-width if i % 3 == 1 else width)
            places = at + shift + (0 if i < 3 else (-1 if i // 3 == 1 else 1))
            word = tl.load(words + places, mask=near, other=0)
            choice = choice_of(word)
            if crosses and (i < 3 or i % 3 == 0):
                sent = tl.load(above + places, mask=near, other=0.0)
                origin = choice // 32
                # A neighbour has taken its minimum from here if it took it from the other side.
                low_b += tl.where(origin == (0, 4, 3, 6, 0, 0, 5)[i], sent, 0.0)
                if i == 0:
                    low_a = tl.where(origin == 1, sent, 0.0)
                    low_c = tl.where(origin == 2, sent, 0.0)
            if boxes:
                # The gradient of a residue: the skeleton's times the product of other levels.
                whole = tl.load(weighted + places, mask=near, other=0.0)
                sent = whole * quotient_of(word, real)
                # The same voxel seen from there: the other column, and the other row.
                number = choice % 32 - (0 if i < 3 else (18 if i // 3 == 1 else 9))
                high_a += tl.where(number == (1, 6, 5)[i % 3], sent, 0.0)
                high_b += tl.where(number == (0, 4, 3)[i % 3], sent, 0.0)
                high_c += tl.where(number == (2, 8, 7)[i % 3], sent, 0.0)
    return low_a, low_b, low_c, high_a, high_b, high_c


@triton.jit
def _of_sums(
    probability: tl.tensor,
    other: tl.tensor,
    true_skeleton: tl.tensor,
    product: tl.tensor,
    factors: tl.tensor,
    n_items: tl.tensor,
    mask: tl.tensor,
    real: tl.constexpr,
) -> tl.tensor:
    """Return the gradient of the sums with respect to the probability as a weight."""
    value = tl.load(probability, mask=mask, other=0.0).to(real)
    label = tl.load(other, mask=mask, other=0.0).to(real)
    skeleton = 1.0 - tl.load(product, mask=mask, other=1.0)
    true = tl.load(true_skeleton, mask=mask, other=0.0).to(real)
    inside, whole = tl.load(factors), tl.load(factors + n_items)
    weight = 2.0 * value * skeleton
    return weight * (inside * label + whole) + true * tl.load(factors + 2 * n_items)


@compiled_once("depth", "height", "width", "planes", "n_items")
def gradient_kernel(
    words: tl.tensor,
    words_after: tl.tensor,
    above: tl.tensor,
    weighted: tl.tensor,
    out: tl.tensor,
    probability: tl.tensor,
    other: tl.tensor,
    true_skeleton: tl.tensor,
    product: tl.tensor,
    factors: tl.tensor,
    n_items: tl.tensor,
    depth: tl.tensor,
    height: tl.tensor,
    width: tl.tensor,
    planes: tl.tensor,
    real: tl.constexpr,
    rows: tl.constexpr,
    is_first: tl.constexpr,
    is_last: tl.constexpr,
    core: tl.constexpr,
    sums: tl.constexpr,
    block: tl.constexpr,
) -> None:
    """Compute the gradient of one erosion, the deepest first, and pass on what remains of it.

    ``words_after`` hold what this level itself took away: those of the level after it, or the first
    ones for the core, with which the first launch starts. The last launch writes the gradient of
    the image itself, with that of the sums where ``sums`` says so.
    """
    item, start, at, inside, up, down, left, right = place(depth, height, width, planes, block)
    size = height * width
    at += (item.to(tl.int64) * depth + start) * size
    _, _, low_in, _, _, high_in = _plane(
        words, above, weighted, at - size, start > 0,
        inside, up, down, left, right, width, real, rows, not is_first, not is_last,
    )  # fmt: skip
    _, low, low_out, _, high, high_out = _plane(
        words, above, weighted, at, start < depth,
        inside, up, down, left, right, width, real, rows, not is_first, not is_last,
    )  # fmt: skip
    for z in range(start, tl.minimum(start + planes, depth)):
        low_back, next_low, next_low_out, high_back, next_high, next_high_out = _plane(
            words, above, weighted, at + size, z + 1 < depth,
            inside, up, down, left, right, width, real, rows, not is_first, not is_last,
        )  # fmt: skip
        value = low_in + low + low_back
        if core or not is_first:
            word = tl.load(words_after + at, mask=inside, other=0)
            value += tl.load(weighted + at, mask=inside, other=0.0) * quotient_of(word, real)
        if sums:
            value += _of_sums(
                probability + at, other + at, true_skeleton + at, product + at, factors + item,
                n_items, inside, real,
            )  # fmt: skip
        tl.store(out + at, value - (high_in + high + high_back), mask=inside)
        low_in, low, low_out = low_out, next_low, next_low_out
        high_in, high, high_out = high_out, next_high, next_high_out
        at += size


@compiled_once("size", "n_items")
def seed_kernel(
    probability: tl.tensor,
    other: tl.tensor,
    product: tl.tensor,
    factors: tl.tensor,
    weighted: tl.tensor,
    size: tl.tensor,
    n_items: tl.tensor,
    real: tl.constexpr,
    block: tl.constexpr,
) -> None:
    """Write the gradient of the prediction's skeleton, from the sums', times what is left of 1."""
    n_blocks = tl.cdiv(size, block)
    item = tl.program_id(0) // n_blocks
    at = (tl.program_id(0) % n_blocks) * block + tl.arange(0, block)
    inside = at < size
    at += item.to(tl.int64) * size
    value = tl.load(probability + at, mask=inside, other=0.0).to(real)
    label = tl.load(other + at, mask=inside, other=0.0).to(real)
    found = value * value * (tl.load(factors + item) * label + tl.load(factors + n_items + item))
    kept = tl.load(product + at, mask=inside, other=0.0)
    tl.store(weighted + at, found * tl.where(kept == 0.0, 1.0, kept), mask=inside)
