"""The capillary mesh."""

from __future__ import annotations

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from scipy.spatial.distance import cdist, pdist

from cldice_monai.data.synthetic.mesh import join_neighbours, scatter_points


def _points():
    rng = np.random.default_rng(5)
    return scatter_points(np.zeros(3), np.array([60.0, 50, 40]), 9.0, rng=rng)


def test_scattered_points_keep_their_distance_and_fill_the_box():
    points = _points()
    assert pdist(points).min() >= 9.0
    assert (points >= 0).all()
    assert (points <= [60, 50, 40]).all()
    # 120000 voxels, about one point for every 3 * 9^3
    assert 30 <= len(points) <= 90


def test_mesh_is_connected_closes_loops_and_is_not_crowded():
    points = _points()
    pairs = join_neighbours(points)
    n = len(points)
    links = coo_array((np.ones(len(pairs)), pairs.T), (n, n))
    assert connected_components(links, directed=False)[0] <= 2
    assert len(pairs) - n + 1 > n // 5
    assert np.bincount(pairs.ravel()).max() <= 4


def test_without_a_limit_the_mesh_is_the_gabriel_graph_by_its_definition():
    points = _points()
    d = cdist(points, points)
    expected = [
        [i, j]
        for i in range(len(points))
        for j in range(i + 1, len(points))
        if not any(
            d[i, k] ** 2 + d[j, k] ** 2 <= d[i, j] ** 2
            for k in range(len(points))
            if k not in (i, j)
        )
    ]
    found = join_neighbours(points, max_degree=99, least_angle=0.0, n_nearest=len(points) - 1)
    assert found.tolist() == expected


def test_no_or_one_point_gives_no_edge():
    assert join_neighbours(np.zeros((0, 3))).shape == (0, 2)
    assert join_neighbours(np.zeros((1, 3))).shape == (0, 2)
