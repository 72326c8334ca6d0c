"""Opt-J: are the junctions and ends of one network found in another, with their branches?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple, get_args

import numpy as np
import numpy.typing as npt
from scipy.spatial import cKDTree

from cldice_monai.topology.network import Graph, Network, as_network
from cldice_monai.topology.pairs import greedy_pairs, optimal_pairs
from cldice_monai.topology.snap import snap_to_lines

__all__ = [
    "JunctionCounts",
    "JunctionMatching",
    "count_junctions",
    "opt_junction_counts",
    "opt_junction_f1",
]

_Array = npt.NDArray[np.float64]
_Indices = npt.NDArray[np.int64]
JunctionMatching = Literal["optimal", "greedy"]
_CANDIDATES = 5
_COST_OF_A_DEGREE = 100.0


@dataclass(frozen=True)
class JunctionCounts:
    """Branches at the junctions and ends of a prediction and a label, over one or many patches.

    Args:
        matched: branches that both have at matched places, the sum of the smaller degrees.
        predicted: branches of the prediction at these places, and at those that only it has.
        labelled: the same of the label.

    Example:
        >>> total = JunctionCounts(2, 2, 4) + JunctionCounts(1, 2, 2)  # of two patches
        >>> total.precision, total.recall, total.f1
        (0.75, 0.5, 0.6)
    """

    matched: int
    predicted: int
    labelled: int

    def __add__(self, other: JunctionCounts) -> JunctionCounts:
        return JunctionCounts(
            self.matched + other.matched,
            self.predicted + other.predicted,
            self.labelled + other.labelled,
        )

    @property
    def precision(self) -> float:
        """Share of the predicted branches that are matched; NaN without any."""
        return self.matched / self.predicted if self.predicted else float("nan")

    @property
    def recall(self) -> float:
        """Share of the labelled branches that are matched; NaN without any."""
        return self.matched / self.labelled if self.labelled else float("nan")

    @property
    def f1(self) -> float:
        """Harmonic mean of both; NaN where neither network has a branch, 0 where one has none."""
        total = self.predicted + self.labelled
        return 2 * self.matched / total if total else float("nan")


def opt_junction_f1(
    graph_pred: Graph,
    graph_label: Graph,
    th_snap: float = 5.0,
    *,
    matching: JunctionMatching = "optimal",
) -> float:
    """Return the F1 score of junctions and ends, weighted by their number of branches.

    Args:
        graph_pred: binary mask (H, W) or (H, W, D), graph of `skeleton_graph`, or a networkx graph
            with ``position`` (voxel coordinates) at each node.
        graph_label: the same of the label.
        th_snap: voxels within which places are matched.
        matching: see `opt_junction_counts`.

    Returns:
        From 0 to 1; NaN where neither network has a junction or end, 0 where only one has.

    Raises:
        TypeError: neither masks nor graphs.
        ValueError: not binary, another number of axes, a distance that is not positive, or an
            unknown matching.

    Example:
        >>> fork = np.zeros((9, 9), bool)
        >>> fork[4, :] = fork[4:, 4] = True
        >>> opt_junction_f1(fork, fork)
        1.0

    Reference:
        Citraro, Kozinski and Fua, Towards Reliable Evaluation of Algorithms for Road Network
        Reconstruction from Aerial Images, ECCV 2020.
    """
    return opt_junction_counts(graph_pred, graph_label, th_snap, matching=matching).f1


def opt_junction_counts(
    graph_pred: Graph,
    graph_label: Graph,
    th_snap: float = 5.0,
    *,
    matching: JunctionMatching = "optimal",
) -> JunctionCounts:
    """Count the branches that two networks share at their junctions and ends.

    Each junction or end of the label (one place of a ring that has neither) is laid on the nearest
    edge of the prediction within ``th_snap``; where no node is, it makes one with two branches
    there. It is then matched, one to one, to one of the five nearest junctions, ends and such
    places within ``th_snap``, at the cost of the distance + 100 for each branch of difference. What
    the prediction has left over is matched to the label in the same way. Prediction and label,
    exchanged, can give other counts.

    Args:
        graph_pred: see `opt_junction_f1`.
        graph_label: see `opt_junction_f1`.
        th_snap: voxels within which places are matched.
        matching: ``"optimal"`` makes as many pairs as can be at the least cost, and matches no
            place of the label twice; ``"greedy"`` goes through the nodes in their order and may use
            a place of the label again for what the prediction has left over, as the published
            code does.

    Returns:
        The counts; they add up over patches.

    Raises:
        TypeError: neither masks nor graphs.
        ValueError: see `opt_junction_f1`.

    Example:
        >>> fork = np.zeros((9, 9), bool)
        >>> fork[4, :] = fork[4:, 4] = True
        >>> line = np.zeros((9, 9), bool)
        >>> line[4, :] = True
        >>> opt_junction_counts(line, fork)  # two of three branches at the fork, and two ends
        JunctionCounts(matched=4, predicted=4, labelled=6)

    Reference:
        See `opt_junction_f1`.
    """
    if not th_snap > 0:
        raise ValueError(f"th_snap must be positive, got {th_snap}")
    if matching not in get_args(JunctionMatching):
        raise ValueError(
            f"matching must be one of {', '.join(get_args(JunctionMatching))}, got {matching!r}"
        )
    pred, label = as_network(graph_pred, name="graph_pred"), as_network(graph_label)
    if not (pred.is_empty() or label.is_empty()) and pred.nodes.shape[1] != label.nodes.shape[1]:
        raise ValueError(
            f"graph_pred has {pred.nodes.shape[1]} axes and graph_label {label.nodes.shape[1]}"
        )
    return count_junctions(pred, label, th_snap, matching=matching)


def count_junctions(
    pred: Network, label: Network, th_snap: float, *, matching: JunctionMatching
) -> JunctionCounts:
    """Count for two networks that were read already; see `opt_junction_counts`.

    Args:
        pred: network of the prediction.
        label: network of the label.
        th_snap: voxels within which places are matched.
        matching: ``"optimal"`` or ``"greedy"``.

    Returns:
        The counts.

    Example:
        >>> line = as_network(np.eye(4, dtype=bool))
        >>> count_junctions(line, line, 5.0, matching="optimal").f1
        1.0
    """
    of_pred, of_label = _control_places(pred), _control_places(label)
    if matching == "optimal":  # greedy goes by the order of the nodes, as the published code does
        of_pred, of_label = of_pred.in_order(), of_label.in_order()
    forth = _match(of_label, of_pred, pred, th_snap, matching, taken=np.zeros(0, dtype=np.int64))
    used = forth.partner[(forth.partner >= 0) & (forth.partner < len(of_pred.degree))]
    left = np.setdiff1d(np.arange(len(of_pred.degree)), used)
    taken = np.flatnonzero(forth.partner >= 0) if matching == "optimal" else used[:0]
    rest = _Places(of_pred.position[left], of_pred.degree[left])
    back = _match(rest, of_label, label, th_snap, matching, taken=taken)
    return JunctionCounts(
        matched=forth.shared(of_label) + back.shared(rest),
        predicted=int(forth.degree.sum() + rest.degree.sum()),
        labelled=int(of_label.degree.sum() + back.degree.sum()),
    )


class _Places(NamedTuple):
    """Places of a network, (N, ndim), and their numbers of branches, (N,)."""

    position: _Array
    degree: _Indices

    def in_order(self) -> _Places:
        """Sort by coordinates, so that equally good pairings do not hang on the nodes' order."""
        order = np.lexsort([self.degree, *self.position.T])
        return _Places(self.position[order], self.degree[order])


class _Matches(NamedTuple):
    """For each place its partner's number, -1 for none, and the partner's degree, 0 for none."""

    partner: _Indices
    degree: _Indices

    def shared(self, places: _Places) -> int:
        return int(np.minimum(places.degree, self.degree).sum())


def _control_places(network: Network) -> _Places:
    chosen = (network.degree == 1) | (network.degree > 2) | network.on_ring
    return _Places(network.nodes[chosen], network.degree[chosen])


def _match(
    places: _Places,
    others: _Places,
    network: Network,
    th_snap: float,
    matching: JunctionMatching,
    *,
    taken: _Indices,
) -> _Matches:
    """Match places to those of the other network and to where they themselves snap onto it."""
    nothing = _Matches(np.full(len(places.degree), -1), np.zeros_like(places.degree))
    if not len(places.degree) or not network.lines:
        return nothing
    snapped = snap_to_lines(places.position, network.lines, th_snap=th_snap, known=others.position)
    position = np.concatenate([others.position, snapped])
    degree = np.concatenate([others.degree, np.full(len(snapped), 2)])
    k = min(_CANDIDATES, len(degree))
    distance, number = cKDTree(position).query(places.position, k=range(1, k + 1))
    difference = np.abs(places.degree[:, None] - degree[number])
    cost = distance + _COST_OF_A_DEGREE * difference
    cost[(distance > th_snap) | np.isin(number, taken)] = np.inf
    pair = greedy_pairs if matching == "greedy" else optimal_pairs
    partner = pair(cost, number, n_partners=len(degree))
    return _Matches(partner, np.where(partner >= 0, degree[partner], 0))
