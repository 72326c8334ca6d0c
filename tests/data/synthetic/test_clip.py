"""A network cut to the volume."""

from __future__ import annotations

import numpy as np

from cldice_monai.data.synthetic.clip import clip_to_volume
from cldice_monai.data.synthetic.curves import Curves
from cldice_monai.data.synthetic.network import StraightNetwork


def _network(nodes, pairs):
    n = len(pairs)
    return StraightNetwork(np.array(nodes, float), np.array(pairs), np.ones(n), np.ones(n, bool))


def _curves(*lines):
    bounds = np.concatenate([[0], np.cumsum([len(line) for line in lines])])
    points = np.concatenate([np.array(line, float) for line in lines])
    return Curves(points, np.ones(len(points)), bounds)


def test_vessel_that_leaves_and_returns_becomes_two():
    line = [[2, 2, 2], [5, 2, 2], [11, 2, 2], [11, 6, 2], [5, 6, 2]]
    graph = clip_to_volume(_network([line[0], line[-1]], [[0, 1]]), _curves(line), (8, 8, 8))
    assert len(graph.edges) == 2
    assert graph.nodes.tolist() == [[2, 2, 2], [7, 2, 2], [7, 6, 2], [5, 6, 2]]
    assert graph.betti_numbers() == (2, 0, 0)


def test_vessels_within_keep_their_shared_node():
    a, b, c = [1, 1, 1], [4, 4, 4], [6, 2, 5]
    network = _network([a, b, c], [[0, 1], [1, 2]])
    graph = clip_to_volume(network, _curves([a, b], [b, c]), (8, 8, 8))
    assert graph.degrees().tolist() == [1, 2, 1]
    assert graph.betti_numbers() == (1, 0, 0)


def test_ring_has_one_loop_and_a_ring_cut_open_has_none():
    ring = [[1, 1, 3], [5, 1, 3], [5, 5, 3], [1, 5, 3]]
    pairs = [[0, 1], [1, 2], [2, 3], [3, 0]]
    curves = _curves(*[[ring[i], ring[j]] for i, j in pairs])
    assert clip_to_volume(_network(ring, pairs), curves, (8, 8, 8)).betti_numbers() == (1, 1, 0)
    assert clip_to_volume(_network(ring, pairs), curves, (4, 8, 8)).betti_numbers() == (1, 0, 0)


def test_nothing_within_gives_an_empty_graph():
    line = [[20, 2, 2], [25, 2, 2]]
    graph = clip_to_volume(_network(line, [[0, 1]]), _curves(line), (8, 8, 8))
    assert graph.nodes.shape == (0, 3)
    assert graph.betti_numbers() == (0, 0, 0)
