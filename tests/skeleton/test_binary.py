import numpy as np
import pytest
from scipy import ndimage

from cldice_monai.skeleton import skeletonize


def smooth_noise(seed, shape, share):
    values = ndimage.gaussian_filter(np.random.default_rng(seed).random(shape), 1.0)
    return values > np.quantile(values, 1 - share)


def lost_components(mask, skeleton):
    full = ndimage.generate_binary_structure(mask.ndim, mask.ndim)
    component, count = ndimage.label(mask, structure=full)
    return count - len(set(component[skeleton].tolist()))


@pytest.mark.parametrize("side", [1, 2, 3, 4, 6])
def test_no_bar_vanishes(side):
    bar = np.zeros((10, 10, 30), bool)
    bar[2 : 2 + side, 2 : 2 + side, 3:27] = True
    skeleton = skeletonize(bar)
    assert skeleton.any()
    assert not (skeleton & ~bar).any()


@pytest.mark.parametrize("shape", [(24, 26), (12, 13, 14)])
def test_every_component_of_noise_keeps_a_voxel(shape):
    for seed in range(12):
        mask = smooth_noise(seed, shape, 0.05 + 0.07 * seed)
        skeleton = skeletonize(mask)
        assert not (skeleton & ~mask).any()
        assert lost_components(mask, skeleton) == 0


def test_empty_and_single_voxels_stay_as_they_are():
    empty = np.zeros((4, 5, 6), np.uint8)
    assert skeletonize(empty).dtype == bool
    assert not skeletonize(empty).any()
    empty[1, 2, 3] = 1
    assert np.array_equal(skeletonize(empty), empty.astype(bool))


def test_unusable_input_is_refused():
    with pytest.raises(ValueError, match="threshold it first"):
        skeletonize(np.full((3, 3), 2))
    with pytest.raises(ValueError, match=r"got shape \(3,\)"):
        skeletonize(np.zeros(3))
