"""StreetMover distance: worked examples, brute force, and what it must not depend on."""

from __future__ import annotations

from itertools import permutations

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

from cldice_monai.topology import skeleton_graph, streetmover_distance


def _line(row, shape=(16, 16)):
    mask = np.zeros(shape, bool)
    mask[row, 2:14] = True
    return mask


def _blobs(seed, shape=(20, 20, 20), cut=0.9):
    field = ndimage.gaussian_filter(np.random.default_rng(seed).standard_normal(shape), 1.5)
    return field > cut * field.std()


def _graph(edges, positions, shape=(10, 10)):
    graph = nx.MultiGraph(shape=shape)
    for node, position in positions.items():
        graph.add_node(node, position=np.array(position, float))
    graph.add_edges_from(edges)
    return graph


def test_shift_of_a_line_costs_its_square():
    # 4 of 16 rows apart: every point moves by a quarter of the side
    assert streetmover_distance(_line(3), _line(7)) == pytest.approx(1 / 16)


def test_each_axis_counts_in_shares_of_its_own_side():
    # 4 of 32 rows apart
    tall = [_line(row, shape=(32, 16)) for row in (3, 7)]
    assert streetmover_distance(*tall) == pytest.approx(1 / 64)


def test_millimetres_follow_the_spacing():
    graphs = [skeleton_graph(_line(row), spacing_mm=(0.5, 1.0)) for row in (3, 7)]
    assert streetmover_distance(*graphs, unit="mm") == pytest.approx(4.0)  # 4 rows of 0.5 mm


@pytest.mark.parametrize("seed", range(4))
def test_six_points_are_matched_as_brute_force_matches_them(seed):
    rng = np.random.default_rng(seed)
    graphs = []
    for _ in range(2):
        positions = {i: rng.uniform(0, 9, 2) for i in range(5)}
        graphs.append(_graph([(0, 1), (1, 2), (1, 3), (3, 4)], positions))
    # the six points, by walking the edges in the order of their coordinates
    clouds = []
    for graph in graphs:
        edges = []
        for a, b in graph.edges():
            ends = [tuple((graph.nodes[n]["position"] + 0.5) / 10) for n in (a, b)]
            edges.append(sorted(ends))
        edges = np.array(sorted(edges))
        lengths = np.linalg.norm(edges[:, 1] - edges[:, 0], axis=1)
        cloud = []
        for i in range(6):
            left = (i + 0.5) / 6 * lengths.sum()
            for edge, length in zip(edges, lengths, strict=True):
                if left <= length:
                    cloud.append(edge[0] + (edge[1] - edge[0]) * left / length)
                    break
                left -= length
        clouds.append(np.array(cloud))
    expected = min(
        ((clouds[0] - clouds[1][list(order)]) ** 2).sum(axis=1).mean()
        for order in permutations(range(6))
    )
    assert streetmover_distance(*graphs, 6) == pytest.approx(expected)


@settings(max_examples=25, deadline=None)
@given(first=st.integers(0, 99), second=st.integers(0, 99))
def test_same_masks_are_at_zero_and_the_order_of_two_does_not_matter(first, second):
    a, b = _blobs(first), _blobs(second)
    assert streetmover_distance(a, a) == 0.0
    forth, back = streetmover_distance(a, b), streetmover_distance(b, a)
    assert forth == pytest.approx(back, rel=1e-12)
    assert (forth > 0) == (not np.array_equal(a, b))


def test_order_of_nodes_and_edges_does_not_matter():
    rng = np.random.default_rng(1)
    positions = {i: rng.uniform(0, 9, 3) for i in range(8)}
    edges = [(0, 1), (1, 2), (2, 3), (3, 0), (2, 4), (4, 5), (5, 6), (5, 7)]
    graph = _graph(edges, positions, shape=(10, 10, 10))
    names = rng.permutation(8)
    shuffled = _graph(
        [(b, a) for a, b in edges][::-1], {i: positions[i] for i in names}, shape=(10, 10, 10)
    )
    assert streetmover_distance(graph, shuffled) == 0.0


def test_mirrored_masks_are_as_far_apart_as_the_masks():
    a, b = _blobs(5, (24, 24)), _blobs(6, (24, 24))
    graphs = [skeleton_graph(mask) for mask in (a, b)]
    turned = []
    for graph in graphs:
        graph = graph.copy()
        for _, data in graph.nodes(data=True):
            data["position"] = 23 - data["position"]
        for *_, data in graph.edges(data=True):
            data["points"] = 23 - data["points"]
        turned.append(graph)
    # the bins of equal length run the other way round, but their middles are the same
    assert streetmover_distance(*turned) == pytest.approx(streetmover_distance(*graphs), rel=0.05)


def test_empty_masks_are_at_zero_and_one_empty_mask_is_at_one():
    empty = np.zeros((16, 16), bool)
    assert streetmover_distance(empty, empty) == 0.0
    assert streetmover_distance(empty, _line(3)) == streetmover_distance(_line(3), empty) == 1.0


def test_empty_mask_has_no_distance_in_millimetres():
    graphs = [skeleton_graph(m, spacing_mm=(1, 1)) for m in (np.zeros((16, 16), bool), _line(3))]
    assert np.isnan(streetmover_distance(*graphs, unit="mm"))


def test_single_voxels_count_only_where_there_is_nothing_else():
    speckled = _line(3)
    speckled[12, 12] = True
    assert streetmover_distance(speckled, _line(3)) == 0.0
    one, other = np.zeros((2, 16, 16), bool)
    one[2, 2], other[2, 6] = True, True
    assert streetmover_distance(one, other) == pytest.approx(1 / 16)


def test_published_number_is_below_the_exact_one():
    # one voxel of dilation: the published code stops long before its matching has converged
    for seed in range(4):
        mask = _blobs(seed, (48, 48, 48), cut=1.5)
        pair = ndimage.binary_dilation(mask), mask
        assert 0 < streetmover_distance(*pair, method="published") < streetmover_distance(*pair)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({"n_points": 0}, "n_points must be at least 1"),
        ({"unit": "voxel"}, "unit must be one of patch, mm"),
        ({"method": "fast"}, "method must be one of exact, published"),
        ({"unit": "mm"}, "needs graphs of one spacing_mm"),
    ],
)
def test_arguments_that_do_not_fit_are_named(arguments, says):
    with pytest.raises(ValueError, match=says):
        streetmover_distance(_line(3), _line(4), **arguments)


def test_grids_that_differ_or_are_not_known_are_refused():
    with pytest.raises(ValueError, match="must lie on one grid"):
        streetmover_distance(_line(3), _line(3, shape=(16, 20)))
    graph = _graph([(0, 1)], {0: (1, 1), 1: (2, 5)})
    del graph.graph["shape"]
    with pytest.raises(ValueError, match="size of the grid"):
        streetmover_distance(graph, graph)


def test_node_without_a_position_is_named():
    graph = _graph([(0, 1)], {0: (1, 1), 1: (2, 5)})
    graph.add_edge("far", 1)
    with pytest.raises(ValueError, match="node 'far' has no position"):
        streetmover_distance(graph, graph)
