import pytest
import torch
from monai.data import MetaTensor

from cldice_monai.metrics.channels import binary_channels, measure_channels


def test_background_is_the_first_of_several_channels():
    x = torch.zeros(2, 3, 4, 4)
    x[:, 1] = 1
    pred, label = binary_channels(x, x, include_background=False)
    assert pred.shape == label.shape == (2, 2, 4, 4)
    assert pred[:, 0].all()
    assert not pred[:, 1].any()


def test_single_channel_without_background_warns_and_is_measured():
    x = torch.ones(1, 1, 4, 4)
    with pytest.warns(UserWarning, match="include_background=False cannot act"):
        pred, _ = binary_channels(x, x, include_background=False)
    assert pred.shape == (1, 1, 4, 4)
    assert pred.all()


@pytest.mark.parametrize("dtype", [torch.bool, torch.uint8, torch.bfloat16, torch.float16])
def test_every_dtype_and_meta_tensors_are_accepted(dtype):
    x = MetaTensor(torch.ones(1, 1, 4, 4, 4)).to(dtype)
    figures = measure_channels(lambda p, t: [p.sum() + t.sum()], x, x, include_background=True)
    assert figures.tolist() == [[[128.0]]]
    assert figures.dtype == torch.float32


def test_input_that_is_not_binary_is_told_how_to_threshold():
    good, bad = torch.zeros(1, 1, 4, 4), torch.full((1, 1, 4, 4), 0.3)
    with pytest.raises(ValueError, match=r"y_pred must be binary .* threshold it first"):
        binary_channels(bad, good, include_background=True)
    with pytest.raises(ValueError, match=r"y must be binary"):
        binary_channels(good, bad, include_background=True)
    with pytest.raises(ValueError, match=r"y must be binary .* got NaN"):
        binary_channels(good, good * torch.nan, include_background=True)


def test_shapes_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match=r"one shape, got \(1, 2, 4, 4\) and \(1, 1, 4, 4\)"):
        binary_channels(torch.zeros(1, 2, 4, 4), torch.zeros(1, 1, 4, 4), include_background=True)
    with pytest.raises(ValueError, match=r"must be \(B, C, H, W\) or \(B, C, H, W, D\)"):
        binary_channels(torch.zeros(4, 4), torch.zeros(4, 4), include_background=True)
