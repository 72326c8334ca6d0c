import numpy as np
import pytest

from cldice_monai.data.nifti_axes import find_axes


@pytest.mark.parametrize(
    ("shape", "channel_first", "mask"),
    [
        ((4, 5, 6), (1, 4, 5, 6), (4, 5, 6)),
        ((4, 5, 6, 1), (1, 4, 5, 6), (4, 5, 6, 1)),
        ((4, 5, 6, 2), (2, 4, 5, 6), (4, 5, 6)),
        ((4, 5, 6, 1, 2), (2, 4, 5, 6), (4, 5, 6)),
        ((4, 5, 6, 1, 1), (1, 4, 5, 6), (4, 5, 6, 1, 1)),
        ((4, 5, 1), (1, 4, 5, 1), (4, 5, 1)),
        ((4, 5, 1, 2), (2, 4, 5, 1), (4, 5, 1)),
        ((1, 40, 41, 42), (1, 40, 41, 42), (1, 40, 41, 42)),
        ((40, 41, 1, 42), (1, 40, 41, 42), (40, 41, 1, 42)),
        ((40, 1, 41, 42, 1), (1, 40, 41, 42), (40, 1, 41, 42, 1)),
        ((40, 1, 41, 1, 42), (1, 40, 41, 42), (40, 1, 41, 1, 42)),
        ((4, 5), (1, 4, 5, 1), (4, 5)),
    ],
)
def test_shapes_met_in_files(shape, channel_first, mask):
    axes = find_axes(shape)
    array = axes.channel_first(np.arange(np.prod(shape)).reshape(shape))
    assert array.shape == channel_first
    assert axes.mask_shape == mask
    assert axes.spatial_shape == channel_first[1:]


def test_channel_axis_moves_with_its_voxels():
    array = np.random.default_rng(0).normal(size=(3, 4, 5, 2))
    moved = find_axes(array.shape).channel_first(array)
    np.testing.assert_array_equal(moved[1], array[..., 1])


def test_dropped_singleton_leaves_the_order_of_voxels():
    array = np.arange(20 * 21 * 22).reshape(20, 21, 1, 22)
    moved = find_axes(array.shape).channel_first(array)
    np.testing.assert_array_equal(moved[0], array[:, :, 0, :])


def test_time_series_of_channels_is_refused():
    with pytest.raises(ValueError, match=r"\(4, 5, 6, 3, 2\).*more than one axis"):
        find_axes((4, 5, 6, 3, 2))


def test_single_row_is_no_image():
    with pytest.raises(ValueError, match="not an image"):
        find_axes((7,))
