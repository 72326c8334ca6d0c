import numpy as np
import pytest
import torch
from scipy import ndimage

from cldice_monai.data.synthetic import generate_vessels
from cldice_monai.skeleton import skeletonize
from cldice_monai.topology import remove_short_components, skeleton_length_mm
from cldice_monai.topology.length import component_lengths_mm


def two_rods():
    """Two lines along the last axis, of 4 and of 8 voxels: 3 and 7 steps long."""
    mask = np.zeros((5, 5, 12), bool)
    mask[1, 1, 2:6] = True
    mask[3, 3, 2:10] = True
    return mask


def test_the_component_that_is_shorter_goes_and_the_other_stays_as_it_is():
    mask = two_rods()
    kept = remove_short_components(mask, min_length_mm=2.0, spacing_mm=(1, 1, 0.5))
    expected = mask.copy()
    expected[1, 1] = False  # 3 steps of 0.5 mm are 1.5 mm; 7 steps are 3.5 mm
    assert np.array_equal(kept, expected)


def test_a_component_of_exactly_the_length_stays():
    kept = remove_short_components(two_rods(), min_length_mm=3.0, spacing_mm=(1, 1, 1))
    assert np.array_equal(kept, two_rods())


def test_the_spacing_decides_which_of_two_equal_rods_is_short():
    mask = np.zeros((9, 9), bool)
    mask[0, 0:6] = mask[3:9, 8] = True  # 5 steps along each axis
    kept = remove_short_components(mask, min_length_mm=3.0, spacing_mm=(0.5, 1.0))
    assert kept[0].sum() == 6
    assert not kept[3:].any()


def test_a_round_blob_is_no_vessel_however_many_voxels_it_has():
    z, y, x = np.mgrid[-8:9, -8:9, -8:9]
    ball = z**2 + y**2 + x**2 <= 36
    assert not remove_short_components(ball, min_length_mm=4.0, spacing_mm=(1, 1, 1)).any()


def test_voxels_that_touch_at_a_corner_are_one_vessel():
    diagonal = np.eye(5, dtype=bool)
    kept = remove_short_components(diagonal, min_length_mm=5.0, spacing_mm=(1, 1))
    assert np.array_equal(kept, diagonal)  # 4 steps of sqrt(2)


@pytest.mark.parametrize("fill", [0, 1], ids=["empty", "one voxel"])
def test_nothing_and_a_single_voxel_leave_nothing(fill):
    mask = np.zeros((4, 4, 4), np.uint8)
    mask[2, 2, 2] = fill
    assert not remove_short_components(mask, min_length_mm=0.1, spacing_mm=(1, 1, 1)).any()
    kept = remove_short_components(mask, min_length_mm=0, spacing_mm=(1, 1, 1))
    assert np.array_equal(kept, mask)


def test_lengths_of_components_are_those_of_each_alone():
    label = generate_vessels((40, 40, 40), seed=3).label > 0
    label[20:22] = False  # cut into pieces
    components, n = ndimage.label(label, structure=np.ones((3, 3, 3)))
    spacing = (0.5, 1.0, 2.0)
    skeleton = skeletonize(label)
    lengths = component_lengths_mm(skeleton, components, spacing_mm=spacing)
    alone = [
        skeleton_length_mm(skeleton & (components == number), spacing_mm=spacing)
        for number in range(n + 1)
    ]
    assert n > 3
    np.testing.assert_allclose(lengths, alone)


def test_a_tensor_comes_back_as_a_tensor():
    kept = remove_short_components(
        torch.from_numpy(two_rods()), min_length_mm=5, spacing_mm=(1, 1, 1)
    )
    assert kept.dtype == torch.bool
    assert int(kept.sum()) == 8


@pytest.mark.parametrize("length", [-1, float("nan"), float("inf")])
def test_a_length_that_is_none_is_refused(length):
    with pytest.raises(ValueError, match="min_length_mm must be 0 or a length in mm"):
        remove_short_components(two_rods(), min_length_mm=length, spacing_mm=(1, 1, 1))
