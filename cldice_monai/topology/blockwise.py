"""Topology and centreline of a volume read block by block."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from cldice_monai.skeleton.connectivity import Connectivity, check_connectivity
from cldice_monai.topology.block_centreline import block_centreline
from cldice_monai.topology.block_union import BlockUnion, WholeTopology, face_pairs
from cldice_monai.topology.blocks import blocks_of, label_block, summarise_block
from cldice_monai.topology.centreline_union import CentrelineUnion, WholeCentreline

__all__ = ["blockwise_centreline", "blockwise_length_mm", "blockwise_topology", "label_blockwise"]

Reader = Callable[[tuple[slice, ...]], np.ndarray]
Writer = Callable[[tuple[slice, ...], np.ndarray], None]


def blockwise_topology(
    read: Reader,
    shape: Sequence[int],
    *,
    block_shape: Sequence[int],
    connectivity: Connectivity = "foreground-full",
    max_parts: int | None = None,
) -> WholeTopology:
    """Return the topology of a mask that need not fit into memory, exactly.

    Blocks share one layer of voxels with the next ones. Each is labelled by itself; parts that
    meet in a shared layer are one. The Euler characteristic is that of all blocks less that of the
    shared layers; loops follow from it.

    Args:
        read: gives the boolean mask of a box.
        shape: of the volume, (H, W) or (H, W, D).
        block_shape: sides of the blocks. A block takes about 12 bytes of memory a voxel.
        connectivity: as for `betti_numbers`.
        max_parts: most components of foreground and background that all blocks together may have,
            before they are joined; each takes about 60 bytes.

    Returns:
        The topology, with the numbers that `betti_numbers` and `euler_characteristic` give.

    Raises:
        ValueError: if blocks do not fit the shape, or the connectivity is unknown.
        TooManyPartsError: beyond ``max_parts``.

    Example:
        >>> ring = np.ones((3, 3), bool)
        >>> ring[1, 1] = False
        >>> blockwise_topology(ring.__getitem__, (3, 3), block_shape=(2, 1)).betti_numbers
        (1, 1)
    """
    union = BlockUnion(max_parts)
    _add_all(union, read, shape, block_shape, connectivity)
    return union.result()


def label_blockwise(
    read: Reader,
    write: Writer,
    shape: Sequence[int],
    *,
    block_shape: Sequence[int],
    connectivity: Connectivity = "foreground-full",
) -> WholeTopology:
    """Number the components of a mask block by block, in two passes.

    Args:
        read: gives the boolean mask of a box.
        write: is given each box of one block and its labels, int64: 0 outside, else 1, 2, ...
        shape: of the volume.
        block_shape: sides of the blocks.
        connectivity: as for `betti_numbers`.

    Returns:
        The topology.

    Raises:
        ValueError: if blocks do not fit the shape, or the connectivity is unknown.

    Example:
        >>> mask = np.array([[1, 1, 0, 1]], bool)
        >>> labels = np.zeros((1, 4), int)
        >>> _ = label_blockwise(
        ...     mask.__getitem__, labels.__setitem__, mask.shape, block_shape=(1, 1)
        ... )
        >>> labels.tolist()
        [[1, 1, 0, 2]]
    """
    union = BlockUnion()
    _add_all(union, read, shape, block_shape, connectivity)
    topology = union.result()
    for block in blocks_of(shape, block_shape):
        labels = label_block(read(block.shared), connectivity=connectivity)
        table = union.table(block.index, int(labels.max(initial=0)))
        owned = tuple(slice(0, part.stop - part.start) for part in block.owned)
        write(block.owned, table[labels[owned]])
    return topology


def blockwise_length_mm(
    read: Reader,
    shape: Sequence[int],
    *,
    spacing_mm: Sequence[float],
    block_shape: Sequence[int],
    halo: int = 32,
) -> float:
    """Return the centreline length of a mask, thinned block by block.

    Each block is thinned, by `skeletonize` in voxels, together with ``halo`` voxels around it, and
    the length of the centreline inside the block counted. Where the halo is cut, the centreline
    ends about a vessel's radius too early; the halo keeps that out of the block. With vessels
    thinner than half the halo the sum lies within 1 % of the length that the whole volume has; it
    is that length where sides and halo are even, since thinning takes even and odd coordinates in
    turn.

    Args:
        read: gives the boolean mask of a box.
        shape: of the volume.
        spacing_mm: distance in mm between voxel centres along each axis.
        block_shape: sides of the blocks.
        halo: voxels around each block, 0 or more.

    Returns:
        Length in mm.

    Raises:
        ValueError: if blocks or spacing do not fit the shape.

    Example:
        >>> line = np.zeros((3, 9), bool)
        >>> line[1] = True
        >>> blockwise_length_mm(
        ...     line.__getitem__, (3, 9), spacing_mm=(1, 1), block_shape=(3, 4), halo=2
        ... )
        8.0
    """
    return blockwise_centreline(
        read, shape, spacing_mm=spacing_mm, block_shape=block_shape, halo=halo
    ).length_mm


def blockwise_centreline(
    read: Reader,
    shape: Sequence[int],
    *,
    spacing_mm: Sequence[float],
    block_shape: Sequence[int],
    halo: int = 32,
    max_open: int | None = None,
    turned: bool = False,
    write: Writer | None = None,
) -> WholeCentreline:
    """Measure the centreline of a mask block by block: length, ends, junctions, radii.

    With even sides and halo, and vessels thinner than half the halo, the figures are those of the
    skeleton of the whole volume, see `blockwise_length_mm`, under `trace_skeleton` and
    `radii_along`.

    Args:
        read: gives the boolean mask of a box.
        shape: of the volume.
        spacing_mm: distance in mm between voxel centres along each axis.
        block_shape: sides of the blocks.
        halo: voxels around each block, 2 or more.
        max_open: as for `CentrelineUnion`.
        turned: as for `block_centreline`.
        write: as for `block_centreline`.

    Returns:
        The figures.

    Raises:
        ValueError: if blocks or spacing do not fit the shape.

    Example:
        >>> line = np.zeros((3, 9), bool)
        >>> line[1] = True
        >>> found = blockwise_centreline(
        ...     line.__getitem__, (3, 9), spacing_mm=(1, 1), block_shape=(3, 4), halo=2
        ... )
        >>> found.n_end_points, found.n_segments, found.percentiles([50])
        (2, 1, [1.0])
    """
    union = CentrelineUnion(max_open)
    for block in blocks_of(shape, block_shape):
        found = block_centreline(
            read, shape, block, spacing_mm=spacing_mm, halo=halo, turned=turned, write=write
        )
        union.add(found)
    return union.result()


def _add_all(
    union: BlockUnion,
    read: Reader,
    shape: Sequence[int],
    block_shape: Sequence[int],
    connectivity: Connectivity,
) -> None:
    """Add every block and join it to those before it; faces are kept until they are used."""
    check_connectivity(connectivity)
    waiting: dict[tuple[tuple[int, ...], int], np.ndarray] = {}
    for block in blocks_of(shape, block_shape):
        summary = summarise_block(read(block.shared), block, connectivity=connectivity)
        union.add(block.index, summary)
        for axis, (first, last) in enumerate(
            zip(summary.first_faces, summary.last_faces, strict=True)
        ):
            if first is not None:
                before = block.neighbour(axis, -1)
                union.join(before, block.index, face_pairs(waiting.pop((before, axis)), first))
            if last is not None:
                waiting[block.index, axis] = last
