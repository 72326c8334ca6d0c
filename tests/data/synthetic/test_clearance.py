"""Capillaries that would touch other vessels are left out."""

from __future__ import annotations

import numpy as np

from cldice_monai.data.synthetic.clearance import capillaries_to_keep
from cldice_monai.data.synthetic.curves import Curves
from cldice_monai.data.synthetic.network import StraightNetwork


def _keep(nodes, pairs, is_tree, clearance=2.0):
    nodes = np.array(nodes, dtype=float)
    n = len(pairs)
    network = StraightNetwork(nodes, np.array(pairs), np.ones(n), np.array(is_tree))
    t = np.linspace(0, 1, 21)[:, None]
    lines = [nodes[a] * (1 - t) + nodes[b] * t for a, b in pairs]
    curves = Curves(np.concatenate(lines), np.ones(21 * n), 21 * np.arange(n + 1))
    return capillaries_to_keep(network, curves, clearance=clearance).tolist()


# a square of capillaries of radius 1, hung on a tree at two corners so that no end is dead
_SQUARE = [[0, 0, 0], [20, 0, 0], [20, 20, 0], [0, 20, 0]]
_SIDES = [[0, 1], [1, 2], [2, 3], [3, 0]]


def test_ring_is_kept():
    assert _keep(_SQUARE, _SIDES, [False] * 4) == [True] * 4


def test_capillary_through_a_tree_goes_and_the_tree_stays():
    nodes = [*_SQUARE, [10, -20, 0.5], [10, 8, 0.5], [40, 0, 0], [40, 20, 0]]
    pairs = [*_SIDES, [4, 5], [1, 6], [6, 7], [7, 2]]
    keep = _keep(nodes, pairs, [False] * 4 + [True] + [False] * 3)
    # the tree crosses side 0; without it sides 2 and 3 end dead at node 0
    assert keep == [False, True, False, False, True, True, True, True]


def test_gap_of_exactly_the_clearance_is_enough():
    # tree passes 4.1 voxels over side 0: radii 1 and 1 leave a gap of 2.1
    for height, kept in ((4.1, True), (3.9, False)):
        nodes = [*_SQUARE, [10, -20, height], [10, 8, height]]
        assert _keep(nodes, [*_SIDES, [4, 5]], [False] * 4 + [True])[0] is kept


def test_dead_end_is_taken_away():
    nodes = [*_SQUARE, [-20, -20, 0], [-40, -20, 0]]
    pairs = [*_SIDES, [0, 4], [4, 5]]
    assert _keep(nodes, pairs, [False] * 6) == [True] * 4 + [False] * 2
