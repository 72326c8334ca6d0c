import numpy as np
import pytest

from cldice_monai.topology import PatchSampler


def test_the_paper_protocol_is_the_default():
    sampler = PatchSampler()
    assert sampler.starts((100, 120), case_id="a").shape == (24, 2)
    volume = np.ones((60, 70, 80), bool)
    patches = sampler.crop(volume, sampler.starts(volume.shape, case_id="a"))
    assert patches.shape == (24, 48, 48, 48)
    assert patches.all()
    assert sampler.size_in(2) == (64, 64)


def test_places_depend_on_seed_case_and_shape_alone():
    places = PatchSampler().starts((90, 90, 90), case_id="a")
    assert np.array_equal(PatchSampler().starts((90, 90, 90), case_id="a"), places)
    assert not np.array_equal(PatchSampler().starts((90, 90, 90), case_id="b"), places)
    assert not np.array_equal(PatchSampler(seed=1).starts((90, 90, 90), case_id="a"), places)
    # More patches of a case begin with the same ones.
    more = PatchSampler(n_patches=48).starts((90, 90, 90), case_id="a")
    assert np.array_equal(more[:24], places)
    # A fixed number: the places stay the same on every machine and in every release.
    assert PatchSampler(n_patches=2).starts((90, 80), case_id="case_1").tolist() == EXPECTED


EXPECTED = [[21, 2], [12, 9]]


def test_patches_stay_inside_and_reach_every_end():
    places = PatchSampler(patch_size=4, n_patches=500).starts((6, 9), case_id="a")
    assert places.min(axis=0).tolist() == [0, 0]
    assert places.max(axis=0).tolist() == [2, 5]


def test_a_small_volume_is_padded_with_background():
    sampler = PatchSampler(patch_size=(4, 2), n_patches=3)
    volume = np.ones((3, 2), bool)
    patches = sampler.crop(volume, sampler.starts(volume.shape, case_id="a"))
    assert patches.shape == (3, 4, 2)
    assert patches[:, :3].all()
    assert not patches[:, 3].any()


def test_tiling_covers_every_voxel_once():
    volume = np.arange(1, 5 * 7 + 1).reshape(5, 7)
    sampler = PatchSampler(patch_size=3, tiling=True)
    patches = sampler.crop(volume, sampler.starts(volume.shape, case_id="any"))
    assert len(patches) == 2 * 3
    assert sorted(patches[patches > 0].tolist()) == list(range(1, 36))


def test_sizes_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match="patch_size must be positive"):
        PatchSampler(patch_size=0)
    with pytest.raises(ValueError, match="n_patches must be at least 1"):
        PatchSampler(n_patches=0)
    with pytest.raises(ValueError, match="patch_size must have 3 values for 3D"):
        PatchSampler(patch_size=(4, 4)).starts((9, 9, 9), case_id="a")


def test_a_size_of_one_value_may_be_any_integer_but_a_list_has_one_an_axis():
    assert PatchSampler(patch_size=np.int64(4)).size_in(3) == (4, 4, 4)
    with pytest.raises(ValueError, match="must have 2 values for 2D masks"):
        PatchSampler(patch_size=(4,)).size_in(2)
    with pytest.raises(ValueError, match="2D or 3D volumes, got 1 axes"):
        PatchSampler().size_in(1)
