"""Boxes of voxels in the coordinates of a volume: one slice with start and stop an axis."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from math import prod

__all__ = ["Region", "cut_box", "region_shape", "shifted"]

Region = tuple[slice, ...]
"""A box of voxels: one slice with start and stop an axis."""


def region_shape(region: Region) -> tuple[int, ...]:
    """Return the sides of a region.

    Args:
        region: the box.

    Example:
        >>> region_shape((slice(2, 5), slice(0, 4)))
        (3, 4)
    """
    return tuple(part.stop - part.start for part in region)


def shifted(part: Region, box: Region) -> Region:
    """Return a part of a box in coordinates that begin with the box.

    Args:
        part: in the coordinates of the volume.
        box: likewise.

    Example:
        >>> shifted((slice(5, 7),), (slice(4, 9),))
        (slice(1, 3, None),)
    """
    return tuple(
        slice(one.start - first.start, one.stop - first.start)
        for one, first in zip(part, box, strict=True)
    )


def cut_box(
    box: Region, *, most: int, sides_of: Callable[[Region], tuple[int, ...]] = region_shape
) -> Iterator[Region]:
    """Halve a box along its longest axis until no part is too large.

    Args:
        box: not empty.
        most: voxels that a part may have; one voxel is never cut.
        sides_of: says how large a box counts; its own sides where nothing is given.

    Yields:
        Parts that together are the box.

    Example:
        >>> list(cut_box((slice(0, 6), slice(0, 2)), most=6))
        [(slice(0, 3, None), slice(0, 2, None)), (slice(3, 6, None), slice(0, 2, None))]
    """
    sides, own = sides_of(box), region_shape(box)
    if prod(sides) <= most or max(own) == 1:
        yield box
        return
    axis = max((n for n, side in enumerate(own) if side > 1), key=sides.__getitem__)
    middle = box[axis].start + own[axis] // 2
    for part in (slice(box[axis].start, middle), slice(middle, box[axis].stop)):
        yield from cut_box((*box[:axis], part, *box[axis + 1 :]), most=most, sides_of=sides_of)
