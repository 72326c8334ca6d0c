"""Forks have no loops, however sharp."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from skimage.measure import euler_number

from cldice_monai.data.synthetic import VesselEdge, VesselGraph
from cldice_monai.data.synthetic import rasterise as drawing
from cldice_monai.data.synthetic.forks import fork_webs
from cldice_monai.data.synthetic.rasterise import rasterise


def _fork(angle_deg, radii, turn=0.0, bow=0.0, length=13.0):
    """Two vessels from one node at an angle, their plane turned; the second may wind by ``bow``."""
    node = np.array([16.3, 15.6, 15.2])
    angle = np.deg2rad(angle_deg)
    first, aside = np.array([1.0, 0, 0]), np.array([0.0, np.cos(turn), np.sin(turn)])
    t = np.arange(0.0, length, 0.8)[:, None]
    winding = bow * np.sin(2.0 * np.pi * t / length) * aside
    lines = node + t * first, node + t * (np.cos(angle) * first + np.sin(angle) * aside) + winding
    edges = tuple(
        VesselEdge(0, i + 1, lines[i], np.full(len(t), radii[i]), "capillary") for i in (0, 1)
    )
    return VesselGraph(np.stack([node, lines[0][-1], lines[1][-1]]), edges)


@settings(deadline=None, derandomize=True, max_examples=30)
@given(
    st.floats(10.0, 120.0),
    st.tuples(st.floats(0.8, 1.6), st.floats(0.8, 1.6)),
    st.floats(0.0, 6.28),
    st.floats(0.0, 1.5),  # voxels; beyond, see the test after the next
)
def test_fork_is_one_piece_without_a_hole(angle_deg, radii, turn, bow):
    label = rasterise(_fork(angle_deg, radii, turn, bow), (34, 34, 34)).label
    # one component, no loop, no cavity
    assert euler_number(label, connectivity=3) == 1


@pytest.mark.parametrize(
    ("angle_deg", "radii", "turn", "bow"),
    [
        (31.3, (1.15, 1.56), 3.14, 1.85),
        (27.0, (0.85, 1.47), 0.42, 1.86),
        (16.9, (0.98, 0.9), 1.81, 1.78),
        (23.4, (0.89, 1.13), 0.0, 1.08),
        (39.0, (1.35, 1.53), 5.17, 1.52),
    ],
)
def test_fork_that_would_have_a_hole_has_none(angle_deg, radii, turn, bow, monkeypatch):
    graph = _fork(angle_deg, radii, turn, bow)
    assert euler_number(rasterise(graph, (34, 34, 34)).label, connectivity=3) == 1
    none = fork_webs(VesselGraph(graph.nodes, ()))
    monkeypatch.setattr(drawing, "fork_webs", lambda _: none)
    assert euler_number(rasterise(graph, (34, 34, 34)).label, connectivity=3) == 0


def test_forks_that_wind_by_nearly_two_voxels_rarely_have_a_hole():
    # A vessel that winds that much comes back to its neighbour beyond the web.
    rng, n_holes = np.random.default_rng(0), 0
    for _ in range(600):
        shape = rng.uniform([10, 0.8, 0.8, 0, 1.5], [120, 1.6, 1.6, 6.28, 2.0])
        graph = _fork(shape[0], (shape[1], shape[2]), shape[3], shape[4])
        n_holes += euler_number(rasterise(graph, (34, 34, 34)).label, connectivity=3) != 1
    assert n_holes <= 6


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
