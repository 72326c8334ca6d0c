"""Intervals of means over cases, against scipy's bootstrap and against what is known."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from scipy import stats

from cldice_monai.evaluation.bootstrap import cluster_bootstrap


def test_mean_is_over_cases_not_over_patches():
    found = cluster_bootstrap([[1.0, 1.0, 1.0, 1.0], [3.0]])
    assert found.mean == 2.0
    assert found.n_cases == 2


def test_values_that_were_not_measured_are_left_out():
    nan = float("nan")
    assert cluster_bootstrap([[1.0, nan], [nan], [2.0]])[0::3] == (1.5, 2)
    nothing = cluster_bootstrap([[nan], []])
    assert np.isnan(nothing.mean)
    assert nothing.n_cases == 0


def test_one_case_has_no_interval():
    found = cluster_bootstrap([[1.0, 2.0, 3.0]])
    assert found.mean == 2.0
    assert np.isnan(found.low)
    assert np.isnan(found.high)


def test_single_values_give_the_interval_of_scipys_bootstrap():
    values = np.random.default_rng(0).normal(size=25)
    found = cluster_bootstrap([[v] for v in values], n_resamples=4000)
    expected = stats.bootstrap(
        (values,), np.mean, n_resamples=4000, method="percentile", rng=np.random.default_rng(1)
    ).confidence_interval
    width = expected.high - expected.low
    assert found.low == pytest.approx(expected.low, abs=0.05 * width)
    assert found.high == pytest.approx(expected.high, abs=0.05 * width)


def test_more_patches_of_the_same_cases_do_not_pretend_to_more_cases():
    rng = np.random.default_rng(0)
    centres = rng.normal(size=8)
    few, many = ([c + 0.1 * rng.normal(size=n) for c in centres] for n in (5, 500))
    widths = [i.high - i.low for i in (cluster_bootstrap(few), cluster_bootstrap(many))]
    assert widths[1] == pytest.approx(widths[0], rel=0.15)


def test_seed_repeats_the_interval_and_bad_settings_are_named():
    cases = np.random.default_rng(0).normal(size=(10, 3))
    assert cluster_bootstrap(cases, seed=3) == cluster_bootstrap(cases, seed=3)
    assert cluster_bootstrap(cases, seed=3) != cluster_bootstrap(cases, seed=4)
    with pytest.raises(ValueError, match="level must lie between 0 and 1"):
        cluster_bootstrap(cases, level=95)
    with pytest.raises(ValueError, match="n_resamples must be at least 1"):
        cluster_bootstrap(cases, n_resamples=0)


def test_interval_is_that_of_all_draws_looked_at_one_by_one():
    """Two cases of two patches: all 4 x 16 equally likely draws, counted out."""
    cases = [[0.0, 1.0], [4.0, 9.0]]
    draws = []
    for chosen in product(cases, repeat=2):
        for patches in product(*[product(case, repeat=2) for case in chosen]):
            draws.append(np.mean([np.mean(drawn) for drawn in patches]))
    assert len(draws) == 64
    for level in (0.6, 0.8, 0.95):
        found = cluster_bootstrap(cases, n_resamples=40_000, level=level)
        low, high = np.quantile(draws, [(1 - level) / 2, (1 + level) / 2], method="inverted_cdf")
        assert (found.low, found.high) == (low, high)
