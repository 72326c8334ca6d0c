import math
from typing import get_args

import numpy as np
import pytest
import torch
from monai.data import MetaTensor

from cldice_monai.metrics import (
    PatchSampler,
    SkeletonCoverageMetric,
    compute_skeleton_coverage,
)
from cldice_monai.metrics.skeleton_coverage import SkeletonCoverageName


def line(*parts, length=12):
    x = torch.zeros(1, 1, 3, length)
    for start, stop in parts:
        x[0, 0, 1, start:stop] = 1
    return x


def test_all_figures_of_two_lines_are_worked_out_by_hand():
    pred, label = line((4, 6), (7, 12)), line((0, 8))
    names = get_args(SkeletonCoverageName)
    metric = SkeletonCoverageMetric(metric_name=names, spacing_mm=(1.0, 0.5))
    metric(pred, label)
    found = dict(zip(names, (float(v) for v in metric.aggregate()), strict=True))
    assert found == {
        "ghost_voxels": 4,  # 8 9 10 11
        "miss_voxels": 5,  # 0 1 2 3 and 6
        "ghost_pieces": 1,
        "miss_pieces": 2,
        "ghost_length_mm": 3.5 * 0.5,
        "miss_length_mm": 4.5 * 0.5,
    }


def test_spacing_comes_from_the_label_or_is_asked_for():
    affine = torch.diag(torch.tensor([2.0, 0.25, 1.0, 1.0], dtype=torch.float64))
    label = MetaTensor(line((0, 8)), affine=affine)
    metric = SkeletonCoverageMetric(metric_name="miss_length_mm")
    assert float(metric(torch.zeros_like(line()), label)) == 7 * 0.25
    with pytest.raises(ValueError, match="spacing_mm must be given for lengths in mm"):
        metric(line((0, 8)), line((0, 8)))
    with pytest.raises(ValueError, match="spacing_mm must be positive"):
        SkeletonCoverageMetric(spacing_mm=(0.0, 1.0))


def test_empty_masks_count_and_can_be_ignored():
    empty = line()
    both = SkeletonCoverageMetric(metric_name=("ghost_voxels", "miss_voxels"))
    assert [float(v) for v in both(line((0, 8)), empty)] == [8, 0]
    assert [float(v) for v in both(empty, line((0, 8)))] == [0, 8]
    assert [float(v) for v in both(empty, empty)] == [0, 0]
    ignoring = SkeletonCoverageMetric(ignore_empty=True)
    assert math.isnan(ignoring(line((0, 8)), empty))
    assert float(ignoring(empty, line((0, 8)))) == 8


def test_patches_give_the_mean_of_a_case():
    tiles = PatchSampler(patch_size=(3, 4), tiling=True)
    metric = SkeletonCoverageMetric(patches=tiles)
    # Tiles of columns 0-3, 4-7, 8-11: misses 4, 2 and 0.
    assert float(metric(line((6, 8)), line((0, 8)))) == pytest.approx((4 + 2 + 0) / 3)


def test_unknown_names_are_refused():
    with pytest.raises(ValueError, match="metric_name must be one or several of ghost_voxels"):
        SkeletonCoverageMetric(metric_name="ghosts")


def test_the_function_gives_what_the_metric_collects():
    pred = torch.cat([line((4, 6)), line((0, 3))], dim=1)
    label = torch.cat([line((0, 8)), line()], dim=1)
    assert compute_skeleton_coverage(pred, label).tolist() == [[6, 0]]
    assert compute_skeleton_coverage(pred, label, metric_name="ghost_voxels").tolist() == [[0, 3]]
    assert compute_skeleton_coverage(pred, label, include_background=False).tolist() == [[0]]
    ignoring = compute_skeleton_coverage(pred, label, ignore_empty=True)
    assert ignoring[0, 0] == 6
    assert math.isnan(ignoring[0, 1])
    lengths = compute_skeleton_coverage(
        pred, label, metric_name="miss_length_mm", spacing_mm=(1.0, 0.5)
    )
    # Misses 0-3 and 6-7: edges 0-1, 1-2, 2-3 and 6-7, and half of 3-4 and of 5-6.
    assert lengths.tolist() == [[2.5, 0]]
    with pytest.raises(ValueError, match="spacing_mm must be given for lengths in mm"):
        compute_skeleton_coverage(pred, label, metric_name="miss_length_mm")
    with pytest.raises(ValueError, match="metric_name must be"):
        compute_skeleton_coverage(pred, label, metric_name="misses")


@pytest.mark.parametrize("spacing", [np.array([1.0, 0.5]), torch.tensor([1.0, 0.5]), [1.0, 0.5]])
def test_the_spacing_may_be_an_array(spacing):
    found = compute_skeleton_coverage(
        line(), line((0, 8)), metric_name="miss_length_mm", spacing_mm=spacing
    )
    assert found.tolist() == [[3.5]]


@pytest.mark.parametrize("spacing", [(), 1.0, (1.0, 0.0), (1.0,)])
def test_a_spacing_that_fits_no_image_is_refused(spacing):
    with pytest.raises(ValueError, match="spacing_mm must"):
        SkeletonCoverageMetric(spacing_mm=spacing)


def test_a_function_measures_one_figure():
    with pytest.raises(ValueError, match=r"must be one name, got .* use the metric for several"):
        compute_skeleton_coverage(line(), line(), metric_name=("miss_voxels", "ghost_voxels"))
