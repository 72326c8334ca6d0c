"""The metric's shell: names, patches, reductions; the score itself is tested in topology."""

from __future__ import annotations

import math

import pytest
import torch

from cldice_monai.metrics import OptJunctionF1Metric, PatchSampler, compute_opt_junction_f1


def fork(*, branch=True):
    """(1, 1, 16, 16) line with or without a branch in its middle."""
    image = torch.zeros(1, 1, 16, 16)
    image[..., 4, 1:15] = 1
    if branch:
        image[..., 4:14, 8] = 1
    return image


def test_precision_recall_and_f1_are_worked_out_by_hand():
    # matched 4 (ends 1 + 1, a passing line 2 at the fork); label 6, prediction 4
    metric = OptJunctionF1Metric(metric_name=("precision", "recall", "f1"))
    metric(fork(branch=False), fork())
    values = [float(v) for v in metric.aggregate()]
    assert values == pytest.approx([1.0, 4 / 6, 0.8])


def test_branches_of_all_patches_of_a_case_are_counted_together():
    # two tiles: one matches with 6 branches of 6, the other with 4 of (4 + 6) / 2
    label = torch.cat([fork(), fork()], dim=-1)
    pred = torch.cat([fork(), fork(branch=False)], dim=-1)
    tiles = PatchSampler(patch_size=16, tiling=True)
    metric = OptJunctionF1Metric(patches=tiles)
    metric(pred, label)
    assert float(metric.aggregate()) == pytest.approx(2 * 10 / (10 + 12))


def test_cases_without_a_junction_are_left_out_of_the_mean():
    empty = torch.zeros_like(fork())
    metric = OptJunctionF1Metric(get_not_nans=True)
    metric(torch.cat([empty, fork()]), torch.cat([empty, fork()]))
    value, count = metric.aggregate()
    assert (float(value), int(count)) == (1.0, 1)
    assert math.isnan(float(compute_opt_junction_f1(empty, empty)))
    assert float(compute_opt_junction_f1(empty, fork())) == 0.0


def test_th_snap_is_passed_on():
    moved = fork().roll(2, dims=2)
    assert float(compute_opt_junction_f1(moved, fork(), th_snap=3)) == 1.0
    assert float(compute_opt_junction_f1(moved, fork(), th_snap=1)) < 1.0
    with pytest.raises(ValueError, match="th_snap must be positive"):
        OptJunctionF1Metric(th_snap=0)
