"""Is one method better than another on the same cases: the paired permutation test."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

__all__ = ["MIN_CASES", "TEST_WORDS", "Comparison", "paired_permutation_test"]

MIN_CASES = 6
"""Fewer cases give no p-value: five differences cannot come below 1 in 16."""

_EXACT_UP_TO = 14  # cases, of which all 2^n changes of sign are looked at
_DRAWS, _SEED = 10_000, 0

TEST_WORDS = (
    f"Paired permutation test over cases, two-sided; no p-value below {MIN_CASES} cases, all "
    f"changes of sign up to {_EXACT_UP_TO} cases, {_DRAWS} draws with seed {_SEED} beyond that."
)
"""What `paired_permutation_test` does by itself, beside its numbers."""


class Comparison(NamedTuple):
    """Two methods on the same cases.

    Attributes:
        difference: mean of the first minus the second; NaN without a common case.
        p_value: two-sided; None where there are fewer than `MIN_CASES` cases.
        n_cases: cases that both were measured on.

    Example:
        >>> found = paired_permutation_test([0.8, 0.9], [0.7, 0.9])
        >>> round(found.difference, 3), found.p_value  # two cases are too few for a p-value
        (0.05, None)
    """

    difference: float
    p_value: float | None
    n_cases: int


def paired_permutation_test(first: npt.ArrayLike, second: npt.ArrayLike) -> Comparison:
    """Compare two methods case by case by changing the signs of their differences.

    If neither were better, each difference would be as likely with the other sign. The p-value is
    the share of all changes of sign, the one that was found included, that give a mean at least as
    far from zero. Up to 14 cases all changes are looked at, beyond that 10,000 are drawn.

    Args:
        first: one value a case, NaN where not measured.
        second: those of the other method, for the same cases in the same order.

    Returns:
        The comparison.

    Raises:
        ValueError: the methods have different numbers of cases.

    Example:
        >>> paired_permutation_test([3, 4, 5, 6, 7, 8], [2, 3, 4, 5, 6, 7])
        Comparison(difference=1.0, p_value=0.03125, n_cases=6)

    Reference:
        Fisher, The Design of Experiments, 1935, section 21.
    """
    a, b = np.asarray(first, dtype=np.float64), np.asarray(second, dtype=np.float64)
    if a.shape != b.shape or a.ndim != 1:
        raise ValueError(f"both methods need one value a case, got {a.shape} and {b.shape}")
    differences = (a - b)[~np.isnan(a - b)]
    n_cases = len(differences)
    if not n_cases:
        return Comparison(float("nan"), None, 0)
    mean = float(differences.mean())
    if n_cases < MIN_CASES:
        return Comparison(mean, None, n_cases)
    if n_cases <= _EXACT_UP_TO:
        signs = 1 - 2 * (np.arange(2**n_cases)[:, None] >> np.arange(n_cases) & 1)
        n_found = 0
    else:
        rng = np.random.default_rng(_SEED)
        signs = rng.choice([-1, 1], size=(_DRAWS, n_cases))
        n_found = 1  # the signs that were found are not among those drawn
    # equal means stay equal in spite of rounding, whose size is that of what is added up
    slack = 1e-12 * float(np.abs(differences).max())
    far = np.abs((signs * differences).mean(axis=1)) >= abs(mean) - slack
    return Comparison(mean, float((far.sum() + n_found) / (len(signs) + n_found)), n_cases)
