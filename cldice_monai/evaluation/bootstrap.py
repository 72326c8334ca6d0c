"""How sure is a mean over cases and their patches: the cluster bootstrap."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

__all__ = ["INTERVAL_WORDS", "Interval", "cluster_bootstrap"]

_DRAWS, _SEED = 2000, 0

INTERVAL_WORDS = (
    "95 % interval of a percentile bootstrap over cases and, within them, patches "
    f"({_DRAWS} draws, seed {_SEED})"
)
"""What `cluster_bootstrap` does by itself, beside its numbers."""

_Array = npt.NDArray[np.float64]


class Interval(NamedTuple):
    """A mean and where it lies when cases and patches are drawn anew.

    Attributes:
        mean: mean over cases of the mean over their measured patches; NaN without any.
        low: lower end of the interval; NaN with fewer than two cases.
        high: its upper end.
        n_cases: cases with a measured patch.

    Example:
        >>> mean, low, high, n_cases = Interval(mean=0.8, low=0.7, high=0.9, n_cases=12)
        >>> f"{mean} ({low} to {high}), {n_cases} cases"
        '0.8 (0.7 to 0.9), 12 cases'
    """

    mean: float
    low: float
    high: float
    n_cases: int


def cluster_bootstrap(
    cases: Sequence[npt.ArrayLike],
    *,
    n_resamples: int = _DRAWS,
    level: float = 0.95,
    seed: int = _SEED,
) -> Interval:
    """Return the mean over cases with its percentile interval.

    Patches of one case resemble each other, so cases are drawn with replacement first, then the
    patches of each drawn case.

    Args:
        cases: the values of each case's patches, NaN where not measured; one value a case where
            whole volumes were measured.
        n_resamples: how often all is drawn anew.
        level: share of the draws inside the interval.
        seed: of the draws.

    Returns:
        The interval.

    Raises:
        ValueError: a level that is not between 0 and 1, or less than one draw.

    Example:
        >>> cluster_bootstrap([[0.0, 2.0], [3.0], [float("nan")]]).mean
        2.0

    Reference:
        Davison and Hinkley, Bootstrap Methods and their Application, 1997, section 3.8.
    """
    if not 0 < level < 1:
        raise ValueError(f"level must lie between 0 and 1, got {level}")
    if n_resamples < 1:
        raise ValueError(f"n_resamples must be at least 1, got {n_resamples}")
    measured = [_measured(values) for values in cases]
    measured = [values for values in measured if values.size]
    if not measured:
        return Interval(float("nan"), float("nan"), float("nan"), 0)
    mean = float(np.mean([values.mean() for values in measured]))
    if len(measured) == 1:
        return Interval(mean, float("nan"), float("nan"), 1)
    rng = np.random.default_rng(seed)
    draws = _redrawn_means(measured, n_resamples, rng)
    low, high = np.quantile(draws, [(1 - level) / 2, (1 + level) / 2])
    return Interval(mean, float(low), float(high), len(measured))


def _measured(values: npt.ArrayLike) -> _Array:
    array = np.asarray(values, dtype=np.float64).ravel()
    return np.asarray(array[~np.isnan(array)])


def _redrawn_means(cases: Sequence[_Array], n_resamples: int, rng: np.random.Generator) -> _Array:
    chosen = rng.integers(len(cases), size=(n_resamples, len(cases)))
    means = np.empty(chosen.shape)
    for number, values in enumerate(cases):
        places = chosen == number
        patches = rng.integers(values.size, size=(int(places.sum()), values.size))
        means[places] = values[patches].mean(axis=1)
    return np.asarray(means.mean(axis=1))
