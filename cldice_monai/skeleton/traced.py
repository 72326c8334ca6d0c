"""A skeleton traced from node to node: where curves end or meet, and the segments between."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.sparse import coo_array
from scipy.sparse.csgraph import breadth_first_order, connected_components

from cldice_monai.skeleton.links import voxel_links
from cldice_monai.skeleton.mask import Mask, as_mask, check_same_shape, check_spacing
from cldice_monai.skeleton.radius import radii_along

__all__ = ["TracedSkeleton", "trace_skeleton"]

_Array = npt.NDArray[np.float64]
_Indices = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class TracedSkeleton:
    """Nodes and segments of a skeleton; lengths and radii in the unit of the spacing.

    Args:
        nodes: (N, 2) or (N, 3) float64, voxel coordinates: ends of curves, middles of junctions,
            single voxels, and one voxel of each closed curve without a junction.
        pairs: (S, 2) int64, the nodes at both ends of each segment, the same twice for a loop.
        points: (P, 2) or (P, 3) float64, voxel coordinates along the segments, one segment after
            the other, each from its first node to its second.
        starts: (S + 1,) int64: segment i is ``points[starts[i] : starts[i + 1]]``.
        length: (S,) float64, length along the points.
        mean_radius: (S,) float64, mean distance to the background along the segment, junctions
            not included; NaN where no mask was given.

    Example:
        >>> cross = np.zeros((7, 7), bool)
        >>> cross[3], cross[:, 3] = True, True
        >>> found = trace_skeleton(cross, spacing=(0.5, 0.5))
        >>> sorted(found.degrees().tolist()), found.length.tolist()
        ([1, 1, 1, 1, 4], [1.5, 1.5, 1.5, 1.5])
    """

    nodes: _Array
    pairs: _Indices
    points: _Array
    starts: _Indices
    length: _Array
    mean_radius: _Array

    def degrees(self) -> _Indices:
        """Return (N,) int64: how many segment ends meet at each node; a loop counts twice."""
        return np.bincount(self.pairs.ravel(), minlength=len(self.nodes)).astype(np.int64)

    def n_bifurcations(self) -> int:
        """Return how many nodes have three segment ends or more."""
        return int((self.degrees() >= 3).sum())


def trace_skeleton(
    skeleton: Mask, *, mask: Mask | None = None, spacing: Sequence[float] | None = None
) -> TracedSkeleton:
    """Read a skeleton as nodes and the segments between them.

    Voxels are neighbours if they share a face, an edge or a corner (8 or 26), but for diagonals
    that cut a corner short. Voxels with three neighbours or more that touch are one junction,
    placed at their middle. Everything between junctions and ends is a segment.

    Args:
        skeleton: (H, W) or (H, W, D), binary, one voxel thin as `skeletonize` returns it.
        mask: what the skeleton was made from, of the same shape, for the radii. At the border of
            the array it is taken to go on.
        spacing: voxel size along each axis; None for 1.

    Returns:
        Nodes and segments; none for an empty skeleton.

    Raises:
        TypeError: an array holds no numbers.
        ValueError: an array is not binary, shapes differ, or the spacing does not fit.

    Example:
        >>> cross = np.zeros((7, 7), bool)
        >>> cross[3, :] = cross[:, 3] = True
        >>> traced = trace_skeleton(cross)
        >>> traced.n_bifurcations(), len(traced.pairs), traced.length.tolist()
        (1, 4, [3.0, 3.0, 3.0, 3.0])
    """
    voxels = as_mask(skeleton, name="skeleton")
    check_spacing(spacing, voxels.ndim)
    solid = None if mask is None else as_mask(mask)
    if solid is not None:
        check_same_shape(voxels, solid)
    step = np.ones(voxels.ndim) if spacing is None else np.array(spacing, dtype=np.float64)
    places = np.argwhere(voxels)
    links = np.stack(voxel_links(voxels, step, skip_shortcuts=True)[:2])
    chains = _chains(links, len(places))
    node, nodes = _place_nodes(places, links, chains)
    pairs = node[chains.attached]
    points, starts = _polylines(places, nodes[pairs], chains)
    radius = np.full(len(pairs), np.nan)
    if solid is not None and len(pairs):
        at = radii_along(voxels, solid, step)[chains.order]
        radius = np.add.reduceat(at, chains.starts[:-1]) / np.diff(chains.starts)
    return TracedSkeleton(nodes, pairs, points, starts, _lengths(points * step, starts), radius)


class _Chains(NamedTuple):
    """The runs of voxels between junctions, as numbers of voxels.

    Attributes:
        order: (M,) the voxels of all runs, one run after the other, each from end to end.
        starts: (S + 1,) where each run starts in ``order``.
        attached: (S, 2) for both ends the voxel whose node the run ends at: one of a junction, the
            end itself, or the first voxel of a closed curve.
        adds_point: (S, 2) whether that voxel is not the end itself.
        is_junction: (N,) whether a voxel has three neighbours or more.
        alone: voxels without neighbours.
    """

    order: _Indices
    starts: _Indices
    attached: _Indices
    adds_point: npt.NDArray[np.bool_]
    is_junction: npt.NDArray[np.bool_]
    alone: _Indices


def _chains(links: _Indices, n_voxels: int) -> _Chains:
    degree = np.bincount(links.ravel(), minlength=n_voxels)
    is_junction = degree > 2
    n_junctions = is_junction[links].sum(axis=0)
    chain = _numbered(links, (degree > 0) & ~is_junction)
    along = _cut_closed(links[:, n_junctions == 0], chain)
    n_along = np.bincount(along.ravel(), minlength=n_voxels)
    # the end of a run has one neighbour in it or none: it is then the end on both sides
    single = np.repeat(np.arange(n_voxels), np.where(chain >= 0, 2 - n_along, 0))
    ends = single[np.argsort(chain[single], kind="stable")].reshape(-1, 2)
    attached = _attached(ends, links[:, n_junctions == 1], is_junction, n_along == degree)
    order = _in_order(along, ends, n_voxels)
    starts = _starts(np.bincount(chain[order], minlength=len(ends)))
    alone = np.flatnonzero(degree == 0)
    return _Chains(order, starts, attached, attached != ends, is_junction, alone)


def _numbered(links: _Indices, part: npt.NDArray[np.bool_]) -> _Indices:
    """Return the connected piece of each voxel of a part, numbered from 0; -1 for the others."""
    inside = links[:, part[links].all(axis=0)]
    ones = np.ones(inside.shape[1], dtype=np.int8)
    matrix = coo_array((ones, tuple(inside)), (len(part), len(part)))
    piece = connected_components(matrix, directed=False)[1]
    number = np.full(len(part), -1)
    number[part] = np.unique(piece[part], return_inverse=True)[1]
    return number


def _cut_closed(along: _Indices, chain: _Indices) -> _Indices:
    """Take one link out of each run that has as many links as voxels: it bites its own tail."""
    n_links = np.bincount(chain[along[0]], minlength=int(chain.max(initial=-1)) + 1)
    is_closed = n_links == np.bincount(chain[chain >= 0], minlength=len(n_links))
    names, first = np.unique(chain[along[0]], return_index=True)
    return np.delete(along, first[is_closed[names]], axis=1)


def _attached(
    ends: _Indices,
    meets: _Indices,
    is_junction: npt.NDArray[np.bool_],
    is_free: npt.NDArray[np.bool_],
) -> _Indices:
    """Return the voxel that each end of each run is fastened to."""
    swapped = is_junction[meets[0]]
    inner, outer = np.where(swapped, meets[::-1], meets)
    by_voxel = np.argsort(inner, kind="stable")
    inner, outer = inner[by_voxel], outer[by_voxel]
    nth = np.zeros_like(ends)
    nth[:, 1] = ends[:, 0] == ends[:, 1]  # both ends of a single voxel: its second link
    first = np.searchsorted(inner, ends)
    has_link = first + nth < np.searchsorted(inner, ends, side="right")
    attached = ends.copy()
    attached[has_link] = outer[(first + nth)[has_link]]
    n_open = has_link.sum(axis=1)
    closed = (n_open == 0) & ~is_free[ends].all(axis=1)
    attached[closed, 1] = ends[closed, 0]
    return attached


def _in_order(along: _Indices, ends: _Indices, n_voxels: int) -> _Indices:
    """Walk all runs: each one's end is tied to the next one's start, which makes a single path."""
    if not len(ends):
        return np.zeros(0, dtype=np.int64)
    ties = np.stack([ends[:-1, 1], ends[1:, 0]])
    path = np.concatenate([along, ties], axis=1)
    ones = np.ones(path.shape[1], dtype=np.int8)
    matrix = coo_array((ones, tuple(path)), (n_voxels, n_voxels)).tocsr()
    order = breadth_first_order(matrix, ends[0, 0], directed=False, return_predecessors=False)
    return np.asarray(order, dtype=np.int64)


def _place_nodes(places: _Indices, links: _Indices, chains: _Chains) -> tuple[_Indices, _Array]:
    """Number the nodes: return the node of each voxel, -1 for none, and where each node is."""
    node = _numbered(links, chains.is_junction)
    single = np.union1d(chains.attached[~chains.is_junction[chains.attached]], chains.alone)
    node[single] = int(node.max(initial=-1)) + 1 + np.arange(len(single))
    count = np.bincount(node[node >= 0])
    sums = [np.bincount(node[node >= 0], weights=axis) for axis in places[node >= 0].T]
    return node, np.stack([total / count for total in sums], axis=1)


def _polylines(places: _Indices, at: _Array, chains: _Chains) -> tuple[_Array, _Indices]:
    """Return the points of all segments and where each segment starts."""
    n_voxels = np.diff(chains.starts)
    n_points = n_voxels + chains.adds_point.sum(axis=1)
    starts = _starts(n_points)
    points = np.empty((starts[-1], places.shape[1]))
    shift = starts[:-1] + chains.adds_point[:, 0] - chains.starts[:-1]
    points[np.arange(len(chains.order)) + np.repeat(shift, n_voxels)] = places[chains.order]
    before, after = chains.adds_point.T
    points[starts[:-1][before]] = at[before, 0]
    points[starts[1:][after] - 1] = at[after, 1]
    return points, starts


def _starts(sizes: _Indices) -> _Indices:
    return np.concatenate([[0], np.cumsum(sizes)])


def _lengths(points: _Array, starts: _Indices) -> _Array:
    steps = np.linalg.norm(np.diff(points, axis=0), axis=1)
    steps[starts[1:-1] - 1] = 0.0  # from one segment to the next
    return np.add.reduceat(steps, starts[:-1]) if len(steps) else np.zeros(0)
