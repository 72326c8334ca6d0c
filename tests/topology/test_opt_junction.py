"""Opt-J: worked examples, and the counts of the authors' code where that code works."""

from __future__ import annotations

import json
from pathlib import Path

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage
from scipy.optimize import linear_sum_assignment

from cldice_monai.topology import opt_junction_counts, opt_junction_f1, skeleton_graph
from cldice_monai.topology.pairs import optimal_pairs

PUBLISHED = json.loads(Path(__file__).with_name("published_opt_junction.json").read_text())["cases"]


def _fork(shape=(21, 21)):
    """A horizontal line with a branch downwards in its middle: ends 3, junction 1."""
    mask = np.zeros(shape, bool)
    mask[10, 2:19] = mask[10:19, 10] = True
    return mask


def _graph(positions, edges):
    graph = nx.MultiGraph()
    for node in sorted({node for edge in edges for node in edge}):
        graph.add_node(node, position=np.array(positions[node], float))
    graph.add_edges_from(edges)
    return graph


def _blobs(seed, shape=(24, 24, 24)):
    field = ndimage.gaussian_filter(np.random.default_rng(seed).standard_normal(shape), 1.6)
    return field > 0.9 * field.std()


def test_a_missed_branch_costs_one_branch_at_the_fork_and_its_end():
    line = _fork()
    line[11:, 10] = False
    counts = opt_junction_counts(line, _fork())
    # label: the fork has 3, the ends 1 each; prediction: 2 ends and, at the fork, a passing line
    assert (counts.matched, counts.predicted, counts.labelled) == (1 + 1 + 2, 4, 6)
    assert counts.f1 == pytest.approx(2 * 4 / (4 + 6))


def test_a_branch_too_many_is_found_from_the_other_side():
    line = _fork()
    line[11:, 10] = False
    counts = opt_junction_counts(_fork(), line)
    # the two ends match; the predicted fork meets a passing line, its free end nothing
    assert (counts.matched, counts.predicted, counts.labelled) == (2 + 2, 6, 4)


def test_distance_decides_what_is_matched():
    label = _fork((40, 21))
    moved = np.roll(label, 4, axis=0)
    assert opt_junction_f1(moved, label, th_snap=5) == 1.0
    far = opt_junction_counts(moved, label, th_snap=3)
    assert far.f1 < 0.5


def test_gap_in_a_line_costs_its_two_ends():
    label = np.zeros((9, 60), bool)
    label[4, 2:58] = True
    pred = label.copy()
    pred[4, 25:35] = False
    counts = opt_junction_counts(pred, label)
    # outer ends 1 + 1; each inner end (1 branch) lies on a passing line (2 branches)
    assert (counts.matched, counts.predicted, counts.labelled) == (4, 4, 6)


def test_ring_without_a_junction_has_one_place():
    ring = np.zeros((20, 20), bool)
    ring[4:15, 4:15] = True
    ring[5:14, 5:14] = False
    assert opt_junction_counts(ring, ring).labelled == 2
    assert opt_junction_f1(ring, ring) == 1.0
    assert opt_junction_f1(np.zeros_like(ring), ring) == 0.0


def test_one_place_of_the_label_is_matched_once():
    # two forks stand beside the label's one: the second finds a passing branch, or nothing
    label = _fork((30, 30))
    pred = label.copy()
    pred[10:19, 12] = True
    best, greedy = (opt_junction_counts(pred, label, matching=m) for m in ("optimal", "greedy"))
    assert best.f1 < 1.0
    assert best.matched <= greedy.matched


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 500), flat=st.booleans())
def test_a_mask_matches_itself_and_no_score_leaves_its_range(seed, flat):
    shape = (40, 40) if flat else (24, 24, 24)
    a, b = _blobs(seed, shape), _blobs(seed + 1000, shape)
    same = opt_junction_counts(a, a)
    assert same.matched == same.predicted == same.labelled
    counts = opt_junction_counts(a, b)
    assert 0 <= counts.matched <= min(counts.predicted, counts.labelled)


def _shuffled(graph, rng):
    """The same graph with its nodes, its edges and their directions in another order."""
    names = dict(zip(graph.nodes, rng.permutation(len(graph)).tolist(), strict=True))
    other = nx.MultiGraph(**graph.graph)
    for node in rng.permutation(list(graph.nodes)).tolist():
        other.add_node(names[node], **graph.nodes[node])
    edges = list(graph.edges(data=True))
    for number in rng.permutation(len(edges)):
        first, last, edge = edges[number]
        other.add_edge(names[last], names[first], **edge | {"points": edge["points"][::-1]})
    return other


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 500))
def test_order_of_nodes_and_edges_changes_nothing(seed):
    rng = np.random.default_rng(seed)
    fields = [ndimage.gaussian_filter(rng.standard_normal((24, 24, 24)), 1.2) for _ in range(2)]
    pred, label = (skeleton_graph(field > 0.15) for field in fields)
    counts = opt_junction_counts(pred, label)
    assert opt_junction_counts(_shuffled(pred, rng), _shuffled(label, rng)) == counts


def test_nothing_to_compare_is_nan_and_one_side_alone_is_zero():
    empty = np.zeros((21, 21), bool)
    dot = empty.copy()
    dot[5, 5] = True
    assert np.isnan(opt_junction_f1(empty, empty))
    assert np.isnan(opt_junction_f1(dot, empty)), "a single voxel has no branch"
    assert opt_junction_f1(_fork(), empty) == opt_junction_f1(empty, _fork()) == 0.0


def test_counts_of_patches_add_up():
    one = opt_junction_counts(_fork(), _fork())
    assert (one + one).matched == 2 * one.matched
    assert (one + one).f1 == 1.0


@pytest.mark.parametrize("case", PUBLISHED)
def test_greedy_matching_gives_the_published_counts(case):
    pred, label = (_graph(**case[part]) for part in ("pred", "label"))
    counts = opt_junction_counts(pred, label, case["th_snap"], matching="greedy")
    assert [counts.matched, counts.predicted, counts.labelled] == case["tp_pp_ap"]


def test_recorded_cases_are_hard_enough_to_tell_codes_apart():
    assert len(PUBLISHED) == 20
    assert len({tuple(case["tp_pp_ap"]) for case in PUBLISHED}) > 15
    assert any(case["tp_pp_ap"][0] < 0.9 * case["tp_pp_ap"][2] for case in PUBLISHED)


def test_groups_that_are_solved_apart_are_solved_as_well_as_all_at_once():
    rng = np.random.default_rng(0)
    candidate = np.array([rng.permutation(12)[:3] for _ in range(10)])
    cost = np.where(rng.random((10, 3)) < 0.7, rng.uniform(0, 300, (10, 3)), np.inf)
    whole = np.full((10, 12), 1e6)
    whole[np.arange(10)[:, None], candidate] = np.where(np.isinf(cost), 1e6, cost)
    rows, columns = linear_sum_assignment(whole)
    partner = optimal_pairs(cost, candidate, n_partners=12)
    found = [whole[row, partner[row]] for row in np.flatnonzero(partner >= 0)]
    expected = whole[rows, columns][whole[rows, columns] < 1e6]
    assert len(found) == len(expected)
    assert sum(found) == pytest.approx(expected.sum())


@pytest.mark.parametrize(
    ("arguments", "says"),
    [({"th_snap": 0}, "th_snap must be positive"), ({"matching": "x"}, "optimal, greedy")],
)
def test_arguments_that_do_not_fit_are_named(arguments, says):
    with pytest.raises(ValueError, match=says):
        opt_junction_f1(_fork(), _fork(), **arguments)
    with pytest.raises(ValueError, match="axes"):
        opt_junction_f1(np.ones((4, 4, 9), bool), _fork())
