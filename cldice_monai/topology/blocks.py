"""Cut a volume into blocks that share one layer of voxels, and what each block says by itself."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations, product
from math import ceil

import numpy as np

from cldice_monai.skeleton.connectivity import Connectivity
from cldice_monai.topology.euler import euler_of_items
from cldice_monai.topology.labelled_components import label_components

__all__ = ["Block", "BlockSummary", "blocks_of", "label_block", "summarise_block"]


@dataclass(frozen=True)
class Block:
    """One block of a volume.

    Attributes:
        index: number of the block along each axis.
        owned: voxels that belong to this block alone.
        shared: ``owned`` and, where a block follows, the first layer of that one.
        has_previous: whether a block comes before, axis by axis.
        has_next: whether a block follows, axis by axis.

    Example:
        >>> first, second = blocks_of((5, 4), (3, 4))
        >>> first.owned[0], first.shared[0], first.neighbour(axis=0, step=1) == second.index
        (slice(0, 3, None), slice(0, 4, None), True)
    """

    index: tuple[int, ...]
    owned: tuple[slice, ...]
    shared: tuple[slice, ...]
    has_previous: tuple[bool, ...]
    has_next: tuple[bool, ...]

    def neighbour(self, axis: int, step: int) -> tuple[int, ...]:
        """Return the index of the block before (-1) or behind (1) this one along an axis."""
        return tuple(n + step * (number == axis) for number, n in enumerate(self.index))


def blocks_of(shape: Sequence[int], block_shape: Sequence[int]) -> Iterator[Block]:
    """Cut a volume into blocks, in the order of numpy's axes.

    Any two voxels that touch, by a face, an edge or a corner, lie together in the shared part of
    some block; so nothing about how the volume hangs together is lost.

    Args:
        shape: of the volume.
        block_shape: sides of the blocks; the last one of an axis may be shorter.

    Yields:
        The blocks.

    Raises:
        ValueError: if the sides do not fit the volume or are not positive.

    Example:
        >>> [block.shared for block in blocks_of((5,), (3,))]
        [(slice(0, 4, None),), (slice(3, 5, None),)]
    """
    if len(block_shape) != len(shape) or min(block_shape) < 1:
        raise ValueError(
            f"block_shape must have {len(shape)} positive numbers, got {tuple(block_shape)}"
        )
    counts = [ceil(size / side) for size, side in zip(shape, block_shape, strict=True)]
    for index in product(*map(range, counts)):
        has_next = tuple(n + 1 < count for n, count in zip(index, counts, strict=True))
        axes = zip(index, shape, block_shape, strict=True)
        owned = tuple(slice(n * side, min((n + 1) * side, size)) for n, size, side in axes)
        shared = tuple(
            slice(part.start, part.stop + more) for part, more in zip(owned, has_next, strict=True)
        )
        yield Block(index, owned, shared, tuple(n > 0 for n in index), has_next)


@dataclass(frozen=True)
class BlockSummary:
    """What one block says about the whole volume.

    A face holds the number of the part that each voxel of a shared layer belongs to: 1, 2, ... for
    components of the foreground, -1, -2, ... for those of the background.

    Attributes:
        euler: its share of the Euler characteristic.
        voxels: foreground voxels that the block owns, by component, (n_foreground,).
        n_background: components of the background.
        at_border: numbers of the parts that touch the border of the volume.
        first_faces: first layer along each axis that has a previous block, else None.
        last_faces: last, shared, layer along each axis that has a next block, else None.
    """

    euler: int
    voxels: np.ndarray
    n_background: int
    at_border: np.ndarray
    first_faces: tuple[np.ndarray | None, ...]
    last_faces: tuple[np.ndarray | None, ...]


def summarise_block(mask: np.ndarray, block: Block, *, connectivity: Connectivity) -> BlockSummary:
    """Label one block and count its share of the Euler characteristic.

    Args:
        mask: boolean, the shared part of the block.
        block: where it lies.
        connectivity: of the foreground.

    Returns:
        The summary; it holds faces, no volume.

    Example:
        >>> ring = np.ones((3, 3), bool)
        >>> ring[1, 1] = False
        >>> (whole,) = blocks_of(ring.shape, (3, 3))
        >>> found = summarise_block(ring, whole, connectivity="foreground-full")
        >>> found.voxels.tolist(), found.euler, found.n_background
        ([8], 0, 1)
    """
    mask = np.ascontiguousarray(mask)  # boxes of NIfTI files run along the other axis
    labels = label_block(mask, connectivity=connectivity)
    n_foreground = int(labels.max(initial=0))
    owned = tuple(slice(0, part.stop - part.start) for part in block.owned)
    voxels = np.bincount(labels[owned].ravel(), minlength=n_foreground + 1)[1:]
    parts = _faces(labels, block)
    del labels  # before the background needs as much
    background = label_components(~mask, full=connectivity != "foreground-full")
    n_background = int(background.max(initial=0))
    faces = [
        [
            np.where(a > 0, a, -b) if a is not None and b is not None else None
            for a, b in zip(*sides, strict=True)
        ]
        for sides in zip(parts, _faces(background, block), strict=True)
    ]
    first, last, outer = faces
    touching = [np.unique(layer) for layer in outer if layer is not None]
    return BlockSummary(
        euler=_euler_share(mask, block, connectivity),
        voxels=voxels,
        n_background=n_background,
        at_border=np.unique(np.concatenate(touching)) if touching else np.zeros(0, np.int32),
        first_faces=tuple(first),
        last_faces=tuple(last),
    )


def label_block(mask: np.ndarray, *, connectivity: Connectivity) -> np.ndarray:
    """Number the components of the foreground of one block, always in the same way.

    Args:
        mask: boolean.
        connectivity: of the foreground.

    Returns:
        int32 of the same shape: 0 outside the foreground, else 1, 2, ...

    Example:
        >>> label_block(np.eye(2, dtype=bool), connectivity="foreground-face").tolist()
        [[1, 0], [0, 2]]
    """
    return label_components(mask, full=connectivity == "foreground-full")


def _faces(labels: np.ndarray, block: Block) -> tuple[list[np.ndarray | None], ...]:
    """Return the first and last shared layer along each axis, and the layers at the border."""
    first: list[np.ndarray | None] = []
    last: list[np.ndarray | None] = []
    outer: list[np.ndarray | None] = []
    for axis in range(labels.ndim):
        low, high = (np.take(labels, [index], axis) for index in (0, -1))
        first.append(low if block.has_previous[axis] else None)
        last.append(high if block.has_next[axis] else None)
        outer += [
            None if block.has_previous[axis] else low,
            None if block.has_next[axis] else high,
        ]
    return first, last, outer


def _euler_share(mask: np.ndarray, block: Block, connectivity: Connectivity) -> int:
    """Count the block less the layers that the next blocks count too (inclusion-exclusion)."""
    axes = [axis for axis, follows in enumerate(block.has_next) if follows]
    total = 0
    for n_shared in range(len(axes) + 1):
        for chosen in combinations(axes, n_shared):
            layer = tuple(
                slice(-1, None) if axis in chosen else slice(None) for axis in range(mask.ndim)
            )
            here = euler_of_items(mask[layer][None], connectivity=connectivity)
            total += (-1) ** n_shared * int(here[0])
    return total
