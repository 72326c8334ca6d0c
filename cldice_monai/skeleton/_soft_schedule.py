"""Which axes are eroded at which level of the soft skeleton."""

from __future__ import annotations

from collections.abc import Sequence

__all__ = ["erosion_schedule"]


def erosion_schedule(
    n_levels: int, n_dims: int, spacing: Sequence[float] | None = None
) -> list[tuple[bool, ...]]:
    """Return, for every level, the axes along which the image is eroded.

    One level stands for a depth of the finest spacing. An axis whose voxels are m times as long
    is eroded in one level of m, so that the surface moves inward at the same speed in mm along
    every axis. Its turns come one level late: a vessel of one or two slices has then been thinned
    within its slice before the erosion across slices takes it away as a whole.

    Args:
        n_levels: number of erosions, iter_ + 1.
        n_dims: 2 or 3.
        spacing: voxel size along each axis, any unit; None for equal sizes.

    Returns:
        ``n_levels`` tuples of ``n_dims`` booleans.

    Example:
        >>> erosion_schedule(3, 2, (1.0, 0.5))
        [(False, True), (False, True), (True, True)]
    """
    if spacing is None:
        return [(True,) * n_dims] * n_levels
    finest = min(spacing)

    def reached(axis: int, level: int) -> int:
        if spacing[axis] == finest:
            return level
        return int(max(level - 1, 0) * finest / spacing[axis] + 1e-9)

    return [
        tuple(reached(axis, level + 1) > reached(axis, level) for axis in range(n_dims))
        for level in range(n_levels)
    ]
