"""Thick slices."""

from __future__ import annotations

import numpy as np

from cldice_monai.data.synthetic.slices import as_slices, between_slices


def test_slices_are_means_and_the_last_one_may_be_thin():
    image = np.random.default_rng(0).random((3, 4, 8)).astype(np.float32)
    slices = as_slices(image, 3)
    assert (slices.shape, slices.dtype) == ((3, 4, 3), np.float32)
    for i, part in enumerate((image[..., :3], image[..., 3:6], image[..., 6:])):
        np.testing.assert_allclose(slices[..., i], part.mean(axis=2), rtol=1e-6)


def test_slope_comes_back_between_the_middles_of_the_slices():
    image = np.broadcast_to(np.arange(12, dtype=np.float32), (2, 2, 12)).copy()
    back = between_slices(as_slices(image, 4), 4, 12)
    assert (back.shape, back.dtype) == ((2, 2, 12), np.float32)
    np.testing.assert_allclose(back[0, 0, 2:10], np.arange(2, 10), rtol=1e-6)
    np.testing.assert_allclose(back[0, 0, [0, 1, 10, 11]], [1.5, 1.5, 9.5, 9.5])


def test_one_slice_is_one_value():
    assert between_slices(np.full((1, 1, 1), 7, np.float32), 5, 3).tolist() == [[[7, 7, 7]]]
