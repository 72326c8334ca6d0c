"""What the graph metrics take: a mask, a graph of `skeleton_graph`, or a graph of one's own."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias, Union

import numpy as np
import numpy.typing as npt

from cldice_monai.skeleton.binary import skeletonize
from cldice_monai.skeleton.mask import Mask, as_mask, check_spacing
from cldice_monai.skeleton.traced import TracedSkeleton, trace_skeleton

if TYPE_CHECKING:
    import networkx as nx

__all__ = ["Graph", "Network", "as_network", "traced_network"]

Graph: TypeAlias = Union["nx.Graph", Mask]
_Array = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Network:
    """Nodes and polylines in voxel coordinates, and the grid that they lie on.

    Args:
        nodes: (N, ndim) float64.
        degree: (N,) int64, edge ends at each node.
        lines: one (n, ndim) float64 array an edge, n >= 2.
        on_ring: (N,) bool, whether a node lies on a closed curve without junctions or ends.
        shape: voxels along each axis; None where not known.
        spacing_mm: voxel size; None where not known.

    Example:
        >>> line = np.zeros((3, 9), bool)
        >>> line[1] = True
        >>> found = as_network(line)
        >>> found.nodes.tolist(), found.degree.tolist(), len(found.lines)
        ([[1.0, 0.0], [1.0, 8.0]], [1, 1], 1)
    """

    nodes: _Array
    degree: npt.NDArray[np.int64]
    lines: Sequence[_Array]
    on_ring: npt.NDArray[np.bool_]
    shape: tuple[int, ...] | None
    spacing_mm: tuple[float, ...] | None

    def is_empty(self) -> bool:
        """Return whether there is neither an edge nor a node."""
        return not len(self.nodes)


def as_network(graph: Graph, *, name: str = "graph") -> Network:
    """Read a mask or a networkx graph.

    Args:
        graph: a binary mask, (H, W) or (H, W, D); or a graph with ``position`` at each node, and
            optionally ``points`` at an edge, without which it is straight.
        name: of the argument, for messages.

    Returns:
        The network.

    Raises:
        TypeError: neither a mask of numbers nor a graph.
        ValueError: a mask is not binary, or a node has no ``position``.

    Example:
        >>> as_network(np.eye(4, dtype=bool)).degree.tolist()
        [1, 1]
    """
    if hasattr(graph, "edges") and hasattr(graph, "nodes"):
        return _of_networkx(graph, name)
    voxels = as_mask(graph, name=name)
    return traced_network(trace_skeleton(skeletonize(voxels)), shape=voxels.shape)


def traced_network(
    traced: TracedSkeleton,
    *,
    shape: Sequence[int],
    spacing_mm: Sequence[float] | None = None,
) -> Network:
    """Take a skeleton that was traced already as a network.

    Args:
        traced: from `trace_skeleton`.
        shape: of the grid.
        spacing_mm: of the grid.

    Returns:
        The network.

    Example:
        >>> line = trace_skeleton(np.eye(4, dtype=bool))
        >>> traced_network(line, shape=(4, 4)).lines[0].shape
        (4, 2)
    """
    degree = traced.degrees()
    loops = traced.pairs[traced.pairs[:, 0] == traced.pairs[:, 1], 0]
    on_ring = np.zeros(len(degree), dtype=bool)
    on_ring[loops[degree[loops] == 2]] = True
    lines = np.split(traced.points, traced.starts[1:-1]) if len(traced.pairs) else []
    spacing = None if spacing_mm is None else tuple(map(float, spacing_mm))
    return Network(traced.nodes, degree, lines, on_ring, tuple(shape), spacing)


def _of_networkx(graph: nx.Graph, name: str) -> Network:
    import networkx as nx

    names = list(graph.nodes)
    missing = [node for node in names if "position" not in graph.nodes[node]]
    if missing:
        raise ValueError(
            f"{name}: node {missing[0]!r} has no position; set "
            "graph.nodes[node]['position'] to its voxel coordinates"
        )
    at = {node: np.asarray(graph.nodes[node]["position"], dtype=float) for node in names}
    lines = [
        np.asarray(edge.get("points", [at[first], at[second]]), dtype=float)
        for first, second, edge in graph.edges(data=True)
    ]
    degree = dict(graph.degree)
    rings = _ring_nodes(nx.connected_components(graph), degree, at)
    spacing = graph.graph.get("spacing_mm")
    shape = graph.graph.get("shape")
    nodes = np.array([at[node] for node in names]).reshape(len(names), -1 if names else 0)
    if spacing is not None and names:
        check_spacing(spacing, nodes.shape[1])
    return Network(
        nodes,
        np.array([degree[node] for node in names], dtype=np.int64),
        lines,
        np.array([node in rings for node in names], dtype=bool),
        None if shape is None else tuple(shape),
        None if spacing is None else tuple(spacing),
    )


def _ring_nodes(
    components: Iterable[set[object]], degree: dict[object, int], at: dict[object, _Array]
) -> set[object]:
    """Return one node of each component in which every node has two edge ends."""
    rings = [nodes for nodes in components if all(degree[node] == 2 for node in nodes)]
    return {min(nodes, key=lambda node: tuple(at[node])) for nodes in rings}
