import numpy as np
import pytest

from cldice_monai.topology import skeleton_length_mm


def test_a_straight_line_has_one_edge_less_than_voxels():
    line = np.zeros((3, 3, 6), bool)
    line[1, 1, :] = True
    assert skeleton_length_mm(line, spacing_mm=(9.0, 9.0, 0.5)) == 2.5


def test_a_diagonal_is_measured_with_anisotropic_spacing():
    # 3 steps of (3, 4) mm are 5 mm each.
    assert skeleton_length_mm(np.eye(4, dtype=bool), spacing_mm=(3.0, 4.0)) == 15.0


def test_a_corner_is_not_cut_short_and_counted_twice():
    # The diagonal between the two arms of an L passes beside the corner voxel: 2 edges, not 3.
    corner = np.array([[1, 0], [1, 1]], bool)
    assert skeleton_length_mm(corner, spacing_mm=(1.0, 1.0)) == 2.0
    # In 3D a step along all axes with an intermediate voxel is 1 + sqrt(2), not that + sqrt(3).
    step = np.zeros((2, 2, 2), bool)
    step[0, 0, 0] = step[1, 0, 0] = step[1, 1, 1] = True
    assert skeleton_length_mm(step, spacing_mm=(1, 1, 1)) == pytest.approx(1 + 2**0.5)


def test_the_order_of_the_voxels_in_memory_changes_nothing():
    voxels = np.random.default_rng(0).random((9, 8, 7)) < 0.2
    of_fortran = skeleton_length_mm(np.asfortranarray(voxels), spacing_mm=(0.5, 1, 2))
    assert of_fortran == skeleton_length_mm(voxels, spacing_mm=(0.5, 1, 2))


def test_lengths_inside_and_outside_a_mask_add_up():
    rng = np.random.default_rng(3)
    voxels, part = rng.random((2, 9, 9, 9)) < 0.2
    spacing = (0.5, 1.0, 2.0)
    whole = skeleton_length_mm(voxels, spacing_mm=spacing)
    inside = skeleton_length_mm(voxels, spacing_mm=spacing, within=part)
    outside = skeleton_length_mm(voxels, spacing_mm=spacing, within=~part)
    assert 0 < inside < whole
    assert inside + outside == pytest.approx(whole)


def test_nothing_and_one_voxel_have_no_length():
    mask = np.zeros((4, 4), bool)
    assert skeleton_length_mm(mask, spacing_mm=(1, 1)) == 0.0
    mask[2, 2] = True
    assert skeleton_length_mm(mask, spacing_mm=(1, 1)) == 0.0


def test_a_spacing_that_does_not_fit_is_refused():
    mask = np.ones((2, 2), bool)
    with pytest.raises(ValueError, match="must have 2 values, one an axis"):
        skeleton_length_mm(mask, spacing_mm=(1, 1, 1))
    with pytest.raises(ValueError, match="positive and finite"):
        skeleton_length_mm(mask, spacing_mm=(1, 0))
    with pytest.raises(ValueError, match="must have one shape"):
        skeleton_length_mm(mask, spacing_mm=(1, 1), within=np.ones((2, 3), bool))
