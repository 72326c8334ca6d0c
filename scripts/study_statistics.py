"""How sure is a difference between two methods that were trained with the same seeds."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

__all__ = ["Effect", "hierarchical_bootstrap"]


class Effect(NamedTuple):
    """A mean difference and its interval.

    Attributes:
        mean: over all seeds and volumes; NaN where nothing was measured.
        low: lower end of the interval; NaN with fewer than two seeds or volumes.
        high: its upper end.
        n_seeds: seeds that count.
        n_volumes: volumes that count.
    """

    mean: float
    low: float
    high: float
    n_seeds: int
    n_volumes: int


def hierarchical_bootstrap(
    differences: npt.ArrayLike,
    *,
    n_resamples: int = 10_000,
    level: float = 0.95,
    seed: int = 0,
) -> Effect:
    """Return the mean of differences, with the percentile interval of both levels drawn anew.

    Seeds are drawn with replacement, and so are volumes. All seeds are tested on the same volumes,
    so that a hard volume is hard for all of them: the volumes of a draw are therefore the same for
    every seed in it. Drawing them for each seed apart would average that out and give too narrow
    an interval.

    Args:
        differences: (seeds, volumes), one method minus the other; NaN where not measured.
        n_resamples: how often all is drawn.
        level: share of the draws inside the interval.
        seed: of the draws.

    Returns:
        The mean and the interval.

    Raises:
        ValueError: for an array that has not two axes.

    Example:
        >>> hierarchical_bootstrap([[1.0, 3.0], [1.0, 3.0]], n_resamples=200)[:3]
        (2.0, 1.0, 3.0)

    Reference:
        Owen, The pigeonhole bootstrap, Annals of Applied Statistics 1, 2007.
    """
    values = np.asarray(differences, dtype=np.float64)
    if values.ndim != 2:
        raise ValueError(f"differences must be (seeds, volumes), got {values.shape}")
    found = ~np.isnan(values)
    values = values[found.any(axis=1)][:, found.any(axis=0)]
    if not values.size:
        return Effect(float("nan"), float("nan"), float("nan"), 0, 0)
    mean = float(np.nanmean(values))
    if min(values.shape) < 2:
        return Effect(mean, float("nan"), float("nan"), *values.shape)
    draws = _redrawn_means(values, n_resamples, np.random.default_rng(seed))
    low, high = np.nanquantile(draws, [(1 - level) / 2, (1 + level) / 2])
    return Effect(mean, float(low), float(high), *values.shape)


def _redrawn_means(
    values: npt.NDArray[np.float64], n_resamples: int, rng: np.random.Generator
) -> npt.NDArray[np.float64]:
    """Return the mean of each draw; NaN where a draw holds nothing that was measured."""
    times = [rng.multinomial(n, np.full(n, 1 / n), size=n_resamples) for n in values.shape]
    found = ~np.isnan(values)
    sums = np.einsum("rs,sv,rv->r", times[0], np.where(found, values, 0.0), times[1])
    counts = np.einsum("rs,sv,rv->r", times[0], found.astype(float), times[1])
    return np.divide(sums, counts, out=np.full(n_resamples, np.nan), where=counts > 0)
