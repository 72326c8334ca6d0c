"""What one block says about the centreline of the whole volume."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from cldice_monai.boxes import shifted
from cldice_monai.skeleton.binary import skeletonize
from cldice_monai.skeleton.links import voxel_links
from cldice_monai.skeleton.radius import BEYOND, radii_along
from cldice_monai.topology.blocks import Block
from cldice_monai.topology.length import skeleton_length_mm

__all__ = ["BlockCentreline", "BlockNetwork", "block_centreline", "merged_pieces"]

_RING = 2  # voxels around a block: its neighbours, and theirs, tell which neighbours are junctions
_Mask = npt.NDArray[np.bool_]
_Indices = npt.NDArray[np.int64]


@dataclass(frozen=True)
class BlockNetwork:
    """Pieces of the centreline in one block: junctions, and the runs of voxels between them.

    Attributes:
        n_free_ends: voxels with one neighbour that are the end of a run.
        is_junction: (P,) bool, whether a piece is a junction or a run.
        n_runs: (P,) how many ends of runs meet at a junction, as far as the block owns it.
        crossing: (C, 3) int64, links within a piece that leave the block: number in the whole
            volume of the voxel inside and of that outside, and the piece.
    """

    n_free_ends: int
    is_junction: _Mask
    n_runs: _Indices
    crossing: _Indices


@dataclass(frozen=True)
class BlockCentreline:
    """What one block says about the centreline.

    Attributes:
        length_mm: inside the block.
        radii: (R,) float64, different distances to the background along it, in mm.
        counts: (R,) voxels with each of them.
        n_too_thick: voxels whose background lies so far away that the halo does not hold it.
        network: its pieces.
    """

    length_mm: float
    radii: npt.NDArray[np.float64]
    counts: _Indices
    n_too_thick: int
    network: BlockNetwork


def block_centreline(
    read: Callable[[tuple[slice, ...]], np.ndarray],
    shape: Sequence[int],
    block: Block,
    *,
    spacing_mm: Sequence[float],
    halo: int,
    turned: bool = False,
    write: Callable[[tuple[slice, ...], np.ndarray], None] | None = None,
) -> BlockCentreline:
    """Measure the centreline inside one block; `CentrelineUnion` puts blocks together.

    Args:
        read: gives the boolean mask of a box.
        shape: of the volume.
        block: from `blocks_of`.
        spacing_mm: distance in mm between voxel centres along each axis.
        halo: voxels around the block that are thinned with it; the network needs 2 or more.
        turned: thin with the axes in reverse, as an image in memory has them.
        write: is given the box of the block and its part of the skeleton, uint8.

    Returns:
        Figures of the voxels that the block owns.
    """
    around = _grown(block.owned, halo, shape)
    mask = read(around)
    skeleton = skeletonize(mask.T).T if turned else skeletonize(mask)
    inside = shifted(block.owned, around)
    if write is not None:
        write(block.owned, skeleton[inside].astype(np.uint8))
    radii, counts, n_too_thick = _radii(mask, skeleton, inside, spacing_mm, around, shape)
    del mask
    near = _grown(block.owned, min(_RING, halo), shape)
    skeleton = skeleton[shifted(near, around)]
    owned = np.zeros(skeleton.shape, bool)
    owned[shifted(block.owned, near)] = True
    return BlockCentreline(
        length_mm=skeleton_length_mm(skeleton, spacing_mm=spacing_mm, within=owned),
        radii=radii,
        counts=counts,
        n_too_thick=n_too_thick,
        network=_network(skeleton, owned, [part.start for part in near], shape),
    )


def merged_pieces(n_pieces: int, pairs: _Indices) -> tuple[int, _Indices]:
    """Join pieces pair by pair; return how many are left, and the new number of each.

    Args:
        n_pieces: pieces 0, 1, ...
        pairs: (2, N), pieces that are one.

    Example:
        >>> n_left, number = merged_pieces(3, np.array([[0], [2]]))
        >>> n_left, number.tolist()
        (2, [0, 1, 0])
    """
    ones = np.ones(pairs.shape[1], np.int8)
    graph = coo_array((ones, tuple(pairs)), (n_pieces, n_pieces))
    n_left, number = connected_components(graph, directed=False)
    return int(n_left), number.astype(np.int64)


def _grown(box: Sequence[slice], n: int, shape: Sequence[int]) -> tuple[slice, ...]:
    return tuple(
        slice(max(part.start - n, 0), min(part.stop + n, size))
        for part, size in zip(box, shape, strict=True)
    )


def _radii(
    mask: _Mask,
    skeleton: _Mask,
    inside: tuple[slice, ...],
    spacing_mm: Sequence[float],
    around: Sequence[slice],
    shape: Sequence[int],
) -> tuple[npt.NDArray[np.float64], _Indices, int]:
    """Count the different radii in a block, those that are farther than what was read apart."""
    own = np.zeros_like(skeleton)
    own[inside] = skeleton[inside]
    if not own.any():
        return np.zeros(0), np.zeros(0, np.int64), 0
    # a vessel goes on beyond the volume, but what lies beyond the halo is not known
    beyond = [
        (0 if part.start else BEYOND, 0 if part.stop < size else BEYOND)
        for part, size in zip(around, shape, strict=True)
    ]
    radii = radii_along(own, mask, np.asarray(spacing_mm), beyond=beyond)
    unread = np.inf
    for part, n, side, ends in zip(inside, mask.shape, spacing_mm, beyond, strict=True):
        cut = [
            steps for steps, end in zip((part.start, n - part.stop), ends, strict=True) if not end
        ]
        unread = min([unread, *((steps + 1) * side for steps in cut)])
    is_known = radii < unread * (1 - 1e-6)  # they are rounded to float32 within
    values, counts = np.unique(radii[is_known], return_counts=True)
    return values, counts, int((~is_known).sum())


def _network(
    skeleton: _Mask, owned: _Mask, corner: Sequence[int], shape: Sequence[int]
) -> BlockNetwork:
    """Cut the skeleton of a block with `_RING` voxels around into pieces, as `trace_skeleton`."""
    links = np.stack(voxel_links(skeleton, np.ones(skeleton.ndim), skip_shortcuts=True)[:2])
    places = np.argwhere(skeleton)
    degree = np.bincount(links.ravel(), minlength=len(places))
    is_junction, is_own = degree > 2, owned[skeleton]
    members = is_own & (degree > 0)
    alike = is_junction[links[0]] == is_junction[links[1]]
    within = links[:, alike & members[links].all(axis=0)]
    found = merged_pieces(len(places), within)[1]
    names, piece = np.unique(found[members], return_inverse=True)
    number = np.full(len(places), -1)
    number[members] = piece
    leaving = links[:, alike & (is_own[links[0]] != is_own[links[1]])]
    leaving = np.where(is_own[leaving[0]], leaving, leaving[::-1])
    keys = np.ravel_multi_index(tuple((places + np.asarray(corner)).T), tuple(shape))
    mixed = links[:, ~alike]
    junction = np.where(is_junction[mixed[0]], *mixed)
    kinds = np.zeros(len(names), bool)
    kinds[piece] = is_junction[members]
    return BlockNetwork(
        n_free_ends=int((is_own & (degree == 1)).sum()),
        is_junction=kinds,
        n_runs=np.bincount(number[junction[is_own[junction]]], minlength=len(names)),
        crossing=np.stack([keys[leaving[0]], keys[leaving[1]], number[leaving[0]]], axis=1),
    )
