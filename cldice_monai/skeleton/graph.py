"""A skeleton read as a network: nodes where curves end or meet, and the segments between them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
import numpy.typing as npt
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from cldice_monai.skeleton.distance import squared_distances
from cldice_monai.skeleton.mask import Mask, as_mask, check_same_shape

__all__ = ["SkeletonGraph", "skeleton_graph", "voxel_links"]

_Array = npt.NDArray[np.float64]
_Indices = npt.NDArray[np.int64]
_BEYOND = 16  # voxels by which a vessel is taken to go on beyond the border, for its radius


@dataclass(frozen=True, eq=False)
class SkeletonGraph:
    """Nodes and segments of a skeleton; lengths and radii in the unit of the spacing.

    Args:
        nodes: (N, 2) or (N, 3) float64, voxel coordinates: ends of curves, middles of junctions,
            single voxels, and one voxel of each closed curve without a junction.
        pairs: (S, 2) int64, the nodes at both ends of each segment, the same twice for a loop.
        length: (S,) float64, length along the voxels from node to node.
        mean_radius: (S,) float64, mean distance to the background along the segment, junctions
            not included; NaN where no mask was given.
    """

    nodes: _Array
    pairs: _Indices
    length: _Array
    mean_radius: _Array

    def degrees(self) -> _Indices:
        """Return (N,) int64: how many segment ends meet at each node; a loop counts twice."""
        return np.bincount(self.pairs.ravel(), minlength=len(self.nodes)).astype(np.int64)

    def n_bifurcations(self) -> int:
        """Return how many nodes have three segment ends or more."""
        return int((self.degrees() >= 3).sum())


def skeleton_graph(
    skeleton: Mask, *, mask: Mask | None = None, spacing: Sequence[float] | None = None
) -> SkeletonGraph:
    """Read a skeleton as a network of nodes and segments.

    Voxels are neighbours if they share a face, an edge or a corner (8 or 26). Voxels with three
    neighbours or more that touch are one junction, placed at their middle. Everything between
    junctions and ends is a segment.

    Args:
        skeleton: (H, W) or (H, W, D), binary, one voxel thin as `skeletonize` returns it.
        mask: what the skeleton was made from, of the same shape, for the radii. At the border of
            the array it is taken to go on.
        spacing: voxel size along each axis; None for 1.

    Returns:
        The network; without nodes for an empty skeleton.

    Raises:
        TypeError: an array holds no numbers.
        ValueError: an array is not binary, shapes differ, or the spacing does not fit.

    Example:
        >>> cross = np.zeros((7, 7), bool)
        >>> cross[3, :] = cross[:, 3] = True
        >>> graph = skeleton_graph(cross)
        >>> graph.n_bifurcations(), len(graph.pairs), graph.length.tolist()
        (1, 4, [3.0, 3.0, 3.0, 3.0])
    """
    voxels = as_mask(skeleton, name="skeleton")
    step = _checked_spacing(spacing, voxels.ndim)
    places = np.argwhere(voxels)
    first, second, distance = voxel_links(voxels, step)
    degree = np.bincount(np.concatenate([first, second]), minlength=len(places))
    is_junction = degree > 2
    n_junctions_linked = is_junction[first].astype(np.int64) + is_junction[second]
    within, along = n_junctions_linked == 2, n_junctions_linked == 0
    junction = _numbered(first[within], second[within], is_junction)
    chain = _numbered(first[along], second[along], ~is_junction)
    meets = n_junctions_linked == 1
    inner = np.where(is_junction[first], second, first)[meets]
    outer = np.where(is_junction[first], first, second)[meets]

    lasts = np.concatenate([np.flatnonzero(degree == 1), _closed(chain, degree, inner)])
    node, nodes = _place_nodes(places, junction, np.union1d(lasts, np.flatnonzero(degree == 0)))
    gap = np.sqrt((((places[inner] - nodes[node[outer]]) * step) ** 2).sum(axis=1))
    # each segment is fastened twice: to a junction, or to the end of its curve
    owner = np.concatenate([chain[inner], chain[lasts]])
    order = np.argsort(owner, kind="stable")
    pairs = node[np.concatenate([outer, lasts])][order].reshape(-1, 2)
    segment = owner[order][::2]
    n_chains = int(chain.max(initial=-1)) + 1
    length = np.bincount(chain[first[along]], weights=distance[along], minlength=n_chains)
    length += np.bincount(chain[inner], weights=gap, minlength=n_chains)
    radius = np.full(n_chains, np.nan)
    if mask is not None:
        at = _radii(voxels, as_mask(mask), step)[~is_junction]
        radius = np.bincount(chain[~is_junction], weights=at) / np.bincount(chain[~is_junction])
    return SkeletonGraph(nodes, pairs, length[segment], radius[segment])


def voxel_links(voxels: npt.NDArray[np.bool_], step: _Array) -> tuple[_Indices, _Indices, _Array]:
    """Return the numbers of both voxels of each pair of neighbours, and their distance.

    Args:
        voxels: boolean (H, W) or (H, W, D); numbered in the order of ``np.argwhere``.
        step: voxel size along each axis.

    Returns:
        Three arrays with one entry for each pair of voxels that share a face, an edge or a corner.

    Example:
        >>> [part.tolist() for part in voxel_links(np.eye(3, dtype=bool), np.array([3.0, 4.0]))]
        [[0, 1], [1, 2], [5.0, 5.0]]
    """
    padded = np.pad(voxels, 1)
    index = np.flatnonzero(padded)
    strides = np.array([s // padded.itemsize for s in padded.strides])
    offsets = list(product((-1, 0, 1), repeat=voxels.ndim))
    first, second, length = [], [], []
    for offset in offsets[len(offsets) // 2 + 1 :]:  # one of each pair of opposite ones
        neighbour = index + int(np.dot(offset, strides))
        found = np.flatnonzero(padded.ravel()[neighbour])
        first.append(found)
        second.append(np.searchsorted(index, neighbour[found]))
        length.append(np.full(len(found), float(np.linalg.norm(offset * step))))
    return np.concatenate(first), np.concatenate(second), np.concatenate(length)


def _numbered(first: _Indices, second: _Indices, part: npt.NDArray[np.bool_]) -> _Indices:
    """Return the connected piece of each voxel of a part, numbered from 0; -1 for the others."""
    ones = np.ones(len(first), dtype=np.int8)
    matrix = coo_array((ones, (first, second)), (len(part), len(part)))
    piece = connected_components(matrix, directed=False)[1]
    number = np.full(len(part), -1)
    number[part] = np.unique(piece[part], return_inverse=True)[1]
    return number


def _closed(chain: _Indices, degree: _Indices, inner: _Indices) -> _Indices:
    """Return a voxel of each closed curve that meets no junction, twice: its start and its end."""
    is_open = np.zeros(int(chain.max(initial=-1)) + 1, dtype=bool)
    is_open[chain[degree < 2]] = True
    is_open[chain[inner]] = True
    names, voxel = np.unique(chain, return_index=True)
    voxel = voxel[names >= 0]
    return np.repeat(voxel[~is_open], 2)


def _place_nodes(places: _Indices, junction: _Indices, single: _Indices) -> tuple[_Indices, _Array]:
    """Number the nodes: return the node of each voxel, -1 for none, and where each node is."""
    n_junctions = int(junction.max(initial=-1)) + 1
    node = junction.copy()
    node[single] = n_junctions + np.arange(len(single))
    count = np.bincount(node[node >= 0])
    sums = [np.bincount(node[node >= 0], weights=axis) for axis in places[node >= 0].T]
    return node, np.stack([total / count for total in sums], axis=1)


def _radii(skeleton: npt.NDArray[np.bool_], mask: npt.NDArray[np.bool_], step: _Array) -> _Array:
    """Return the distance to the background at each voxel of the skeleton."""
    check_same_shape(skeleton, mask)
    grown = np.pad(np.pad(mask | skeleton, _BEYOND, mode="edge"), 1)
    index = np.flatnonzero(grown)
    square = squared_distances(index, shape=grown.shape, spacing=step.tolist())
    at = np.ravel_multi_index(tuple((np.argwhere(skeleton) + _BEYOND + 1).T), grown.shape)
    return np.sqrt(square[np.searchsorted(index, at)].astype(np.float64))


def _checked_spacing(spacing: Sequence[float] | None, axes: int) -> _Array:
    sizes = (1.0,) * axes if spacing is None else tuple(spacing)
    if len(sizes) != axes or not all(0 < size < float("inf") for size in sizes):
        raise ValueError(f"spacing must be {axes} positive numbers, one an axis, got {spacing!r}")
    return np.array(sizes, dtype=np.float64)
