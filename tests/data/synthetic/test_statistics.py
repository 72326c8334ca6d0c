"""The numbers by which labels are compared."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import ks_2samp

from cldice_monai.data.synthetic.statistics import (
    ks_distance,
    label_statistics,
    murray_exponent,
)


def _forks(exponent, n=300, noise=0.0):
    rng = np.random.default_rng(0)
    children = 1.0 + rng.random((n, 2))
    parent = (children**exponent).sum(axis=1, keepdims=True) ** (1.0 / exponent)
    radii = np.concatenate([parent, children], axis=1)
    radii *= np.exp(noise * rng.standard_normal(radii.shape))
    return -np.sort(-radii, axis=1)


@pytest.mark.parametrize("exponent", [2.0, 3.0, 4.5])
def test_murray_exponent_is_found(exponent):
    found, low, high = murray_exponent(_forks(exponent))
    assert found == pytest.approx(exponent, abs=1e-4)
    assert low == pytest.approx(high, abs=1e-3)


def test_interval_of_noisy_forks_holds_the_truth_and_narrows_with_more_of_them():
    _, low, high = murray_exponent(_forks(3.0, noise=0.05))
    assert low < 3.0 < high
    few = murray_exponent(_forks(3.0, n=30, noise=0.05))
    assert few[2] - few[1] > high - low


def test_without_forks_the_exponent_is_not_a_number():
    assert np.isnan(murray_exponent(np.zeros((0, 3)))).all()


def test_equal_radii_have_no_finite_exponent():
    assert murray_exponent(np.ones((5, 3)))[0] == np.inf


@pytest.mark.parametrize("seed", range(3))
def test_distance_is_that_of_scipy(seed):
    rng = np.random.default_rng(seed)
    a, b = rng.integers(0, 12, 40).astype(float), rng.normal(6, 4, 70).round()
    assert ks_distance(a, b) == pytest.approx(ks_2samp(a, b).statistic)


def test_distance_to_nothing_is_not_a_number():
    assert np.isnan(ks_distance([], [1.0]))


def test_label_of_three_rods_that_meet():
    label = np.zeros((40, 40, 50), np.uint8)
    label[18:21, 18:21, 5:45] = 1
    label[18:21, 5:18, 24:27] = 255
    found = label_statistics(label)
    assert found.betti == (1, 0, 0)
    assert found.foreground_fraction == pytest.approx((9 * 40 + 9 * 13) / 80000)
    assert found.bifurcations_per_megavoxel == pytest.approx(1 / 0.08)
    assert found.segments_per_megavoxel == pytest.approx(3 / 0.08)
    # arms of 20, 20 and 14 voxels from the fork, each up to two shorter at its end
    assert np.abs(np.sort(found.length) - [13, 19, 19]).max() <= 3
    np.testing.assert_allclose(found.radius, 2.0, atol=0.3)
    assert found.fork_radii.shape == (1, 3)


def test_empty_label_has_no_segments():
    found = label_statistics(np.zeros((8, 8, 8), bool))
    assert (len(found.length), found.foreground_fraction, found.betti) == (0, 0.0, (0, 0, 0))
