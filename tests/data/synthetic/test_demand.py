"""Trees that grow to where oxygen is low."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.spatial import cKDTree

from cldice_monai.data.synthetic.demand import grow_on_demand
from cldice_monai.data.synthetic.oxygen import OxygenField
from cldice_monai.data.synthetic.presets import PRESETS, DemandSettings
from cldice_monai.data.synthetic.tree import Segments

_GEOMETRY = PRESETS["deepvesselnet"].geometry
_LOW, _HIGH = np.zeros(3), np.array([70.0, 60.0, 90.0])


def _grown(seed=0, geometry=_GEOMETRY, **demand):
    settings = replace(DemandSettings(), **demand)
    rng = np.random.default_rng(seed)
    return grow_on_demand(_LOW, _HIGH, settings=geometry, demand=settings, rng=rng)


def _samples(trees):
    segments = trees.segments()
    t = np.linspace(0, 1, 40)[:, None, None]
    return (segments.low * (1 - t) + segments.high * t).reshape(-1, 3)


def _farthest_from_a_vessel(trees):
    grid = np.stack(np.meshgrid(*(np.arange(2.0, n, 4.0) for n in _HIGH)), axis=-1).reshape(-1, 3)
    return np.quantile(cKDTree(_samples(trees)).query(grid)[0], 0.98)


def test_tissue_is_covered_better_when_oxygen_steers_the_growth():
    steered = np.mean([_farthest_from_a_vessel(_grown(seed)) for seed in range(5)])
    blind = np.mean([_farthest_from_a_vessel(_grown(seed, sharpness=0.0)) for seed in range(5)])
    assert steered < 0.9 * blind


def test_murray_law_holds_at_every_bifurcation():
    trees, exponent = _grown(), _GEOMETRY.murray_exponent
    child_of = [np.flatnonzero(trees.parent == node) for node in range(len(trees.parent))]
    forks = [(node, c) for node, c in enumerate(child_of) if len(c) == 2]
    assert len(forks) > 10
    for node, children in forks:
        total = (trees.radius[children] ** exponent).sum()
        assert trees.radius[node] ** exponent == pytest.approx(total)


def test_bifurcation_lies_where_the_vessels_have_the_smallest_volume():
    # the pulls of the three vessels, by their cross-sections, cancel where the last end was joined
    trees = _grown()
    node = int(np.flatnonzero(np.bincount(trees.parent[trees.parent >= 0]) == 2)[-1])
    ends = [trees.parent[node], *np.flatnonzero(trees.parent == node)]
    radii = [trees.radius[node], *trees.radius[ends[1:]]]
    towards = trees.position[ends] - trees.position[node]
    towards /= np.linalg.norm(towards, axis=1, keepdims=True)
    pull = (towards * np.square(radii)[:, None]).sum(axis=0)
    assert np.linalg.norm(pull) < 0.1 * max(radii) ** 2


def test_stems_are_straight_and_come_in_through_the_first_face():
    trees = _grown(stems_per_megavoxel=8.0, stem_fraction=0.1)
    roots = np.flatnonzero(trees.parent < 0)
    assert len(roots) == 3
    np.testing.assert_array_equal(trees.position[roots, 2], 0.0)
    tips = trees.position[len(roots) : 2 * len(roots)]
    np.testing.assert_allclose(tips[:, 2], 9.0)
    np.testing.assert_allclose(tips[:, :2], trees.position[roots, :2])


def test_ends_stay_within_the_box_and_are_about_as_many_as_asked_for():
    trees = _grown(3)
    assert (trees.position >= _LOW).all()
    assert (trees.position <= _HIGH).all()
    asked = round(_GEOMETRY.terminals_per_megavoxel * np.prod(_HIGH) / 1e6)
    assert 0.8 * asked <= len(trees.ends()) <= asked + 1


def test_same_seed_grows_the_same_trees():
    np.testing.assert_array_equal(_grown(5).position, _grown(5).position)
    assert not np.array_equal(_grown(5).position[:8], _grown(6).position[:8])


def test_oxygen_is_that_of_the_nearest_wall():
    field = OxygenField(np.zeros(3), np.full(3, 40.0), reach=10.0)
    assert (field.oxygen() == 0.0).all()
    low, high = np.array([[0.0, 10, 10], [20, 0, 30]]), np.array([[40.0, 10, 10], [20, 40, 30]])
    vessels = Segments(low, high, np.array([2.0, 3.0]))
    field.supply(vessels)
    centres = np.stack(np.meshgrid(*[np.arange(2.0, 40, 4.0)] * 3, indexing="ij"), axis=-1)
    wall = np.maximum(vessels.gap_to(centres.reshape(-1, 3)), 0.0).min(axis=0)
    np.testing.assert_allclose(field.oxygen().ravel(), np.exp(-wall / 10.0), atol=1e-6)


def test_targets_are_drawn_where_oxygen_is_low():
    field = OxygenField(np.zeros(3), np.full(3, 80.0), reach=8.0)
    field.supply(Segments(np.array([[0.0, 20, 20]]), np.array([[80.0, 20, 20]]), np.ones(1)))
    rng = np.random.default_rng(0)
    away = [
        np.median(np.hypot(t[:, 1] - 20, t[:, 2] - 20))
        for t in (field.draw_targets(400, sharpness=s, rng=rng) for s in (0.0, 60.0))
    ]
    assert away[1] > away[0] + 3.0
    targets = field.draw_targets(400, sharpness=60.0, rng=rng)
    assert np.hypot(targets[:, 1] - 20, targets[:, 2] - 20).min() > 4.0
