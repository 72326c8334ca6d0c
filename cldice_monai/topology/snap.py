"""Lay points on the nearest edge of a network."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from scipy.spatial import cKDTree

__all__ = ["snap_to_lines"]

_Array = npt.NDArray[np.float64]
_AT_AN_END = 1.0  # voxels from the end of a piece within which a point falls on that end


def snap_to_lines(
    points: _Array, lines: Sequence[_Array], *, th_snap: float, known: _Array
) -> _Array:
    """Return the places on polylines that points fall on, each place once.

    Args:
        points: (N, ndim), voxel coordinates.
        lines: (n, ndim) each, n >= 2; one of them at least.
        th_snap: voxels; a point that is not nearer to any line falls on none.
        known: (K, ndim) places that are left out of the result.

    Returns:
        (M, ndim) places, M <= N.

    Example:
        >>> line = np.array([[0.0, 0.0], [0.0, 9.0]])
        >>> snap_to_lines(np.array([[2.0, 5.0]]), [line], th_snap=3.0, known=np.zeros((0, 2)))
        array([[0., 5.]])

    Reference:
        Citraro, Kozinski and Fua, ECCV 2020, section 3 (snapping of control nodes).
    """
    first, last = _from_least_to_greatest(
        np.concatenate([line[:-1] for line in lines]), np.concatenate([line[1:] for line in lines])
    )
    # a piece that is nearer than th_snap has its middle within this
    reach = th_snap + np.linalg.norm(last - first, axis=1).max() / 2
    near = cKDTree((first + last) / 2).query_ball_point(points, reach, return_sorted=True)
    found = [_nearest(p, first[n], last[n]) for p, n in zip(points, near, strict=True) if n]
    on_line = [place for place, distance in found if distance < th_snap]
    if not on_line:
        return points[:0]
    places: _Array = np.unique(np.array(on_line), axis=0)
    return places[cKDTree(known).query(places)[0] > 0] if len(known) else places


def _from_least_to_greatest(first: _Array, last: _Array) -> tuple[_Array, _Array]:
    """Turn the pieces that start at the end that comes later in the order of coordinates."""
    step = last - first
    axis = (step != 0).argmax(axis=1)
    turned = np.take_along_axis(step, axis[:, None], axis=1) < 0
    return np.where(turned, last, first), np.where(turned, first, last)


def _nearest(point: _Array, first: _Array, last: _Array) -> tuple[_Array, float]:
    """Return the nearest point of some straight pieces, or the end that is close by."""
    step = last - first
    square = np.maximum((step**2).sum(axis=1), 1e-12)
    share = np.clip(((point - first) * step).sum(axis=1) / square, 0.0, 1.0)
    on_piece = np.where((share < 1.0)[:, None], first + share[:, None] * step, last)
    distance = np.linalg.norm(on_piece - point, axis=1)
    equal = np.flatnonzero(distance == distance.min())
    # of equally near pieces the first by its coordinates, not by the order of the lines
    best = int(equal[np.lexsort([*last[equal].T, *first[equal].T])[0]])
    if 0.0 < share[best] < 1.0:
        for end in (first[best], last[best]):
            if np.linalg.norm(end - point) < _AT_AN_END:
                return end, float(distance[best])
    return on_piece[best], float(distance[best])
