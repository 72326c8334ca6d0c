"""Which points of which vessels come close to each other."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.spatial import cKDTree

__all__ = ["close_points"]

_Indices = npt.NDArray[np.int64]


def close_points(
    points: npt.NDArray[np.float64],
    radius: npt.NDArray[np.float64],
    owner: _Indices,
    is_mover: npt.NDArray[np.bool_],
    *,
    clearance: float,
) -> tuple[_Indices, _Indices]:
    """Find the pairs of points of different vessels whose walls are too close.

    Args:
        points: (P, 3) float64, points along all vessels, in voxels.
        radius: (P,) float64, the radius there.
        owner: (P,) int64, the vessel of each point.
        is_mover: (P,) bool, points of vessels that could give way; all thin.
        clearance: smallest gap between two walls, in voxels.

    Returns:
        Indices a and b, both (K,) int64: point a is a mover, point b belongs to another vessel.
        Two movers are found twice, once each way round.

    Example:
        >>> import numpy as np
        >>> points = np.array([[0.0, 0, 0], [0, 5, 0], [0, 20, 0]])
        >>> mover = np.array([True, False, False])
        >>> a, b = close_points(points, np.ones(3), np.arange(3), mover, clearance=4.0)
        >>> a.tolist(), b.tolist()
        ([0], [1])
    """
    movers = np.flatnonzero(is_mover)
    found_a, found_b = [np.zeros(0, dtype=np.int64)], [np.zeros(0, dtype=np.int64)]
    if len(movers):
        widest, tree = float(radius[movers].max()), cKDTree(points[movers])
        # classes of about equal radius, so that a thick trunk does not widen the search for all
        octave = np.floor(np.log2(radius)).astype(np.int64)
        for level in np.unique(octave):
            others = np.flatnonzero(octave == level)
            reach = widest + float(radius[others].max()) + clearance
            near = tree.sparse_distance_matrix(
                cKDTree(points[others]), reach, output_type="ndarray"
            )
            a, b = movers[near["i"]], others[near["j"]]
            close = (owner[a] != owner[b]) & (near["v"] < radius[a] + radius[b] + clearance)
            found_a.append(a[close])
            found_b.append(b[close])
    return np.concatenate(found_a), np.concatenate(found_b)
