"""Cut a volume into columns whose sums fit into a given memory."""

from __future__ import annotations

from itertools import product, starmap
from math import ceil, prod

from cldice_monai.boxes import Region
from cldice_monai.inferers.windows import WindowGrid

__all__ = ["column_regions", "smallest_sum_bytes", "sum_bytes"]

_BYTES_PER_SUM = 4  # float32


def sum_bytes(grid: WindowGrid, sides: tuple[int, ...], *, axis: int, n_outputs: int) -> int:
    """Return the memory of the sums of one column.

    Args:
        grid: windows of the volume.
        sides: of the column; along ``axis`` it counts no further than a window reaches.
        axis: along which the windows advance.
        n_outputs: channels of the network's output; the weights are summed in one more.

    Returns:
        Number of bytes.

    Example:
        >>> from cldice_monai.inferers.windows import window_grid
        >>> grid = window_grid((512, 512, 512), (64, 64, 64), 0.5)
        >>> sum_bytes(grid, (512, 512, 512), axis=0, n_outputs=1) == 4 * 2 * 64 * 512 * 512
        True
    """
    deep = min(grid.roi[axis], grid.shape[axis])
    face = prod(side for number, side in enumerate(sides) if number != axis)
    return _BYTES_PER_SUM * (n_outputs + 1) * deep * face


def smallest_sum_bytes(grid: WindowGrid, *, axis: int, n_outputs: int) -> int:
    """Return the memory that every volume with these windows can be computed in.

    It is that of a column one window wide, and depends on no side of the volume that is longer.

    Args:
        grid: windows of the volume.
        axis: along which the windows advance.
        n_outputs: channels of the network's output.

    Returns:
        Number of bytes.

    Example:
        >>> from cldice_monai.inferers.windows import window_grid
        >>> grid = window_grid((5000, 5000, 5000), (64, 64, 64), 0.5)
        >>> smallest_sum_bytes(grid, axis=0, n_outputs=1)
        2097152
    """
    sides = tuple(map(min, grid.roi, grid.shape))
    return sum_bytes(grid, sides, axis=axis, n_outputs=n_outputs)


def column_regions(grid: WindowGrid, *, axis: int, n_outputs: int, max_bytes: int) -> list[Region]:
    """Cut the volume across ``axis`` into as few columns as fit.

    Args:
        grid: windows of the volume.
        axis: along which the windows advance; columns are as long as the volume.
        n_outputs: channels of the network's output.
        max_bytes: memory for the sums of a column.

    Returns:
        Boxes that together are the volume; one box where it need not be cut.

    Raises:
        ValueError: if a column one window wide does not fit.

    Example:
        >>> from cldice_monai.inferers.windows import window_grid
        >>> grid = window_grid((30, 16, 8), (8, 8, 8), 0.5)
        >>> column_regions(grid, axis=0, n_outputs=1, max_bytes=4096)
        [(slice(0, 30, None), slice(0, 8, None), slice(0, 8, None)), \
(slice(0, 30, None), slice(8, 16, None), slice(0, 8, None))]
    """
    smallest = smallest_sum_bytes(grid, axis=axis, n_outputs=n_outputs)
    if max_bytes < smallest:
        raise ValueError(
            f"max_bytes must be at least {smallest} for windows of {grid.roi}, got {max_bytes}"
        )
    counts = [1] * len(grid.shape)
    while True:
        sides = tuple(map(_side, grid.shape, counts))
        if sum_bytes(grid, sides, axis=axis, n_outputs=n_outputs) <= max_bytes:
            break
        excess = {
            number: side / roi
            for number, (side, roi) in enumerate(zip(sides, grid.roi, strict=True))
            if number != axis
        }
        counts[max(excess, key=excess.__getitem__)] += 1
    return list(product(*starmap(_cut, zip(grid.shape, counts, strict=True))))


def _side(size: int, count: int) -> int:
    return ceil(size / count)


def _cut(size: int, count: int) -> list[slice]:
    side = _side(size, count)
    return [slice(start, min(start + side, size)) for start in range(0, size, side)]
