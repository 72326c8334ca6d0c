import math

import pytest
import torch
from skimage.measure import euler_number

from cldice_monai.metrics import EulerErrorMetric, PatchSampler, compute_euler_error


def with_holes(count, width=9):
    """(1, 1, 3, width) plate with ``count`` holes: chi = 1 - count."""
    image = torch.ones(1, 1, 3, width)
    image[..., 1, 1 : 2 * count : 2] = 0
    return image


def test_absolute_and_signed_errors_are_worked_out_by_hand():
    # chi: prediction 1 - 3 = -2, label 1 - 1 = 0.
    pred, label = with_holes(3), with_holes(1)
    assert float(compute_euler_error(pred, label)) == 2.0
    assert float(compute_euler_error(pred, label, metric_name="signed")) == -2.0
    metric = EulerErrorMetric(metric_name=("signed", "absolute"))
    metric(torch.cat([pred, label]), torch.cat([label, pred]))
    assert [float(v) for v in metric.aggregate()] == [0.0, 2.0]


def test_the_ratio_is_nan_only_where_the_label_has_none_to_compare_with():
    ratio = EulerErrorMetric(metric_name="ratio", get_not_nans=True)
    # chi of prediction over chi of label: -2 / -1, 0 / 0 and -2 / 0.
    values = ratio(
        torch.cat([with_holes(3), with_holes(1), with_holes(3)]),
        torch.cat([with_holes(2), with_holes(1), with_holes(1)]),
    )
    assert values[:2].flatten().tolist() == [2.0, 1.0]
    assert math.isnan(values[2])
    value, count = ratio.aggregate()
    assert (float(value), int(count)) == (1.5, 2)


def test_the_ratio_of_a_case_is_that_of_sums_over_its_patches():
    label, pred = torch.ones(1, 1, 3, 10), torch.ones(1, 1, 3, 10)
    pred[..., 1, [1, 3, 7]] = 0
    tiles = PatchSampler(patch_size=(3, 5), tiling=True)
    # Tiles 0-4 and 5-9: the prediction has 2 holes and 1, chi -1 and 0; the label 1 and 1.
    metric = EulerErrorMetric(metric_name=("ratio", "absolute"), patches=tiles)
    metric(pred, label)
    assert [float(v) for v in metric.aggregate()] == [-1 / 2, (2 + 1) / 2]


def test_3d_errors_agree_with_scikit_image_in_both_conventions():
    generator = torch.Generator().manual_seed(0)
    pred, label = (torch.rand(2, 3, 2, 7, 8, 9, generator=generator) > 0.6).float().unbind(0)
    for connectivity, degree in (("foreground-full", 3), ("foreground-face", 1)):
        found = compute_euler_error(pred, label, metric_name="signed", connectivity=connectivity)
        for b in range(3):
            for c in range(2):
                of_pred, of_label = (
                    euler_number(x[b, c].numpy() > 0, connectivity=degree) for x in (pred, label)
                )
                assert float(found[b, c]) == of_pred - of_label


def test_an_empty_label_is_measured_unless_ignored():
    empty, plate = torch.zeros(1, 1, 3, 3), torch.ones(1, 1, 3, 3)
    assert float(compute_euler_error(plate, empty)) == 1.0
    assert compute_euler_error(plate, empty, ignore_empty=True).isnan().all()


def test_unknown_names_are_refused():
    with pytest.raises(ValueError, match="metric_name must be one or several of absolute"):
        EulerErrorMetric(metric_name="chi")
    with pytest.raises(ValueError, match="connectivity must be one of"):
        EulerErrorMetric(connectivity="full")
