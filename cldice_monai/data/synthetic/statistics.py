"""What makes a vessel label look as it does, in numbers that can be compared."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from cldice_monai.skeleton.binary import skeletonize
from cldice_monai.skeleton.traced import TracedSkeleton, trace_skeleton

__all__ = ["LabelStatistics", "ks_distance", "label_statistics", "murray_exponent"]

_Array = npt.NDArray[np.float64]
_EXPONENTS = (0.1, 30.0)  # between which Murray's exponent is looked for


@dataclass(frozen=True, eq=False)
class LabelStatistics:
    """Numbers measured on a label's skeleton; lengths in voxels.

    Args:
        foreground_fraction: share of the voxels that are vessel.
        segments_per_megavoxel: segments of the skeleton for every million voxels.
        bifurcations_per_megavoxel: nodes with three segments or more.
        length: (S,) float64, length of each segment.
        radius: (S,) float64, mean distance to the background along each segment.
        fork_radii: (K, 3) float64, the radii of the three segments at each fork of three, the
            thickest first.
        betti: components, loops and cavities, 26-connected foreground.
    """

    foreground_fraction: float
    segments_per_megavoxel: float
    bifurcations_per_megavoxel: float
    length: _Array
    radius: _Array
    fork_radii: _Array
    betti: tuple[int, int, int]


def label_statistics(label: npt.NDArray[Any]) -> LabelStatistics:
    """Measure a label by its skeleton, whether it was drawn by hand or by a generator.

    Args:
        label: (X, Y, Z), vessel is every value above 0.

    Returns:
        The numbers; arrays of length 0 for an empty label.

    Example:
        >>> label = np.zeros((9, 9, 20), bool)
        >>> label[4, 4] = True
        >>> label[4, :5, 10] = True
        >>> found = label_statistics(label)
        >>> len(found.length), found.fork_radii.tolist(), found.betti
        (3, [[1.0, 1.0, 1.0]], (1, 0, 0))
    """
    from cldice_monai.topology.betti import betti_numbers

    vessel: npt.NDArray[np.bool_] = np.asarray(label > 0)
    traced = trace_skeleton(skeletonize(vessel), mask=vessel)
    megavoxels = vessel.size / 1e6
    b0, b1, b2 = betti_numbers(vessel)
    return LabelStatistics(
        foreground_fraction=float(vessel.mean()),
        segments_per_megavoxel=len(traced.length) / megavoxels,
        bifurcations_per_megavoxel=traced.n_bifurcations() / megavoxels,
        length=traced.length,
        radius=traced.mean_radius,
        fork_radii=_fork_radii(traced),
        betti=(b0, b1, b2),
    )


def _fork_radii(traced: TracedSkeleton) -> _Array:
    forks = np.flatnonzero(traced.degrees() == 3)
    node = traced.pairs.ravel()
    order = np.argsort(node, kind="stable")
    first = np.searchsorted(node[order], forks)
    ends = order[first[:, None] + np.arange(3)]
    radii = np.repeat(traced.mean_radius, 2)[ends]
    return np.asarray(-np.sort(-radii, axis=1))


def ks_distance(a: npt.ArrayLike, b: npt.ArrayLike) -> float:
    """Return the Kolmogorov-Smirnov distance: the largest gap between two distribution functions.

    Args:
        a: one sample.
        b: the other.

    Returns:
        Between 0 and 1; NaN if a sample is empty.

    Example:
        >>> ks_distance([1, 2, 3, 4], [3, 4, 5, 6])
        0.5
    """
    first, second = np.sort(np.ravel(a)), np.sort(np.ravel(b))
    if len(first) == 0 or len(second) == 0:
        return float("nan")
    at = np.concatenate([first, second])
    below = [np.searchsorted(x, at, side="right") / len(x) for x in (first, second)]
    return float(np.abs(below[0] - below[1]).max())


def murray_exponent(
    fork_radii: _Array, *, n_resamples: int = 200, seed: int = 0
) -> tuple[float, float, float]:
    """Estimate n in r_parent^n = r_child^n + r_child^n, with its bootstrap interval.

    The thickest of the three counts as the parent. For every fork the sum of (r_child / r_parent)^n
    falls with n; the estimate is the n at which its median over the forks is 1. The median is not
    moved by the few forks whose radii are badly measured, and needs no n of each single fork, which
    those with a child as thick as the parent do not have.

    Args:
        fork_radii: (K, 3) float64, the thickest first.
        n_resamples: how often the forks are drawn anew with replacement.
        seed: of the draws.

    Returns:
        The estimate, and the 2.5 and 97.5 % quantiles of the draws; NaN without forks, and
        infinity where half of the forks or more have two equally thick vessels.

    Example:
        >>> child = np.array([1.0, 1.5, 2.0])
        >>> parent = (1.0 + child**3) ** (1 / 3)
        >>> forks = -np.sort(-np.stack([parent, child, np.ones(3)], axis=1), axis=1)
        >>> round(murray_exponent(forks)[0], 3)
        3.0

    Reference:
        Murray, PNAS 12 (1926).
    """
    if len(fork_radii) == 0:
        return float("nan"), float("nan"), float("nan")
    ratios = fork_radii[:, 1:] / fork_radii[:, :1]
    rng = np.random.default_rng(seed)
    draws = [
        _exponent(ratios[rng.integers(len(ratios), size=len(ratios))]) for _ in range(n_resamples)
    ]
    low, high = np.quantile(draws, [0.025, 0.975], method="nearest")
    return _exponent(ratios), float(low), float(high)


def _exponent(ratios: _Array) -> float:
    def excess(n: float) -> float:
        return float(np.median((ratios**n).sum(axis=1))) - 1.0

    low, high = _EXPONENTS
    if excess(high) > 0.0:
        return float("inf")
    for _ in range(40):
        middle = (low + high) / 2.0
        low, high = (middle, high) if excess(middle) > 0.0 else (low, middle)
    return (low + high) / 2.0
