"""Vessels taken away until the label has exactly the components and loops of the graph."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import product

import numpy as np
import numpy.typing as npt
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from cldice_monai.data.synthetic.clip import without_crumbs
from cldice_monai.data.synthetic.contacts import close_points
from cldice_monai.data.synthetic.rasterise import Raster, rasterise
from cldice_monai.data.synthetic.sample import VesselGraph

__all__ = ["separate_vessels"]

_Indices = npt.NDArray[np.int64]
_Flags = npt.NDArray[np.bool_]


def separate_vessels(
    graph: VesselGraph, shape: Sequence[int], *, clearance: float, shortest: float
) -> tuple[VesselGraph, Raster]:
    """Take away vessels until no two touch but where they meet, and verify it by measuring.

    First of every two vessels whose walls are closer than the clearance one goes, capillaries
    before branches of trees and thin before thick. Then the drawn label is looked at: vessels
    whose voxels touch without meeting, and forks that have a hole. What is left has the Betti
    numbers of the graph, which is checked on the whole label.

    Args:
        graph: the network within the volume.
        shape: the volume's three sides in voxels.
        clearance: smallest gap between the walls of two vessels that do not meet, in voxels.
        shortest: components with less than this length, in voxels, go, too.

    Returns:
        The graph that is left, and its drawing.

    Example:
        >>> from cldice_monai.data.synthetic.sample import VesselEdge
        >>> lines = [np.array([[1.0, y, 8], [15.0, y, 8]]) for y in (4.0, 6.0, 12.0)]
        >>> edges = [
        ...     VesselEdge(2 * i, 2 * i + 1, line, np.ones(2), "capillary")
        ...     for i, line in enumerate(lines)
        ... ]
        >>> close = VesselGraph(np.concatenate(lines), tuple(edges))
        >>> apart, raster = separate_vessels(close, (17, 17, 17), clearance=2.0, shortest=6.0)
        >>> apart.betti_numbers()
        (2, 0, 0)
    """
    from cldice_monai.topology.betti import betti_numbers

    drop = _most_crowded(_too_close(graph, clearance), graph)
    while True:
        graph = without_crumbs(_without(graph, drop), shortest=shortest)
        raster = rasterise(graph, shape)
        drop = _most_crowded(_touching(graph, raster), graph)
        if not drop.any():
            drop = _bad_stars(graph)
        if not drop.any():
            if betti_numbers(raster.label) == graph.betti_numbers():
                return graph, raster
            # not met so far; one vessel less, until what is left is simple enough
            drop = np.arange(len(graph.edges)) == int(np.argmin(_worth(graph)))


def _without(graph: VesselGraph, drop: _Flags) -> VesselGraph:
    edges = tuple(edge for edge, goes in zip(graph.edges, drop, strict=True) if not goes)
    return VesselGraph(graph.nodes, edges)


def _worth(graph: VesselGraph) -> npt.NDArray[np.float64]:
    """Return (E,) which vessel rather stays: those of trees, then the thicker ones."""
    return np.array([100.0 * (e.kind == "tree") + e.radius.mean() for e in graph.edges])


def _most_crowded(conflicts: _Indices, graph: VesselGraph) -> _Flags:
    """Choose vessels to drop so that none of (K, 2) conflicts is left."""
    drop, worth = np.zeros(len(graph.edges), dtype=bool), _worth(graph)
    while len(conflicts):
        lesser = conflicts[np.arange(len(conflicts)), np.argmin(worth[conflicts], axis=1)]
        worst = int(np.argmax(np.bincount(lesser)))
        drop[worst] = True
        conflicts = conflicts[(conflicts != worst).all(axis=1)]
    return drop


def _places(graph: VesselGraph) -> tuple[_Indices, _Indices]:
    """Return the place of each node and (E, 2) those at the ends of each edge.

    Nodes that a short thick segment joins are one place: whatever leaves them is close by nature.
    """
    pairs = graph.pairs()
    short = [edge.length() < 2.0 * edge.radius.max() + 4.0 for edge in graph.edges]
    joined = pairs[np.array(short, dtype=bool)]
    n = len(graph.nodes)
    links = coo_array((np.ones(len(joined)), (joined[:, 0], joined[:, 1])), (n, n))
    place = np.asarray(connected_components(links, directed=False)[1], dtype=np.int64)
    return place, place[pairs]


def _strangers(conflicts: _Indices, graph: VesselGraph) -> _Indices:
    """Keep the (K, 2) pairs of edges, each once, that do not leave the same place."""
    conflicts = np.unique(np.sort(conflicts, axis=1), axis=0)
    ends = _places(graph)[1][conflicts]
    apart = (ends[:, 0, :, None] != ends[:, 1, None, :]).all(axis=(1, 2))
    return np.asarray(conflicts[apart])


def _too_close(graph: VesselGraph, clearance: float) -> _Indices:
    if not graph.edges:
        return np.zeros((0, 2), dtype=np.int64)
    points = np.concatenate([edge.polyline for edge in graph.edges])
    radius = np.concatenate([edge.radius for edge in graph.edges])
    owner = np.repeat(np.arange(len(graph.edges)), [len(e.radius) for e in graph.edges])
    everything = np.ones(len(points), dtype=bool)
    a, b = close_points(points, radius, owner, everything, clearance=clearance)
    return _strangers(np.stack([owner[a], owner[b]], axis=1), graph)


def _touching(graph: VesselGraph, raster: Raster) -> _Indices:
    """Return (K, 2) pairs of edges that have neighbouring voxels (26) without meeting."""
    edge = np.pad(raster.edge, 1, constant_values=-1)
    index = np.flatnonzero(edge >= 0)
    strides = np.array([s // edge.itemsize for s in edge.strides])
    found = [np.zeros((0, 2), dtype=np.int64)]
    for offset in list(product((-1, 0, 1), repeat=3))[14:]:
        pair = np.stack(
            [edge.ravel()[index], edge.ravel()[index + int(np.dot(offset, strides))]], axis=1
        )
        found.append(np.unique(pair[(pair[:, 1] >= 0) & (pair[:, 0] != pair[:, 1])], axis=0))
    return _strangers(np.concatenate(found), graph)


def _bad_stars(graph: VesselGraph) -> _Flags:
    """Choose a vessel of each place at which what meets there has another topology when drawn."""
    from cldice_monai.topology.betti import betti_numbers

    drop, worth = np.zeros(len(graph.edges), dtype=bool), _worth(graph)
    ends = _places(graph)[1]
    order = np.argsort(ends.ravel(), kind="stable")
    places, first = np.unique(ends.ravel()[order], return_index=True)
    for members in np.split(order // 2, first[1:]) if len(places) else []:
        star = np.unique(members)
        alone, size = _cropped(graph, star)
        if betti_numbers(rasterise(alone, size).label) != alone.betti_numbers():
            drop[star[int(np.argmin(worth[star]))]] = True
    return drop


def _cropped(graph: VesselGraph, chosen: _Indices) -> tuple[VesselGraph, list[int]]:
    """Return some edges alone, in a volume just large enough for them."""
    edges = [graph.edges[i] for i in chosen]
    points = np.concatenate([edge.polyline for edge in edges])
    around = np.ceil(max(edge.radius.max() for edge in edges)) + 2.0
    low = np.floor(points.min(axis=0) - around)
    size = (np.ceil(points.max(axis=0) + around) - low).astype(int) + 1
    nodes, number = np.unique([(e.start, e.end) for e in edges], return_inverse=True)
    moved = tuple(
        replace(edge, start=int(a), end=int(b), polyline=edge.polyline - low)
        for edge, (a, b) in zip(edges, number.reshape(-1, 2), strict=True)
    )
    return VesselGraph(graph.nodes[nodes] - low, moved), size.tolist()
