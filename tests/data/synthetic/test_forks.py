"""Forks have no loops, however sharp."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from skimage.measure import euler_number

from cldice_monai.data.synthetic import VesselEdge, VesselGraph
from cldice_monai.data.synthetic.forks import fork_webs
from cldice_monai.data.synthetic.rasterise import rasterise


def _fork(angle_deg, radii, turn=0.0, length=13.0):
    """Two straight vessels from one node, at an angle, the plane turned about the first."""
    node = np.array([16.3, 15.6, 15.2])
    angle = np.deg2rad(angle_deg)
    aside = np.array([0.0, np.cos(turn), np.sin(turn)])
    ways = np.array([1.0, 0, 0]), np.cos(angle) * np.array([1.0, 0, 0]) + np.sin(angle) * aside
    t = np.arange(0.0, length, 0.8)[:, None]
    edges = tuple(
        VesselEdge(0, i + 1, node + t * way, np.full(len(t), radii[i]), "capillary")
        for i, way in enumerate(ways)
    )
    nodes = np.stack([node, edges[0].polyline[-1], edges[1].polyline[-1]])
    return VesselGraph(nodes, edges)


@settings(deadline=None, derandomize=True, max_examples=30)
@given(
    st.floats(25.0, 120.0),
    st.tuples(st.floats(0.8, 1.6), st.floats(0.8, 1.6)),
    st.floats(0.0, 6.28),
)
def test_fork_is_one_piece_without_a_hole(angle_deg, radii, turn):
    label = rasterise(_fork(angle_deg, radii, turn), (34, 34, 34)).label
    # one component, no loop, no cavity
    assert euler_number(label, connectivity=3) == 1


def test_web_spans_the_slit_only_as_far_as_voxels_can_touch():
    # at 60 degrees two vessels are as far apart as from the node: gap = s - 2 at step s
    webs = fork_webs(_fork(60.0, (1.0, 1.0)))
    span = np.linalg.norm(webs.end - webs.start, axis=1)
    np.testing.assert_allclose(span, [1.6, 2.4, 3.2])
    assert (webs.radius == 1.0).all()


def test_web_belongs_to_the_thinner_vessel():
    assert set(fork_webs(_fork(60.0, (3.0, 1.0))).edge) == {1}
    assert set(fork_webs(_fork(60.0, (1.0, 3.0))).edge) == {0}


@pytest.mark.parametrize("n_edges", [0, 1])
def test_without_a_fork_there_is_no_web(n_edges):
    graph = _fork(60.0, (1.0, 1.0))
    alone = VesselGraph(graph.nodes, graph.edges[:n_edges])
    assert len(fork_webs(alone).edge) == 0
