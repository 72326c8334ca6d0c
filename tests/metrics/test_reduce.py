import math

import pytest
import torch
from monai.metrics.utils import do_metric_reduction

from cldice_monai.metrics.reduce import reduce_buffer

REDUCTIONS = ["none", "mean", "sum", "mean_batch", "sum_batch", "mean_channel", "sum_channel"]
NAN = float("nan")


@pytest.mark.parametrize("reduction", REDUCTIONS)
def test_measured_values_are_reduced_as_monai_does(reduction):
    data = torch.tensor([[1.0, NAN], [0.5, 0.25]])
    value, count = reduce_buffer(data, reduction=reduction, get_not_nans=True)
    expected, expected_count = do_metric_reduction(data.clone(), reduction)
    assert torch.allclose(value, expected, equal_nan=True)
    assert torch.equal(count, expected_count)
    assert math.isnan(data[0, 1])


@pytest.mark.parametrize("reduction", REDUCTIONS)
def test_nothing_measured_is_nan_never_a_plausible_zero(reduction):
    value, count = reduce_buffer(torch.full((2, 2), NAN), reduction=reduction, get_not_nans=True)
    assert value.isnan().all()
    assert not count.any()
