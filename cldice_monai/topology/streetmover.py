"""StreetMover distance: how far one network must be moved to lie on another."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, get_args

import numpy as np
import numpy.typing as npt
from scipy.optimize import linear_sum_assignment
from scipy.spatial.distance import cdist
from scipy.special import logsumexp

from cldice_monai.topology.network import Graph, Network, as_network

__all__ = ["StreetMoverMethod", "StreetMoverUnit", "network_distance", "streetmover_distance"]

_Array = npt.NDArray[np.float64]
StreetMoverMethod = Literal["exact", "published"]
StreetMoverUnit = Literal["patch", "mm"]
# of the authors' published code
_SINKHORN_EPSILON, _SINKHORN_STEPS, _SINKHORN_CHANGE = 1e-5, 10, 0.1


def streetmover_distance(
    graph_a: Graph,
    graph_b: Graph,
    n_points: int = 100,
    *,
    unit: StreetMoverUnit = "patch",
    method: StreetMoverMethod = "exact",
) -> float:
    """Return the squared Wasserstein-2 distance between points spread evenly over two networks.

    The edges of each network, in an order that depends on where they lie alone, are cut into
    ``n_points`` pieces of equal length, and a point is put in the middle of each. The points of one
    network are matched to those of the other at the least mean squared distance, exactly. Single
    voxels count only where a network has nothing else.

    Args:
        graph_a: binary mask (H, W) or (H, W, D), graph of `skeleton_graph`, or a networkx graph
            with ``position`` (voxel coordinates) at each node and ``shape`` in ``graph.graph``.
        graph_b: the other one, on the same grid.
        n_points: points on each network.
        unit: ``"patch"``: (voxel + 1/2) / size along each axis, so that the patch has sides of 1;
            ``"mm"``: millimetres, for graphs with ``spacing_mm``.
        method: ``"exact"``, or ``"published"`` for the number that the authors' code gives: points
            from the start of the network on, and entropic matching that stops before it has
            converged. It is many times too small; use it to compare with the literature alone.

    Returns:
        Distance, 0 for two that lie on each other; 0 where both are empty, 1 where one is (NaN in
        mm, where no number would do).

    Raises:
        TypeError: neither masks nor graphs.
        ValueError: not binary, grids that differ or are not known, or an unknown choice.

    Example:
        >>> a, b = np.zeros((2, 8, 8), bool)
        >>> a[2, 1:7], b[4, 1:7] = True, True  # a quarter of the patch apart
        >>> streetmover_distance(a, b)
        0.0625

    Reference:
        Belli and Kipf, Image-Conditioned Graph Generation for Road Network Extraction, 2019; Shit
        et al., clDice, CVPR 2021, section 5.2.
    """
    if n_points < 1:
        raise ValueError(f"n_points must be at least 1, got {n_points}")
    for value, choices, name in (
        (unit, get_args(StreetMoverUnit), "unit"),
        (method, get_args(StreetMoverMethod), "method"),
    ):
        if value not in choices:
            raise ValueError(f"{name} must be one of {', '.join(choices)}, got {value!r}")
    first, second = as_network(graph_a, name="graph_a"), as_network(graph_b, name="graph_b")
    return network_distance(first, second, n_points=n_points, unit=unit, method=method)


def network_distance(
    first: Network,
    second: Network,
    *,
    n_points: int,
    unit: StreetMoverUnit,
    method: StreetMoverMethod,
) -> float:
    """Return the distance of two networks that were read already; see `streetmover_distance`.

    Args:
        first: one.
        second: the other.
        n_points: points on each network.
        unit: ``"patch"`` or ``"mm"``.
        method: ``"exact"`` or ``"published"``.

    Returns:
        Distance.

    Raises:
        ValueError: grids that differ or are not known.

    Example:
        >>> network = as_network(np.eye(4, dtype=bool))
        >>> network_distance(network, network, n_points=9, unit="patch", method="exact")
        0.0
    """
    scale = _scale(first, second, unit)
    if first.is_empty() or second.is_empty():
        if first.is_empty() and second.is_empty():
            return 0.0
        return 1.0 if unit == "patch" else float("nan")
    starts_at_middle = method == "exact"
    clouds = [_spread(n, scale, n_points, middles=starts_at_middle) for n in (first, second)]
    cost = cdist(*clouds, metric="sqeuclidean")
    if method == "published":
        return _unconverged_sinkhorn(cost)
    return float(cost[linear_sum_assignment(cost)].mean())


def _scale(first: Network, second: Network, unit: StreetMoverUnit) -> _Array:
    shapes, spacings = (first.shape, second.shape), (first.spacing_mm, second.spacing_mm)
    if shapes[0] != shapes[1]:
        raise ValueError(
            f"graph_a and graph_b must lie on one grid, got {shapes[0]} and {shapes[1]} voxels; "
            "resample one of them"
        )
    if unit == "mm":
        if spacings[0] is None or spacings[0] != spacings[1]:
            raise ValueError(
                f"unit 'mm' needs graphs of one spacing_mm, got {spacings[0]} and {spacings[1]}; "
                "make them with skeleton_graph(mask, spacing_mm=...)"
            )
        return np.array(spacings[0])
    if shapes[0] is None:
        raise ValueError(
            "unit 'patch' needs the size of the grid; set graph.graph['shape'] of both graphs"
        )
    return 1.0 / np.array(shapes[0])


def _spread(network: Network, scale: _Array, n_points: int, *, middles: bool) -> _Array:
    """Return points that divide the whole length evenly, in scaled coordinates."""
    if not network.lines:
        nodes = _sorted_rows((network.nodes + 0.5) * scale)
        return nodes[np.arange(n_points) * len(nodes) // n_points]
    lines = _in_canonical_order([(line + 0.5) * scale for line in network.lines])
    points = np.concatenate(lines)
    steps = np.linalg.norm(np.diff(points, axis=0), axis=1)
    steps[np.cumsum([len(line) for line in lines])[:-1] - 1] = 0.0  # from line to line
    along = np.concatenate([[0.0], np.cumsum(steps)])
    if middles:
        at = (np.arange(n_points) + 0.5) / n_points * along[-1]
    else:
        at = np.arange(n_points) / (n_points - 1 + 0.01) * along[-1]
    return np.stack([np.interp(at, along, axis) for axis in points.T], axis=1)


def _in_canonical_order(lines: Sequence[_Array]) -> list[_Array]:
    turned = [line if _as_list(line) <= _as_list(line[::-1]) else line[::-1] for line in lines]
    return sorted(turned, key=_as_list)


def _as_list(line: _Array) -> list[float]:
    """Return the coordinates one after the other, which compares as the points do, but faster."""
    values: list[float] = line.ravel().tolist()
    return values


def _sorted_rows(rows: _Array) -> _Array:
    return np.asarray(rows[np.lexsort(rows.T[::-1])])


def _unconverged_sinkhorn(cost: _Array) -> float:
    """Return the cost of a plan after the published number of steps."""
    share = -np.log(len(cost))
    u, v = np.zeros(len(cost)), np.zeros(cost.shape[1])

    def plan() -> _Array:
        return np.asarray((u[:, None] + v[None, :] - cost) / _SINKHORN_EPSILON)

    for _ in range(_SINKHORN_STEPS):
        before = u
        u = _SINKHORN_EPSILON * (share - logsumexp(plan(), axis=1)) + u
        v = _SINKHORN_EPSILON * (share - logsumexp(plan(), axis=0)) + v
        if np.abs(u - before).sum() < _SINKHORN_CHANGE:
            break
    return float((np.exp(plan()) * cost).sum())
