"""The metric's shell: names, patches, reductions; the distance itself is tested in topology."""

from __future__ import annotations

import pytest
import torch

from cldice_monai.metrics import (
    PatchSampler,
    StreetMoverDistanceMetric,
    compute_streetmover_distance,
)
from cldice_monai.topology import streetmover_distance


def noise(seed, shape=(2, 2, 20, 20, 20)):
    generator = torch.Generator().manual_seed(seed)
    field = torch.rand(shape, generator=generator)
    return (torch.nn.functional.avg_pool3d(field, 5, stride=1, padding=2) > 0.47).float()


def test_batch_and_channels_are_measured_each_for_itself():
    pred, label = noise(0), noise(1)
    found = compute_streetmover_distance(pred, label)
    for b in range(2):
        for c in range(2):
            expected = streetmover_distance(pred[b, c].numpy(), label[b, c].numpy())
            assert float(found[b, c]) == pytest.approx(expected, rel=1e-6)
    metric = StreetMoverDistanceMetric(include_background=False)
    metric(pred, label)
    assert float(metric.aggregate()) == pytest.approx(float(found[:, 1].mean()), rel=1e-6)


def test_patches_of_which_one_mask_is_empty_are_at_one_and_counted():
    pred, label = torch.zeros(2, 1, 1, 8, 16).unbind(0)
    label[..., 2, 1:7] = pred[..., 4, 1:7] = 1  # first tile: a quarter of 8 rows apart
    label[..., 2, 9:15] = 1  # second tile: not predicted
    tiles = PatchSampler(patch_size=8, tiling=True)
    metric = StreetMoverDistanceMetric(metric_name=("distance", "one_empty"), patches=tiles)
    metric(pred, label)
    assert [float(v) for v in metric.aggregate()] == [(1 / 16 + 1) / 2, 0.5]


def test_arguments_that_do_not_fit_are_named():
    with pytest.raises(ValueError, match="n_points must be at least 1"):
        StreetMoverDistanceMetric(n_points=0)
    with pytest.raises(ValueError, match="metric_name must be one or several of distance"):
        StreetMoverDistanceMetric(metric_name="smd")
