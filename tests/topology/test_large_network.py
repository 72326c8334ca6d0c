"""A skeleton of a million voxels goes through the graph and both graph metrics."""

from __future__ import annotations

import numpy as np
import pytest

from cldice_monai.topology import (
    cycle_rank,
    opt_junction_counts,
    skeleton_graph,
    streetmover_distance,
)

STEP, N_LINES = 7, 38  # voxels from line to line, lines along each axis
SIDE = STEP * (N_LINES - 1) + 1


def _lattice() -> np.ndarray:
    """Thin lines along the three axes, which meet where their coordinates are multiples of STEP."""
    voxels = np.zeros((SIDE,) * 3, bool)
    at = np.arange(0, SIDE, STEP)
    everywhere = np.arange(SIDE)
    for axis in range(3):
        places = [at, at, at]
        places[axis] = everywhere
        voxels[np.ix_(*places)] = True
    return voxels


@pytest.mark.slow
def test_a_million_voxels_have_their_junctions_edges_loops_and_scores():
    label = _lattice()
    assert label.sum() > 1_000_000
    graph = skeleton_graph(label, skeleton=label)
    n_edges = 3 * N_LINES**2 * (N_LINES - 1)
    assert graph.number_of_nodes() == N_LINES**3
    assert graph.number_of_edges() == n_edges
    assert cycle_rank(graph) == n_edges - N_LINES**3 + 1

    # One of the outer lines is missed: its nodes lose two branches, those at its ends one.
    pred = graph.copy()
    line = [n for n, at in pred.nodes(data="position") if at[1] == at[2] == 0]
    pred.remove_edges_from([(a, b) for a, b in pred.edges(line) if a in line and b in line])
    found = opt_junction_counts(pred, graph)
    n_missed = 2 * (N_LINES - 1)
    assert (found.labelled, found.predicted) == (2 * n_edges, 2 * n_edges - n_missed)
    assert found.matched == found.predicted
    assert streetmover_distance(pred, graph) > 0

    # Of all ways to match a network to itself two voxels on, going straight is the shortest.
    moved = graph.copy()
    for _, node in moved.nodes(data=True):
        node["position"] = node["position"] + (0, 0, 2)
    for _, _, edge in moved.edges(data=True):
        edge["points"] = edge["points"] + (0, 0, 2)
    assert streetmover_distance(moved, graph) == pytest.approx((2 / SIDE) ** 2)
