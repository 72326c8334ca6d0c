"""Capillaries that the border has cut off from their node, shortened until they touch nothing."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from cldice_monai.data.synthetic.contacts import close_points
from cldice_monai.data.synthetic.sample import VesselEdge, VesselGraph

__all__ = ["shorten_at_border"]

_Points = npt.NDArray[np.float64]


def shorten_at_border(graph: VesselGraph, shape: Sequence[int], *, clearance: float) -> VesselGraph:
    """Shorten capillaries whose cut ends would touch another vessel.

    Two vessels that meet at a node just outside the volume are apart in the graph but would be
    joined in the label. One of them then ends before the border.

    Args:
        graph: the network within the volume.
        shape: the volume's three sides in voxels.
        clearance: smallest gap between two vessels' walls, in voxels.

    Returns:
        The graph with the same nodes, moved where an end moved; capillaries of which nothing is
        left are gone.
    """
    if not graph.edges:
        return graph
    points = np.concatenate([edge.polyline for edge in graph.edges])
    radius = np.concatenate([edge.radius for edge in graph.edges])
    counts = np.array([len(edge.polyline) for edge in graph.edges])
    owner = np.repeat(np.arange(len(counts)), counts)
    bounds = np.concatenate([[0], np.cumsum(counts)])
    cut = _cut_ends(graph, np.array(shape, dtype=np.float64) - 1.0)
    is_cut = np.any(cut, axis=1)[owner]
    a, b = close_points(points, radius, owner, is_cut, clearance=clearance)
    pairs = graph.pairs()
    strangers = np.all(pairs[owner[a]][:, :, None] != pairs[owner[b]][:, None], axis=(1, 2))
    order = np.argsort(owner[a[strangers]], kind="stable")
    a, b = a[strangers][order], b[strangers][order]

    alive = np.ones(len(points), dtype=bool)
    for edge in np.unique(owner[a]):
        mine = slice(*np.searchsorted(owner[a], [edge, edge + 1]))
        touching = a[mine][alive[a[mine]] & alive[b[mine]]] - bounds[edge]
        _shorten(alive[bounds[edge] : bounds[edge + 1]], touching, cut[edge])
    return _rebuilt(graph, [alive[i:j] for i, j in itertools.pairwise(bounds)])


def _cut_ends(graph: VesselGraph, top: _Points) -> npt.NDArray[np.bool_]:
    """Return (E, 2): the ends of capillaries that lie on the border and on no other vessel."""
    on_border = np.any((graph.nodes <= 0.0) | (graph.nodes >= top), axis=1)
    is_capillary = np.array([edge.kind == "capillary" for edge in graph.edges])
    loose = on_border & (graph.degrees() == 1)
    return np.asarray(loose[graph.pairs()] & is_capillary[:, None])


def _shorten(
    alive: npt.NDArray[np.bool_], touching: npt.NDArray[np.int64], cut: npt.NDArray[np.bool_]
) -> None:
    """Mark the points between a cut end and the touching ones in the half next to it as gone."""
    n = len(alive)
    # with one cut end all that touches is on its side, with two the nearer end gives way
    near_start = touching < n / 2 if cut.all() else np.full(len(touching), cut[0])
    if near_start.any():
        alive[: touching[near_start].max() + 1] = False
    if not near_start.all():
        alive[touching[~near_start].min() :] = False


def _rebuilt(graph: VesselGraph, alive: list[npt.NDArray[np.bool_]]) -> VesselGraph:
    nodes = graph.nodes.copy()
    edges: list[VesselEdge] = []
    for edge, keep in zip(graph.edges, alive, strict=True):
        if keep.sum() < 2:
            continue
        nodes[edge.start] = edge.polyline[keep][0] if not keep[0] else nodes[edge.start]
        nodes[edge.end] = edge.polyline[keep][-1] if not keep[-1] else nodes[edge.end]
        edges.append(replace(edge, polyline=edge.polyline[keep], radius=edge.radius[keep]))
    return VesselGraph(nodes, tuple(edges))
