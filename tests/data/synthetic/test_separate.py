"""With enforced clearance the label has the topology of the graph."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage
from skimage.measure import euler_number

from cldice_monai.data.synthetic import VesselEdge, VesselGraph, generate_vessels
from cldice_monai.data.synthetic.presets import PRESET_NAMES, RANDOMISED
from cldice_monai.data.synthetic.separate import separate_vessels

_SHAPE = (24, 24, 24)


def _line(start, a, b, radius=1.0, kind="capillary"):
    n = int(np.linalg.norm(np.subtract(b, a))) + 1
    t = np.linspace(0, 1, n)[:, None]
    points = np.array(a, float) * (1 - t) + np.array(b, float) * t
    return VesselEdge(start, start + 1, points, np.full(n, radius), kind)


def _graph(*edges):
    nodes = np.zeros((1 + max(max(e.start, e.end) for e in edges), 3))
    for edge in edges:
        nodes[edge.start], nodes[edge.end] = edge.polyline[0], edge.polyline[-1]
    return VesselGraph(nodes, edges)


def _separated(graph, clearance=2.0):
    return separate_vessels(graph, _SHAPE, clearance=clearance, shortest=6.0)


def _independent_betti(label):
    n_pieces = ndimage.label(label, np.ones((3, 3, 3)))[1]
    outside = np.pad(label == 0, 1, constant_values=True)
    n_cavities = ndimage.label(outside)[1] - 1
    return n_pieces, n_pieces + n_cavities - euler_number(label, connectivity=3), n_cavities


@pytest.mark.parametrize("preset", PRESET_NAMES)
def test_label_has_the_betti_numbers_of_the_graph(preset):
    n_empty = 0
    for seed in range(6):
        sample = generate_vessels((40, 36, 32), preset=preset, seed=seed, enforce_clearance=True)
        n_empty += not sample.label.any()
        assert sample.has_topology_of_graph()
        assert sample.graph.betti_numbers() == _independent_betti(sample.label)
    assert n_empty <= (3 if preset == RANDOMISED else 0)


@pytest.mark.slow
@pytest.mark.parametrize("preset", PRESET_NAMES)
def test_label_has_the_betti_numbers_of_the_graph_for_many_seeds(preset):
    n_edges = []
    for seed in range(25):
        sample = generate_vessels((64, 64, 64), preset=preset, seed=seed, enforce_clearance=True)
        assert sample.graph.betti_numbers() == _independent_betti(sample.label)
        free = generate_vessels((64, 64, 64), preset=preset, seed=seed)
        if free.graph.edges or preset != RANDOMISED:  # some of these have no vessel
            n_edges.append(len(sample.graph.edges) / len(free.graph.edges))
    # little is taken away
    assert np.mean(n_edges) > 0.9


def test_without_clearance_both_numbers_are_told_and_can_differ():
    samples = [generate_vessels((64, 64, 64), preset="hard", seed=seed) for seed in range(3)]
    assert not all(sample.has_topology_of_graph() for sample in samples)


@pytest.mark.parametrize(("distance", "left"), [(3.9, 1), (4.1, 2)])
def test_of_two_vessels_that_are_too_close_the_thinner_goes(distance, left):
    graph = _graph(
        _line(0, [2, 8, 12], [20, 8, 12], 1.1), _line(2, [2, 8 + distance, 12], [20, 13, 12], 0.9)
    )
    after, _ = _separated(graph)
    assert len(after.edges) == left
    assert after.edges[0].radius[0] == 1.1


def test_branch_of_a_tree_stays_rather_than_a_thicker_capillary():
    graph = _graph(
        _line(0, [2, 8, 12], [20, 8, 12], 1.5), _line(2, [2, 11, 12], [20, 11, 12], 1.0, "tree")
    )
    assert [edge.kind for edge in _separated(graph)[0].edges] == ["tree"]


def test_vessel_that_winds_into_itself_goes():
    turn = np.linspace(0, 1.9 * np.pi, 60)
    points = np.stack([12 + 6 * np.cos(turn), 12 + 6 * np.sin(turn), np.full(60, 12.0)], axis=1)
    ring = VesselEdge(0, 1, points, np.full(60, 1.2), "capillary")
    other = _line(2, [2, 2, 3], [20, 2, 3])
    after, raster = _separated(_graph(ring, other))
    assert len(after.edges) == 1
    assert _independent_betti(raster.label) == (1, 0, 0)


def test_network_that_is_in_order_stays_as_it_is():
    graph = _graph(_line(0, [2, 4, 12], [20, 4, 12]), _line(2, [2, 16, 12], [20, 16, 12]))
    after, raster = _separated(graph)
    assert after.edges[0] is not None
    assert len(after.edges) == 2
    np.testing.assert_array_equal(after.edges[1].polyline, graph.edges[1].polyline)
    assert _independent_betti(raster.label) == (2, 0, 0)


def test_empty_graph_stays_empty():
    after, raster = _separated(VesselGraph(np.zeros((0, 3)), ()))
    assert after.betti_numbers() == (0, 0, 0)
    assert not raster.label.any()
