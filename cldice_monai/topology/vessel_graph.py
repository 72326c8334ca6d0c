"""A mask or skeleton as a networkx graph: junctions and ends joined by vessels."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from cldice_monai.skeleton.binary import skeletonize
from cldice_monai.skeleton.mask import Mask, as_mask
from cldice_monai.skeleton.traced import TracedSkeleton, trace_skeleton
from cldice_monai.topology.betti import betti_numbers

if TYPE_CHECKING:
    import networkx as nx

__all__ = ["cycle_rank", "skeleton_graph"]


def skeleton_graph(
    mask: Mask, *, spacing_mm: Sequence[float] | None = None, skeleton: Mask | None = None
) -> nx.MultiGraph:
    """Return the network of vessels in a mask.

    The mask is thinned by `skeletonize`; a skeleton that is passed as the mask stays as it is.
    Voxels with three neighbours or more that touch make one junction. A vessel that returns to its
    junction is a self-loop, a ring without a junction is a self-loop at one of its voxels, and a
    single voxel is a node without an edge. As many loops as the mask has (its first Betti number)
    are loops of the graph; where they are not, because junctions run into each other, a warning
    gives the difference. Spurs can be cut before with `prune_spurs`.

    Args:
        mask: (H, W) or (H, W, D), binary.
        spacing_mm: voxel size in mm along each axis. None counts in voxels.
        skeleton: the skeleton of the mask where it is known already.

    Returns:
        A multigraph. Of the graph: ``shape`` and ``spacing_mm`` as given (None: in voxels). Of a
        node: ``position``, (ndim,) float64 in voxel coordinates. Of an edge: ``points``, (n, ndim)
        float64 in voxel coordinates from the node with the smaller number to the other;
        ``length`` and ``mean_radius``, in mm or voxels.

    Raises:
        TypeError: a mask holds no numbers.
        ValueError: a mask is not binary, shapes differ, or the spacing does not fit.

    Example:
        >>> mask = np.zeros((3, 9), bool)
        >>> mask[1, 2:8] = True
        >>> graph = skeleton_graph(mask, spacing_mm=(1.0, 0.5))
        >>> [(a, b, edge["length"]) for a, b, edge in graph.edges(data=True)]
        [(0, 1, 2.5)]

    Reference:
        Shit et al., clDice, CVPR 2021, section 5.2 (graph-based metrics).
    """
    voxels = as_mask(mask)
    thinned = skeletonize(voxels) if skeleton is None else as_mask(skeleton, name="skeleton")
    traced = trace_skeleton(thinned, mask=voxels, spacing=spacing_mm)
    graph = _as_networkx(traced)
    graph.graph["shape"] = voxels.shape
    graph.graph["spacing_mm"] = None if spacing_mm is None else tuple(map(float, spacing_mm))
    _warn_of_lost_loops(graph, voxels)
    return graph


def cycle_rank(graph: nx.MultiGraph) -> int:
    """Return the number of independent loops: edges - nodes + components.

    Args:
        graph: any undirected graph.

    Returns:
        The number, 0 for a forest.

    Example:
        >>> import networkx as nx
        >>> cycle_rank(nx.cycle_graph(5, create_using=nx.MultiGraph))
        1
    """
    import networkx as nx

    n_components: int = nx.number_connected_components(graph)
    return int(graph.number_of_edges()) - int(graph.number_of_nodes()) + n_components


def _as_networkx(traced: TracedSkeleton) -> nx.MultiGraph:
    import networkx as nx

    graph = nx.MultiGraph()
    for number, position in enumerate(traced.nodes):
        graph.add_node(number, position=position)
    for number, (first, second) in enumerate(traced.pairs.tolist()):
        points = traced.points[traced.starts[number] : traced.starts[number + 1]]
        graph.add_edge(
            *sorted((first, second)),
            points=points if first <= second else points[::-1],
            length=float(traced.length[number]),
            mean_radius=float(traced.mean_radius[number]),
        )
    return graph


def _warn_of_lost_loops(graph: nx.MultiGraph, mask: np.ndarray) -> None:
    lost = betti_numbers(mask)[1] - cycle_rank(graph)
    if lost:
        warnings.warn(
            f"the graph has {abs(lost)} loops {'less' if lost > 0 else 'more'} than the mask, "
            "where junctions run into each other",
            stacklevel=3,
        )
