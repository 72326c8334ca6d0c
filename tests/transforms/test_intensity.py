import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from cldice_monai.transforms.intensity import (
    cut_off_and_scale,
    fill_non_finite,
    intensity_range,
    non_finite_fill_value,
)

IMAGES = hnp.arrays(
    np.float32,
    hnp.array_shapes(min_dims=2, max_dims=3, max_side=6),
    elements=st.floats(-1000, 1000, width=32),
)


def test_cut_off_by_hand():
    # five values, 0.75 quantile = the fourth of them = 6; (v - 0) / 6
    channel = np.array([0.0, 2.0, 4.0, 6.0, 1000.0])
    np.testing.assert_allclose(cut_off_and_scale(channel, 0.75), [0, 1 / 3, 2 / 3, 1, 1], rtol=1e-6)


def test_cut_off_between_two_values_is_interpolated():
    # position 0.5 * (4 - 1) = 1.5, halfway between 2 and 4: the cut-off is 3
    scaled = cut_off_and_scale(np.array([0.0, 2.0, 4.0, 90.0]), 0.5)
    np.testing.assert_allclose(scaled, [0, 2 / 3, 1, 1], rtol=1e-6)


def test_floor_by_hand():
    # the quantiles .25 and .75 of five values are the second and the fourth: (v - 2) / 4
    channel = np.array([-90.0, 2.0, 4.0, 6.0, 1000.0])
    np.testing.assert_array_equal(cut_off_and_scale(channel, 0.75, 0.25), [0, 0, 0.5, 1, 1])


@pytest.mark.parametrize(
    ("n_black", "n_bright", "expected"),
    [
        (995, 5, (0.0, 9.0)),  # both quantiles black: up to the largest
        (5, 995, (0.0, 9.0)),  # both bright: down to the smallest, too
        (500, 500, (0.0, 9.0)),
    ],
)
def test_range_is_widened_where_the_quantiles_leave_nothing(n_black, n_bright, expected):
    channel = np.repeat([0.0, 9.0], [n_black, n_bright])
    assert intensity_range(channel, 0.98, 0.2) == expected


def test_cut_off_of_one_only_scales():
    scaled = cut_off_and_scale(np.array([-10.0, 0.0, 10.0]), 1.0)
    np.testing.assert_array_equal(scaled, [0, 0.5, 1])


@pytest.mark.parametrize("channel", [np.full((3, 3), 7.0), np.zeros((2, 2)), np.ones((1, 1))])
def test_constant_channel_becomes_zeros(channel):
    scaled = cut_off_and_scale(channel, 0.99)
    np.testing.assert_array_equal(scaled, np.zeros_like(channel))


def test_few_bright_voxels_in_black_are_not_cut_away():
    # five vessel voxels in a thousand: the .99 quantile is background too
    channel = np.zeros(1000)
    channel[:5] = 4095
    scaled = cut_off_and_scale(channel, 0.99)
    np.testing.assert_array_equal(scaled, channel / 4095)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_values_that_are_not_finite_are_refused_with_the_remedy(bad):
    with pytest.raises(ValueError, match=r"finite.*use FillNonFinite before"):
        cut_off_and_scale(np.array([0.0, bad, 1.0]), 0.99)


@settings(deadline=None, derandomize=True, max_examples=60)
@given(channel=IMAGES, cutoff=st.floats(0.01, 1))
def test_scaled_channel_agrees_with_a_sorted_list(channel, cutoff):
    scaled = cut_off_and_scale(channel, cutoff)
    # oracle: the quantile from a sorted Python list, in double precision
    ordered = sorted(float(v) for v in channel.ravel())
    position = cutoff * (len(ordered) - 1)
    below, above = ordered[int(position)], ordered[min(int(position) + 1, len(ordered) - 1)]
    top = below + (position - int(position)) * (above - below)
    assert scaled.dtype == np.float32
    assert scaled.min() >= 0
    assert scaled.max() <= 1
    if top - ordered[0] > 1:  # below that, float32 input is too coarse to compare
        expected = (np.minimum(channel.astype(np.float64), top) - ordered[0]) / (top - ordered[0])
        np.testing.assert_allclose(scaled, expected, atol=1e-3)


@settings(deadline=None, derandomize=True, max_examples=30)
@given(channel=IMAGES)
def test_scaling_keeps_the_order_of_intensities(channel):
    flat = np.sort(channel.ravel())
    assert (np.diff(cut_off_and_scale(flat, 0.9)) >= 0).all()


def test_input_is_not_changed():
    channel = np.array([0.0, 5.0, 100.0])
    cut_off_and_scale(channel, 0.5)
    np.testing.assert_array_equal(channel, [0, 5, 100])


def test_small_differences_on_a_large_offset_survive_in_double_precision():
    scaled = cut_off_and_scale(np.array([1e9, 1e9 + 1, 1e9 + 2]), 1.0)
    np.testing.assert_array_equal(scaled, [0, 0.5, 1])


def test_integers_do_not_overflow():
    channel = np.array([-32768, 0, 32767], dtype=np.int16)
    np.testing.assert_allclose(cut_off_and_scale(channel, 1.0), [0, 0.5, 1], atol=1e-4)
    np.testing.assert_allclose(
        cut_off_and_scale(np.array([0, 100, 200, 255], np.uint8), 0.99),
        [0, 0.39, 0.79, 1],
        atol=0.01,
    )


def test_fill_is_the_smallest_finite_value_of_the_same_channel():
    image = np.array([[np.nan, 3.0, -5.0], [np.inf, -np.inf, 2.0]])
    np.testing.assert_array_equal(fill_non_finite(image), [[-5, 3, -5], [2, 2, 2]])
    assert np.isnan(image[0, 0])  # the input is left alone
    assert non_finite_fill_value(image[0]) == -5


def test_finite_image_is_handed_back():
    image = np.ones((1, 2, 2))
    assert fill_non_finite(image) is image


def test_channel_without_finite_value_is_refused():
    with pytest.raises(ValueError, match="none in channel 1; leave this volume out"):
        fill_non_finite(np.array([[1.0, np.nan], [np.nan, np.nan]]))
    assert non_finite_fill_value(np.array([np.nan])) is None
