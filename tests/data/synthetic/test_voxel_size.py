"""Larger voxels of an acquisition."""

from __future__ import annotations

import numpy as np

from cldice_monai.data.synthetic.voxel_size import as_acquired, as_labelled


def test_acquired_voxels_are_means_and_the_last_ones_may_be_thin():
    image = np.random.default_rng(0).random((3, 4, 8)).astype(np.float32)
    acquired = as_acquired(image, (2, 1, 3))
    assert (acquired.shape, acquired.dtype) == ((2, 4, 3), np.float32)
    for i, rows in enumerate((slice(0, 2), slice(2, 3))):
        for k, columns in enumerate((slice(0, 3), slice(3, 6), slice(6, 8))):
            expected = image[rows, :, columns].mean(axis=(0, 2))
            np.testing.assert_allclose(acquired[i, :, k], expected, rtol=1e-6)


def test_slope_comes_back_between_the_middles_of_the_voxels():
    slope = np.arange(12, dtype=np.float32)
    for axis, size in enumerate(np.diag([4, 4, 4]) + 1 - np.eye(3, dtype=int)):
        image = np.moveaxis(np.broadcast_to(slope, (2, 3, 12)), 2, axis).copy()
        back = as_labelled(as_acquired(image, size), size, image.shape)
        assert (back.shape, back.dtype) == (image.shape, np.float32)
        line = np.moveaxis(back, axis, 2)[0, 0]
        np.testing.assert_allclose(line[2:10], slope[2:10], rtol=1e-6)
        np.testing.assert_allclose(line[[0, 1, 10, 11]], [1.5, 1.5, 9.5, 9.5])


def test_one_voxel_is_one_value():
    one = np.full((1, 1, 1), 7, np.float32)
    assert as_labelled(one, (1, 1, 5), (1, 1, 3)).tolist() == [[[7, 7, 7]]]


def test_voxels_of_the_same_size_change_nothing():
    image = np.ones((3, 4, 5), np.float32)
    assert as_acquired(image, (1, 1, 1)) is image
    assert as_labelled(image, (1, 1, 1), image.shape) is image
