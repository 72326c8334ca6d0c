import numpy as np
import pytest
from scipy import ndimage

from cldice_monai.skeleton import prune_spurs, skeletonize
from cldice_monai.topology import betti_numbers


def curve_with_branches(*lengths):
    """A curve of 40 voxels in the plane with upright branches of these lengths."""
    mask = np.zeros((14, 40), bool)
    mask[12] = True
    for number, length in enumerate(lengths):
        mask[12 - length : 12, 5 + 6 * number] = True
    return mask


@pytest.mark.parametrize("max_voxels", [0, 1, 2, 3, 7])
def test_branches_up_to_the_length_go_and_longer_ones_stay(max_voxels):
    # The foot of a branch touches three voxels of the curve: it is the junction, not the spur.
    lengths = (2, 3, 4, 8)
    skeleton = skeletonize(curve_with_branches(*lengths))
    pruned = prune_spurs(skeleton, max_voxels=max_voxels)
    tips = [(12 - length, 5 + 6 * number) for number, length in enumerate(lengths)]
    assert all(skeleton[tip] for tip in tips)
    assert [bool(pruned[tip]) for tip in tips] == [n - 1 > max_voxels for n in lengths]
    assert pruned[12, [0, 39]].all()
    assert betti_numbers(pruned) == (1, 0)
    if max_voxels == 7:
        assert pruned.sum() == 40  # the curve, as long as it was, and nothing else


def test_a_forked_end_keeps_its_longer_arm():
    mask = np.zeros((12, 20), bool)
    mask[6, :10] = True
    for step in range(1, 6):
        mask[6 - step, 9 + step] = True
    for step in range(1, 3):
        mask[6 + step, 9 + step] = True
    pruned = prune_spurs(mask, max_voxels=6)
    assert pruned[1, 14]
    assert not pruned[8, 11]


def test_of_two_equal_arms_one_remains():
    mask = np.zeros((12, 20), bool)
    mask[6, :10] = True
    for step in range(1, 4):
        mask[[6 - step, 6 + step], 9 + step] = True
    pruned = prune_spurs(mask, max_voxels=3)
    assert [bool(pruned[3, 12]), bool(pruned[9, 12])].count(True) == 1
    assert betti_numbers(pruned) == (1, 0)


def test_a_curve_without_junctions_is_never_shortened():
    for mask in (np.eye(5, dtype=bool), np.ones((1, 3), bool), np.ones((1, 1, 1), bool)):
        assert np.array_equal(prune_spurs(mask, max_voxels=9), mask)


def test_topology_stays_and_ends_become_fewer():
    full = np.ones((3, 3, 3), int)
    for seed in range(6):
        values = ndimage.gaussian_filter(np.random.default_rng(seed).random((24, 24, 24)), 1.2)
        skeleton = skeletonize(values > np.quantile(values, 0.75))
        pruned = prune_spurs(skeleton, max_voxels=4)
        assert not (pruned & ~skeleton).any()
        assert betti_numbers(pruned) == betti_numbers(skeleton)
        before, after = (
            int((s & (ndimage.convolve(s.astype(int), full, mode="constant") == 2)).sum())
            for s in (skeleton, pruned)
        )
        assert after < before


def test_unusable_input_is_refused():
    with pytest.raises(ValueError, match="max_voxels must be 0 or more"):
        prune_spurs(np.zeros((3, 3)), max_voxels=-1)
    with pytest.raises(ValueError, match="skeleton must be binary"):
        prune_spurs(np.full((3, 3), 9), max_voxels=1)


@pytest.mark.parametrize("connectivity", ["foreground-full", "foreground-face"])
@pytest.mark.parametrize("shape", [(14, 15), (8, 9, 10)])
def test_topology_stays_under_the_connectivity_of_the_skeleton(shape, connectivity):
    n_cut = 0
    for seed in range(40):
        noise = ndimage.gaussian_filter(np.random.default_rng(seed).random(shape), 0.8)
        mask = noise > np.quantile(noise, 0.3 + 0.015 * seed)
        skeleton = skeletonize(mask, connectivity=connectivity)
        pruned = prune_spurs(skeleton, max_voxels=2, connectivity=connectivity)
        assert not (pruned & ~skeleton).any()
        expected = betti_numbers(skeleton, connectivity=connectivity)
        assert betti_numbers(pruned, connectivity=connectivity) == expected
        n_cut += int(skeleton.sum() - pruned.sum())
    assert n_cut > 20
