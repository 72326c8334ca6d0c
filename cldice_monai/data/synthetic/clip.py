"""A network cut to a volume, as the border of an image cuts vessels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from cldice_monai.data.synthetic.curves import Curves
from cldice_monai.data.synthetic.network import StraightNetwork
from cldice_monai.data.synthetic.sample import VesselEdge, VesselGraph, VesselKind

__all__ = ["clip_to_volume", "without_crumbs"]

_Array = npt.NDArray[np.float64]


def clip_to_volume(network: StraightNetwork, curves: Curves, shape: Sequence[int]) -> VesselGraph:
    """Keep what lies within a volume; where a vessel crosses the border a new node is made.

    The volume reaches from the centre of its first voxel to the centre of its last one. A segment
    that leaves the volume and comes back becomes two.

    Args:
        network: which nodes each polyline joins and whether it is part of a tree.
        curves: the polylines.
        shape: the volume's three sides in voxels.

    Returns:
        The graph within the volume; nodes without a segment are left out.

    Example:
        >>> import numpy as np
        >>> straight = StraightNetwork(
        ...     nodes=np.array([[2.0, 4, 4], [12.0, 4, 4]]),
        ...     pairs=np.array([[0, 1]]),
        ...     radius=np.array([1.0]),
        ...     is_tree=np.array([True]),
        ... )
        >>> line = Curves(straight.nodes, np.array([1.0, 1.0]), np.array([0, 2]))
        >>> clip_to_volume(straight, line, (8, 8, 8)).nodes.tolist()
        [[2.0, 4.0, 4.0], [7.0, 4.0, 4.0]]
    """
    top = np.array(shape, dtype=np.float64) - 1.0
    inside = np.all((curves.points >= 0.0) & (curves.points <= top), axis=1)
    positions: list[_Array] = []
    number_of: dict[int, int] = {}
    edges: list[VesselEdge] = []

    def add_node(position: _Array) -> int:
        positions.append(position)
        return len(positions) - 1

    for e, (low, high) in enumerate(zip(curves.bounds[:-1], curves.bounds[1:], strict=True)):
        points, radius = curves.points[low:high], curves.radius[low:high]
        for first, last in _runs(inside[low:high]):
            piece, piece_radius = _with_crossings(points, radius, first, last, top)
            if len(piece) < 2:
                continue
            ends = []
            for at_end, node, end in (
                (first == 0, network.pairs[e, 0], piece[0]),
                (last == len(points), network.pairs[e, 1], piece[-1]),
            ):
                if at_end and int(node) not in number_of:
                    number_of[int(node)] = add_node(end)
                ends.append(number_of[int(node)] if at_end else add_node(end))
            kind: VesselKind = "tree" if network.is_tree[e] else "capillary"
            edges.append(VesselEdge(ends[0], ends[1], piece, piece_radius, kind))
    nodes = np.stack(positions) if positions else np.zeros((0, 3))
    return VesselGraph(nodes, tuple(edges))


def without_crumbs(graph: VesselGraph, *, shortest: float) -> VesselGraph:
    """Leave out the components that the border has cut down to almost nothing.

    Args:
        graph: the network within the volume.
        shortest: total length, in voxels, that a component must have to stay.

    Returns:
        The graph with the other components, its nodes numbered anew.

    Example:
        >>> import numpy as np
        >>> nodes = np.array([[0.0, 0, 0], [9, 0, 0], [0, 9, 0], [2, 9, 0]])
        >>> edges = [
        ...     VesselEdge(i, i + 1, nodes[i : i + 2], np.ones(2), "capillary") for i in (0, 2)
        ... ]
        >>> without_crumbs(VesselGraph(nodes, tuple(edges)), shortest=6.0).nodes.tolist()
        [[0.0, 0.0, 0.0], [9.0, 0.0, 0.0]]
    """
    component = graph.components()
    length = np.zeros(len(graph.nodes))
    for edge in graph.edges:
        length[component[edge.start]] += edge.length()
    stays = length[component] >= shortest
    number = np.cumsum(stays) - 1
    edges = [
        replace(edge, start=int(number[edge.start]), end=int(number[edge.end]))
        for edge in graph.edges
        if stays[edge.start]
    ]
    return VesselGraph(graph.nodes[stays], tuple(edges))


def _runs(inside: npt.NDArray[np.bool_]) -> list[tuple[int, int]]:
    """Return the half-open ranges in which ``inside`` holds."""
    padded = np.concatenate([[False], inside, [False]])
    changes = np.flatnonzero(padded[1:] != padded[:-1])
    return [(int(a), int(b)) for a, b in zip(changes[::2], changes[1::2], strict=True)]


def _with_crossings(
    points: _Array, radius: _Array, first: int, last: int, top: _Array
) -> tuple[_Array, _Array]:
    """Return points[first:last] with the border crossings before and after it added."""
    piece, piece_radius = [points[first:last]], [radius[first:last]]
    if first > 0:
        t = _crossing(points[first], points[first - 1], top)
        piece.insert(0, (points[first] + t * (points[first - 1] - points[first]))[None])
        piece_radius.insert(0, radius[first : first + 1])
    if last < len(points):
        t = _crossing(points[last - 1], points[last], top)
        piece.append((points[last - 1] + t * (points[last] - points[last - 1]))[None])
        piece_radius.append(radius[last - 1 : last])
    return np.clip(np.concatenate(piece), 0.0, top), np.concatenate(piece_radius)


def _crossing(within: _Array, beyond: _Array, top: _Array) -> float:
    """Return the fraction of the way from a point within the volume at which it is left."""
    step = beyond - within
    room = np.where(step > 0.0, top - within, within)
    with np.errstate(divide="ignore", invalid="ignore"):
        fraction = np.where(step == 0.0, np.inf, room / np.abs(step))
    return float(np.clip(fraction.min(), 0.0, 1.0))
