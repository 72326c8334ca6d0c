"""Slits at forks filled, so that two vessels which part do not touch again a voxel later."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from cldice_monai.data.synthetic.sample import VesselGraph

__all__ = ["Pieces", "fork_webs"]

_Array = npt.NDArray[np.float64]
_TOUCH = 1.75  # voxels; beyond sqrt(3) between their walls two vessels have no 26 neighbours
_SOLID = 0.87  # voxels; half a voxel's diagonal, so that a web has no holes
_N_STEPS = 14  # points of the polylines looked at from the fork on


@dataclass(frozen=True, eq=False)
class Pieces:
    """Straight pieces of vessels, to be drawn.

    Args:
        start: (S, 3) float64, in voxels.
        end: (S, 3) float64.
        radius: (S, 2) float64, radius at both.
        edge: (S,) int32, the edge of the graph that each is part of.
    """

    start: _Array
    end: _Array
    radius: _Array
    edge: npt.NDArray[np.int32]


def fork_webs(graph: VesselGraph) -> Pieces:
    """Bridge the slit between two vessels that leave a node, as long as voxels could touch.

    Where the walls of two vessels are about a voxel apart, their voxels touch here and there, and
    each such contact would be a loop in the label that the graph does not have. With the slit
    filled up to where they can touch no more, the fork has no loop.

    Args:
        graph: polylines with points less than about a voxel apart.

    Returns:
        Short pieces across the slits, part of the thinner vessel.
    """
    points, radius, node = _from_nodes(graph)
    first, second = _pairs_at_nodes(node)
    p, q = points[first], points[second]
    thin = np.minimum(radius[first], radius[second])
    gap = np.sqrt(((p - q) ** 2).sum(axis=2)) - radius[first] - radius[second]
    # NaN, beyond an end, compares false
    touches = gap < _TOUCH
    last = np.where(touches.any(axis=1), _N_STEPS - 1 - np.argmax(touches[:, ::-1], axis=1), -1)
    slit = (np.arange(_N_STEPS) <= last[:, None]) & (gap > -0.5)
    fork, step = np.nonzero(slit)
    web = np.maximum(thin[fork, step], _SOLID)
    is_first = radius[first][fork, step] <= radius[second][fork, step]
    owner = np.where(is_first, first[fork], second[fork]) // 2
    return Pieces(
        p[fork, step], q[fork, step], np.stack([web, web], axis=1), owner.astype(np.int32)
    )


def _from_nodes(graph: VesselGraph) -> tuple[_Array, _Array, npt.NDArray[np.int64]]:
    """Return the first points of each edge from both its ends, rows 2 e and 2 e + 1, NaN beyond."""
    n = 2 * len(graph.edges)
    points = np.full((n, _N_STEPS, 3), np.nan)
    radius = np.full((n, _N_STEPS), np.nan)
    for e, edge in enumerate(graph.edges):
        count = min(_N_STEPS, len(edge.radius))
        points[2 * e, :count], radius[2 * e, :count] = edge.polyline[:count], edge.radius[:count]
        points[2 * e + 1, :count] = edge.polyline[::-1][:count]
        radius[2 * e + 1, :count] = edge.radius[::-1][:count]
    return points, radius, graph.pairs().ravel()


def _pairs_at_nodes(
    node: npt.NDArray[np.int64],
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Return all pairs of edge ends at the same node."""
    order = np.argsort(node, kind="stable")
    found: list[npt.NDArray[np.int64]] = [np.zeros((0, 2), dtype=np.int64)]
    for shift in range(1, int(np.bincount(node).max(initial=0))):
        same = node[order[shift:]] == node[order[:-shift]]
        found.append(np.stack([order[:-shift][same], order[shift:][same]], axis=1))
    pairs = np.concatenate(found)
    return pairs[:, 0], pairs[:, 1]
