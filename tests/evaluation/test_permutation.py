"""The paired permutation test, against scipy's and by counting."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from scipy import stats

from cldice_monai.evaluation.permutation import paired_permutation_test


def _scipys(differences):
    return stats.permutation_test(
        (differences,),
        np.mean,
        permutation_type="samples",
        n_resamples=np.inf,
        alternative="two-sided",
    ).pvalue


@pytest.mark.parametrize("seed", range(5))
def test_p_value_is_that_of_scipys_exact_test(seed):
    rng = np.random.default_rng(seed)
    first, second = rng.normal(size=(2, 9))
    found = paired_permutation_test(first + 0.4, second)
    assert found.p_value == pytest.approx(_scipys(first + 0.4 - second))
    assert found.difference == pytest.approx(np.mean(first + 0.4 - second))


def test_many_cases_are_drawn_and_agree_with_the_exact_value():
    rng = np.random.default_rng(1)
    first, second = rng.normal(size=(2, 15))
    found = paired_permutation_test(first + 0.5, second)
    exact = _scipys(first + 0.5 - second)
    assert found.p_value == pytest.approx(exact, abs=4 * np.sqrt(exact * (1 - exact) / 10_000))


def test_drawn_p_value_is_never_zero():
    """The signs that were found count as one more draw: 40 equal ones are not drawn again."""
    assert paired_permutation_test(np.ones(40), np.zeros(40)).p_value == 1 / 10_001


def test_fewer_than_six_cases_have_no_p_value():
    found = paired_permutation_test([5.0, 6, 7, 8, 9], [0.0, 0, 0, 0, 0])
    assert found.p_value is None
    assert (found.difference, found.n_cases) == (7.0, 5)


def test_cases_that_only_one_method_was_measured_on_do_not_count():
    nan = float("nan")
    found = paired_permutation_test([1, 2, 3, 4, 5, 6, nan], [0, 1, 2, 3, 4, nan, 6])
    assert found.n_cases == 5
    assert found.p_value is None
    assert np.isnan(paired_permutation_test([nan], [1.0]).difference)


def test_equal_methods_have_p_one():
    assert paired_permutation_test(np.arange(8), np.arange(8)).p_value == 1.0


@pytest.mark.parametrize(
    "differences", [[0.1, 0.2, -0.3] * 2, [0.1, 0.2, -0.3, 0.7, 0.1, 0.3, -0.7]]
)
def test_means_that_are_equal_but_for_rounding_count_as_far(differences: list[float]):
    tenths = np.rint(np.multiply(differences, 10)).astype(int)
    signs = np.array(list(itertools.product((-1, 1), repeat=len(tenths))))
    share = np.mean(np.abs(signs @ tenths) >= abs(tenths.sum()))
    found = paired_permutation_test(differences, np.zeros(len(differences)))
    assert found.p_value == share


def test_methods_with_different_cases_are_refused():
    with pytest.raises(ValueError, match="one value a case"):
        paired_permutation_test([1, 2], [1, 2, 3])
