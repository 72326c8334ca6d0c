"""Kernels of the soft skeleton: one erosion, then one launch a level.

A launch for level j reads the erosions I_j and I_{j+1}. It dilates I_{j+1}, multiplies the product
by one minus what the opening takes away from I_j, and erodes I_{j+1} to I_{j+2} for the next
launch: erosion and dilation share their loads. A program goes through a few planes in turn and
keeps three of them in registers, so that it loads 9 of the 27 voxels of a box. Every voxel of I_j
is read by the program that writes it, so that I_{j+2} may take its place.

An image of two dimensions comes as planes of one row. Ties are broken as in the compiled C code:
the voxel's own column first, then the one before, then the one after; within a column its own row,
then those of the planes before and after, then those beside them. A box's voxels are numbered in
this order, 0 to 26. A cross's are: itself, then before and after along each axis, 0 to 6.

Where a gradient will be wanted, each launch writes one word a voxel: by what the gradient pass
multiplies to leave its level out of the product, and five bits for the place of the maximum, three
for that of the next erosion's minimum. Elsewhere places are not looked for.
"""

from __future__ import annotations

import triton
import triton.language as tl

from cldice_monai.kernels._grid import compiled_once, place
from cldice_monai.kernels._product import before_level, counted, quotient_without
from cldice_monai.kernels._words import word_of

__all__ = ["erosion_kernel", "level_kernel"]


@triton.jit
def _plane(
    image: tl.tensor,
    there: tl.tensor,
    inside: tl.tensor,
    up: tl.tensor,
    down: tl.tensor,
    left: tl.tensor,
    right: tl.tensor,
    width: tl.tensor,
    real: tl.constexpr,
    axes: tl.constexpr,
    ignore: tl.constexpr,
    rows: tl.constexpr,
    keep: tl.constexpr,
) -> tl.tensor:
    """Look at the 3 x 3 voxels around each position of one plane.

    Returns:
        The maximum and its number in the box of the plane's own voxels; the minimum of the
        neighbours that an erosion compares within the plane and its number in the cross; the
        voxels themselves. Without ``keep`` the numbers are 0.
    """
    outside: tl.constexpr = float("inf") if ignore else 0.0
    inside, up, down = inside & there, up & there, down & there
    left, right = left & there, right & there
    centre = tl.load(image, mask=inside, other=-float("inf")).to(real)
    highest, lowest = centre, tl.full(inside.shape, float("inf"), real)
    number, origin = tl.zeros(inside.shape, tl.int32), tl.zeros(inside.shape, tl.int32)
    # i // 3 is 0 in the own column, 1 in the one before, 2 in the one after; i % 3 so for rows.
    for i in tl.static_range(1, 9):
        if rows or i % 3 == 0:
            near = inside if i % 3 == 0 else (up if i % 3 == 1 else down)
            if i >= 3:
                near = near & (left if i // 3 == 1 else right)
            shift = 0 if i % 3 == 0 else (-width if i % 3 == 1 else width)
            shift += 0 if i < 3 else (-1 if i // 3 == 1 else 1)
            value = tl.load(image + shift, mask=near, other=-float("inf")).to(real)
            if keep:
                found = 9 * (i // 3) + (0 if i % 3 == 0 else 2 + i % 3)
                number = tl.where(value > highest, found, number)
            highest = tl.maximum(highest, value)
            if (i % 3 == 0 and axes >= 4) or (i < 3 and (axes // 2) % 2 == 1):
                value = tl.where(near, value, outside)
                if keep:
                    origin = tl.where(value < lowest, i + 2 if i < 4 else i, origin)
                lowest = tl.minimum(lowest, value)
    return highest, number, lowest, origin, centre


@triton.jit
def _choose(
    high_a: tl.tensor,
    number_a: tl.tensor,
    high_b: tl.tensor,
    number_b: tl.tensor,
    high_c: tl.tensor,
    number_c: tl.tensor,
    keep: tl.constexpr,
) -> tl.tensor:
    """Return the maximum of three planes' boxes and the number of the first voxel attaining it."""
    highest = tl.maximum(tl.maximum(high_a, high_b), high_c)
    if keep:
        number_a = tl.where(number_a % 9 == 0, number_a + 1, number_a + 2)
        number_c = tl.where(number_c % 9 == 0, number_c + 2, number_c + 4)
        # A place behind every other stands for a plane that does not reach the maximum.
        number_b = tl.where(high_b == highest, number_b, 27)
        number_b = tl.minimum(number_b, tl.where(high_a == highest, number_a, 27))
        number_b = tl.minimum(number_b, tl.where(high_c == highest, number_c, 27))
    return highest, number_b


@triton.jit
def _erode(
    before: tl.tensor,
    centre: tl.tensor,
    after: tl.tensor,
    lowest: tl.tensor,
    origin: tl.tensor,
    has_before: tl.tensor,
    has_after: tl.tensor,
    axes: tl.constexpr,
    ignore: tl.constexpr,
    keep: tl.constexpr,
) -> tl.tensor:
    """Return the minimum of a cross and the number of the first voxel that attains it."""
    outside: tl.constexpr = float("inf") if ignore else 0.0
    least, number = centre, tl.zeros(centre.shape, tl.int32)
    if axes % 2 == 1:
        before = tl.where(has_before, before, outside)
        after = tl.where(has_after, after, outside)
        if keep:
            number = tl.where(before < least, 1, number)
            number = tl.where(after < tl.minimum(before, least), 2, number)
        least = tl.minimum(tl.minimum(before, least), after)
    if keep:
        number = tl.where(lowest < least, origin, number)
    return tl.minimum(lowest, least), number


@triton.jit
def _probability(value: tl.tensor) -> tl.tensor:
    """Return what lies slightly outside [0, 1] as 0 or 1: no word holds a quotient below 1."""
    return tl.minimum(tl.maximum(value, 0.0), 1.0)


@triton.jit
def _own(
    image: tl.tensor, mask: tl.tensor, real: tl.constexpr, is_first: tl.constexpr
) -> tl.tensor:
    """Return what a level opens: an erosion, or the image itself."""
    value = tl.load(image, mask=mask, other=0.0).to(real)
    if is_first:
        value = _probability(value)
    return value


@compiled_once("depth", "height", "width", "planes")
def erosion_kernel(
    image: tl.tensor,
    eroded: tl.tensor,
    words: tl.tensor,
    depth: tl.tensor,
    height: tl.tensor,
    width: tl.tensor,
    planes: tl.tensor,
    real: tl.constexpr,
    axes: tl.constexpr,
    ignore: tl.constexpr,
    rows: tl.constexpr,
    keep: tl.constexpr,
    block: tl.constexpr,
) -> None:
    """Erode the image itself."""
    item, start, at, inside, up, down, left, right = place(depth, height, width, planes, block)
    size = height * width
    at += (item.to(tl.int64) * depth + start) * size
    _, _, _, _, before = _plane(
        image + at - size, start > 0, inside, up, down, left, right, width,
        real, axes, ignore, rows, keep,
    )  # fmt: skip
    _, _, lowest, origin, centre = _plane(
        image + at, start < depth, inside, up, down, left, right, width,
        real, axes, ignore, rows, keep,
    )  # fmt: skip
    for z in range(start, tl.minimum(start + planes, depth)):
        _, _, next_lowest, next_origin, after = _plane(
            image + at + size, z + 1 < depth, inside, up, down, left, right, width,
            real, axes, ignore, rows, keep,
        )  # fmt: skip
        least, number = _erode(
            before, centre, after, lowest, origin, z > 0, z + 1 < depth, axes, ignore, keep
        )
        tl.store(eroded + at, _probability(least), mask=inside)
        if keep:
            nothing = tl.zeros((block,), real)
            tl.store(words + at, word_of(nothing, number * 32, real), mask=inside)
        before, centre, lowest, origin = centre, after, next_lowest, next_origin
        at += size


@compiled_once("depth", "height", "width", "planes")
def level_kernel(
    image: tl.tensor,
    eroded: tl.tensor,
    thinner: tl.tensor,
    product: tl.tensor,
    words: tl.tensor,
    first_words: tl.tensor,
    skeleton: tl.tensor,
    probability: tl.tensor,
    other: tl.tensor,
    partial: tl.tensor,
    depth: tl.tensor,
    height: tl.tensor,
    width: tl.tensor,
    planes: tl.tensor,
    real: tl.constexpr,
    axes: tl.constexpr,
    ignore: tl.constexpr,
    rows: tl.constexpr,
    is_first: tl.constexpr,
    is_last: tl.constexpr,
    core: tl.constexpr,
    keep: tl.constexpr,
    sums: tl.constexpr,
    block: tl.constexpr,
) -> None:
    """Collect what the opening of one level takes away, and erode for the next level.

    ``axes`` are those of the next erosion. ``sums`` is 0 for the skeleton alone, 1 to sum up a
    label's skeleton too, 2 to sum up a prediction's in its place, both in the last launch.
    """
    item, start, at, inside, up, down, left, right = place(depth, height, width, planes, block)
    size = height * width
    at += (item.to(tl.int64) * depth + start) * size
    high_a, number_a, _, _, before = _plane(
        eroded + at - size, start > 0, inside, up, down, left, right, width,
        real, axes, ignore, rows, keep,
    )  # fmt: skip
    high_b, number_b, lowest, origin, centre = _plane(
        eroded + at, start < depth, inside, up, down, left, right, width,
        real, axes, ignore, rows, keep,
    )  # fmt: skip
    upper, lower = tl.zeros((block,), real), tl.zeros((block,), real)
    for z in range(start, tl.minimum(start + planes, depth)):
        high_c, number_c, next_lowest, next_origin, after = _plane(
            eroded + at + size, z + 1 < depth, inside, up, down, left, right, width,
            real, axes, ignore, rows, keep,
        )  # fmt: skip
        opened, number = _choose(high_a, number_a, high_b, number_b, high_c, number_c, keep)
        own = _own(image + at, inside, real, is_first)
        taken = tl.where(inside, tl.maximum(own - opened, 0.0), 0.0)
        whole = before_level(product + at, inside, is_first)
        kept = whole * (1.0 - taken)
        if is_last:
            if core:
                if keep:
                    # The first words have no level before them: there is room for the core.
                    first = tl.load(first_words + at, mask=inside, other=0)
                    of_core = word_of(quotient_without(centre, kept != 0.0), first, real)
                    tl.store(first_words + at, of_core, mask=inside)
                kept *= 1.0 - tl.where(inside, centre, 0.0)
        else:
            least, place_of_least = _erode(
                before, centre, after, lowest, origin, z > 0, z + 1 < depth, axes, ignore, keep
            )
            tl.store(thinner + at, least, mask=inside)
            number += place_of_least * 32
        if keep:
            # Where nothing is left, rounding may leave later levels something to take away.
            quotient = quotient_without(taken, (taken > 0.0) & (whole != 0.0))
            tl.store(words + at, word_of(quotient, number, real), mask=inside)
        if keep or not is_last:
            tl.store(product + at, kept, mask=inside)
        if is_last and sums < 2:
            tl.store(skeleton + at, 1.0 - kept, mask=inside)
        if is_last and sums > 0:
            count = counted(kept, probability + at, inside, real, sums == 2)
            lower += count
            upper += count * tl.load(other + at, mask=inside, other=0.0).to(real)
        high_a, number_a, high_b, number_b = high_b, number_b, high_c, number_c
        before, centre, lowest, origin = centre, after, next_lowest, next_origin
        at += size
    if is_last and sums > 0:
        tl.store(partial + 2 * tl.program_id(0), tl.sum(upper, 0))
        tl.store(partial + 2 * tl.program_id(0) + 1, tl.sum(lower, 0))
