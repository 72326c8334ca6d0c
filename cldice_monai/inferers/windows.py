"""Where the windows of a sliding-window inference lie, and which of them a region needs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from cldice_monai.boxes import Region

__all__ = ["WindowGrid", "shorter_windows", "window_grid"]


@dataclass(frozen=True)
class WindowGrid:
    """The windows of one volume, in the coordinates of the volume.

    A volume that is shorter than a window is padded on both sides, so that a window may begin
    below 0 and end beyond the volume.

    Attributes:
        shape: of the volume.
        roi: sides of a window.
        starts: first voxel of the windows along each axis, ascending; every combination is one.

    Example:
        >>> grid = window_grid((100,), (40,), 0.5)
        >>> grid.starts, grid.starts_in((slice(0, 30),)), grid.input_of((slice(0, 30),))
        (((0, 20, 40, 60),), ((0, 20),), (slice(0, 60, None),))
    """

    shape: tuple[int, ...]
    roi: tuple[int, ...]
    starts: tuple[tuple[int, ...], ...]

    def starts_in(self, region: Region) -> tuple[tuple[int, ...], ...]:
        """Return the starts of the windows that meet a region, axis by axis.

        Args:
            region: box inside the volume.
        """
        return tuple(
            tuple(start for start in starts if start < part.stop and start + side > part.start)
            for starts, side, part in zip(self.starts, self.roi, region, strict=True)
        )

    def input_of(self, region: Region) -> Region:
        """Return the part of the volume that the windows of a region look at.

        Args:
            region: box inside the volume.
        """
        touching = zip(self.starts_in(region), self.roi, self.shape, strict=True)
        return tuple(
            slice(max(starts[0], 0), min(starts[-1] + side, size))
            for starts, side, size in touching
        )


def window_grid(
    shape: Sequence[int], roi_size: Sequence[int], overlap: float | Sequence[float]
) -> WindowGrid:
    """Place windows as MONAI's SlidingWindowInferer does.

    The step is ``int(side * (1 - overlap))``, at least 1; the last window of an axis is moved back
    to end with the volume; a shorter volume is padded, the smaller half of it before.

    Args:
        shape: of the volume in space.
        roi_size: sides of a window; 0 or less takes the whole axis.
        overlap: share from 0 to below 1 that two neighbours have in common, one or one an axis.

    Returns:
        The grid.

    Raises:
        ValueError: if numbers do not fit the axes, or an overlap is out of range.

    Example:
        >>> window_grid((10, 3), (4, 4), 0.5).starts
        ((0, 2, 4, 6), (0,))
        >>> window_grid((11, 2), (4, 4), 0.25).starts  # the second axis is padded by 1 and 1
        ((0, 3, 6, 7), (-1,))
    """
    size = tuple(int(n) for n in shape)
    overlaps = (overlap,) * len(size) if isinstance(overlap, int | float) else tuple(overlap)
    if not len(size) == len(roi_size) == len(overlaps):
        raise ValueError(
            f"roi_size and overlap must have {len(size)} numbers, one an axis of space, "
            f"got {tuple(roi_size)} and {overlaps}"
        )
    if not all(0 <= share < 1 for share in overlaps):
        raise ValueError(f"overlap must be from 0 to below 1, got {overlap}")
    roi = tuple(
        int(side) if side and side > 0 else n for side, n in zip(roi_size, size, strict=True)
    )
    starts = (_starts(*numbers) for numbers in zip(size, roi, overlaps, strict=True))
    return WindowGrid(size, roi, tuple(starts))


def shorter_windows(
    roi_size: Sequence[int], shape: Sequence[int], *, multiple_of: int
) -> tuple[int, ...]:
    """Return the sides of a window that need not be padded much where the volume is shorter.

    Args:
        roi_size: the longest sides.
        shape: of the volume.
        multiple_of: what the network divides the sides by; no window is shorter than twice that.

    Example:
        >>> shorter_windows((64, 64, 64), (100, 50, 3), multiple_of=8)
        (64, 56, 16)
    """
    step = multiple_of
    sides = zip(roi_size, shape, strict=True)
    return tuple(min(most, max(2, -(-n // step)) * step) for most, n in sides)


def _starts(size: int, side: int, overlap: float) -> tuple[int, ...]:
    if size <= side:
        return (-((side - size) // 2),)
    step = max(int(side * (1 - overlap)), 1)
    last = size - side
    return (*range(0, last, step), last)
