"""Drawing against the definition: distance to the polyline, voxel by voxel."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

from cldice_monai.data.synthetic import VesselEdge, VesselGraph
from cldice_monai.data.synthetic.rasterise import digitise, rasterise


def _graph(points, radius, kind="tree"):
    points = np.array(points, dtype=np.float64)
    edge = VesselEdge(0, 1, points, np.array(radius, dtype=np.float64), kind)
    return VesselGraph(points[[0, -1]], (edge,))


def _distance_and_radius(voxel, a, b, ra, rb):
    """Distance of a voxel's centre to one line piece, and the radius at the nearest point."""
    along = b - a
    t = np.clip(np.dot(voxel - a, along) / np.dot(along, along), 0.0, 1.0)
    return np.linalg.norm(voxel - a - t * along), ra + t * (rb - ra)


def test_label_is_what_the_distance_to_the_polyline_says():
    points = np.array([[2.3, 2.1, 3.7], [6.2, 5.4, 4.9], [9.8, 5.1, 9.2]])
    radius = np.array([1.3, 2.2, 1.6])
    label = rasterise(_graph(points, radius), (13, 11, 12)).label
    expected = np.zeros_like(label)
    for voxel in np.ndindex(label.shape):
        for i in range(2):
            d, r = _distance_and_radius(
                np.array(voxel), points[i], points[i + 1], radius[i], radius[i + 1]
            )
            expected[voxel] |= d <= r
    assert 100 < expected.sum() < 400
    np.testing.assert_array_equal(label, expected)


def test_ball_around_a_voxel_has_the_volume_of_its_lattice_points():
    point = [[5.0, 5, 5], [5.0, 5, 5]]
    assert rasterise(_graph(point, [1.0, 1.0]), (11, 11, 11)).label.sum() == 7
    assert rasterise(_graph(point, [1.5, 1.5]), (11, 11, 11)).label.sum() == 19
    assert rasterise(_graph(point, [2.0, 2.0]), (11, 11, 11)).label.sum() == 33


def test_thickest_vessel_gives_radius_and_edge_where_two_cross():
    thin = VesselEdge(0, 1, np.array([[1.0, 5, 5], [9, 5, 5]]), np.array([1.0, 1.0]), "capillary")
    thick = VesselEdge(2, 3, np.array([[5.0, 1, 5], [5, 9, 5]]), np.array([2.0, 2.0]), "tree")
    ends = np.stack([p for e in (thin, thick) for p in e.polyline])
    for edges in ((thin, thick), (thick, thin)):
        raster = rasterise(VesselGraph(ends, edges), (11, 11, 11))
        assert raster.radius[5, 5, 5] == 2.0
        assert edges[raster.edge[5, 5, 5]] is thick
        assert raster.radius[2, 5, 5] == 1.0
        assert edges[raster.edge[2, 5, 5]] is thin


def test_empty_graph_gives_an_empty_label():
    raster = rasterise(VesselGraph(np.zeros((0, 3)), ()), (4, 5, 6))
    assert raster.label.shape == (4, 5, 6)
    assert raster.label.sum() == raster.centreline.sum() == 0
    assert (raster.edge == -1).all()


_coordinate = st.floats(0.0, 11.0, allow_nan=False, width=32)
_point = st.tuples(_coordinate, _coordinate, _coordinate)


@settings(deadline=None, derandomize=True, max_examples=60)
@given(st.lists(_point, min_size=2, max_size=5), st.floats(0.05, 0.8))
def test_vessel_thinner_than_a_voxel_never_breaks_up(points, radius):
    graph = _graph(points, [radius] * len(points))
    raster = rasterise(graph, (12, 12, 12))
    touching = np.ones((3, 3, 3))
    assert ndimage.label(raster.centreline, touching)[1] == 1
    assert ndimage.label(raster.label, touching)[1] == 1
    assert (raster.label >= raster.centreline).all()
    voxels = digitise(graph)[0]
    assert np.abs(np.diff(voxels, axis=0)).max(initial=0) <= 1
