"""Capillaries that would touch another vessel, and those that lead nowhere, taken away."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from cldice_monai.data.synthetic.contacts import close_points
from cldice_monai.data.synthetic.curves import Curves
from cldice_monai.data.synthetic.network import StraightNetwork

__all__ = ["capillaries_to_keep"]

_Array = npt.NDArray[np.float64]
_Pairs = npt.NDArray[np.int64]


def capillaries_to_keep(
    network: StraightNetwork, curves: Curves, *, clearance: float
) -> npt.NDArray[np.bool_]:
    """Choose capillaries such that no two vessels touch except where they meet at a node.

    Without touching vessels the label has the loops and components of the graph.

    Args:
        network: which nodes each vessel joins; trees are never taken away.
        curves: their polylines.
        clearance: smallest gap between two vessels' walls, in voxels.

    Returns:
        (E,) bool.
    """
    keep = np.ones(len(network.pairs), dtype=bool)
    conflicts = _conflicts(network, curves, clearance)
    while len(conflicts):
        # the capillary in most conflicts goes first
        count = np.bincount(conflicts.ravel(), minlength=len(keep)) * ~network.is_tree
        worst = int(np.argmax(count))
        keep[worst] = False
        conflicts = conflicts[(conflicts != worst).all(axis=1)]
    return _without_dead_ends(network, keep)


def _without_dead_ends(
    network: StraightNetwork, keep: npt.NDArray[np.bool_]
) -> npt.NDArray[np.bool_]:
    while True:
        degree = np.bincount(network.pairs[keep].ravel(), minlength=len(network.nodes))
        dead = keep & ~network.is_tree & (degree[network.pairs] == 1).any(axis=1)
        if not dead.any():
            return keep
        keep = keep & ~dead


def _conflicts(network: StraightNetwork, curves: Curves, clearance: float) -> _Pairs:
    """Return (K, 2) pairs of edges that come too close; the first of each is a capillary."""
    owner = np.repeat(np.arange(len(network.pairs)), np.diff(curves.bounds))
    a, b = close_points(
        curves.points, curves.radius, owner, ~network.is_tree[owner], clearance=clearance
    )
    natural = _meet_nearby(network, curves, owner, a, b, clearance)
    pairs = np.stack([owner[a], owner[b]], axis=1)[~natural]
    both_thin = ~network.is_tree[pairs[:, 1]]
    pairs[both_thin] = np.sort(pairs[both_thin], axis=1)
    return np.unique(pairs, axis=0)


def _meet_nearby(
    network: StraightNetwork,
    curves: Curves,
    owner: npt.NDArray[np.int64],
    a: npt.NDArray[np.int64],
    b: npt.NDArray[np.int64],
    clearance: float,
) -> npt.NDArray[np.bool_]:
    """Tell which pairs of points are close because their vessels meet at a node close to both."""
    natural = np.zeros(len(a), dtype=bool)
    first, last = curves.points[curves.bounds[:-1]], curves.points[curves.bounds[1:] - 1]
    allowed = 1.5 * (curves.radius[a] + curves.radius[b] + clearance)
    on_tree = network.is_tree[owner[b]]
    tree_end = np.zeros(len(network.nodes), dtype=bool)
    tree_end[network.pairs[network.is_tree].ravel()] = True
    for side, position in ((0, first), (1, last)):
        node = network.pairs[owner[a], side]
        shares = (network.pairs[owner[b]] == node[:, None]).any(axis=1)
        # beside a tree's end the segments further up the tree are natural company, too
        shares |= on_tree & tree_end[node]
        for point in (a, b):
            apart = ((curves.points[point] - position[owner[a]]) ** 2).sum(axis=1)
            shares &= apart < allowed**2
        natural |= shares
    return natural
