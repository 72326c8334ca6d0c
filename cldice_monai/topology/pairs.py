"""Pair each of some things with at most one of others, by the cost of a few candidates."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.optimize import linear_sum_assignment
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

__all__ = ["greedy_pairs", "optimal_pairs"]

_Array = npt.NDArray[np.float64]
_Indices = npt.NDArray[np.int64]
_NEVER = 1e6  # more than any pair costs: as many pairs as can be come before cheap ones


def greedy_pairs(cost: _Array, candidate: _Indices, *, n_partners: int) -> _Indices:
    """Let each in its turn take the cheapest candidate that is left.

    Args:
        cost: (N, k), infinite where a candidate is out of the question.
        candidate: (N, k) numbers of the candidates.
        n_partners: how many partners there are.

    Returns:
        (N,) number of each one's partner, -1 for none.

    Example:
        >>> cost, candidate = np.array([[1.0, 2.0], [1.0, np.inf]]), np.array([[0, 1], [0, 1]])
        >>> greedy_pairs(cost, candidate, n_partners=2).tolist()
        [0, -1]
    """
    is_free = np.ones(n_partners, dtype=bool)
    partner = np.full(len(cost), -1)
    for row, (costs, numbers) in enumerate(zip(cost, candidate, strict=True)):
        free = np.where(is_free[numbers], costs, np.inf)
        best = int(free.argmin())
        if np.isfinite(free[best]):
            partner[row] = numbers[best]
            is_free[numbers[best]] = False
    return partner


def optimal_pairs(cost: _Array, candidate: _Indices, *, n_partners: int) -> _Indices:
    """Make as many pairs as can be, at the least cost.

    Those that compete for the same partners are solved together, each such group on its own.

    Args:
        cost: (N, k), infinite where a candidate is out of the question.
        candidate: (N, k) numbers of the candidates.
        n_partners: how many partners there are.

    Returns:
        (N,) number of each one's partner, -1 for none.

    Example:
        >>> cost, candidate = np.array([[1.0, 2.0], [1.0, np.inf]]), np.array([[0, 1], [0, 1]])
        >>> optimal_pairs(cost, candidate, n_partners=2).tolist()
        [1, 0]
    """
    row, nth = np.nonzero(np.isfinite(cost))
    column = candidate[row, nth]
    size = len(cost) + n_partners
    links = coo_array((np.ones(len(row)), (row, len(cost) + column)), (size, size))
    group = connected_components(links, directed=False)[1][row]
    order = np.argsort(group, kind="stable")
    partner = np.full(len(cost), -1)
    for inside in np.split(order, np.flatnonzero(np.diff(group[order])) + 1):
        rows, at_row = np.unique(row[inside], return_inverse=True)
        columns, at_column = np.unique(column[inside], return_inverse=True)
        matrix = np.full((len(rows), len(columns)), _NEVER)
        matrix[at_row, at_column] = cost[row[inside], nth[inside]]
        chosen = linear_sum_assignment(matrix)
        is_pair = matrix[chosen] < _NEVER
        partner[rows[chosen[0][is_pair]]] = columns[chosen[1][is_pair]]
    return partner
