"""Masks as networkx graphs: what is an edge, what is a loop, and how many of each."""

from __future__ import annotations

import warnings
from pathlib import Path

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

from cldice_monai.skeleton import prune_spurs, skeletonize
from cldice_monai.topology import betti_numbers, cycle_rank, skeleton_graph

LABEL = Path(__file__).parents[3] / "shared" / "data" / "VesSAP_synthetic" / "label.nii.gz"


def _drawn(*strokes, shape=(24, 24)):
    mask = np.zeros(shape, bool)
    for stroke in strokes:
        mask[stroke] = True
    return mask


def _square(low, high):
    """Outline of a square, one pixel wide."""
    mask = np.zeros((24, 24), bool)
    mask[low : high + 1, low : high + 1] = True
    mask[low + 1 : high, low + 1 : high] = False
    return mask


def _degrees(graph):
    return sorted(degree for _, degree in graph.degree)


def test_y_is_three_edges_that_meet():
    y = _drawn(np.s_[4:12, 10], (np.arange(12, 18), np.arange(10, 4, -1)))
    y |= _drawn((np.arange(12, 18), np.arange(10, 16)))
    graph = skeleton_graph(y)
    assert _degrees(graph) == [1, 1, 1, 3]
    assert graph.number_of_edges() == 3
    assert cycle_rank(graph) == 0


def test_square_ring_is_one_self_loop_as_long_as_its_outline():
    # thinning may cut the four corners, each by a diagonal in place of two steps
    graph = skeleton_graph(_square(4, 14))
    (edge,) = graph.edges(data=True)
    assert edge[0] == edge[1]
    assert 40 - 4 * (2 - np.sqrt(2)) - 1e-9 <= edge[2]["length"] <= 40
    assert np.array_equal(edge[2]["points"][0], edge[2]["points"][-1])


def test_two_rings_that_share_a_wall_are_three_edges_and_two_loops():
    eight = _square(2, 10)
    eight[10, 2:11] = True
    eight[10:18, [2, 10]] = True
    eight[18, 2:11] = True
    graph = skeleton_graph(eight)
    assert _degrees(graph) == [3, 3]
    assert graph.number_of_edges() == 3
    assert cycle_rank(graph) == 2


def test_ring_on_a_stalk_is_a_loop_at_its_junction():
    graph = skeleton_graph(_square(4, 12) | _drawn(np.s_[8, 13:22]))
    assert _degrees(graph) == [1, 3]
    assert sorted(a == b for a, b in graph.edges()) == [False, True]


def test_single_voxel_is_a_node_and_nothing_is_nothing():
    graph = skeleton_graph(_drawn(np.s_[5, 6]))
    assert graph.number_of_edges() == 0
    assert [position.tolist() for _, position in graph.nodes(data="position")] == [[5, 6]]
    empty = skeleton_graph(np.zeros((4, 4, 4), bool))
    assert empty.number_of_nodes() == empty.number_of_edges() == 0
    assert empty.graph["shape"] == (4, 4, 4)


def test_points_run_from_the_smaller_node_to_the_other_along_neighbours():
    rng = np.random.default_rng(0)
    mask = ndimage.gaussian_filter(rng.standard_normal((30, 30, 30)), 2) > 0.1
    with warnings.catch_warnings():
        # junctions of noise run into each other, which is no matter here
        warnings.filterwarnings("ignore", message="the graph has")
        graph = skeleton_graph(mask, spacing_mm=(2.0, 1.0, 0.5))
    assert graph.number_of_edges() > 20
    for first, second, edge in graph.edges(data=True):
        points = edge["points"]
        assert first <= second
        assert np.array_equal(points[0], graph.nodes[first]["position"])
        assert np.array_equal(points[-1], graph.nodes[second]["position"])
        steps = np.linalg.norm(np.diff(points, axis=0) * (2.0, 1.0, 0.5), axis=1)
        assert edge["length"] == pytest.approx(steps.sum())
        inner = np.abs(np.diff(points[1:-1], axis=0))
        assert inner.size == 0 or inner.max() <= 1
        assert edge["mean_radius"] >= 0.5


def test_spurs_can_be_cut_before():
    comb = _drawn(np.s_[10, 2:22], np.s_[8:10, 6], np.s_[8:10, 14])
    skeleton = prune_spurs(skeletonize(comb), max_voxels=3)
    assert skeleton_graph(comb).number_of_edges() == 5
    assert skeleton_graph(comb, skeleton=skeleton).number_of_edges() == 1


def test_loops_that_run_into_one_junction_are_warned_of():
    noise = np.random.default_rng(0).standard_normal((48, 48, 48))
    mask = ndimage.gaussian_filter(noise, 1) > 0.1
    with pytest.warns(UserWarning, match=r"the graph has \d+ loops less than the mask") as caught:
        graph = skeleton_graph(mask)
    n_lost = betti_numbers(mask)[1] - cycle_rank(graph)
    assert n_lost > 0
    assert f"has {n_lost} loops" in str(caught[0].message)


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10_000), sigma=st.floats(1.5, 3.0), cut=st.floats(0.5, 1.2))
def test_components_are_those_of_the_mask_and_lost_loops_never_go_unsaid(seed, sigma, cut):
    noise = np.random.default_rng(seed).standard_normal((24, 24, 24))
    field = ndimage.gaussian_filter(noise, sigma)
    mask = field > cut * field.std()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        graph = skeleton_graph(mask)
    b0, b1 = betti_numbers(mask)[:2]
    assert nx.number_connected_components(graph) == b0
    assert (cycle_rank(graph) == b1) != bool(caught)


@pytest.mark.real_data
@pytest.mark.slow
@pytest.mark.skipif(not LABEL.exists(), reason=f"{LABEL.name} of the shared data is not here")
def test_every_label_patch_has_as_many_loops_and_components_as_its_graph():
    import nibabel as nib

    label = np.asarray(nib.load(LABEL).dataobj) > 0
    rng, n_loops = np.random.default_rng(0), 0
    for _ in range(130):
        start = [int(rng.integers(0, size - 48)) for size in label.shape]
        patch = label[tuple(slice(s, s + 48) for s in start)]
        graph = skeleton_graph(patch)  # a warning would be an error
        b0, b1 = betti_numbers(patch)[:2]
        assert nx.number_connected_components(graph) == b0
        assert cycle_rank(graph) == b1
        n_loops += b1
    assert n_loops > 0
