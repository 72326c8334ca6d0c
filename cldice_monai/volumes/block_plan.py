"""Cut a volume that is resampled into blocks that are computed in a given memory."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil

from cldice_monai.boxes import Region
from cldice_monai.data.boxwise.large_volume import LargeVolume
from cldice_monai.topology.blocks import blocks_of
from cldice_monai.volumes.scaled import Scale, block_bytes

__all__ = ["block_regions", "smallest_block_bytes"]

_SMALLEST, _LARGEST, _STEP = 32, 512, 16  # sides in voxels of the working grid
_WRITTEN_CHUNK = 128  # of an OME-Zarr mask


def smallest_block_bytes(scales: Sequence[Scale], *, axis: int, sizes: tuple[int, int]) -> int:
    """Return the memory that every volume with these windows can be computed in.

    Args:
        scales: from `scales_of`.
        axis: along which windows advance.
        sizes: channels of the image and of the network's output.
    """
    return block_bytes(_SMALLEST, scales, axis=axis, sizes=sizes)


def block_regions(
    volume: LargeVolume,
    scales: Sequence[Scale],
    *,
    axis: int,
    sizes: tuple[int, int],
    max_bytes: int,
) -> list[Region]:
    """Cut a volume into as few blocks as fit, about cubes of the working grid.

    Windows that reach into several blocks are computed for each, so that larger blocks are faster.

    Args:
        volume: on its own grid.
        scales: from `scales_of`, of the working grid.
        axis: along which windows advance.
        sizes: channels of the image and of the network's output.
        max_bytes: memory for one block.

    Returns:
        Boxes of the volume's own grid that together are the volume.

    Raises:
        ValueError: if the smallest block does not fit.
    """
    sides = range(_LARGEST, _SMALLEST - 1, -_STEP)
    side = next(
        (n for n in sides if block_bytes(n, scales, axis=axis, sizes=sizes) <= max_bytes), 0
    )
    if not side:
        smallest = smallest_block_bytes(scales, axis=axis, sizes=sizes)
        raise ValueError(f"max_bytes must be at least {smallest}, got {max_bytes}")
    working = scales[0].grid.shape
    own = [
        _own_side(side * n // inner, n, aligned=volume.chunks is not None)
        for n, inner in zip(volume.shape, working, strict=True)
    ]
    return [block.owned for block in blocks_of(volume.shape, own)]


def _own_side(most: int, n: int, *, aligned: bool) -> int:
    """Return a side with which blocks of about one length cover ``n`` voxels."""
    most = max(1, min(most, n))
    if aligned and most >= _WRITTEN_CHUNK:  # whole chunks are written once
        return most // _WRITTEN_CHUNK * _WRITTEN_CHUNK
    return ceil(n / ceil(n / most))
