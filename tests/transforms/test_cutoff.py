import numpy as np
import pytest
import torch
from monai.data import MetaTensor

from cldice_monai.transforms import ScaleIntensityCutoff


def ramp(shape=(1, 5, 4, 3)):
    return np.arange(np.prod(shape), dtype=np.float32).reshape(shape)


def test_each_channel_is_scaled_by_itself():
    image = np.stack([ramp((5, 1)), 1000 + 3 * ramp((5, 1))])
    scaled = ScaleIntensityCutoff(1.0)(image)
    np.testing.assert_allclose(scaled[0], scaled[1])
    np.testing.assert_allclose(scaled[1, :, 0], [0, 0.25, 0.5, 0.75, 1])


def test_each_channel_can_have_its_cut_off():
    image = np.stack([ramp((5, 1)), ramp((5, 1))])
    scaled = ScaleIntensityCutoff([1.0, 0.5])(image)
    np.testing.assert_allclose(scaled[0, :, 0], [0, 0.25, 0.5, 0.75, 1])
    np.testing.assert_allclose(scaled[1, :, 0], [0, 0.5, 1, 1, 1])


def test_cut_off_of_one_equals_plain_scaling():
    from monai.transforms import ScaleIntensity

    image = np.random.default_rng(0).normal(size=(2, 6, 6, 6)).astype(np.float32)
    expected = ScaleIntensity(minv=0, maxv=1, channel_wise=True)(image)
    np.testing.assert_allclose(ScaleIntensityCutoff(1.0)(image), expected, atol=1e-6)


def test_cut_off_equals_scaling_by_percentiles():
    from monai.transforms import ScaleIntensityRangePercentiles

    image = np.random.default_rng(0).gamma(2, 100, size=(1, 12, 12, 12)).astype(np.float32)
    oracle = ScaleIntensityRangePercentiles(lower=0, upper=99, b_min=0, b_max=1, clip=True)
    np.testing.assert_allclose(ScaleIntensityCutoff(0.99)(image), oracle(image), atol=1e-5)


def test_floor_equals_scaling_by_percentiles():
    from monai.transforms import ScaleIntensityRangePercentiles

    image = np.random.default_rng(0).gamma(2, 100, size=(1, 12, 12, 12)).astype(np.float32)
    oracle = ScaleIntensityRangePercentiles(lower=30, upper=99, b_min=0, b_max=1, clip=True)
    scaled = ScaleIntensityCutoff(0.99, floor=0.3)(image)
    np.testing.assert_allclose(scaled, oracle(image), atol=1e-5)


@pytest.mark.parametrize("floor", [-0.1, 0.5, 0.9, float("nan")])
def test_floor_that_is_not_below_every_cut_off_is_refused(floor):
    with pytest.raises(ValueError, match="floor must be at least 0 and below the cutoff"):
        ScaleIntensityCutoff([0.9, 0.5], floor=floor)


@pytest.mark.parametrize("cutoff", [0, -0.1, 1.01, 99, [], [0.9, 0], float("nan")])
def test_cut_off_out_of_range_is_refused(cutoff):
    with pytest.raises(ValueError, match=r"cutoff must be above 0 and at most 1.*0.99"):
        ScaleIntensityCutoff(cutoff)


def test_cut_offs_for_another_number_of_channels_are_refused():
    with pytest.raises(ValueError, match="got 2 for 3 channels; give 3"):
        ScaleIntensityCutoff([0.9, 0.8])(ramp((3, 4, 4)))


def test_half_precision_image_is_scaled_in_float32():
    image = torch.tensor([[0.0, 1.0, 2.0]], dtype=torch.float16)
    scaled = ScaleIntensityCutoff(1.0)(image)
    assert scaled.dtype == torch.float32
    assert scaled.tolist() == [[0.0, 0.5, 1.0]]


@pytest.mark.parametrize("value", [0.0, 7.0, -3.0])
def test_constant_channel_becomes_zeros_beside_one_that_is_scaled(value):
    image = np.stack([np.full((5, 1), value, np.float32), ramp((5, 1))])
    scaled = ScaleIntensityCutoff([0.99, 1.0])(image)
    assert not scaled[0].any()
    np.testing.assert_allclose(scaled[1, :, 0], [0, 0.25, 0.5, 0.75, 1])


def test_metatensor_keeps_its_place_and_its_history():
    affine = torch.diag(torch.tensor([0.5, 0.5, 5.0, 1.0], dtype=torch.float64))
    history = [{"class": "Earlier", "id": 1}]
    image = MetaTensor(
        torch.from_numpy(ramp()), affine=affine, meta={"a": 1}, applied_operations=history
    )
    scaled = ScaleIntensityCutoff(0.9)(image)
    assert isinstance(scaled, MetaTensor)
    assert torch.equal(scaled.affine, affine)
    assert scaled.meta["a"] == 1
    assert scaled.applied_operations == history
    assert torch.equal(image.as_tensor(), torch.from_numpy(ramp()))  # the input is left alone


def test_cut_off_may_be_a_number_of_numpy():
    image = np.stack([ramp((5, 1)), 2 * ramp((5, 1))])
    expected = ScaleIntensityCutoff(0.5)(image)
    np.testing.assert_array_equal(ScaleIntensityCutoff(np.float32(0.5))(image), expected)
    np.testing.assert_array_equal(ScaleIntensityCutoff(np.array([0.5, 0.5]))(image), expected)


def test_lift_raises_the_dim_and_keeps_both_ends():
    image = np.array([[0.0, 1.0, 4.0, 400.0]])
    lifted = ScaleIntensityCutoff(cutoff=2 / 3, lift=24.0)(image)
    expected = [0.0, np.log(7.0) / np.log(25.0), 1.0, 1.0]
    np.testing.assert_allclose(lifted[0], expected, rtol=1e-5)
    linear = ScaleIntensityCutoff(cutoff=2 / 3, lift=0.0)(image)
    np.testing.assert_allclose(linear[0], [0.0, 0.25, 1.0, 1.0], rtol=1e-6)


@pytest.mark.parametrize("lift", [-1.0, float("inf"), float("nan")])
def test_lift_that_is_no_number_of_zero_or_more_is_refused(lift):
    with pytest.raises(ValueError, match="lift must be 0 or more"):
        ScaleIntensityCutoff(lift=lift)
