import numpy as np
import pytest
from scipy import ndimage

from cldice_monai.skeleton.distance import squared_distances


@pytest.mark.parametrize("spacing", [(1, 1), (1, 1, 1), (5.0, 1.5, 0.5), (2.0, 0.25)])
@pytest.mark.parametrize("share", [0.3, 0.9, 0.995])
def test_distances_equal_scipys(spacing, share):
    shape = (17, 14, 11)[-len(spacing) :]
    padded = np.pad(np.random.default_rng(0).random(shape) < share, 1)
    found = squared_distances(np.flatnonzero(padded), shape=padded.shape, spacing=spacing)
    expected = ndimage.distance_transform_edt(padded, sampling=spacing)[padded]
    assert np.sqrt(found) == pytest.approx(expected, rel=1e-5)


def test_integer_spacing_is_exact_and_items_of_a_batch_are_apart():
    padded = np.zeros((2, 7, 9), bool)
    padded[0, 1:6, 1:8] = True
    padded[1, 3, 4] = True
    found = squared_distances(np.flatnonzero(padded), shape=padded.shape, spacing=(1, 1))
    expected = np.concatenate([ndimage.distance_transform_edt(item)[item] ** 2 for item in padded])
    assert np.array_equal(found, np.rint(expected))
