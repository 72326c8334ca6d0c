"""What the generator returns: a vessel graph and a sample."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

__all__ = ["VesselEdge", "VesselGraph", "VesselKind", "VesselSample"]

VesselKind = Literal["tree", "capillary"]


@dataclass(frozen=True, eq=False)
class VesselEdge:
    """A vessel segment between two nodes.

    Args:
        start: node at which the polyline begins; in a tree the one nearer the trunk.
        end: node at which it ends.
        polyline: (P, 3) float64, the centreline in voxel coordinates (voxel centres are integers).
        radius: (P,) float64, the radius at each point, in voxels.
        kind: "tree" or "capillary".

    Example:
        >>> line = np.array([[0.0, 0, 0], [3, 4, 0], [3, 4, 12]])
        >>> VesselEdge(0, 1, line, np.ones(3), "tree").length()
        17.0
    """

    start: int
    end: int
    polyline: npt.NDArray[np.float64]
    radius: npt.NDArray[np.float64]
    kind: VesselKind

    def length(self) -> float:
        """Return the length along the polyline, in voxels."""
        return float(np.sqrt((np.diff(self.polyline, axis=0) ** 2).sum(axis=1)).sum())


@dataclass(frozen=True, eq=False)
class VesselGraph:
    """The network from which a sample is drawn.

    Args:
        nodes: (N, 3) float64, in voxel coordinates; ends, bifurcations and border crossings.
        edges: the segments.

    Example:
        >>> line, radius = np.array([[0.0, 0, 0], [9, 0, 0]]), np.ones(2)
        >>> there, back = (VesselEdge(a, 1 - a, line, radius, "capillary") for a in (0, 1))
        >>> VesselGraph(line, (there, back)).betti_numbers()  # one component, one loop
        (1, 1, 0)
    """

    nodes: npt.NDArray[np.float64]
    edges: tuple[VesselEdge, ...]

    def pairs(self) -> npt.NDArray[np.int64]:
        """Return (E, 2) int64: the two nodes of each edge."""
        pairs = [(edge.start, edge.end) for edge in self.edges]
        return np.array(pairs, dtype=np.int64).reshape(-1, 2)

    def degrees(self) -> npt.NDArray[np.int64]:
        """Return (N,) int64: how many edge ends meet at each node."""
        return np.bincount(self.pairs().ravel(), minlength=len(self.nodes)).astype(np.int64)

    def components(self) -> npt.NDArray[np.int64]:
        """Return (N,) int64: the connected component of each node, numbered from 0."""
        return _components(len(self.nodes), self.pairs())

    def vessels(self) -> npt.NDArray[np.int64]:
        """Return (E,) int64: the vessel that each edge is part of, numbered from 0.

        The edges of a tree that hang together are one vessel, every capillary is one of its own.
        """
        pairs = self.pairs()
        is_tree = np.array([edge.kind == "tree" for edge in self.edges], dtype=bool)
        component = _components(len(self.nodes), pairs[is_tree])
        own = len(self.nodes) + np.arange(len(pairs))
        name = np.where(is_tree, component[pairs[:, 0]], own)
        return np.unique(name, return_inverse=True)[1].astype(np.int64)

    def betti_numbers(self) -> tuple[int, int, int]:
        """Return (components, loops, 0) of the graph.

        They are those of the label too, unless two vessels that do not share a node come so close
        that their voxels touch, or a loop is so small that its hole is filled.
        """
        n_components = int(self.components().max(initial=-1)) + 1
        return n_components, len(self.edges) - len(self.nodes) + n_components, 0


def _components(n_nodes: int, pairs: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    links = coo_array((np.ones(len(pairs)), (pairs[:, 0], pairs[:, 1])), (n_nodes, n_nodes))
    return np.asarray(connected_components(links, directed=False)[1], dtype=np.int64)


@dataclass(frozen=True, eq=False)
class VesselSample:
    """A synthetic volume with its ground truth; X, Y, Z are the volume's sides in voxels.

    Args:
        image: (C, X, Y, Z) float32, intensities in counts (never negative).
        label: (X, Y, Z) uint8 in {0, 1}, the union of all vessels, whichever channel shows them.
        centreline: (X, Y, Z) uint8 in {0, 1}, the digitised polylines, a subset of the label.
        radius: (X, Y, Z) float32, radius in voxels of the thickest vessel that covers the voxel;
            0 outside the label.
        bifurcations: (K, 3) int64, voxel indices of the nodes at which three segments or more meet.
        graph: the network, clipped to the volume.
        visible: (E, C) bool, whether a channel shows an edge of the graph.
        preset: name of the settings.
        seed: seed of the sample.

    Example:
        >>> from cldice_monai.data.synthetic import generate_vessels
        >>> sample = generate_vessels((32, 32, 32), seed=1)
        >>> sample.image.shape, bool(np.all(sample.label[sample.centreline > 0] == 1))
        ((1, 32, 32, 32), True)
    """

    image: npt.NDArray[np.float32]
    label: npt.NDArray[np.uint8]
    centreline: npt.NDArray[np.uint8]
    radius: npt.NDArray[np.float32]
    bifurcations: npt.NDArray[np.int64]
    graph: VesselGraph
    visible: npt.NDArray[np.bool_]
    preset: str
    seed: int

    def betti_numbers(self) -> tuple[int, int, int]:
        """Measure (components, loops, cavities) of the label, 26-connected.

        `graph.betti_numbers()` are those of the construction. Both are the same unless two
        vessels touch where they do not meet, or a loop is too small for its hole to stay open.
        """
        from cldice_monai.topology.betti import betti_numbers

        b0, b1, b2 = betti_numbers(self.label)
        return b0, b1, b2

    def has_topology_of_graph(self) -> bool:
        """Measure whether the label has the components, loops and cavities of the construction.

        Always so with ``generate_vessels(..., enforce_clearance=True)``.
        """
        return self.betti_numbers() == self.graph.betti_numbers()
