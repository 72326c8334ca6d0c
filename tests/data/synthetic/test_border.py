"""Capillaries cut off at the border."""

from __future__ import annotations

import numpy as np

from cldice_monai.data.synthetic import VesselEdge, VesselGraph
from cldice_monai.data.synthetic.border import shorten_at_border


def _edge(start, end, a, b, kind="capillary"):
    n = int(np.linalg.norm(np.subtract(b, a))) + 1
    t = np.linspace(0, 1, n)[:, None]
    line = np.array(a, float) * (1 - t) + np.array(b, float) * t
    return VesselEdge(start, end, line, np.ones(n), kind)


def _graph(*edges):
    nodes = np.zeros((1 + max(max(e.start, e.end) for e in edges), 3))
    for edge in edges:
        nodes[edge.start], nodes[edge.end] = edge.polyline[0], edge.polyline[-1]
    return VesselGraph(nodes, edges)


def _gap(a, b):
    return np.linalg.norm(a.polyline[:, None] - b.polyline[None], axis=2).min() - 2.0


def test_one_of_two_capillaries_that_meet_outside_gives_way():
    # both leave through x = 0, two voxels apart, and part further in
    graph = _graph(_edge(0, 1, [0, 9, 10], [14, 2, 10]), _edge(2, 3, [0, 11, 10], [14, 18, 10]))
    shortened = shorten_at_border(graph, (20, 20, 20), clearance=2.0)
    first, second = shortened.edges
    assert _gap(first, second) >= 2.0
    assert len(first.polyline) < len(graph.edges[0].polyline)
    np.testing.assert_array_equal(second.polyline, graph.edges[1].polyline)
    np.testing.assert_array_equal(shortened.nodes[0], first.polyline[0])
    np.testing.assert_array_equal(first.polyline[-1], [14, 2, 10])


def test_capillaries_apart_and_trees_stay_as_they_are():
    apart = _graph(_edge(0, 1, [0, 3, 10], [14, 3, 10]), _edge(2, 3, [0, 16, 10], [14, 16, 10]))
    trees = _graph(
        _edge(0, 1, [0, 9, 10], [14, 2, 10], "tree"), _edge(2, 3, [0, 11, 10], [14, 18, 10], "tree")
    )
    for graph in (apart, trees):
        after = shorten_at_border(graph, (20, 20, 20), clearance=2.0)
        for old, new in zip(graph.edges, after.edges, strict=True):
            np.testing.assert_array_equal(old.polyline, new.polyline)


def test_capillary_that_touches_all_along_is_gone():
    graph = _graph(
        _edge(0, 1, [0, 10, 10], [6, 10, 10]), _edge(2, 3, [0, 12, 10], [14, 12, 10], "tree")
    )
    after = shorten_at_border(graph, (20, 20, 20), clearance=2.0)
    assert [edge.kind for edge in after.edges] == ["tree"]
    assert after.betti_numbers()[0] == 3  # the two ends left behind are nodes of their own


def test_empty_graph_stays_empty():
    graph = VesselGraph(np.zeros((0, 3)), ())
    assert shorten_at_border(graph, (20, 20, 20), clearance=2.0) is graph
