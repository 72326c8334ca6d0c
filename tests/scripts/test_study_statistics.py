"""The interval of a difference over seeds and volumes, against draws that are all enumerated."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest


@pytest.fixture
def bootstrap(import_script):
    return import_script("study_statistics").hierarchical_bootstrap


def every_draw(values: np.ndarray) -> np.ndarray:
    """Return the mean of each of the n^n m^m draws of rows and columns."""
    n, m = values.shape
    rows, columns = product(range(n), repeat=n), list(product(range(m), repeat=m))
    return np.array([values[np.ix_(r, c)].mean() for r in rows for c in columns])


def test_interval_is_that_of_all_draws(bootstrap):
    values = np.array([[0.0, 7.0, 1.0], [4.0, 2.0, 30.0]])
    for level in (0.5, 0.8, 0.95):
        effect = bootstrap(values, n_resamples=200_000, level=level)
        draws = every_draw(values)
        expected = np.quantile(draws, [(1 - level) / 2, (1 + level) / 2])
        assert effect.mean == pytest.approx(values.mean())
        # one step of the 108 draws at most: their quantile lies between two of them
        steps = np.unique(draws.round(9))
        for found, end in zip((effect.low, effect.high), expected, strict=True):
            assert abs(np.searchsorted(steps, found) - np.searchsorted(steps, end)) <= 1


def test_spread_is_the_sum_of_both_levels(bootstrap):
    """Of seed effects s and volume effects v alone the variance is var(s) / n + var(v) / m."""
    rng = np.random.default_rng(3)
    seeds, volumes = rng.normal(0, 2, 40), rng.normal(0, 5, 60)
    effect = bootstrap(seeds[:, None] + volumes, n_resamples=20_000)
    sd = np.sqrt(seeds.var() / 40 + volumes.var() / 60)
    assert effect.high - effect.low == pytest.approx(2 * 1.96 * sd, rel=0.05)


def test_volumes_that_are_hard_for_all_seeds_widen_the_interval(bootstrap):
    volumes = np.array([0.0, 10.0, 20.0, 30.0])
    one_volume_each = bootstrap(np.tile(volumes, (50, 1)))
    assert one_volume_each.low < 7.5  # 15 - 1.96 * 11.2 / 2 = 4; drawn apart it were 13.4
    assert (one_volume_each.n_seeds, one_volume_each.n_volumes) == (50, 4)


def test_what_was_not_measured_is_left_out(bootstrap):
    values = [[1.0, np.nan, np.nan], [3.0, 5.0, np.nan]]
    effect = bootstrap(values)
    assert effect.mean == pytest.approx(3.0)
    assert (effect.n_seeds, effect.n_volumes) == (2, 2)
    assert effect.low == pytest.approx(1.0)
    assert effect.high == pytest.approx(5.0)


@pytest.mark.parametrize("values", [[[1.0, 2.0]], [[1.0], [2.0]], [[np.nan, 1.0], [np.nan, 2.0]]])
def test_one_seed_or_one_volume_gives_a_mean_without_interval(bootstrap, values: list):
    effect = bootstrap(values)
    assert effect.mean == pytest.approx(1.5)
    assert np.isnan([effect.low, effect.high]).all()


def test_nothing_measured_gives_nothing(bootstrap):
    assert np.isnan(bootstrap([[np.nan]]).mean)
    assert bootstrap(np.empty((0, 0))).n_seeds == 0


def test_other_shapes_are_refused(bootstrap):
    with pytest.raises(ValueError, match="seeds, volumes"):
        bootstrap([1.0, 2.0])
