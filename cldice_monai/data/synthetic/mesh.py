"""A capillary mesh: scattered nodes joined to their relative neighbours, which closes loops."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.spatial import cKDTree

__all__ = ["join_neighbours", "scatter_points"]

_Array = npt.NDArray[np.float64]


def scatter_points(
    low: _Array, high: _Array, distance: float, *, rng: np.random.Generator
) -> _Array:
    """Scatter points in a box so that no two are closer than a distance.

    Args:
        low: (3,) float64, the box's first corner.
        high: (3,) float64, its opposite corner.
        distance: smallest distance between two points.
        rng: source of randomness.

    Returns:
        (N, 3) float64, in random order; about one point for every 3 distance^3.

    Example:
        >>> import numpy as np
        >>> from scipy.spatial.distance import pdist
        >>> rng = np.random.default_rng(0)
        >>> points = scatter_points(np.zeros(3), np.full(3, 40.0), 10.0, rng=rng)
        >>> bool(pdist(points).min() >= 10.0)
        True
    """
    n_drawn = max(8, int(2 * np.prod((high - low) / distance)))
    points = np.zeros((0, 3))
    for _ in range(2):
        drawn = low + (high - low) * rng.random((n_drawn, 3))
        if len(points):
            drawn = drawn[cKDTree(points).query(drawn)[0] >= distance]
        if len(drawn) == 0:
            continue
        # of two that are too close the later one goes, so that no order of visits matters
        close = cKDTree(drawn).query_pairs(distance, output_type="ndarray").reshape(-1, 2)
        keep = np.ones(len(drawn), dtype=bool)
        keep[close.max(axis=1)] = False
        points = np.concatenate([points, drawn[keep]])
    return points


def join_neighbours(
    points: _Array, *, max_degree: int = 3, least_angle: float = 60.0, n_nearest: int = 16
) -> npt.NDArray[np.int64]:
    """Join points to a mesh whose loops are small and whose edges keep away from each other.

    First the relative neighbours: two points that have no third nearer to both than they are to
    each other. They form one piece. Then the Gabriel neighbours, shortest first, between points
    that have room for one more edge: two points with no third in the sphere between them. They
    close loops until most points have the three edges of a capillary junction.

    Args:
        points: (N, 3) float64.
        max_degree: most edges at a point; a point that would have none gets one all the same.
        least_angle: smallest angle between two edges at a point, in degrees.
        n_nearest: how many nearest points of each are looked at.

    Returns:
        (E, 2) int64, each edge once, the smaller index first.

    Example:
        >>> import numpy as np
        >>> square = np.array([[0.0, 0, 0], [0, 9, 0], [9, 9, 0], [9, 0, 0]])
        >>> join_neighbours(square).tolist()
        [[0, 1], [0, 3], [1, 2], [2, 3]]

    Reference:
        Toussaint, Pattern Recognition 12 (1980): the relative neighbourhood graph.
        Gabriel & Sokal, Systematic Zoology 18 (1969): the Gabriel graph.
    """
    n_nearest = min(n_nearest, len(points) - 1)
    if n_nearest < 1:
        return np.zeros((0, 2), dtype=np.int64)
    distance, neighbour = cKDTree(points).query(points, k=n_nearest + 1)
    first = np.repeat(np.arange(len(points)), n_nearest)
    second, length = neighbour[:, 1:].ravel(), distance[:, 1:].ravel()
    thirds = neighbour[first, 1:]
    to_first = distance[first, 1:]
    to_second = np.sqrt(((points[thirds] - points[second][:, None]) ** 2).sum(axis=2))
    other = thirds != second[:, None]
    nearer_to_both = (np.maximum(to_first, to_second) < length[:, None]) & other
    in_sphere = (to_first**2 + to_second**2 <= length[:, None] ** 2 * (1.0 + 1e-9)) & other
    is_relative, is_gabriel = ~nearer_to_both.any(axis=1), ~in_sphere.any(axis=1)

    candidate = np.flatnonzero(is_gabriel & (first < second))
    order = np.lexsort((length[candidate], ~is_relative[candidate]))
    pairs = np.stack([first, second], axis=1)[candidate[order]]
    return _accept(points, pairs, max_degree, least_angle)


def _accept(
    points: _Array, pairs: npt.NDArray[np.int64], max_degree: int, least_angle: float
) -> npt.NDArray[np.int64]:
    """Take edges in their order as long as both ends have room; no end is left without any."""
    closest = np.cos(np.deg2rad(least_angle)) + 1e-9
    leaving: list[list[_Array]] = [[] for _ in points]
    accepted = []
    for a, b in pairs.tolist():
        along = points[b] - points[a]
        along = along / np.sqrt((along**2).sum())
        likeness = [(u * along).sum() for u in leaving[a]] + [
            -(u * along).sum() for u in leaving[b]
        ]
        n_a, n_b = len(leaving[a]), len(leaving[b])
        has_room = max(n_a, n_b) < max_degree and max(likeness, default=-1.0) <= closest
        if has_room or min(n_a, n_b) == 0:
            leaving[a].append(along)
            leaving[b].append(-along)
            accepted.append((a, b))
    return np.array(sorted(accepted), dtype=np.int64).reshape(-1, 2)
