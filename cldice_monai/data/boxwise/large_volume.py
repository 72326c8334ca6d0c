"""A volume that stays on the disk: its geometry, and boxes of it on request."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise, product
from math import prod
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from cldice_monai.boxes import Region, region_shape
from cldice_monai.topology.blocks import blocks_of

__all__ = ["LargeOutput", "LargeVolume", "reading_boxes", "writing_boxes"]


@dataclass(frozen=True, eq=False)
class LargeVolume:
    """One volume on the disk.

    Attributes:
        path: the (first) file or folder.
        shape: in space, (X, Y, Z) of a NIfTI file, the order of the axes in a Zarr array.
        n_channels: number of channels.
        spacing_mm: voxel size along the axes of ``shape``.
        voxel_mm: volume of a voxel in mm^3, or its area in mm^2.
        at_right_angles: whether the axes of the grid are; distances are known only then.
        read: gives the intensities of a box in space, float32 (C, ...).
        slow_axis: spatial axis along which neighbours lie farthest apart in the file.
        unit: that the file names for its voxel size, as a person reads it.
        chunks: sides of the pieces that the file is read in; None where any box will do.
        metadata: what the writer of the same format needs of it.

    Example:
        >>> array = np.zeros((1, 9, 8, 7), np.float32)  # stands for a file
        >>> volume = LargeVolume(
        ...     path=Path("a.nii"), shape=(9, 8, 7), n_channels=1, spacing_mm=(2.0, 2.0, 5.0),
        ...     voxel_mm=20.0, at_right_angles=True, read=lambda box: array[(slice(None), *box)],
        ...     slow_axis=2, unit="mm", chunks=None, metadata=None,
        ... )
        >>> volume.read((slice(0, 2), slice(0, 3), slice(0, 4))).shape
        (1, 2, 3, 4)
    """

    path: Path
    shape: tuple[int, ...]
    n_channels: int
    spacing_mm: tuple[float, ...]
    voxel_mm: float
    at_right_angles: bool
    read: Callable[[Region], np.ndarray]
    slow_axis: int
    unit: str
    chunks: tuple[int, ...] | None
    metadata: Any


class LargeOutput(NamedTuple):
    """A file that is being written box by box.

    Attributes:
        write: takes a box in space and its values.
        read: gives the values of a box back, as they were written.
        chunks: sides of the pieces that the file is written in; None where any box will do.

    Example:
        >>> mask = np.zeros((4, 4, 4), np.uint8)  # stands for a file
        >>> output = LargeOutput(write=mask.__setitem__, read=mask.__getitem__)
        >>> box = (slice(0, 2), slice(0, 2), slice(0, 4))
        >>> output.write(box, np.ones((2, 2, 4)))
        >>> int(mask.sum()), output.read(box).shape
        (16, (2, 2, 4))
    """

    write: Callable[[Region, np.ndarray], None]
    read: Callable[[Region], np.ndarray]
    chunks: tuple[int, ...] | None = None


def reading_boxes(volume: LargeVolume, *, max_voxels: int = 1 << 19) -> Iterator[Region]:
    """Cut a volume into boxes that are read quickly one after the other.

    Args:
        volume: the volume.
        max_voxels: voxels of a box, at most; a chunk is never cut, whatever its size.

    Yields:
        Boxes that together are the volume.

    Example:
        >>> from types import SimpleNamespace
        >>> volume = SimpleNamespace(shape=(4, 4, 100), chunks=None, slow_axis=2)
        >>> [(box[2].start, box[2].stop) for box in reading_boxes(volume, max_voxels=4 * 4 * 40)]
        [(0, 40), (40, 80), (80, 100)]
    """
    sides = list(volume.chunks or volume.shape)
    if volume.chunks is None:
        order = [volume.slow_axis, *(a for a in range(len(sides)) if a != volume.slow_axis)]
        for axis in order:
            others = int(np.prod(sides)) // sides[axis]
            sides[axis] = max(1, min(sides[axis], max_voxels // others))
    for block in blocks_of(volume.shape, sides):
        yield block.owned


def writing_boxes(
    box: Region, chunks: Sequence[int] | None, *, axis: int, max_voxels: int = 1 << 20
) -> Iterator[Region]:
    """Cut a box into parts that are written quickly one after the other.

    Args:
        box: of the volume.
        chunks: of the file, in which a part then lies as a whole; None where any box will do.
        axis: along which neighbours lie farthest apart in the file.
        max_voxels: voxels of a part, at most, but for a chunk or a layer.

    Yields:
        Parts that together are the box.
    """
    sides = region_shape(box)
    if chunks is None:
        layers = list(sides)
        layers[axis] = max(1, max_voxels * sides[axis] // prod(sides))
        cuts = [_cuts(part, part.start, side) for part, side in zip(box, layers, strict=True)]
    else:
        cuts = [_cuts(part, 0, side) for part, side in zip(box, chunks, strict=True)]
    yield from product(*cuts)


def _cuts(part: slice, origin: int, side: int) -> list[slice]:
    """Cut a range where the distance from the origin is a multiple of ``side``."""
    first = origin + -(-(part.start + 1 - origin) // side) * side
    ends = [part.start, *range(first, part.stop, side), part.stop]
    return [slice(*pair) for pair in pairwise(ends)]
